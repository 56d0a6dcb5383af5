"""F0 moved? The contour of the conversion against the reference's, in semitones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from evaluation.instruments.cepstra import align
from evaluation.instruments.f0 import shape_agreement
from evaluation.instruments.needs import version
from evaluation.metrics.base import Metric, Observer, Seen, Value, plain
from evaluation.metrics.parallel import SpectrumObserver
from evaluation.metrics.subjects import F0, F0_SHAPE, WORDS
from evaluation.pair import Pair
from pipelines.features.pitch import F0Contour, statistics


@dataclass(frozen=True)
class F0Observer(Observer):
    """F0, 10 ms, by WORLD's dio and stonemask: {"hz": [Hz, 0 where unvoiced], "step": 0.01}."""

    kind = "f0"
    task = "Measuring F0"
    packages = ("pyworld",)

    @property
    def key(self) -> str:
        return f"pyworld-{version('pyworld')}-dio-stonemask-10ms"

    def observations(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        from evaluation.instruments.f0 import world_f0

        return [{"hz": np.round(world_f0(clip, 0.01), 2).tolist(), "step": 0.01} for clip in clips]


@dataclass(frozen=True)
class F0Metric(Metric):
    """What the metrics of this file share. against: the side of the pair that the conversion is compared with."""

    unit = "semitones"
    source = "WORLD (Morise et al., 2016); dio + stonemask"
    libraries = ("pyworld",)
    observed_by = F0Observer
    subject = F0
    against: ClassVar[str] = "reference"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        converted, other = contour(seen.converted), contour(getattr(seen, self.against))
        return None if converted is None or other is None else plain(self.compare(converted, other))

    def compare(self, converted: F0Contour, other: F0Contour) -> float | None:
        """None where too little is voiced."""
        raise NotImplementedError


@dataclass(frozen=True)
class Correlation(F0Metric):
    """Pearson r of F0 in semitones, voiced frames joined, aligned by DTW on the contours' shapes within a band of 25 %. **The
    alignment itself raises it.** Two natural recordings in different emotions reach 0.66 on average, two of one speaker in one
    emotion 0.76. Read it as a rough indication over hundreds of pairs, or not at all."""

    base = "f0-correlation"
    question = "Do the reference's ups and downs return? Pearson r after DTW; unrelated recordings reach 0.7 already."
    better = "higher"
    low, high, unit = -1.0, 1.0, "r"

    def compare(self, converted: F0Contour, other: F0Contour) -> float | None:
        found = shape_agreement(converted, other)
        return None if found is None else found.correlation


@dataclass(frozen=True)
class Rmse(F0Metric):
    """RMSE in semitones along the same alignment, with the speakers' difference in mean F0 included. Between a man and a woman
    it mostly measures that difference."""

    base = "f0-rmse"
    question = "How far is F0 from the reference's after DTW, the speakers' difference in height included?"

    def compare(self, converted: F0Contour, other: F0Contour) -> float | None:
        found = shape_agreement(converted, other)
        return None if found is None else found.rmse


@dataclass(frozen=True)
class ShapeRmse(Rmse):
    """The same with each contour moved to the same mean."""

    base = "f0-shape-rmse"
    question = "How far is F0 from the reference's after DTW, each around its own mean?"
    role = F0_SHAPE

    def compare(self, converted: F0Contour, other: F0Contour) -> float | None:
        return super().compare(_level(converted), _level(other))


@dataclass(frozen=True)
class MeanError(F0Metric):
    """Distance of mean F0 (semitones) to the reference's. Between speakers of different mean F0 it is large by nature."""

    base = "f0-mean-error"
    question = "How far is the mean F0 from the reference's (speakers of another height differ by nature)?"
    statistic: ClassVar[str] = "mean_semitones"  # of F0Statistics

    def compare(self, converted: F0Contour, other: F0Contour) -> float | None:
        ours, theirs = statistics(converted), statistics(other)
        return abs(getattr(ours, self.statistic) - getattr(theirs, self.statistic)) if ours and theirs else None


@dataclass(frozen=True)
class RangeError(MeanError):
    """Distance of the range (5th to 95th percentile, semitones) to the reference's."""

    base = "f0-range-error"
    question = "How far is the range of F0 (5th to 95th percentile) from the reference's?"
    statistic = "range_semitones"


@dataclass(frozen=True)
class MeanShift(F0Metric):
    """Mean F0 against the source's, up is positive."""

    base = "f0-mean-shift"
    question = "How far did mean F0 move from the source's (up is positive)?"
    better, low = "closer", float("-inf")
    against = "source"

    def compare(self, converted: F0Contour, other: F0Contour) -> float | None:
        ours, source = statistics(converted), statistics(other)
        return ours.mean_semitones - source.mean_semitones if ours and source else None


@dataclass(frozen=True)
class VoicingF1(F0Metric):
    """F1 of voiced frames against the source, after DTW on mel-cepstra at 5 ms, since the tempo may have changed. A failed
    conversion has 0."""

    base = "vuv-f1"
    question = "Are the source's sounds still voiced or unvoiced? F1 of voiced frames after DTW on the sounds."
    better = "higher"
    high, unit = 100.0, "%"
    observed_by = SpectrumObserver
    order = WORDS.order  # it asks for the source's sounds, although it compares voicing

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where nothing is voiced in either."""
        if not seen.converted or not seen.source:
            return None
        sides = align(seen.source, seen.converted)
        target, ours = sides.one_hz > 0, sides.other_hz > 0
        both, either = (target & ours).sum(), target.sum() + ours.sum()
        return plain(200 * both / either) if either else None

    def failed(self, pair: Pair) -> Value | None:
        """A missing conversion has no voiced frame."""
        return Value(0.0)


def contour(observed: dict | None) -> F0Contour | None:
    """An observation of F0 as a contour."""
    return F0Contour(np.array(observed["hz"]), observed["step"]) if observed else None


def _level(one: F0Contour) -> F0Contour:
    """Moved to a geometric mean of 100 Hz."""
    found = statistics(one)
    return one if found is None else F0Contour(one.hz * 100 / found.mean_hz, one.step)


METRICS = (Correlation, Rmse, ShapeRmse, MeanError, RangeError, MeanShift, VoicingF1)
