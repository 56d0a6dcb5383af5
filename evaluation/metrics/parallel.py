"""Right for this speaker? Against the real recording of the source's speaker saying the source's sentence in the emotion.

Only where a corpus is parallel; other pairs give None. The conversion must have been made with another recording as reference:
where the reference is the parallel recording itself, the answer would be in the question, and the pair gives None too.
"""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.instruments.cepstra import Aligned, align
from evaluation.instruments.f0 import Agreement, voiced_agreement
from evaluation.metrics.base import MetricInfo, Seen, Value
from evaluation.metrics.needs import version
from evaluation.metrics.scores import plain
from evaluation.pair import Pair

MCD = "Kubichek (1993); WORLD envelope, order 24, alpha 0.41, 5 ms"


@dataclass(frozen=True)
class _Parallel:
    """What the metrics of this file share."""

    base = ""
    question = ""
    better = "lower"
    low, high = 0.0, float("inf")
    unit = ""
    observer = "spectrum"

    @property
    def info(self) -> MetricInfo:
        return MetricInfo(self.base, self.question, self.better, self.low, self.high, self.unit, MCD,
                          f"pyworld {version('pyworld')}, librosa {version('librosa')}")

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None without a parallel recording, or where it is the reference."""
        if pair.parallel is None or pair.parallel == pair.reference or not seen.parallel or not seen.converted:
            return None
        return plain(self.compare(align(seen.converted, seen.parallel)))

    def failed(self, pair: Pair) -> Value | None:
        """What was not made has no distance."""
        return None

    def compare(self, sides: Aligned) -> float | None:
        """one: the conversion; other: the real recording."""
        raise NotImplementedError


@dataclass(frozen=True)
class MelCepstralDistortion(_Parallel):
    """Mean over aligned frames, without the 0th coefficient."""

    base = "parallel-mcd"
    question = "How far is the timbre from the real emotional recording of this speaker?"
    unit = "dB"

    def compare(self, sides: Aligned) -> float | None:
        return sides.distortion


@dataclass(frozen=True)
class ParallelRmse(_Parallel):
    """RMSE of F0 over aligned frames that are voiced in both."""

    base = "parallel-f0-rmse"
    question = "How far is F0 from the real emotional recording of this speaker?"
    unit = "semitones"

    def compare(self, sides: Aligned) -> float | None:
        found = _agreement(sides)
        return None if found is None else found.rmse


@dataclass(frozen=True)
class ParallelCorrelation(_Parallel):
    """Pearson r of F0 over aligned frames that are voiced in both; the sounds are aligned, not the contours."""

    base = "parallel-f0-correlation"
    question = "Does F0 rise and fall where it does in the real emotional recording of this speaker? Pearson r."
    better = "higher"
    low, high, unit = -1.0, 1.0, "r"

    def compare(self, sides: Aligned) -> float | None:
        found = _agreement(sides)
        return None if found is None else found.correlation


@dataclass(frozen=True)
class ParallelDuration(_Parallel):
    """Length of speech over the real recording's."""

    base = "parallel-duration-ratio"
    question = "How long against the real emotional recording of this speaker? 1 is right."
    better = "closer"
    unit = "x"

    def compare(self, sides: Aligned) -> float | None:
        return sides.one_seconds / sides.other_seconds


def _agreement(sides: Aligned) -> Agreement | None:
    return voiced_agreement(sides.one_hz, sides.other_hz)
