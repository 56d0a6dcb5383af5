"""Pictures of a frontier for a paper: emotion against voice, and every metric over strength. Matplotlib's figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from evaluation.frontier.curve import Axis, Curve, Frontier
from evaluation.frontier.tables import emotion_name, judge_name
from evaluation.metrics.base import MetricInfo
from evaluation.report.statistics import Estimate
from evaluation.report.tables import unit_of

COLOURS = ("#004488", "#bb5566", "#ddaa33", "#117733", "#6b4c9a", "#4f5661")  # as of reports; told apart by lightness, too
MARKERS = ("o", "s", "^", "D", "v", "P")
CELL = (2.15, 1.95)  # inches of one panel
PAPER = "#ffffff"


def trade_off_figure(frontier: Frontier, axis: Axis | None = None) -> Drawing:
    """Recognised emotion against what is kept: a row a judge, a column an emotion. Hollow points are dominated.

    Args:
        axis: what is kept; the frontier's first if None.
    """
    axis = axis or frontier.axes[0]
    drawing, panels = _panels(frontier, len(frontier.judges))
    for row, judge in zip(panels, frontier.judges, strict=True):
        for panel, emotion in zip(row, frontier.emotions, strict=True):
            for place, curve in enumerate(frontier.curves):
                _trade_off(panel, frontier, curve, place, emotion, judge, axis)
            panel.set_ylim(-4, 109)
            panel.xaxis.set_major_locator(MaxNLocator(4, prune="both"))  # labels of neighbours do not touch
        row[0].set_ylabel(f"recognised by\n{judge_name(judge)} (%)", fontsize=8.5)
    if axis.worst > axis.best:
        panels[0][0].invert_xaxis()  # right is better in every picture
    return _finished(drawing, panels, frontier, f"{axis.metric.name} ({unit_of(axis.metric)})")


def strength_figure(frontier: Frontier) -> Drawing:
    """Every metric over strength: a row a metric, a column an emotion. A system without strengths is a dashed line."""
    drawing, panels = _panels(frontier, len(frontier.metrics))
    for row, info in zip(panels, frontier.metrics, strict=True):
        for panel, emotion in zip(row, frontier.emotions, strict=True):
            for place, curve in enumerate(frontier.curves):
                _over_strength(panel, frontier, curve, place, emotion, info)
        row[0].set_ylabel(f"{info.name}\n({unit_of(info)})", fontsize=8.5)
    return _finished(drawing, panels, frontier, "strength")


def in_words(frontier: Frontier) -> str:
    """What the pictures show, for who does not see them."""
    judge, axis = frontier.judges[0], frontier.axes[0]
    points = "; ".join(f"{curve.name}: " + ", ".join(
        f"{_said(frontier.estimate(None, system, judge.name), '%.0f %%')} at {axis.name} "
        f"{_said(frontier.estimate(None, system, axis.metric.name), '%.2f')}"
        for system in curve.systems) for curve in frontier.curves)
    return f"Target emotion recognised ({judge.name}) against {axis.name} ({axis.metric.name}). {points}"


def _panels(frontier: Frontier, rows: int) -> tuple[Drawing, np.ndarray]:
    columns = len(frontier.emotions)
    drawing = Drawing(figsize=(CELL[0] * columns + 0.7, CELL[1] * rows + 0.9), layout="constrained", dpi=150)
    panels = drawing.subplots(rows, columns, sharex=True, sharey="row", squeeze=False)
    return drawing, panels


def _finished(drawing: Drawing, panels: np.ndarray, frontier: Frontier, label: str) -> Drawing:
    for panel, emotion in zip(panels[0], frontier.emotions, strict=True):
        panel.set_title(f"{emotion_name(emotion)} (n = {frontier.expected[emotion]})", fontsize=9)
    for panel in panels.flat:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(color="#ececec", linewidth=0.7)
        panel.set_axisbelow(True)
        panel.tick_params(length=0, labelsize=8)
    drawing.supxlabel(label, fontsize=9)
    handles = [panels[0][0].plot([], [], color=_colour(place), marker=_marker(place), markersize=5, linewidth=1.5,
                                 linestyle=_line(curve))[0] for place, curve in enumerate(frontier.curves)]
    drawing.legend(handles, [curve.name for curve in frontier.curves], loc="outside upper center", ncols=4, frameon=False,
                   fontsize=8.5)
    return drawing


def _trade_off(panel: Axes, frontier: Frontier, curve: Curve, place: int, emotion: str | None, judge: MetricInfo,
               axis: Axis) -> None:
    found = [(system, kept, moved) for system in curve.systems
             if (kept := frontier.estimate(emotion, system, axis.metric.name)) is not None
             and (moved := frontier.estimate(emotion, system, judge.name)) is not None]
    colour = _colour(place)
    panel.plot([kept.value for _, kept, _ in found], [moved.value for _, _, moved in found], color=colour, linewidth=1.3,
               zorder=2)
    beaten = frontier.dominated[emotion, judge.name, axis.name]
    for system, kept, moved in found:
        panel.errorbar(kept.value, moved.value, xerr=_reach(kept), yerr=_reach(moved), ecolor=colour, elinewidth=0.6, alpha=0.4,
                       fmt="none", zorder=1)
        panel.plot(kept.value, moved.value, color=colour, marker=_marker(place), markersize=5, zorder=3,
                   markerfacecolor=PAPER if system in beaten else colour)
    strengths = dict(zip(curve.systems, curve.strengths, strict=True))
    for system, kept, moved in {found[0], found[-1]} if len(found) > 1 else ():  # which end is which
        panel.annotate(f"{strengths[system]:g}", (kept.value, moved.value), (4, 4), textcoords="offset points", fontsize=6.5,
                       color=colour)


def _over_strength(panel: Axes, frontier: Frontier, curve: Curve, place: int, emotion: str | None, info: MetricInfo) -> None:
    colour = _colour(place)
    found = [(strength or 0.0, one) for strength, system in zip(curve.strengths, curve.systems, strict=True)
             if (one := frontier.estimate(emotion, system, info.name)) is not None]
    if not found:
        return
    if curve.strengths == (None,):
        panel.axhline(found[0][1].value, color=colour, linewidth=1.1, linestyle=_line(curve))
        return
    places = [strength for strength, _ in found]
    panel.plot(places, [one.value for _, one in found], color=colour, marker=_marker(place), markersize=3.5, linewidth=1.3)
    low, high = zip(*(_bounds(one) for _, one in found), strict=True)
    panel.fill_between(places, low, high, color=colour, alpha=0.13, linewidth=0)


def _reach(estimate: Estimate) -> Sequence[Sequence[float]]:
    """How far the interval goes below and above the value, as errorbar takes it."""
    low, high = _bounds(estimate)
    return [[max(0.0, estimate.value - low)], [max(0.0, high - estimate.value)]]


def _bounds(estimate: Estimate) -> tuple[float, float]:
    """The interval; the value itself where there is none."""
    low, high = (estimate.value if end is None else end for end in (estimate.low, estimate.high))
    return low, high


def _line(curve: Curve) -> str:
    return "--" if curve.strengths == (None,) else "-"


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _marker(place: int) -> str:
    return MARKERS[place % len(MARKERS)]


def _said(estimate: Estimate | None, form: str) -> str:
    return "not measured" if estimate is None else form % estimate.value
