"""Rows of a picture: a name on the left, a point with its interval, a number on the right. Narrow, with large letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.listening.analysis.intervals import Interval
from evaluation.listening.design.questions import ANCHORS, shown_name

WIDTH = 4.2  # inches
ROW, GAP, FRAME = 0.42, 0.5, 1.05  # inches a row, rows between systems and anchors, inches of axis and title
LETTERS, SMALL = 11, 9.5  # points
LONGEST = 22  # letters of a name
SYSTEM_COLOUR, ANCHOR_COLOUR = "#004488", "#555555"


@dataclass(frozen=True)
class Picture:
    """Attributes:
        name: of a file, without its suffix. title: what it shows. said: the same in words, for who cannot see it.
    """

    name: str
    title: str
    said: str
    figure: Figure


def name_rows(names: Sequence[str]) -> tuple[Figure, Axes, dict[str, float]]:
    """A figure with one row a name, systems above anchors, each in the order given; and where each row is."""
    systems, anchors = ([name for name in names if is_anchor(name) is anchor] for anchor in (False, True))
    gap = GAP if systems and anchors else 0.0
    places = {name: float(place) for place, name in enumerate(systems)}
    places |= {name: len(systems) + gap + place for place, name in enumerate(anchors)}
    figure = Figure(figsize=(WIDTH, FRAME + ROW * (len(names) + gap)), layout="constrained", dpi=150)
    axis = figure.subplots()
    axis.set_ylim(len(names) - 1 + gap + 0.6, -0.6)
    if gap:
        axis.axhline(len(systems) - 0.5 + gap / 2, color="#c4c4c4", linewidth=0.8, linestyle=(0, (2, 2)))
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.grid(axis="x", color="#ececec", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(length=0, labelsize=SMALL)
    return figure, axis, places


def label_rows(axis: Axes, places: Mapping[str, float], right: Mapping[str, str]) -> None:
    """Names on the left, numbers on the right."""
    axis.set_yticks(list(places.values()), [short_name(shown_name(name, places)) for name in places], fontsize=LETTERS)
    other = axis.secondary_yaxis("right")
    other.set_yticks(list(places.values()), [right[name] for name in places], fontsize=8.5, color="#555555")
    other.tick_params(length=0)
    other.spines[:].set_visible(False)


def draw_point(axis: Axes, place: float, interval: Interval, anchor: bool, preliminary: bool) -> None:
    colour = ANCHOR_COLOUR if anchor else SYSTEM_COLOUR
    if interval.low is not None and interval.high is not None:
        axis.hlines(place, interval.low, interval.high, color=colour, linewidth=2.4,
                    linestyle=(0, (3, 1.4)) if preliminary else "solid")
        axis.vlines([interval.low, interval.high], place - 0.13, place + 0.13, color=colour, linewidth=1.6)
    axis.plot([interval.value], [place], "D" if anchor else "o", markersize=8, color=colour,
              markerfacecolor="#ffffff" if anchor else colour, markeredgewidth=1.8)


def is_anchor(name: str) -> bool:
    return name in ANCHORS


def short_name(name: str, most: int = LONGEST) -> str:
    """A name as matplotlib's plain text: an emotion may be called anything, and dollars would be read as mathematics."""
    cut = name if len(name) <= most else f"{name[:most // 2]}\u2026{name[most // 2 + 1 - most:]}"
    return cut.replace("$", r"\$")
