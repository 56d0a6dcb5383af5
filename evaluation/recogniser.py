"""Are the words kept? Whisper base, greedy, and character and word error rates over a set.

Edits are summed over the set and divided by its characters; ratios per clip are not averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pipelines.audio import SAMPLE_RATE

MODEL = "base"
BATCH = 8  # clips that go through the decoder together
FULL_WINDOW = 30  # s, what Whisper was trained on
SHORT_WINDOW = 12  # s; the same words on clips that leave a second of padding, at a fourth of the time


@dataclass(frozen=True)
class Errors:
    """Edits summed over a set. empty: transcripts without a word; looping: transcripts twice as long as they should be."""

    cer: float
    wer: float
    clips: int
    empty: int
    looping: int


def transcribe(clips: Sequence[np.ndarray], language: str = "en") -> list[str]:
    """What Whisper base hears: greedy, temperature 0, no timestamps.

    A clip of up to 11 s is padded to 12 s, a longer one to 30 s; the window depends on the clip alone, so that a
    transcript does not change with the batch it came in.

    Args:
        clips: (n,) float32 at 16 kHz each, at most 30 s.
    """
    heard = [""] * len(clips)
    for window in (SHORT_WINDOW, FULL_WINDOW):
        chosen = [index for index, clip in enumerate(clips) if _window(clip) == window]
        for start in range(0, len(chosen), BATCH):
            batch = chosen[start:start + BATCH]
            for index, text in zip(batch, _decode([clips[index] for index in batch], language, window), strict=True):
                heard[index] = text
    return heard


def error_rates(texts: Sequence[str], heard: Sequence[str], language: str = "en") -> Errors:
    """CER and WER after Whisper's text normaliser (English, or the basic one for other languages)."""
    import jiwer

    pairs = [(normalise(text, language), normalise(said, language)) for text, said in zip(texts, heard, strict=True)]
    wanted, got = [a for a, _ in pairs], [b for _, b in pairs]
    return Errors(cer=jiwer.cer(wanted, got), wer=jiwer.wer(wanted, got), clips=len(pairs),
                  empty=sum(not b for b in got), looping=sum(len(b) > 2 * len(a) for a, b in pairs))


def normalise(text: str, language: str = "en") -> str:
    """Lower case, no punctuation, numbers and contractions in one spelling."""
    return _normaliser(language)(text).strip()


def _window(clip: np.ndarray) -> int:
    return SHORT_WINDOW if len(clip) <= (SHORT_WINDOW - 1) * SAMPLE_RATE else FULL_WINDOW


def _decode(clips: Sequence[np.ndarray], language: str, window: int) -> list[str]:
    import torch
    import whisper

    padded = [whisper.pad_or_trim(np.asarray(clip, dtype=np.float32), window * SAMPLE_RATE) for clip in clips]
    mels = torch.stack([whisper.log_mel_spectrogram(clip) for clip in padded])
    options = whisper.DecodingOptions(language=language, temperature=0.0, without_timestamps=True, fp16=False)
    return [result.text for result in whisper.decode(_model(window), mels, options)]


@lru_cache(maxsize=2)
def _model(window: int):
    from pipelines.whisper_weights import load_packaged_whisper

    model = load_packaged_whisper(MODEL)
    frames = 50 * window
    model.encoder.positional_embedding = model.encoder.positional_embedding[:frames]
    model.dims.n_audio_ctx = frames
    return model


@lru_cache(maxsize=None)
def _normaliser(language: str):
    from whisper.normalizers import BasicTextNormalizer, EnglishTextNormalizer

    return EnglishTextNormalizer() if language == "en" else BasicTextNormalizer()
