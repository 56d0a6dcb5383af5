"""The frontier as tables: points and areas, for the page, and as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from evaluation.frontier.curve import Curve, Frontier
from evaluation.metrics.base import MetricInfo
from evaluation.natural_reference.rows import NaturalRow
from evaluation.report.blocks import Cell, Column, Row, Table
from evaluation.report.statistics import Estimate
from evaluation.report.tables import column, difference_cell, estimate_cell, number, rows_of_natural_speech, span
from pipelines.counting import counted

EVERY = "all"  # as an emotion in CSV
NONE = "\u2013"
AREA = MetricInfo("area", "", "higher", 0.0, 1.0, "", "", "")


def emotion_name(emotion: str | None) -> str:
    return "all emotions" if emotion is None else emotion


def judge_name(info: MetricInfo) -> str:
    """'whisper' of 'emotion@whisper'."""
    return info.name.partition("@")[2] or info.name


def point_name(strength: float | None) -> str:
    return "no strength" if strength is None else f"strength {strength:g}"


def points_table(frontier: Frontier, emotion: str | None, natural_rows: Sequence[NaturalRow] = ()) -> Table:
    """Rows: strengths within systems; columns: metrics, and which judges find the point dominated on each axis."""
    infos = frontier.metrics
    columns = [*(column(info) for info in infos),
               *(Column(axis.name, group="dominated, emotion against", words=True) for axis in frontier.axes)]
    rows = [Row(point_name(strength), (*(estimate_cell(frontier.estimate(emotion, system, info.name), info,
                                                       frontier.expected[emotion]) for info in infos),
                                       *(_dominated_cell(frontier, emotion, system, axis.name) for axis in frontier.axes)),
                section=curve.name)
            for curve in frontier.curves for system, strength in zip(curve.systems, curve.strengths, strict=True)]
    empty = tuple(Cell("") for _ in frontier.axes)
    natural = [Row(row.head, (*row.cells, *empty), row.detail, row.section, row.kind)
               for row in rows_of_natural_speech(natural_rows, infos)]
    return Table(f"{emotion_name(emotion).capitalize()}: {counted(frontier.expected[emotion], 'pair')}", "point", tuple(columns),
                 (*rows, *natural))


def areas_table(frontier: Frontier) -> Table:
    """Rows: systems within emotions; columns: judges within axes."""
    columns = [Column(judge_name(judge), group=f"emotion against {axis.name}")
               for axis in frontier.axes for judge in frontier.judges]
    rows = [Row(curve.name, tuple(_area_cell(frontier.areas[emotion, curve.name, judge.name, axis.name])
                                  for axis in frontier.axes for judge in frontier.judges),
                _strengths(curve), emotion_name(emotion))
            for emotion in frontier.emotions for curve in frontier.curves]
    return Table("Area under the frontier, 0 to 1, higher is better", "system", tuple(columns), tuple(rows))


def differences_table(frontier: Frontier) -> Table:
    """Rows: couples of systems; cells: first area minus second, over all pairs."""
    keys = [(axis.name, judge) for axis in frontier.axes for judge in frontier.judges]
    couples = dict.fromkeys((first, second) for first, second, _, _ in frontier.differences)
    rows = [Row(f"{first} \u2212 {second}", tuple(
        difference_cell(frontier.differences.get((first, second, judge.name, axis)), AREA) for axis, judge in keys))
        for first, second in couples]
    columns = [Column(judge_name(judge), group=f"emotion against {axis}") for axis, judge in keys]
    return Table("Differences of areas, all emotions; bold where the interval leaves 0 out", "systems", tuple(columns),
                 tuple(rows))


def points_frame(frontier: Frontier) -> pd.DataFrame:
    """One row per emotion, point and metric; `dominated_*` is empty where the metric is no judge's."""
    rows = []
    for emotion in frontier.emotions:
        for curve in frontier.curves:
            for system, strength in zip(curve.systems, curve.strengths, strict=True):
                about = {"emotion": emotion or EVERY, "curve": curve.name, "system": system, "strength": strength}
                rows += [{**about, "metric": info.name, **_numbers(frontier.estimate(emotion, system, info.name)),
                          "expected": frontier.expected[emotion], **_dominated(frontier, emotion, system, info)}
                         for info in frontier.metrics]
    return pd.DataFrame(rows)


def areas_frame(frontier: Frontier) -> pd.DataFrame:
    """One row per emotion, curve, judge and axis."""
    return pd.DataFrame([{"emotion": emotion or EVERY, "curve": name, "judge": judge, "axis": axis, **_numbers(estimate),
                          "expected": frontier.expected[emotion]}
                         for (emotion, name, judge, axis), estimate in frontier.areas.items()])


def _strengths(curve: Curve) -> str:
    if curve.strengths == (None,):
        return "one point"
    return "strength " + ", ".join(f"{strength:g}" for strength in curve.strengths if strength is not None)


def _dominated_cell(frontier: Frontier, emotion: str | None, system: str, axis: str) -> Cell:
    names = [judge_name(judge) for judge in frontier.judges if system in frontier.dominated[emotion, judge.name, axis]]
    if len(names) == len(frontier.judges) > 1:
        return Cell("by every judge", mark="words")
    return Cell(", ".join(names) or NONE, mark="words" if names else "faint")


def _dominated(frontier: Frontier, emotion: str | None, system: str, info: MetricInfo) -> dict[str, Any]:
    is_judge = info in frontier.judges
    return {f"dominated_{axis.name.partition(' ')[0]}": (system in frontier.dominated[emotion, info.name, axis.name])
            if is_judge else None for axis in frontier.axes}


def _area_cell(estimate: Estimate | None) -> Cell:
    if estimate is None:
        return Cell(NONE, mark="faint")
    return Cell(number(estimate.value, ""), span(estimate.low, estimate.high, ""), f"{estimate.measured}/{estimate.expected}")


def _numbers(estimate: Estimate | None) -> dict[str, Any]:
    if estimate is None:
        return {"value": None, "low": None, "high": None, "measured": 0}
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "measured": estimate.measured}
