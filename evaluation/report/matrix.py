"""A run's scores as arrays: systems x metrics x pairs, in the order of the protocol."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.pair import Pair
from evaluation.report.statistics import MetricScores, is_hits
from evaluation.run.folder import EvaluationRun
from pipelines.labels import EMOTIONS


@dataclass(frozen=True)
class Matrix:
    """All values of a run.

    Attributes:
        pairs, systems, metrics: names of the axes.
        values, weights: (systems, metrics, pairs); 0 where nothing was measured.
        failed: (systems, pairs) conversions that failed. converted: (systems, pairs) conversions that were made.
        hits: (metrics,) metrics whose values are shares, see `is_hits`.
        natural: those of `systems` that are no systems but natural recordings (natural_rows.py).
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
        """As the judges list them, others after them."""
        named = dict.fromkeys(pair.emotion for pair in self.pairs if pair.emotion)
        return tuple(sorted(named, key=lambda name: EMOTIONS.index(name) if name in EMOTIONS else len(EMOTIONS)))

    @property
    def speakers(self) -> np.ndarray:
        """(pairs,) who is resampled first: the source's speaker, or, where nobody is named, the source recording."""
        return np.array([pair.source_speaker or f"recording {pair.source}" for pair in self.pairs])

    def rows(self, setting: str | None = None, emotion: str | None = None) -> np.ndarray:
        """Indices of pairs; None means all."""
        return np.array([index for index, pair in enumerate(self.pairs)
                         if setting in (None, pair.setting) and emotion in (None, pair.emotion)], dtype=int)

    def scores(self, system: str, metric: str, rows: np.ndarray) -> MetricScores:
        place = self.systems.index(system), self.metrics.index(metric)
        return MetricScores(self.values[place][rows], self.weights[place][rows], self.hits[place[1]])


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
