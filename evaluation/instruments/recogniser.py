"""Are the words kept? Transcripts by Whisper, greedy, and how texts are spelled before they are compared."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np

from evaluation.texts import BRACKETED, has_marks, letters_apart, only_words, plain_marks, simply_normalised
from pipelines.errors import ZestError

MODEL = "base"
NO_SPEECH, UNSURE = 0.6, -1.0  # probability, and mean log probability of words, as in Whisper's `transcribe`
BATCH = 8  # clips that go through the decoder together
UNSPACED = ("zh", "ja", "th", "lo", "my", "yue")  # written without spaces: letters are words, as in Whisper's own evaluation


def transcribe(clips: Sequence[np.ndarray], language: str = "en", size: str = MODEL, batch: int = BATCH,
               window: int | None = None) -> list[str]:
    """Transcripts by Whisper: greedy, temperature 0, decoding timestamps as `transcribe` does (without them more clips differ).

    The padding of short clips is thinned out (recogniser_window.py); a clip of more than 30 s is transcribed window
    by window. A transcript depends on the clip alone, not on the others it came with.

    Args:
        clips: (n,) float32 at 16 kHz each.
        language: two letters. size: of Whisper, see recogniser_weights.SIZES.
        batch: clips that go through the model together. window: seconds that are kept whole, chosen by length if None; 30
            is Whisper's own window.
    Raises:
        ZestError: the model is missing, or does not know the language.
    """
    from evaluation.instruments.recogniser_window import FULL, window_of

    check_language(language, size)
    chosen: dict[int | None, list[int]] = {}
    for index, clip in enumerate(clips):
        own = window_of(clip)
        chosen.setdefault(own if window is None or own is None else min(FULL, max(own, window)), []).append(index)
    transcripts = [""] * len(clips)
    for seconds, indices in chosen.items():
        for start in range(0, len(indices), batch):
            part = indices[start:start + batch]
            some = [clips[index] for index in part]
            texts = _decode_long(some, language, size) if seconds is None else _decode(some, language, seconds, size)
            for index, text in zip(part, texts, strict=True):
                transcripts[index] = text
    return transcripts


def check_language(language: str, size: str = MODEL) -> None:
    """Raises ZestError where Whisper does not know a language, or this size of it only English."""
    from whisper.tokenizer import LANGUAGES

    if language not in LANGUAGES:
        raise ZestError(f"Whisper does not know the language '{language}'; use its two letters, such as en, de or pl.")
    if size.endswith(".en") and language != "en":
        raise ZestError(f"Whisper {size} knows English only, not '{language}'; choose the size {size.removesuffix('.en')}.")


def is_no_speech(probability: float, mean_log: float) -> bool:
    """Whisper's own rule: it takes a clip for no speech, and is not sure of the words that it wrote nevertheless."""
    return probability > NO_SPEECH and mean_log < UNSURE


def is_looping(target: str, recognised: str) -> bool:
    """Is a transcript more than twice as long as it should be? Whisper then repeats itself, which says little of the words."""
    return len(recognised) > 2 * len(target)


def normalise(text: str, language: str = "en") -> str:
    """Lower case, no punctuation or typographic marks, numbers and contractions in one spelling."""
    text = plain_marks(text, language)
    if language == "en":
        return only_words(_normaliser(language)(text.replace("&", " and ")))
    if has_marks(text):  # Whisper's own normaliser drops them, and with them vowels
        words = simply_normalised(BRACKETED.sub(" ", text))
        return letters_apart(words) if language in UNSPACED else words
    return only_words(_normaliser(language)(text))


def _decode(clips: Sequence[np.ndarray], language: str, window: int, size: str) -> list[str]:
    import whisper

    ours = _model(size, window)
    options = whisper.DecodingOptions(language=language, temperature=0.0, fp16=False)
    results: Any = whisper.decode(ours.model, ours.encode(clips), options)  # of a batch: a list
    return ["" if is_no_speech(result.no_speech_prob, result.avg_logprob) else result.text for result in results]


def _decode_long(clips: Sequence[np.ndarray], language: str, size: str) -> list[str]:
    """More than 30 s: openai-whisper goes from window to window itself."""
    from evaluation.instruments.recogniser_weights import load

    return [str(load(size).transcribe(np.asarray(clip, dtype=np.float32), language=language, temperature=0.0, fp16=False,
                                      condition_on_previous_text=False)["text"]) for clip in clips]


def thinned_for(clip: np.ndarray, size: str = MODEL):
    """The model that transcribes (n,) samples at 16 kHz, a recogniser_window.Thinned; None where no window holds them."""
    from evaluation.instruments.recogniser_window import window_of

    window = window_of(clip)
    return None if window is None else _model(size, window)


@lru_cache(maxsize=4)
def _model(size: str, window: int):
    """A recogniser_window.Thinned; all windows of a size share its weights."""
    from evaluation.instruments.recogniser_weights import load
    from evaluation.instruments.recogniser_window import thinned

    return thinned(load(size), window)


@cache
def _normaliser(language: str):
    try:
        from whisper.normalizers import BasicTextNormalizer, EnglishTextNormalizer
    except ImportError:
        return simply_normalised
    return EnglishTextNormalizer() if language == "en" else BasicTextNormalizer(split_letters=language in UNSPACED)
