"""Rows of natural speech, scored like systems: what a metric says about the recordings that a perfect system would match.

`natural reference`: the reference itself, as if a system had returned it. Its emotion is real, its words and often its voice
are not the source's: the ceiling of emotion, the floor of words and voice.
`natural parallel`: the source's speaker really saying the source's sentence in the wanted emotion, where the corpus has it:
the mark to reach in everything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from evaluation.metrics.base import Metric, Value
from evaluation.natural_reference.report_marks import with_marks
from evaluation.pair import Pair
from evaluation.report.catalogue import Catalogue
from evaluation.report.matrix import Matrix
from evaluation.report.observed import RunObservations, observer_keys

REFERENCE, PARALLEL = "natural reference", "natural parallel"
ROLES = {
    REFERENCE: "the reference itself: real emotion, its own words and voice",
    PARALLEL: "the source's speaker really saying it in the wanted emotion: the mark to reach",
}
PERFECT, ALIKE = (0.0, 1.0, 100.0), 1e-4  # distances; correlations, cosines and ratios; percentages
CIRCULAR = ("speaker-accuracy",)  # a natural recording is a part of its own speaker's mean
RECORDINGS: dict[str, Callable[[Pair], Path | None]] = {
    REFERENCE: lambda pair: pair.reference, PARALLEL: lambda pair: pair.parallel}


def with_natural_rows(matrix: Matrix, catalogue: Catalogue, observed: RunObservations) -> Matrix:
    """The same scores with a row more for each natural recording that pairs have.

    A metric that cannot be had any more, or whose observations are gone, leaves its values out.
    """
    rows = [name for name, recording in RECORDINGS.items() if any(recording(pair) for pair in matrix.pairs)]
    extra = np.zeros((2, len(rows), len(matrix.metrics), len(matrix.pairs)))
    keys = observer_keys(observed.run)
    for index, name in enumerate(matrix.metrics):
        metric = catalogue.entries[name].metric
        if metric is not None and name.partition("@")[0] not in CIRCULAR:
            metric = with_marks(metric, observed.run)
            for row, kind in enumerate(rows):
                extra[:, row, index] = _scored(metric, keys[name], matrix.pairs, RECORDINGS[kind], observed)
    made = np.array([[RECORDINGS[kind](pair) is not None for pair in matrix.pairs] for kind in rows]).reshape(len(rows), -1)
    more = {"values": extra[0], "weights": extra[1], "failed": np.zeros_like(made), "converted": made}
    return replace(matrix, systems=(*matrix.systems, *rows), natural=tuple(rows),
                   **{name: np.concatenate([getattr(matrix, name), array]) for name, array in more.items()})


def is_by_definition(matrix: Matrix, system: str, metric: str) -> bool:
    """A recording compared with itself: nothing or everything for every pair, and not because every pair was a hit."""
    scores = matrix.scores(system, metric, matrix.rows())
    measured = scores.values[scores.weights > 0]
    alike = len(measured) > 1 and float(np.ptp(measured)) < ALIKE
    return alike and not scores.hits and bool(np.abs(np.array(PERFECT) - measured[0]).min() < ALIKE)


def _scored(metric: Metric, observer: str, pairs: tuple[Pair, ...], recording: Callable[[Pair], Path | None],
            observed: RunObservations) -> np.ndarray:
    """(2, pairs) values and weights."""
    found = np.zeros((2, len(pairs)))
    for index, pair in enumerate(pairs):
        path = recording(pair)
        value = None if path is None else _value(metric, observer, pair, path, observed)
        if value is not None and np.isfinite(value.value):
            found[:, index] = value
    return found


def _value(metric: Metric, observer: str, pair: Pair, path: Path, observed: RunObservations) -> Value | None:
    seen = observed.as_converted(observer, pair, path)
    return None if seen.converted is None or seen.source is None or seen.reference is None else metric.score(pair, seen)
