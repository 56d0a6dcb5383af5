"""Curves of a run: systems that differ in nothing but their strength, with what was measured of each, per emotion."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from evaluation.frontier.area import area, dominated
from evaluation.metrics.base import MetricInfo
from evaluation.metrics.subjects import CHARACTER_ERRORS, NATURALNESS, SPEAKER_SIMILARITY
from evaluation.report.catalogue import Catalogue
from evaluation.report.results import ALL, Matrix
from evaluation.report.statistics import (
    DRAWS,
    ROUNDING,
    Difference,
    Estimate,
    difference_of,
    estimates,
    interval,
    resample,
    resampled,
)
from evaluation.run.folder import EvaluationRun
from pipelines.errors import ZestError

STRENGTH = re.compile(r"@\d+(\.\d+)?(?=-|$)")  # in a system's name


@dataclass(frozen=True)
class Axis:
    """What is to be kept. name: of the axis; metric: that measures it; worst, best: its values at 0 and at 1."""

    name: str
    metric: MetricInfo
    worst: float
    best: float

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """0 at the worst and beyond, 1 at the best; NaN stays."""
        return np.clip((values - self.worst) / (self.best - self.worst), 0.0, 1.0)


@dataclass(frozen=True)
class Curve:
    """Systems of one kind at ascending strengths. strengths: None for a system that takes none, which is a point."""

    name: str
    systems: tuple[str, ...]
    strengths: tuple[float | None, ...]


@dataclass(frozen=True)
class Frontier:
    """What was measured, by emotion; None as an emotion stands for all pairs.

    Attributes:
        judges: metrics of recognised emotion, one a judge. axes: what is kept.
        estimates: by (emotion, system, metric). expected: pairs by emotion.
        dominated: systems by (emotion, judge, axis); any other point of the frontier may dominate.
        areas: by (emotion, curve, judge, axis). differences: by (curve, curve, judge, axis), over all pairs.
    """

    curves: tuple[Curve, ...]
    emotions: tuple[str | None, ...]
    judges: tuple[MetricInfo, ...]
    axes: tuple[Axis, ...]
    estimates: Mapping[tuple[str | None, str, str], Estimate | None]
    expected: Mapping[str | None, int]
    dominated: Mapping[tuple[str | None, str, str], frozenset[str]]
    areas: Mapping[tuple[str | None, str, str, str], Estimate | None]
    differences: Mapping[tuple[str, str, str, str], Difference]

    @property
    def metrics(self) -> tuple[MetricInfo, ...]:
        """Judges first, then what is kept."""
        return (*self.judges, *(axis.metric for axis in self.axes))

    def estimate(self, emotion: str | None, system: str, metric: str) -> Estimate | None:
        return self.estimates.get((emotion, system, metric))


@dataclass(frozen=True)
class _Drawn:
    """One emotion's numbers. value: (systems, metrics) set values; draws: (systems, metrics, draws) of resampled sets; NaN where
    nothing was measured. measured: (systems, metrics) pairs."""

    systems: tuple[str, ...]
    metrics: tuple[str, ...]
    value: np.ndarray
    draws: np.ndarray
    measured: np.ndarray

    def places(self, curve: Curve, metric: str) -> tuple[list[int], int]:
        return [self.systems.index(name) for name in curve.systems], self.metrics.index(metric)


def curves_of(run: EvaluationRun, systems: Sequence[str] | None = None) -> tuple[Curve, ...]:
    """The curves of a run's systems, in its order. systems: only these; all if None."""
    found: dict[tuple[str, str], dict[float | None, str]] = {}
    for name, about in run.record.systems.items():
        if systems is not None and name not in systems:
            continue
        spec = dict(about.spec) if isinstance(about.spec, dict) else {}
        strength = spec.pop("strength", None)
        label = name if strength is None else STRENGTH.sub("", name, count=1)
        rest = json.dumps([spec, about.checkpoint_hash], sort_keys=True, default=str)
        found.setdefault((label, rest), {}).setdefault(strength, name)
    curves = []
    for (label, _), points in found.items():
        ordered = sorted(points, key=lambda strength: -1.0 if strength is None else strength)
        curves.append(Curve(label, tuple(points[strength] for strength in ordered), tuple(ordered)))
    return tuple(curves)


def axes_of(catalogue: Catalogue) -> tuple[Axis, ...]:
    """What a run measured of voice, words and naturalness, each by one metric."""
    voice = [Axis("voice kept", info, 0.0, 1.0) for info in catalogue.with_role(SPEAKER_SIMILARITY)[:1]]
    words = [Axis("words kept", info, 100.0, 0.0) for info in catalogue.with_role(CHARACTER_ERRORS)[:1]]
    natural = [Axis("naturalness kept", info, 1.0, 5.0) for info in catalogue.infos(NATURALNESS)[:1]]
    return (*voice, *words, *natural)


