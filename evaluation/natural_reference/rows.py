"""Rows of natural speech in tables of systems.

Two rows are recordings that are scored like conversions: the reference itself, and the source's speaker saying the
source's sentence in the target emotion, where the corpus has it. Other rows come from marks.json: judges' accuracy on
natural speech, the cosine of one speaker in two emotions, the speaker threshold. The metric's role says which
(evaluation/metrics/subjects.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.metrics.base import Metric, NeedsNaturalReference, Value
from evaluation.metrics.subjects import PARALLEL, REFERENCE
from evaluation.natural_reference.computed import Centroids, NaturalReference, VoiceReference
from evaluation.pair import Pair
from evaluation.report.catalogue import Catalogue, subjects_of
from evaluation.report.results import Matrix
from evaluation.run.folder import EvaluationRun
from evaluation.run.observing import RunObservations
from pipelines.errors import ZestError

ROLES = {
    REFERENCE: "the reference itself: real emotion, its own words and voice",
    PARALLEL: "the source's speaker saying it in the target emotion: the best that can be reached",
}
PERFECT, ALIKE = (0.0, 1.0, 100.0), 1e-4  # distances; correlations, cosines and ratios; percentages
RECORDINGS: dict[str, Callable[[Pair], Path | None]] = {
    REFERENCE: lambda pair: pair.reference, PARALLEL: lambda pair: pair.parallel}


@dataclass(frozen=True)
class NaturalRow:
    """A row of what natural speech reaches. values: per metric; notes: per metric, how many clips or pairs."""

    title: str
    explanation: str
    values: Mapping[str, float]
    notes: Mapping[str, str] = field(default_factory=dict)


def natural_reference_rows(run: EvaluationRun, catalogue: Catalogue) -> tuple[NaturalRow, ...]:
    """Rows to stand beside the systems', by what natural speech scored in this run; a row without a value is left out."""
    values: dict[tuple[str, str], dict[str, float]] = {}
    notes: dict[tuple[str, str], dict[str, str]] = {}
    for info in (info for subject in subjects_of(catalogue) for info in catalogue.infos(subject)):
        role, found = catalogue.entries[info.name].role, _measured(run, info.name)
        for row in role.rows if role is not None and found else ():
            value, title = row.value(found), (row.title, row.explanation)
            if value is not None:
                values.setdefault(title, {})[info.name] = value
                notes.setdefault(title, {})[info.name] = row.note(found)
    return tuple(NaturalRow(*title, own, notes[title]) for title, own in values.items())


def with_natural_reference(metric: Metric, run: EvaluationRun) -> Metric:
    """A metric that needs a threshold or speakers, with those of the run; as it is where the run has none."""
    found = _measured(run, metric.info.name)
    if not isinstance(metric, NeedsNaturalReference) or not found:
        return metric
    voice = VoiceReference(**{**found, "centroids": Centroids(**found["centroids"])})
    try:
        return metric.with_natural_reference(NaturalReference(voices={metric.observer.partition("@")[2]: voice}))
    except ZestError:  # one speaker only: nothing can be asked
        return metric


def natural_accuracy(run: EvaluationRun, metric: str) -> dict[str, float]:
    """Per emotion, what a judge reaches on natural speech, %; empty where it was not measured."""
    rows = _measured(run, metric).get("confusion", {})
    return {label: 100 * row.get(label, 0) / sum(row.values()) for label, row in rows.items() if sum(row.values())}


def natural_confusions(run: EvaluationRun, metric: str) -> list[tuple[str, dict[str, dict[str, int]]]]:
    """(title, counts) of a judge on natural speech; empty where it was not measured."""
    rows = _measured(run, metric).get("confusion", {})
    return [("natural speech, all labelled clips", rows)] if rows else []


def with_natural_rows(matrix: Matrix, catalogue: Catalogue, observed: RunObservations) -> Matrix:
    """The same scores with a row more for each natural recording that pairs have.

    A metric that cannot be had any more, or whose observations are gone, leaves its values out.
    """
    rows = [name for name, recording in RECORDINGS.items() if any(recording(pair) for pair in matrix.pairs)]
    extra = np.zeros((2, len(rows), len(matrix.metrics), len(matrix.pairs)))
    keys = observed.run.record.observer_keys
    for index, name in enumerate(matrix.metrics):
        entry = catalogue.entries[name]
        if entry.metric is not None and entry.natural_rows:
            metric = with_natural_reference(entry.metric, observed.run)
            for row, kind in enumerate(rows):
                extra[:, row, index] = _scored(metric, keys[name], matrix.pairs, RECORDINGS[kind], observed)
    there = np.array([[RECORDINGS[kind](pair) is not None for pair in matrix.pairs] for kind in rows]).reshape(len(rows), -1)
    more = {"values": extra[0], "weights": extra[1], "failed": np.zeros_like(there), "converted": there}
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


def _measured(run: EvaluationRun, metric: str) -> Mapping[str, Any]:
    """What the metric's observer measured of natural speech, from marks.json; empty where it measured nothing."""
    key = run.record.observer_keys.get(metric, "")
    return next((part[key] for name in ("judges", "voices") if key in (part := run.natural_reference.get(name, {}))), {})
