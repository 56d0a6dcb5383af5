"""Confusion matrices: which emotion a judge heard where which was wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluation.natural_reference.rows import RECORDINGS
from evaluation.report.blocks import Cell, Column, Row, Table
from evaluation.report.matrix import Matrix
from evaluation.run.observing import RunObservations
from pipelines.labels import EMOTIONS

Counts = dict[str, dict[str, int]]  # wanted emotion to heard emotion to how many pairs


def confusion(matrix: Matrix, system: str, observer: str, observed: RunObservations) -> Counts:
    """Counts over all pairs of a system, or of a natural row, whose clip a judge heard.

    Args:
        observer: the judge's key.
    """
    found: Counts = {}
    for pair in matrix.pairs:
        if system in matrix.natural:
            posteriors = observed.of_clip(observer, RECORDINGS[system](pair), pair.language)
        else:
            posteriors = observed.of_conversion(observer, pair, system)
        heard = emotion_of(posteriors)
        if heard is not None and pair.emotion:
            row = found.setdefault(pair.emotion, {})
            row[heard] = row.get(heard, 0) + 1
    return found


def emotion_of(posteriors: Mapping[str, float] | None) -> str | None:
    """The likeliest emotion of a judge's observation; None where there is none."""
    return max(posteriors, key=posteriors.__getitem__) if posteriors else None


def confusion_table(counts: Counts, caption: str) -> Table:
    """Rows: wanted emotions; columns: heard ones; cells: percent of the row, and the count."""
    wanted = _ordered(counts)
    heard = _ordered({name for row in counts.values() for name in row} | set(wanted) | set(EMOTIONS))
    rows = [Row(name, tuple(_cell(counts[name].get(other, 0), sum(counts[name].values()), other == name) for other in heard),
                f"{sum(counts[name].values())} clips") for name in wanted]
    return Table(caption, "wanted \u2193 heard \u2192", tuple(Column(name) for name in heard), tuple(rows), dense=True)


def _cell(count: int, total: int, right: bool) -> Cell:
    share = count / total if total else 0.0
    return Cell(f"{100 * share:.0f} %", note=str(count), mark="clear" if right else "", shade=share)


def _ordered(names: Sequence[str] | set[str] | dict) -> list[str]:
    """As the judges list them, others after them."""
    return sorted(names, key=lambda name: (EMOTIONS.index(name) if name in EMOTIONS else len(EMOTIONS), name))
