"""The log of a run: log.jsonl, one line of averaged losses or of scores a time, and its picture loss.png."""

from __future__ import annotations

import io
import json
from pathlib import Path

from pipelines.files import write_whole


def forget_after(folder: Path, number: int) -> None:
    """Drop log lines of steps that a kill undid, so that the log stays one line a step."""
    log = folder / "log.jsonl"
    if log.exists():
        kept = [line for line in log.read_text().splitlines() if line and json.loads(line)["step"] <= number]
        write_whole(log, "".join(line + "\n" for line in kept).encode())


def write_log(folder: Path, number: int, spent: float, values: dict[str, float]) -> None:
    """Add a line; spent: seconds of training so far."""
    with open(folder / "log.jsonl", "a") as handle:
        rounded = {name: round(float(value), 5) for name, value in values.items()}
        handle.write(json.dumps({"step": number, "seconds": round(spent, 3), **rounded}) + "\n")


def read_log(folder: Path) -> list[dict[str, float]]:
    """The log lines of a run, oldest first."""
    log = folder / "log.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def plot_log(folder: Path) -> None:
    """Draw every logged value over steps into loss.png."""
    from matplotlib.figure import Figure

    lines = read_log(folder)
    names = sorted({name for line in lines for name in line} - {"step", "seconds"})
    if not names:
        return
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(4 * columns, 2.6 * rows))
    left, gap = 0.6, 0.55  # inches for numbers at the axes and for titles; a layout that measures them takes thrice the time
    figure.subplots_adjust(left / (4 * columns), 0.35 / (2.6 * rows), 1 - 0.15 / (4 * columns), 1 - 0.3 / (2.6 * rows),
                           wspace=left / (4 - left), hspace=gap / (2.6 - gap))
    for index, name in enumerate(names):
        axes = figure.add_subplot(rows, columns, index + 1)
        points = [(line["step"], line[name]) for line in lines if name in line]
        axes.plot(*zip(*points), linewidth=1)
        axes.set_title(name, fontsize=9)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=80)
    write_whole(folder / "loss.png", content.getvalue())
