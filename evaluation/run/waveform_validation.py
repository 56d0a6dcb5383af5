"""Scores of networks in training that make waveforms, on held-out speech.

Each recording is resynthesised from the network's input features. Predicted MOS, words, voice, F0 and spectra are measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jiwer
import numpy as np
import torch
from torch import nn

from evaluation.instruments.f0 import world_f0
from evaluation.instruments.predicted_mos import predicted_mos
from evaluation.instruments.recogniser import normalise, transcribe
from evaluation.instruments.speaker_similarity import speaker_embedding
from pipelines.checkpoints.folder import Folder
from pipelines.features.audio import Recording
from pipelines.resynthesis import RESYNTHESES
from pipelines.training.data.corpus import Clip, dev_clips, read_samples
from pipelines.training.losses.spectral_loss import mel_loss
from pipelines.training.stages.stage import Measure
from pipelines.training.stages.units import choose_clips

CLIPS = 24
CER_WEIGHT = 0.05  # points of predicted MOS that a percent of wrong characters costs when the best weights are chosen
Scores = dict[str, float]


class HeldOut:
    """The same dev recordings for every validation, chosen from speakers and corpora in turn.

    Words are compared with the transcript of the natural recording, of English clips only. Where Whisper is not installed, words
    are left out.
    """

    def __init__(self, clips: Sequence[Clip], count: int = CLIPS, seed: int = 0):
        chosen = choose_clips(_usable(clips), count, seed)
        self.languages = [clip.language for clip in chosen]
        self.samples = [read_samples(clip) for clip in chosen]
        self.transcripts = self._transcripts(self.samples)
        self.voices = [speaker_embedding(samples) for samples in self.samples]

    def scores(self, resynthesised: Sequence[np.ndarray]) -> Scores:
        """Of the recordings resynthesised, (n,) float32 at 16 kHz each, in order.

        Returns:
            `distillmos` (1 to 5), `mel` (L1 of log magnitudes), `f0_cents` (median), `voice` (cosine to the recording), `cer`
            (%), and `score`: what to maximise.
        """
        pairs = list(zip(resynthesised, self.samples, strict=True))
        values = {"distillmos": float(np.mean([predicted_mos(samples) for samples in resynthesised])),
                  "mel": float(np.mean([_mel(*pair) for pair in pairs])),
                  "f0_cents": float(np.median(np.concatenate([_cents(*pair) for pair in pairs]))),
                  "voice": float(np.mean([speaker_embedding(samples) @ voice
                                          for samples, voice in zip(resynthesised, self.voices, strict=True)]))}
        if self.transcripts:
            values["cer"] = 100 * jiwer.cer(self.transcripts, self._transcripts(resynthesised))
        return values | {"score": values["distillmos"] - CER_WEIGHT * values.get("cer", 0.0)}

    def _transcripts(self, clips: Sequence[np.ndarray]) -> list[str]:
        """Of the English clips; none where there is no Whisper."""
        from evaluation.instruments.recogniser_weights import unavailable

        english = [samples for samples, language in zip(clips, self.languages, strict=True) if language == "en"]
        return [] if unavailable("base") else [normalise(text, "en") for text in transcribe(english)]


def measure(stage: str, clips: Sequence[Clip], count: int = CLIPS) -> Measure | None:
    """What measures the network of a stage on held-out speech; None for other stages and where there are no dev recordings."""
    if stage not in RESYNTHESES or not _usable(clips):
        return None
    held_out = HeldOut(clips, count)
    recordings = [Recording(samples) for samples in held_out.samples]

    def prepared(checkpoint: Folder, network: nn.Module, device: str) -> Callable[[], Scores]:
        resynthesise = RESYNTHESES[stage](checkpoint, network, device)
        return lambda: held_out.scores([resynthesise(recording) for recording in recordings])

    return prepared


def _usable(clips: Sequence[Clip]) -> list[Clip]:
    return [clip for clip in dev_clips(list(clips)) if 1.0 <= clip.seconds <= 6.0]


def _mel(resynthesised: np.ndarray, real: np.ndarray) -> float:
    count = min(len(resynthesised), len(real))
    return float(mel_loss(*(torch.from_numpy(part[:count])[None] for part in (resynthesised, real))))


def _cents(resynthesised: np.ndarray, real: np.ndarray) -> np.ndarray:
    """|cents| where both are voiced."""
    one, other = world_f0(resynthesised.astype(np.float64), 0.01), world_f0(real.astype(np.float64), 0.01)
    count = min(len(one), len(other))
    one, other = one[:count], other[:count]
    both = (one > 0) & (other > 0)
    return 1200 * np.abs(np.log2(one[both] / other[both]))
