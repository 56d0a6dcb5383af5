"""A run's numbers, computed once for all tables of the report.

Scores are arrays (systems x metrics x pairs, in the order of the protocol). From them come every set value with its interval, and
every paired difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from evaluation.pair import Pair
from evaluation.report.statistics import DRAWS, Difference, Estimate, MetricScores, differences, estimates, is_hits, resample
from evaluation.run.folder import EvaluationRun
from pipelines.labels import EMOTIONS

ALL = None  # as a setting: all settings together
Progress = Callable[[int, int], None]  # done, total


@dataclass(frozen=True)
class Matrix:
    """All values of a run.

    Attributes:
        pairs, systems, metrics: names of the axes.
        values, weights: (systems, metrics, pairs); 0 where nothing was measured.
        failed: (systems, pairs) conversions that failed. converted: (systems, pairs) conversions that are there.
        hits: (metrics,) metrics whose values are shares, see `is_hits`.
        natural: those of `systems` that are natural recordings (evaluation/natural_reference/rows.py).
    """

    pairs: tuple[Pair, ...]
    systems: tuple[str, ...]
    metrics: tuple[str, ...]
    values: np.ndarray
    weights: np.ndarray
    failed: np.ndarray
    converted: np.ndarray
    hits: tuple[bool, ...]
    natural: tuple[str, ...] = ()

    @property
    def settings(self) -> tuple[str, ...]:
        """In the order of the protocol; '' where the protocol names none."""
        return tuple(dict.fromkeys(pair.setting for pair in self.pairs))

    @property
    def emotions(self) -> tuple[str, ...]:
        """In the judges' order, other names after those."""
        named = dict.fromkeys(pair.emotion for pair in self.pairs if pair.emotion)
        return tuple(sorted(named, key=lambda name: EMOTIONS.index(name) if name in EMOTIONS else len(EMOTIONS)))

    @property
    def speakers(self) -> np.ndarray:
        """(pairs,) names that are resampled first: the source's speaker, or the source recording where no speaker is named."""
        return np.array([pair.source_speaker or f"recording {pair.source}" for pair in self.pairs])

    def rows(self, setting: str | None = None, emotion: str | None = None) -> np.ndarray:
        """Indices of pairs; None means all."""
        return np.array([index for index, pair in enumerate(self.pairs)
                         if setting in (None, pair.setting) and emotion in (None, pair.emotion)], dtype=int)

    def scores(self, system: str, metric: str, rows: np.ndarray) -> MetricScores:
        place = self.systems.index(system), self.metrics.index(metric)
        return MetricScores(self.values[place][rows], self.weights[place][rows], self.hits[place[1]])


@dataclass(frozen=True)
class RunResults:
    """Attributes:
        estimates: by (setting or ALL, system, metric). differences: by (setting or ALL, system, system, metric).
        speakers: by setting or ALL, the number of source speakers.
        draws, seed: of the bootstrap.
    """

    matrix: Matrix
    estimates: dict[tuple[str | None, str, str], Estimate | None]
    differences: dict[tuple[str | None, str, str, str], Difference | None]
    speakers: dict[str | None, int]
    draws: int
    seed: int

    @property
    def settings(self) -> tuple[str | None, ...]:
        """ALL first, then each setting where there are several."""
        return tuple(self.speakers)

    def estimate(self, setting: str | None, system: str, metric: str) -> Estimate | None:
        return self.estimates.get((setting, system, metric))

    def expected(self, setting: str | None) -> int:
        """Pairs that the protocol has in this setting."""
        return len(self.matrix.rows(setting))


def matrix_of(run: EvaluationRun) -> Matrix:
    """Read a run's scores into arrays; pairs that were not scored yet have no weight."""
    place = ({name: index for index, name in enumerate(names)}
             for names in (run.systems, run.metrics, [pair.id for pair in run.pairs]))
    systems, metrics, pairs = place
    table = run.scores
    known = table[table["value"].notna() & (table["weight"] > 0)]
    cells = tuple(known[column].map(index).to_numpy(dtype=int)
                  for column, index in (("system", systems), ("metric", metrics), ("pair", pairs)))
    values, weights = np.zeros((2, len(systems), len(metrics), len(pairs)))
    values[cells], weights[cells] = known["value"], known["weight"]
    failed, converted = np.zeros((2, len(systems), len(pairs)), dtype=bool)
    for (system, pair), outcome in run.conversions.items():
        if system in systems and pair in pairs:
            (converted if outcome.failed is None else failed)[systems[system], pairs[pair]] = True
    hits = tuple(is_hits(values[:, index].ravel(), weights[:, index].ravel()) for index in range(len(metrics)))
    return Matrix(run.pairs, run.systems, run.metrics, values, weights, failed, converted, hits)


def results_of(matrix: Matrix, draws: int = DRAWS, seed: int = 0, progress: Progress | None = None,
               compare: bool = True) -> RunResults:
    """Bootstrap everything: per setting, one set of resamples for all systems and metrics.

    compare: also compute the differences of every two systems.
    """
    settings = (ALL, *matrix.settings) if len(matrix.settings) > 1 else (ALL,)
    found, compared, speakers = {}, {}, {}
    for index, setting in enumerate(settings):
        rows = matrix.rows(setting)
        names = matrix.speakers[rows]
        resamples = resample(names, draws, seed)
        found |= _estimates(matrix, setting, rows, resamples)
        compared |= {} if not compare else _differences(matrix, setting, rows, resamples)
        speakers[setting] = len(np.unique(names))
        if progress is not None:
            progress(index + 1, len(settings))
    return RunResults(matrix, found, compared, speakers, draws, seed)


def _estimates(matrix: Matrix, setting: str | None, rows: np.ndarray, resamples: np.ndarray) -> dict:
    keys = [(system, metric) for system in matrix.systems for metric in matrix.metrics]
    sides = [matrix.scores(system, metric, rows) for system, metric in keys]
    measured = estimates(sides, resamples, len(rows)) if sides else []
    return {(setting, *key): estimate for key, estimate in zip(keys, measured, strict=True)}


def _differences(matrix: Matrix, setting: str | None, rows: np.ndarray, resamples: np.ndarray) -> dict:
    """Metric by metric, so that memory stays small."""
    couples, found = list(combinations([system for system in matrix.systems if system not in matrix.natural], 2)), {}
    for metric in matrix.metrics if couples else ():
        sides = [(matrix.scores(first, metric, rows), matrix.scores(second, metric, rows)) for first, second in couples]
        for (first, second), value in zip(couples, differences(sides, resamples), strict=True):
            found[setting, first, second, metric] = value
    return found
