"""The table's numbers: per row, setting and measure this run's value with its interval, and the paper's beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from evaluation.metrics.base import MetricInfo
from evaluation.metrics.subjects import CHARACTER_ERRORS
from evaluation.natural_reference.rows import ROLES, is_by_definition
from evaluation.report import published
from evaluation.report.blocks import Block, Cell, Column, Paragraph, Row, Table
from evaluation.report.catalogue import Catalogue
from evaluation.report.published import measured_cell, published_cell
from evaluation.report.results import ALL, RunResults
from evaluation.report.tables import NOTHING, estimate_cell, heading, setting_name
from evaluation.table1.rows import ROWS

HERE = "measured in this run"
CANNOT = "cannot be converted"


@dataclass(frozen=True)
class TableQuestion:
    """A column of the paper's table: its title, this run's metrics that ask the same, the paper's numbers."""

    title: str
    infos: tuple[MetricInfo, ...]
    theirs: tuple[published.Published, ...]


def questions(catalogue: Catalogue) -> tuple[TableQuestion, ...]:
    """Character errors, emotion, speaker."""
    return (TableQuestion("Character error rate", catalogue.with_role(CHARACTER_ERRORS), published.CER),
            TableQuestion("Emotion accuracy", catalogue.accuracies(), published.EMOTION),
            TableQuestion("Speaker accuracy", catalogue.speaker_accuracies(), published.SPEAKER))


def settings_of(results: RunResults) -> list[str]:
    """The paper's settings that the run has, in the paper's order."""
    return [setting for setting in published.SETTINGS if setting in results.matrix.settings]


def question_table(results: RunResults, question: TableQuestion, info: MetricInfo) -> Table:
    """Rows: the table's, then natural recordings; columns: settings measured here, then as published."""
    settings = settings_of(results)
    columns = [*(Column(setting_name(setting), group=HERE) for setting in (*settings, ALL)),
               *(Column(setting.upper(), group=published.HEADING) for setting in settings)]
    rows = [Row(system, (*(_cell(results, setting, system, info) for setting in (*settings, ALL)),
                         *(published_cell(_theirs(question, system, setting)) for setting in settings)),
                _about(system), kind="mark" if system in results.matrix.natural else "")
            for system in _ordered(results)]
    return Table(f"{question.title}: {', '.join(heading(info))}", "row", tuple(columns), tuple(rows))


def number_frame(results: RunResults, asked: Sequence[TableQuestion]) -> pd.DataFrame:
    """The same in long form: row, setting, metric, value, low, high, measured, expected, published."""
    columns = ["row", "setting", "metric", "value", "low", "high", "measured", "expected", "published"]
    return pd.DataFrame(list(_lines(results, asked)), columns=columns)


def possible(results: RunResults, table: Table, setting: str | None) -> list[Block]:
    """A table of one setting, or of all together, without the systems that can convert no pair of a setting; which they are."""
    left_out = [system for system in results.matrix.systems if _is_impossible(results, setting, system)]
    kept = replace(table, rows=tuple(row for row in table.rows if row.head not in left_out))
    said = f"Not in this table, because it can convert no pair of one of the settings: {', '.join(left_out)}."
    return [kept, *([Paragraph(said, "warning")] if left_out else [])]


def _ordered(results: RunResults) -> list[str]:
    """In the table's order, whenever a row was added to the run; natural recordings last."""
    names = results.matrix.systems
    return [*(name for name in ROWS if name in names), *(name for name in names if name not in ROWS)]


def _lines(results: RunResults, asked: Sequence[TableQuestion]) -> Iterator[tuple]:
    only = len(results.matrix.settings) == 1  # then it stands under ALL
    for question in asked:
        for info in question.infos:
            for system in _ordered(results):
                for setting in (*settings_of(results), ALL):
                    found = results.estimate(ALL if only else setting, system, info.name)
                    shown = None if _is_impossible(results, setting, system) else found
                    ours = (None, None, None, 0) if shown is None else (shown.value, shown.low, shown.high, shown.measured)
                    yield (system, setting or "all", info.name, *ours, results.expected(setting),
                           _theirs(question, system, setting))


def _cell(results: RunResults, setting: str | None, system: str, info: MetricInfo) -> Cell:
    if _is_impossible(results, setting, system):
        return Cell(NOTHING, note=CANNOT, mark="faint")
    if system in results.matrix.natural and is_by_definition(results.matrix, system, info.name):
        return Cell("by definition", mark="faint")
    if setting is None:  # ALL
        return estimate_cell(results.estimate(ALL, system, info.name), info, results.expected(ALL))
    return measured_cell(results, setting, system, info)


def _is_impossible(results: RunResults, setting: str | None, system: str) -> bool:
    """Every pair of the setting failed, as where a system knows emotions by name only: nothing to be counted as bad. Of all
    settings together: of one of them, since what is left would be another mixture than the other rows'."""
    matrix = results.matrix
    if system in matrix.natural:
        return False
    failed = matrix.failed[matrix.systems.index(system)]
    return any(failed[matrix.rows(one)].all() for one in (matrix.settings if setting is ALL else (setting,)))


def _theirs(question: TableQuestion, system: str, setting: str | None) -> float | None:
    if setting is None:  # ALL: the paper pools nothing
        return None
    name = ROWS[system].published if system in ROWS else ""
    return next((one.value(setting) for one in question.theirs if one.system == name), None)


def _about(system: str) -> str:
    return ROWS[system].about if system in ROWS else ROLES.get(system, "")
