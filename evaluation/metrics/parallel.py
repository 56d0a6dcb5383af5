"""Right for this speaker? Against the real recording of the source's speaker saying the source's sentence in the emotion.

Only where a corpus is parallel; other pairs give None. The conversion must have another recording as reference:
where the reference is the parallel recording itself, the answer would be in the question, and the pair gives None too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.instruments.cepstra import AlignedCepstra, align
from evaluation.instruments.f0 import Agreement, voiced_agreement
from evaluation.instruments.needs import version
from evaluation.metrics.base import Metric, Observer, Seen, Value, plain
from evaluation.metrics.subjects import PARALLEL_RECORDING
from evaluation.pair import Pair


@dataclass(frozen=True)
class SpectrumObserver(Observer):
    """What two recordings of one sentence are aligned and compared by, at 5 ms; see evaluation/instruments/cepstra.py."""

    kind = "spectrum"
    task = "Comparing the spectra"
    packages = ("pyworld", "librosa")

    @property
    def key(self) -> str:
        return f"pyworld-{version('pyworld')}-mel-cepstrum-5ms"

    def observations(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        from evaluation.instruments.cepstra import analyse

        return [analyse(clip) for clip in clips]


@dataclass(frozen=True)
class ParallelMetric(Metric):
    """What the metrics of this file share."""

    source = "Kubichek (1993); WORLD envelope, order 24, alpha 0.41, 5 ms"
    libraries = ("pyworld", "librosa")
    observed_by = SpectrumObserver
    subject = PARALLEL_RECORDING

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None without a parallel recording, or where it is the reference."""
        if pair.parallel is None or pair.parallel == pair.reference or not seen.parallel or not seen.converted:
            return None
        return plain(self.compare(align(seen.converted, seen.parallel)))

    def compare(self, sides: AlignedCepstra) -> float | None:
        """one: the conversion; other: the real recording. None where too few frames are voiced in both."""
        raise NotImplementedError


@dataclass(frozen=True)
class MelCepstralDistortion(ParallelMetric):
    """Mel-cepstral distortion in dB, without the 0th coefficient."""

    base = "parallel-mcd"
    question = "How far is the timbre from the real emotional recording of this speaker?"
    unit = "dB"

    def compare(self, sides: AlignedCepstra) -> float | None:
        return sides.distortion


@dataclass(frozen=True)
class ParallelRmse(ParallelMetric):
    """RMSE of F0 in semitones over aligned frames that are voiced in both."""

    base = "parallel-f0-rmse"
    question = "How far is F0 from the real emotional recording of this speaker?"
    unit = "semitones"

    def compare(self, sides: AlignedCepstra) -> float | None:
        found = _agreement(sides)
        return None if found is None else found.rmse


@dataclass(frozen=True)
class ParallelCorrelation(ParallelMetric):
    """Pearson r over the same frames. The sounds are aligned, not the contours. Unlike `f0-correlation`, the alignment does not
    raise it."""

    base = "parallel-f0-correlation"
    question = "Does F0 rise and fall where it does in the real emotional recording of this speaker? Pearson r."
    better = "higher"
    low, high, unit = -1.0, 1.0, "r"

    def compare(self, sides: AlignedCepstra) -> float | None:
        found = _agreement(sides)
        return None if found is None else found.correlation


@dataclass(frozen=True)
class ParallelDuration(ParallelMetric):
    """Length of speech over the natural recording's."""

    base = "parallel-duration-ratio"
    question = "How long against the real emotional recording of this speaker? 1 is right."
    better = "closer"
    unit = "x"

    def compare(self, sides: AlignedCepstra) -> float | None:
        return sides.one_seconds / sides.other_seconds


def _agreement(sides: AlignedCepstra) -> Agreement | None:
    return voiced_agreement(sides.one_hz, sides.other_hz)


METRICS = (MelCepstralDistortion, ParallelRmse, ParallelCorrelation, ParallelDuration)
