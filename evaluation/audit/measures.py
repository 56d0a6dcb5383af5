"""The numbers of an audit, each with a 95 % interval by the bootstrap of reports: speakers first, then their clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.report.statistics import Difference, Estimate, MetricScores, differences, estimates, interval, resample

BINS = 10  # of confidence
HIT, TIE, MISS = 100.0, 50.0, 0.0


@dataclass(frozen=True)
class Bin:
    """Judgements of one band of confidence. low, high: of the band; confidence, right: means, %; clips: how many."""

    low: float
    high: float
    confidence: float
    right: float
    clips: int


@dataclass(frozen=True)
class Calibration:
    """error: the expected calibration error, points. bins: the reliability table, without empty bands."""

    error: Estimate
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Sample:
    """Resamples of one set of clips. speakers: (clips,); counts: (draws, clips) of statistics.resample."""

    speakers: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, speakers: Sequence[str] | np.ndarray, draws: int, seed: int) -> Sample:
        names = np.asarray(speakers, dtype=str)
        return cls(names, resample(names, draws, seed))

    def of_rows(self, rows: np.ndarray, draws: int, seed: int) -> Sample:
        """Of some of the clips only."""
        return Sample.of(self.speakers[rows], draws, seed)


def share(values: np.ndarray, sample: Sample, classes: np.ndarray | None = None) -> Estimate | None:
    """The mean of values 0 to 100; NaN where nothing was measured. classes: every one of them counts alike; None: every value."""
    found, = estimates([_scores(values, classes)], sample.counts, len(values))
    return found


def change(now: np.ndarray, before: np.ndarray, sample: Sample, classes: np.ndarray | None = None) -> Difference | None:
    """The first mean minus the second over the same clips."""
    found, = differences([(_scores(now, classes), _scores(before, classes))], sample.counts)
    return found


def _scores(values: np.ndarray, classes: np.ndarray | None) -> MetricScores:
    measured = np.isfinite(values)
    weights = measured.astype(float)
    if classes is not None:
        for name in set(classes[measured]):
            own = measured & (classes == name)
            weights[own] = 1 / own.sum()
    hits = bool(measured.any() and np.isin(values[measured], (MISS, HIT)).all())
    return MetricScores(np.where(measured, values, 0.0), weights, hits)


def calibration(confidence: np.ndarray, right: np.ndarray, sample: Sample) -> Calibration | None:
    """Expected calibration error (Naeini et al. 2015): how far confidence is from the share that is right, weighed by clips.

    confidence: (clips,) posterior of the decision, 0 to 1. right: (clips,) bool.
    """
    if not len(confidence):
        return None
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    member = place[:, None] == np.arange(BINS)
    gap = (confidence - right)[:, None] * member
    drawn = 100 * np.abs(sample.counts @ gap).sum(1) / np.maximum(sample.counts.sum(1), 1)
    value = 100 * float(np.abs(gap.sum(0)).sum() / len(confidence))
    bins = tuple(Bin(band / BINS, (band + 1) / BINS, 100 * float(confidence[own].mean()), 100 * float(right[own].mean()),
                     int(own.sum())) for band in range(BINS) if (own := member[:, band]).any())
    return Calibration(Estimate(value, *interval(drawn, len(confidence)), len(confidence), len(confidence)), bins)


def kappa(one: Sequence[str], other: Sequence[str], sample: Sample) -> Estimate | None:
    """Cohen's kappa of two raters' decisions on the same clips; None where nothing can agree by more than chance."""
    names = sorted({*one, *other})
    if not names:
        return None
    first, second = (np.array([names.index(name) for name in side]) for side in (one, other))
    cells = np.eye(len(names) ** 2)[first * len(names) + second]
    value = _kappas(cells.sum(0)[None], len(names))[0]
    if not np.isfinite(value):
        return None
    drawn = _kappas(sample.counts @ cells, len(names))
    return Estimate(float(value), *interval(drawn, len(first)), len(first), len(first))


def _kappas(cells: np.ndarray, size: int) -> np.ndarray:
    """(draws, size * size) counts to (draws,) kappas, NaN where chance alone agrees wholly."""
    table = cells.reshape(-1, size, size) / np.maximum(cells.sum(1), 1)[:, None, None]
    agreed = np.trace(table, axis1=1, axis2=2)
    chance = (table.sum(1) * table.sum(2)).sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(chance < 1, (agreed - chance) / (1 - chance), np.nan)


def decision(posteriors: Mapping[str, float] | None) -> str | None:
    """The likeliest emotion; None where nothing was observed."""
    return max(posteriors, key=posteriors.__getitem__) if posteriors else None


def rights(observed: Sequence[Mapping[str, float] | None], emotions: Sequence[str] | np.ndarray) -> np.ndarray:
    """(clips,) 100 and 0; NaN where a clip was not observed or the judge does not know its emotion."""
    return np.array([np.nan if not one or emotion not in one else HIT * (decision(one) == emotion)
                     for one, emotion in zip(observed, emotions, strict=True)])


def nearer(right: float | None, wrong: float | None) -> float:
    """100 where the right one is nearer, 0 where it is farther, 50 where both are as near; NaN where a distance is missing."""
    if right is None or wrong is None:
        return np.nan
    return TIE if right == wrong else HIT * (right < wrong)
