"""The interactive figure of a frontier: its numbers for Plotly, which templates/chart.js draws."""

from __future__ import annotations

import math
from typing import Any

from evaluation.frontier.curve import Frontier
from evaluation.frontier.plot import COLOURS, in_words
from evaluation.frontier.tables import emotion_name, judge_name, point_name
from evaluation.report.blocks import Chart
from evaluation.report.statistics import Estimate
from evaluation.report.tables import unit_of

STRENGTH = "strength"
DIGITS = 4


def chart(frontier: Frontier, picture: str, caption: str) -> Chart:
    """A figure whose emotion and axes the reader chooses. picture: file name of the same as a picture, for Markdown."""
    return Chart(chart_data(frontier), caption, in_words(frontier), picture)


def chart_data(frontier: Frontier) -> dict[str, Any]:
    """What the script draws: emotions, measures (a name, a title, whether less is better), and the points of every curve.

    A point has its label, its strength, [value, low, high] by measure, and the axes on which each judge finds it dominated.
    """
    measures = [*({"name": judge.name, "title": f"recognised by {judge_name(judge)} (%)"} for judge in frontier.judges),
                *({"name": axis.metric.name, "title": f"{axis.name}: {axis.metric.name} ({unit_of(axis.metric)})",
                   "less": axis.worst > axis.best} for axis in frontier.axes),
                {"name": STRENGTH, "title": STRENGTH}]
    return {"emotions": [emotion_name(emotion) for emotion in frontier.emotions], "measures": measures,
            "first": [frontier.axes[0].metric.name, frontier.judges[0].name],
            "curves": [{"name": curve.name, "colour": index % len(COLOURS), "emotions": [
                [_point(frontier, emotion, system, strength)
                 for system, strength in zip(curve.systems, curve.strengths, strict=True)] for emotion in frontier.emotions]}
                for index, curve in enumerate(frontier.curves)]}


def _point(frontier: Frontier, emotion: str | None, system: str, strength: float | None) -> dict[str, Any]:
    values = {info.name: _numbers(frontier.estimate(emotion, system, info.name)) for info in frontier.metrics}
    beaten = {judge.name: [axis.metric.name for axis in frontier.axes
                           if system in frontier.dominated[emotion, judge.name, axis.name]] for judge in frontier.judges}
    return {"label": point_name(strength), "values": {**values, STRENGTH: None if strength is None else [strength] * 3},
            "dominated": beaten}


def _numbers(estimate: Estimate | None) -> list[float | None] | None:
    if estimate is None or not math.isfinite(estimate.value):
        return None
    return [None if value is None else round(value, DIGITS) for value in (estimate.value, estimate.low, estimate.high)]
