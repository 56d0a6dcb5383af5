"""Melody moved? F0 of the conversion against the reference's, in semitones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evaluation.instruments.cepstra import align
from evaluation.instruments.f0 import Agreement, shape_agreement
from evaluation.metrics.base import MetricInfo, Seen, Value
from evaluation.metrics.needs import version
from evaluation.metrics.scores import plain
from evaluation.pair import Pair
from pipelines.features.pitch import F0Contour, F0Statistics, statistics

WORLD = "WORLD (Morise et al., 2016); dio + stonemask"


@dataclass(frozen=True)
class _Melody:
    """What the metrics of this file share."""

    base = ""
    question = ""
    better = "lower"
    low, high = 0.0, float("inf")
    unit = "semitones"
    observer = "f0"

    @property
    def info(self) -> MetricInfo:
        return MetricInfo(self.base, self.question, self.better, self.low, self.high, self.unit, WORLD,
                          f"pyworld {version('pyworld')}")

    def failed(self, pair: Pair) -> Value | None:
        """A melody that was not made has no distance."""
        return None


@dataclass(frozen=True)
class Correlation(_Melody):
    """Pearson r of voiced F0 after DTW against the reference. The alignment itself raises it: see docs/metrics.md for chance."""

    base = "f0-correlation"
    question = "Do the reference's ups and downs return? Pearson r after DTW; unrelated recordings reach 0.7 already."
    better = "higher"
    low, high, unit = -1.0, 1.0, "r"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        found = _agreement(seen)
        return None if found is None else plain(found.correlation)


@dataclass(frozen=True)
class Rmse(_Melody):
    """RMSE after DTW against the reference, speaker's level included."""

    base = "f0-rmse"
    question = "How far is F0 from the reference's after DTW, the speakers' difference in height included?"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        found = _agreement(seen)
        return None if found is None else plain(found.rmse)


@dataclass(frozen=True)
class ShapeRmse(_Melody):
    """RMSE after DTW against the reference, each contour's own mean removed: fair between speakers."""

    base = "f0-shape-rmse"
    question = "How far is F0 from the reference's after DTW, each around its own mean?"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        found = _agreement(seen, level=False)
        return None if found is None else plain(found.rmse)


@dataclass(frozen=True)
class MeanError(_Melody):
    """Distance of mean F0 to the reference's."""

    base = "f0-mean-error"
    question = "How far is the mean F0 from the reference's (speakers of another height differ by nature)?"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        return _statistic_error(seen, lambda one: one.mean_semitones)


@dataclass(frozen=True)
class RangeError(_Melody):
    """Distance of the F0 range (5th to 95th percentile) to the reference's."""

    base = "f0-range-error"
    question = "How far is the range of F0 (5th to 95th percentile) from the reference's?"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        return _statistic_error(seen, lambda one: one.range_semitones)


@dataclass(frozen=True)
class MeanShift(_Melody):
    """Mean F0 against the source's: did anything move?"""

    base = "f0-mean-shift"
    question = "How far did mean F0 move from the source's (up is positive)?"
    better = "closer"
    low = float("-inf")

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        ours, source = _statistics(seen.converted), _statistics(seen.source)
        return plain(ours.mean_semitones - source.mean_semitones) if ours and source else None


@dataclass(frozen=True)
class VoicingF1(_Melody):
    """F1 of voiced frames against the source, frame by frame after DTW on mel-cepstra: is every sound still voiced or not?"""

    base = "vuv-f1"
    question = "Are the source's sounds still voiced or unvoiced? F1 of voiced frames after DTW on the sounds."
    better = "higher"
    high, unit = 100.0, "%"
    observer = "spectrum"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where nothing is voiced in either."""
        if not seen.converted or not seen.source:
            return None
        sides = align(seen.source, seen.converted)
        wanted, ours = sides.one_hz > 0, sides.other_hz > 0
        both, either = (wanted & ours).sum(), wanted.sum() + ours.sum()
        return plain(200 * both / either) if either else None

    def failed(self, pair: Pair) -> Value | None:
        """Nothing is voiced in what was not made."""
        return Value(0.0)


def contour(observed: dict | None) -> F0Contour | None:
    """An observation of F0 as a contour."""
    return F0Contour(np.array(observed["hz"]), observed["step"]) if observed else None


def _agreement(seen: Seen, level: bool = True) -> Agreement | None:
    ours, wanted = contour(seen.converted), contour(seen.reference)
    if ours is None or wanted is None:
        return None
    return shape_agreement(ours, wanted) if level else shape_agreement(_level(ours), _level(wanted))


def _level(one: F0Contour) -> F0Contour:
    """Moved to a geometric mean of 100 Hz."""
    found = statistics(one)
    return one if found is None else F0Contour(one.hz * 100 / found.mean_hz, one.step)


def _statistics(observed: dict | None) -> F0Statistics | None:
    one = contour(observed)
    return None if one is None else statistics(one)


def _statistic_error(seen: Seen, of: Callable[[F0Statistics], float]) -> Value | None:
    ours, wanted = _statistics(seen.converted), _statistics(seen.reference)
    return plain(abs(of(ours) - of(wanted))) if ours and wanted else None
