"""Set values with confidence intervals, and paired differences of two systems over the same pairs.

All metrics are treated alike: every pair has a value and a weight; a set's value is sum(value * weight) / sum(weight).
CER is weighted by characters, so its edits are summed over the set. A hit is 0 or 100 with weight 1.

The bootstrap has two stages (Davison & Hinkley 1997, section 3.8: clusters, then members of a cluster): source speakers are
drawn with replacement, then pairs of each drawn speaker. Pairs of one speaker are alike, so resampling pairs alone
gives intervals that are too narrow. scipy.stats.bootstrap has no clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 2000
LEVEL = 0.95
FEW_SPEAKERS = 5  # below it, intervals are too narrow; docs/report.md says by how much
BLOCK = 250  # resamples worked on at a time, so that memory stays small
ROUNDING = 1e-9  # sums in another order differ by less
ENOUGH_FINITE = 0.5  # share of resamples that must have a value at all


@dataclass(frozen=True)
class MetricScores:
    """One metric of one system over a set of pairs.

    Attributes:
        values, weights: (pairs,) float64, finite; a pair that was not measured has value 0 and weight 0.
        hits: every value is 0 or 100 and counts alike, so the value is a share in percent.
    """

    values: np.ndarray
    weights: np.ndarray
    hits: bool = False

    @property
    def measured(self) -> int:
        return int(np.count_nonzero(self.weights > 0))


@dataclass(frozen=True)
class Estimate:
    """A set's value. low, high: its 95 % interval, None where it cannot be had (one pair). measured: pairs of expected."""

    value: float
    low: float | None
    high: float | None
    measured: int
    expected: int


@dataclass(frozen=True)
class Difference:
    """First system minus second, over the pairs that both have.

    Attributes:
        low, high: 95 % interval, None where it cannot be had.
        share: two-sided share of resamples whose difference has the other sign or is 0; an approximate p-value, never below
            1 / draws, not corrected for the number of comparisons.
    """

    value: float
    low: float | None
    high: float | None
    share: float | None
    pairs: int

    @property
    def clear(self) -> bool:
        """The interval leaves 0 out."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def set_value(scores: MetricScores) -> float | None:
    """sum(value * weight) / sum(weight); None where nothing was measured."""
    total = float(scores.weights.sum())
    return float(scores.values @ scores.weights) / total if total > 0 else None


def resample(speakers: Sequence[str] | np.ndarray, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """How often each pair occurs in each resample: (draws, pairs) uint16, the same for the same seed.

    A speaker drawn k times gives k independent resamples of its n pairs, whose counts add up to one multinomial of k * n.

    Args:
        speakers: (pairs,) names of the source speakers, who are resampled first.
    """
    random = np.random.default_rng(seed)
    names, group = np.unique(np.asarray(speakers, dtype=str), return_inverse=True)
    times = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)  # (draws, speakers)
    counts = np.empty((draws, len(group)), dtype=np.uint16)
    for index in range(len(names)):
        rows = np.flatnonzero(group == index)
        counts[:, rows] = random.multinomial(times[:, index] * len(rows), np.full(len(rows), 1 / len(rows)))
    return counts


def estimates(sides: Sequence[MetricScores], resamples: np.ndarray, expected: int) -> list[Estimate | None]:
    """Set value and interval of each side (one metric of one system); None where nothing was measured.

    Args:
        resamples: (draws, pairs) of `resample`. expected: pairs that the protocol has, measured or not.
    """
    return [_estimate(scores, row, expected) for scores, row in zip(sides, resampled(sides, resamples), strict=True)]


def differences(couples: Sequence[tuple[MetricScores, MetricScores]], resamples: np.ndarray) -> list[Difference | None]:
    """Paired bootstrap of every couple: the same resampled pairs for both systems. None where they share no measured pair.

    Args:
        couples: two systems' scores each, of the same pairs in the same order. resamples: (draws, pairs) of `resample`.
    """
    sides = [side for couple in couples for side in _shared(*couple)]
    drawn = resampled(sides, resamples)
    return [_difference(sides[k], sides[k + 1], drawn[k] - drawn[k + 1]) for k in range(0, len(sides), 2)]


def resampled(sides: Sequence[MetricScores], resamples: np.ndarray) -> np.ndarray:
    """(sides, draws) set values of resampled sets, NaN where a resample has no measured pair."""
    weights = np.array([side.weights for side in sides])  # (sides, pairs)
    weighted = weights * np.array([side.values for side in sides])
    drawn = np.full((len(sides), len(resamples)), np.nan)
    for start in range(0, len(resamples), BLOCK):
        block = resamples[start:start + BLOCK].T.astype(float)  # (pairs, some draws)
        totals = weights @ block
        np.divide(weighted @ block, totals, out=drawn[:, start:start + BLOCK], where=totals > 0)
    return drawn


def interval(drawn: np.ndarray, measured: int) -> tuple[float | None, float | None]:
    """The middle 95 % of resampled values; None, None for one pair, which has no spread."""
    finite = drawn[np.isfinite(drawn)]
    if measured < 2 or len(finite) < ENOUGH_FINITE * len(drawn):
        return None, None
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def difference_of(value: float, drawn: np.ndarray, pairs: int) -> Difference:
    """A difference with its interval and share. drawn: (draws,) the same difference in every resample. pairs: measured."""
    low, high = interval(drawn, pairs)
    return Difference(value, low, high, None if low is None else _share(drawn), pairs)


def is_hits(values: np.ndarray, weights: np.ndarray) -> bool:
    """Whether these are shares: 0 or 100, all of weight 1, over all systems of a run."""
    measured = weights > 0
    return bool(measured.any() and np.isin(values[measured], (0.0, 100.0)).all() and (weights[measured] == 1.0).all())


def _estimate(scores: MetricScores, drawn: np.ndarray, expected: int) -> Estimate | None:
    value = set_value(scores)
    if value is None:
        return None
    low, high = _exact(scores) if _is_unanimous(scores) else interval(drawn, scores.measured)
    return Estimate(value, low, high, scores.measured, expected)


def _shared(first: MetricScores, second: MetricScores) -> tuple[MetricScores, MetricScores]:
    """The same scores, with weight 0 for pairs that the other has not."""
    both = (first.weights > 0) & (second.weights > 0)
    one, other = (MetricScores(side.values, np.where(both, side.weights, 0.0), side.hits) for side in (first, second))
    return one, other


def _difference(first: MetricScores, second: MetricScores, drawn: np.ndarray) -> Difference | None:
    one, other = set_value(first), set_value(second)
    if one is None or other is None:
        return None
    return difference_of(one - other, drawn, first.measured)


def _is_unanimous(scores: MetricScores) -> bool:
    return scores.hits and scores.measured > 1 and np.ptp(scores.values[scores.weights > 0]) == 0


def _exact(scores: MetricScores) -> tuple[float, float]:
    """Clopper and Pearson's exact interval over pairs: resampling has no spread where every pair is a hit, or none is."""
    from scipy import stats  # imported late: it takes a second, and few pages need it

    hits = np.count_nonzero(scores.values[scores.weights > 0])
    interval = stats.binomtest(int(hits), scores.measured).proportion_ci(LEVEL, method="exact")
    return 100 * float(interval.low), 100 * float(interval.high)


def _share(drawn: np.ndarray) -> float:
    finite = drawn[np.isfinite(drawn)]
    finite = np.where(np.abs(finite) < ROUNDING, 0.0, finite)
    one_sided = min(np.mean(finite <= 0), np.mean(finite >= 0))
    return float(np.clip(2 * one_sided, 1 / len(finite), 1.0))
