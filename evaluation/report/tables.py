"""The tables of a report: settings x metrics per system, comparisons of systems, and the published table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from evaluation.metrics.base import MetricInfo
from evaluation.natural_reference.rows import ROLES as NATURAL_ROLES
from evaluation.natural_reference.rows import NaturalRow, is_by_definition
from evaluation.report import published
from evaluation.report.blocks import Cell, Column, Row, Table
from evaluation.report.matrix import Matrix
from evaluation.report.numbers import NOTHING, difference_cell, estimate_cell, heading, number
from evaluation.report.results import ALL, RunResults

ROLES = {  # what a built-in system stands for in every table
    "source": "natural source, which is also the source unchanged: the emotion floor",
    "copy": "copy-synthesis: what the vocoder costs",
    "copy-neural": "copy-synthesis by the checkpoint's neural vocoder",
    "f0-swap": "baseline: F0 mean and range of the reference",
    "polyak": "baseline: Polyak et al., codes of F0 of the reference",
}
NEEDED = {"source": "natural source and source unchanged (the emotion floor)", "copy": "copy-synthesis"}


def setting_name(setting: str | None) -> str:
    """As in tables: SSST, 'all settings', or 'no setting named'."""
    return "all settings" if setting is ALL else setting.upper() or "no setting named"


def column(info: MetricInfo) -> Column:
    return Column(*heading(info))


def settings_table(results: RunResults, infos: Sequence[MetricInfo], caption: str, natural_rows: Sequence[NaturalRow] = (),
                   settings: Sequence[str | None] | None = None) -> Table:
    """Rows: systems within settings, then what natural speech reaches; columns: metrics.

    Args:
        infos: the metrics to show. natural_rows: shown after the systems. settings: None means all.
    """
    shown = results.settings if settings is None else settings
    rows = [_row(results, setting, system, infos, shown) for setting in shown for system in results.matrix.systems]
    return Table(caption, "system", tuple(column(info) for info in infos), (*rows, *_natural_rows(natural_rows, infos)))


def comparison_table(results: RunResults, infos: Sequence[MetricInfo], caption: str, setting: str | None = ALL) -> Table:
    """Rows: couples of systems; columns: metrics; cells: first minus second over their common pairs."""
    couples = dict.fromkeys((first, second) for _, first, second, _ in results.differences)
    rows = [Row(f"{first} \u2212 {second}", tuple(
        difference_cell(results.differences[setting, first, second, info.name], info) for info in infos))
        for first, second in couples]
    return Table(caption, "systems", tuple(column(info) for info in infos), tuple(rows))


def published_table(results: RunResults, infos: Sequence[MetricInfo], theirs: Sequence[published.Published],
                    caption: str) -> Table:
    """Rows: settings; columns: this run's systems, measured here, and beside them the paper's, headed as published.

    Args:
        infos: this run's metrics that ask the same question as the paper's number.
    """
    ours = [(system, info) for info in infos for system in results.matrix.systems if system not in results.matrix.natural]
    named = [setting for setting in results.matrix.settings if setting]
    settings = dict.fromkeys([*published.SETTINGS, *named])
    columns = [*(Column(system, group=f"measured in this run: {info.name}, %") for system, info in ours),
               *(Column(one.system, group=published.HEADING) for one in theirs)]
    rows = [Row(setting_name(setting), (*(measured_cell(results, setting, system, info) for system, info in ours),
                                        *(published_cell(one.value(setting)) for one in theirs))) for setting in settings]
    return Table(caption, "setting", tuple(columns), tuple(rows))


def failures_table(matrix: Matrix, reasons: Sequence[tuple[str, str]]) -> Table:
    """Conversions that failed, by sentence.

    Args:
        reasons: (system, sentence) of every failed conversion.
    """
    counted = Counter(reasons).most_common()
    rows = [Row(system, (Cell(str(count)), Cell(sentence, mark="words"))) for (system, sentence), count in counted]
    return Table(f"Failed conversions: {len(reasons)}", "system", (Column("pairs"), Column("why", words=True)), tuple(rows))


def counts_table(results: RunResults) -> Table:
    """Pairs converted of those expected, per setting and system."""
    matrix = results.matrix
    rows = [Row(system, tuple(_converted(matrix, system, matrix.rows(setting)) for setting in results.settings))
            for system in matrix.systems if system not in matrix.natural]
    return Table("Conversions made, of those the protocol expects", "system",
                 tuple(Column(setting_name(setting)) for setting in results.settings), tuple(rows))


def missing_rows(systems: Sequence[str]) -> list[str]:
    """A sentence per row that every table should have and this run has not."""
    return [f"Not measured: {what}; this run has no system '{name}' (zest evaluate --system {name} adds it)."
            for name, what in NEEDED.items() if name not in systems]


def measured_cell(results: RunResults, setting: str, system: str, info: MetricInfo) -> Cell:
    """A system's value in one setting of the paper, which the run may not have."""
    only = results.matrix.settings == (setting,)  # a run of one setting has it under ALL
    if setting not in results.matrix.settings:
        return Cell("not in this run", mark="faint")
    return estimate_cell(results.estimate(ALL if only else setting, system, info.name), info, results.expected(setting))


def published_cell(value: float | None) -> Cell:
    """A percentage of the paper."""
    return Cell(NOTHING, mark="faint") if value is None else Cell(f"{value:.1f}")


def _row(results: RunResults, setting: str | None, system: str, infos: Sequence[MetricInfo],
         shown: Sequence[str | None]) -> Row:
    expected = results.expected(setting)
    natural = system in results.matrix.natural
    cells = tuple(_cell(results, setting, system, info, expected) for info in infos)
    speakers = results.speakers[setting]
    part = f"{setting_name(setting)} \u00b7 {expected} pairs of {speakers} source speaker{'s' if speakers != 1 else ''}"
    role = NATURAL_ROLES[system] if natural else ROLES.get(system, "")
    told = role if setting == shown[0] else ""  # once a table is enough
    return Row(system, cells, told, part if len(shown) > 1 else "", "mark" if natural else "")


def _cell(results: RunResults, setting: str | None, system: str, info: MetricInfo, expected: int) -> Cell:
    if system in results.matrix.natural and is_by_definition(results.matrix, system, info.name):
        return Cell("by definition", note="compared with itself", mark="faint")
    return estimate_cell(results.estimate(setting, system, info.name), info, expected)


def _natural_rows(natural_rows: Sequence[NaturalRow], infos: Sequence[MetricInfo]) -> list[Row]:
    """Rows of natural speech that say something about one of these metrics."""
    names = {info.name for info in infos}
    return [Row(row.title, tuple(_natural_cell(row, info) for info in infos), row.explanation, "natural speech", "mark")
            for row in natural_rows if names & set(row.values)]


def _natural_cell(row: NaturalRow, info: MetricInfo) -> Cell:
    if info.name not in row.values:
        return Cell("")
    return Cell(number(row.values[info.name], info.unit), note=row.notes.get(info.name, ""))


def _converted(matrix: Matrix, system: str, rows: np.ndarray) -> Cell:
    place = matrix.systems.index(system)
    made, failed = int(matrix.converted[place][rows].sum()), int(matrix.failed[place][rows].sum())
    return Cell(f"{made}/{len(rows)}", note=f"{failed} failed" if failed else "")
