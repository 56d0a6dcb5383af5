"""The picture of a question: one panel a metric, one row a variant, the value and its interval."""

from __future__ import annotations

import io

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.ablation.answers import Answer
from evaluation.report.figures import SERIES
from evaluation.report.tables import heading

COLUMNS = 3
BESIDE, VARIANT = SERIES[0], SERIES[3]


def draw(answer: Answer) -> Figure:
    """Values with 95 % intervals; the first variant's value as a line through all rows."""
    count = max(1, len(answer.infos))
    columns = min(COLUMNS, count)
    height = 0.9 + 0.3 * len(answer.lines)
    figure = Figure(figsize=(1.6 + 3.2 * columns, 0.5 + height * -(-count // columns)), layout="constrained")
    for index in range(len(answer.infos)):
        _panel(figure.add_subplot(-(-count // columns), columns, index + 1), answer, index, index % columns == 0)
    figure.suptitle(answer.title, fontsize=11)
    return figure


def png(figure: Figure, dpi: int = 110) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=dpi, metadata={"Software": None})
    return content.getvalue()


def _panel(axis: Axes, answer: Answer, index: int, labelled: bool) -> None:
    for place, line in enumerate(answer.lines):
        estimate, colour = line.estimates[index], BESIDE if line.beside else VARIANT
        if estimate is None:
            continue
        axis.plot(estimate.value, place, "o", color=colour, markersize=5)
        if estimate.low is not None:
            axis.hlines(place, estimate.low, estimate.high, color=colour, linewidth=1.6)
    first = answer.lines[0].estimates[index]
    if first is not None:
        axis.axvline(first.value, color="#c4c4c4", linewidth=1, zorder=0)
    name, detail = heading(answer.infos[index])
    axis.set_title(f"{name}\n{detail}", fontsize=8)
    axis.set_yticks(range(len(answer.lines)), [line.name for line in answer.lines] if labelled else [], fontsize=8)
    axis.set_ylim(len(answer.lines) - 0.5, -0.5)
    axis.tick_params(axis="x", labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="x", color="#ececec", linewidth=0.8)
    axis.set_axisbelow(True)
