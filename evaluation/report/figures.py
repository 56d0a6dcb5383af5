"""Figures of a report: accuracy per emotion, and distributions of values over pairs.

Matplotlib's figures become SVG inside the page. Their colours become variables of the page, for its light, dark and print styles.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from evaluation.metrics.base import MetricInfo
from evaluation.report.blocks import Figure
from evaluation.report.results import Matrix, RunResults
from evaluation.report.statistics import Estimate, estimates, resample
from evaluation.report.tables import number, unit_of
from pipelines.counting import counted

# A figure's colour and the page's variable for it (templates/style.css).
COLOURS = {
    "#000000": "var(--ink)", "#ffffff": "var(--raised)", "#555555": "var(--soft)", "#ececec": "var(--grid)",
    "#c4c4c4": "var(--line)", "#1a1a1a": "var(--over)", "#004488": "var(--one)", "#bb5566": "var(--two)",
    "#ddaa33": "var(--three)", "#117733": "var(--four)", "#6b4c9a": "var(--five)", "#4f5661": "var(--six)",
}
SERIES = ("#4f5661", "#ddaa33", "#bb5566", "#004488", "#117733", "#6b4c9a")  # one a system, told apart by lightness and hatch too
DATE = {"Date": None, "Creator": None, "Format": None, "Type": None}
HATCHES = ("", "//", "\\\\", "--", "xx", "||")
WIDTH = 9.0  # inches at 72 dots; the page scales it
MOST_POINTS = 80  # a system in a distribution; evenly chosen from the sorted values
VIOLIN_POINTS = 40
DOT = 0.004  # of a row's height: as good as a point
ALL_EMOTIONS = "all"


def to_svg(figure: Drawing) -> str:
    """An <svg> element without a background; text stays text."""
    content = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "zest", "path.simplify": False}):
        figure.savefig(content, format="svg", transparent=True, metadata=DATE)
    text = content.getvalue()
    text = text[text.index("<svg"):]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' id="[A-Za-z0-9.]*_\d+"', "", text)  # figure_1, axes_2...: the same in every figure
    text = re.sub(r"font-family: [^;\"]*;", "", text)  # the page's own
    text = re.sub(r"(\.\d\d)\d+", r"\1", text)  # a hundredth of a point is enough
    text = re.sub(r'\bfill="(#[0-9a-f]{6})"', r'style="fill: \1"', text)  # attributes know no variables, styles do
    text = re.sub(r"#[0-9a-f]{6}\b", lambda match: COLOURS.get(match[0], match[0]), text)
    return re.sub(r"\n\s*", "\n", text).strip()


def emotion_bars(results: RunResults, metric: str, info: MetricInfo, natural: dict[str, float]) -> Figure | None:
    """Accuracy per target emotion and system, with intervals; None where nothing was measured.

    Args:
        natural: per emotion, the judge's accuracy on natural speech in %, drawn as a line over the bars.
    """
    matrix = results.matrix
    groups = (*matrix.emotions, ALL_EMOTIONS)
    found = {name: _estimates(results, metric, name) for name in groups}
    if not any(value for values in found.values() for value in values):
        return None
    drawing = Drawing(figsize=(WIDTH, 3.4), layout="constrained")
    axis = drawing.subplots()
    width = 0.84 / len(matrix.systems)
    for index, system in enumerate(matrix.systems):
        _bars(axis, [found[name][index] for name in groups], index, width, system)
    for place, name in enumerate(groups):
        if name in natural:
            axis.hlines(natural[name], place - 0.46, place + 0.46, color="#000000", linewidth=1.6,
                        linestyle=(0, (4, 1.5)), label="natural speech" if place == 0 else "")
    axis.set_xticks(range(len(groups)), groups)
    axis.set_ylim(0, 104)
    axis.set_ylabel(f"{info.name} ({info.unit})")
    _plain(axis, "y")
    drawing.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    said = "; ".join(f"{system}: " + ", ".join(f"{name} {_said(found[name][index], info)}" for name in groups)
                     for index, system in enumerate(matrix.systems))
    marked = ", dashed lines are the same judge's accuracy on all labelled natural speech" if natural else ""
    caption = f"{info.name} per target emotion, all settings; thin lines are 95 % intervals{marked}."
    return Figure(to_svg(drawing), caption, f"{info.name} ({info.unit}) per target emotion. {said}", wide=True)


def distributions(matrix: Matrix, metric: str, info: MetricInfo) -> Figure | None:
    """A metric's values over pairs: violin, pairs and median per system. None for shares, or where nothing was measured."""
    rows = matrix.rows()
    sides = {system: matrix.scores(system, metric, rows) for system in matrix.systems}
    values = {system: np.sort(side.values[side.weights > 0]) for system, side in sides.items() if side.measured}
    if not values or matrix.hits[matrix.metrics.index(metric)]:
        return None
    drawing = Drawing(figsize=(WIDTH / 2, 0.7 + 0.42 * len(values)), layout="constrained")
    axis = drawing.subplots()
    for index, (system, each) in enumerate(values.items()):
        _violin(axis, each, index, SERIES[matrix.systems.index(system) % len(SERIES)])
    axis.set_yticks(range(len(values)), list(values))
    axis.set_ylim(len(values) - 0.4, -0.6)
    axis.set_xlabel(f"{info.name} ({unit_of(info)})")
    _plain(axis, "x")
    said = "; ".join(f"{system}: median {number(float(np.median(each)), info.unit)} of {counted(len(each), 'pair')}"
                     for system, each in values.items())
    return Figure(to_svg(drawing), f"{info.name}: {info.question} The stroke is the median pair.",
                  f"{info.name} ({unit_of(info)}). {said}")