def frontier_of(run: EvaluationRun, matrix: Matrix, catalogue: Catalogue, systems: Sequence[str] | None = None,
                draws: int = DRAWS, seed: int = 0) -> Frontier:
    """The frontier of a run. systems: only these; all if None. draws, seed: of the bootstrap (report/statistics.py).

    Raises:
        ZestError: no judge of emotion was measured, or nothing that is to be kept.
    """
    curves, judges, axes = curves_of(run, systems), catalogue.accuracies(), axes_of(catalogue)
    if not judges or not axes:
        lacking = "judge of emotion" if not judges else "metric of voice, words or naturalness"
        raise ZestError(f"The frontier needs a {lacking}, and this run has measured none; name one with --metric, as "
                        f"{'emotion@acoustic' if not judges else 'voice-to-source'}.")
    emotions = (ALL, *matrix.emotions)
    found, beaten, areas, expected, differences = {}, {}, {}, {}, {}
    for emotion in emotions:
        rows = matrix.rows(emotion=emotion)
        expected[emotion] = len(rows)
        measured, drawn = _measure(matrix, rows, curves, judges, axes, draws, seed)
        found |= {(emotion, *key): estimate for key, estimate in measured.items()}
        for judge in judges:
            for axis in axes:
                beaten[emotion, judge.name, axis.name] = _dominated(drawn, judge, axis)
                own = {curve.name: _area(drawn, curve, judge, axis) for curve in curves}
                areas |= {(emotion, name, judge.name, axis.name): _estimate(*one, len(rows)) for name, one in own.items()}
                if emotion is ALL:
                    differences |= {(*couple, judge.name, axis.name): one for couple, one in _differences(own).items()}
    return Frontier(curves, emotions, judges, axes, found, expected, beaten, areas, differences)


def _measure(matrix: Matrix, rows: np.ndarray, curves: Sequence[Curve], judges: Sequence[MetricInfo], axes: Sequence[Axis],
             draws: int, seed: int) -> tuple[dict[tuple[str, str], Estimate | None], _Drawn]:
    """Estimates by (system, metric), and the same resamples of all of them."""
    systems = tuple(name for curve in curves for name in curve.systems)
    metrics = tuple(info.name for info in (*judges, *(axis.metric for axis in axes)))
    keys = [(system, metric) for system in systems for metric in metrics]
    sides = [matrix.scores(system, metric, rows) for system, metric in keys]
    resamples = resample(matrix.speakers[rows], draws, seed)
    measured = dict(zip(keys, estimates(sides, resamples, len(rows)), strict=True))
    shape = len(systems), len(metrics)
    value = np.array([np.nan if one is None else one.value for one in measured.values()]).reshape(shape)
    pairs = np.array([side.measured for side in sides]).reshape(shape)
    return measured, _Drawn(systems, metrics, value, resampled(sides, resamples).reshape(*shape, -1), pairs)


def _dominated(drawn: _Drawn, judge: MetricInfo, axis: Axis) -> frozenset[str]:
    """Systems that any other of all the curves dominates."""
    kept = axis.scaled(drawn.value[:, drawn.metrics.index(axis.metric.name)])
    beaten = dominated(kept, drawn.value[:, drawn.metrics.index(judge.name)])
    return frozenset(name for name, is_beaten in zip(drawn.systems, beaten, strict=True) if is_beaten)


def _area(drawn: _Drawn, curve: Curve, judge: MetricInfo, axis: Axis) -> tuple[float, np.ndarray, int]:
    """(area, areas of every resample, pairs that its least measured point has)."""
    places, emotion = drawn.places(curve, judge.name)
    _, kept = drawn.places(curve, axis.metric.name)
    low, high = judge.low, judge.high
    value, draws = (area(axis.scaled(numbers[places, kept]), (numbers[places, emotion] - low) / (high - low))
                    for numbers in (drawn.value, drawn.draws))
    counts = drawn.measured[places]
    return float(value), draws, int(min(counts[:, emotion].min(), counts[:, kept].min()))


def _estimate(value: float, draws: np.ndarray, measured: int, expected: int) -> Estimate | None:
    """An area whose resamples all agree, as where nothing is ever recognised, has no interval instead of one without width."""
    if np.isnan(value):
        return None
    ends = interval(draws, measured) if np.nanmax(draws) - np.nanmin(draws) > ROUNDING else (None, None)
    return Estimate(value, *ends, measured, expected)


def _differences(areas: Mapping[str, tuple[float, np.ndarray, int]]) -> dict[tuple[str, str], Difference]:
    """First minus second of every two curves, over the same resampled pairs; none where one has no area."""
    return {(first, second): difference_of(one[0] - other[0], one[1] - other[1], min(one[2], other[2]))
            for (first, one), (second, other) in combinations(areas.items(), 2) if not np.isnan(one[0] - other[0])}
