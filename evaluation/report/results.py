"""A run's numbers: every set value with its interval and every paired difference, computed once for all tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from evaluation.report.matrix import Matrix
from evaluation.report.statistics import DRAWS, Difference, Estimate, differences, estimates, resample

ALL = None  # as a setting: all settings together
Progress = Callable[[int, int], None]  # done, total


@dataclass(frozen=True)
class RunResults:
    """Attributes:
        estimates: by (setting or ALL, system, metric). differences: by (setting or ALL, system, system, metric).
        speakers: by setting or ALL, how many source speakers the intervals rest on.
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


def results_of(matrix: Matrix, draws: int = DRAWS, seed: int = 0, progress: Progress | None = None,
               compare: bool = True) -> RunResults:
    """Bootstrap everything: per setting, one set of resamples for all systems and metrics.

    compare: also every two systems, whose number grows with the square of the systems'.
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