def _estimates(results: RunResults, metric: str, emotion: str) -> list[Estimate | None]:
    matrix = results.matrix
    rows = matrix.rows(emotion=None if emotion == ALL_EMOTIONS else emotion)
    sides = [matrix.scores(system, metric, rows) for system in matrix.systems]
    return estimates(sides, resample(matrix.speakers[rows], results.draws, results.seed), len(rows))


def _bars(axis: Axes, values: Sequence[Estimate | None], index: int, width: float, label: str) -> None:
    places = np.arange(len(values)) - 0.42 + width * (index + 0.5)
    heights = [0.0 if value is None else value.value for value in values]
    axis.bar(places, heights, 0.9 * width, color=SERIES[index % len(SERIES)], alpha=0.6, label=label,
             hatch=HATCHES[index % len(HATCHES)], edgecolor="#ffffff", linewidth=0.0)
    for place, value in zip(places, values, strict=True):
        if value is not None and value.low is not None and value.high is not None:
            axis.vlines(place, value.low, value.high, color="#000000", linewidth=0.9)


def _violin(axis: Axes, values: np.ndarray, place: int, colour: str) -> None:
    if len(values) > 2 and np.ptp(values) > 1e-9:
        drawn: dict[str, Any] = axis.violinplot([values], [place], orientation="horizontal", widths=0.8, points=VIOLIN_POINTS,
                                                showextrema=False)
        drawn["bodies"][0].set(facecolor=colour, edgecolor="none", alpha=0.28)
    shown = values[np.linspace(0, len(values) - 1, min(len(values), MOST_POINTS)).round().astype(int)]
    jitter = 0.16 * np.sin(np.arange(len(shown)) * 2.399963)  # the golden angle: spread evenly, the same every time
    segments = np.stack([shown, shown, np.full(len(shown), np.nan)], axis=1).ravel()  # one path of dots is a small file
    heights = np.stack([place + jitter, place + jitter + DOT, place + jitter], axis=1).ravel()
    axis.plot(segments, heights, color=colour, linewidth=2.2, solid_capstyle="round")
    axis.vlines(np.median(values), place - 0.36, place + 0.36, color="#000000", linewidth=1.8)


def _plain(axis: Axes, grid: Literal["x", "y"]) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis=grid, color="#ececec", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(length=0)


def _said(value: Estimate | None, info: MetricInfo) -> str:
    return "not measured" if value is None else number(value.value, info.unit)
