"""The tables of an audit, for its page, its Markdown, the judges' card and the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluation.audit.found import Audit, DistanceAudit, Estimates, JudgeAudit
from evaluation.audit.thresholds import CALIBRATION, FALL, TRIPLETS, UNDERGONE, accuracy_needed
from evaluation.audit.triplets import DISTRACTORS, EMOTION, VOICE
from evaluation.report.blocks import Cell, Column, Row, Table
from evaluation.report.statistics import Difference, Estimate
from evaluation.report.tables import confusion_table, number, span
from pipelines.counting import counted

NONE = "\u2013"
CHANGED_UNIT = "points"


def verdicts_table(audit: Audit) -> Table:
    """Rows: metrics; cells: passed or failed, and every reason."""
    rows = [Row(one.name, (Cell("passed" if one.passed else "failed", mark="" if one.passed else "clear"),
                           Cell("; ".join(one.reasons) or NONE, mark="words"))) for one in audit.verdicts]
    return Table("Passed or failed", "metric", (Column("audit"), Column("where it failed", words=True)), tuple(rows))


def accuracy_table(audit: Audit) -> Table:
    """Rows: judges; columns: all clips, corpora, emotions."""
    corpora, emotions = _names(one.corpora for one in audit.judges), _names(one.each for one in audit.judges)
    columns = (Column("all", "%"), *(Column(name, "%", "corpus") for name in corpora),
               *(Column(name, "%", "emotion") for name in emotions))
    rows = [Row(one.name, (_cell(one.accuracy), *(_cell(one.corpora.get(name)) for name in corpora),
                           *(_cell(one.each.get(name)) for name in emotions)),
                f"{accuracy_needed(len(one.emotions)):.0f} % needed") for one in audit.judges]
    return Table("Judges on natural speech: right, mean over emotions", "judge", columns, tuple(rows))


def speakers_table(audit: Audit) -> Table:
    """Rows: speakers; columns: judges."""
    rows = [Row(speaker, tuple(_cell(one.speakers.get(speaker)) for one in audit.judges), counted(clips, "clip"))
            for speaker, clips in audit.speakers.items()]
    return Table("Judges by speaker: right, mean over emotions", "speaker",
                 tuple(Column(one.name, "%") for one in audit.judges), tuple(rows))


def conditions_table(audit: Audit) -> Table:
    """Rows: conditions; columns: judges; cells: right after the change, and what it cost."""
    columns = tuple(column for one in audit.judges
                    for column in (Column("right", "%", one.name), Column("change", CHANGED_UNIT, one.name)))
    rows = [Row(name, tuple(cell for one in audit.judges
                            for cell in (_cell(one.conditions.get(name)), _change(one.changes.get(name)))), _about(name, words))
            for name, words in audit.conditions.items()]
    return Table(f"Judges after changes that leave the emotion alone; {FALL:g} points may be lost", "change", columns,
                 tuple(rows))


def calibration_table(one: JudgeAudit) -> Table:
    """The reliability table of a judge."""
    bins = one.calibration.bins if one.calibration is not None else ()
    rows = [Row(f"{100 * found.low:.0f} to {100 * found.high:.0f} %",
                (Cell(f"{found.confidence:.0f} %"), Cell(f"{found.right:.0f} %"), Cell(str(found.clips)))) for found in bins]
    error = one.calibration.error if one.calibration is not None else None
    told = "not measured" if error is None else f"{error.value:.1f} points {span(error.low, error.high, '%')}"
    return Table(f"{one.name}: expected calibration error {told}; {CALIBRATION:g} allowed", "confidence",
                 (Column("mean"), Column("right"), Column("clips")), tuple(rows))


def agreement_table(audit: Audit) -> Table:
    """Cohen's kappa of judges, and with listeners where there are some."""
    rows = [Row(name, (_cell(found, ""),)) for name, found in audit.agreement.items()]
    rows += [Row(f"{name} and the listeners' majority", (_cell(found, ""),)) for name, found in audit.listeners.items()]
    return Table("Agreement of decisions", "who", (Column("Cohen's kappa", "1 is agreement, 0 chance"),), tuple(rows))


def triplets_table(audit: Audit, about: str) -> Table:
    """Rows: metrics; columns: distractors; cells: how often the right recording is nearer."""
    rows = [Row(one.name, tuple(_cell(one.triplets.get(name)) for name in DISTRACTORS[about]), one.words)
            for one in audit.distances if one.about == about]
    what = {EMOTION: "the recording with the same emotion", VOICE: "the recording of the same speaker"}[about]
    return Table(f"How often {what} is nearer, by what the other one shares; chance is 50 %, {TRIPLETS:.0f} % needed", "metric",
                 tuple(Column(name, "%", "distractor") for name in DISTRACTORS[about]), tuple(rows))


def grouped_table(one: DistanceAudit, groups: Mapping[str, Estimates], corner: str) -> Table:
    """One metric by corpus, by speaker, or by condition of the anchor."""
    rows = [Row(name, tuple(_cell(found.get(each)) for each in DISTRACTORS[one.about])) for name, found in groups.items()]
    return Table(f"{one.name} by {corner}", corner, tuple(Column(name, "%", "distractor") for name in DISTRACTORS[one.about]),
                 tuple(rows))


def changes_table(audit: Audit) -> Table:
    """Rows: metrics that use a distance; columns: conditions; cells: change of the share of triplets, all distractors."""
    rows = [Row(one.name, tuple(_change(one.changes.get(name)) for name in audit.conditions)) for one in audit.distances]
    return Table(f"What a change of the anchor costs, all triplets together; {FALL:g} points may be lost", "metric",
                 tuple(Column(name, CHANGED_UNIT) for name in audit.conditions), tuple(rows))


def confusions(audit: Audit) -> tuple[Table, ...]:
    return tuple(confusion_table({label: dict(row) for label, row in one.confusion.items()}, one.name) for one in audit.judges)


def main_tables(audit: Audit) -> tuple[Table, ...]:
    """What stands in the judges' card and on the terminal; without rows nothing."""
    found = (verdicts_table(audit), accuracy_table(audit), conditions_table(audit), agreement_table(audit),
             triplets_table(audit, EMOTION), triplets_table(audit, VOICE))
    return tuple(table for table in found if table.rows and table.columns)


def as_text(table: Table) -> str:
    """A table for the terminal: one line a row, columns aligned."""
    heads = [" ".join(filter(None, (column.group, column.text))) for column in table.columns]
    lines = [[table.corner, *heads], *([row.head, *(" ".join(filter(None, (cell.text, cell.detail))) for cell in row.cells)]
                                      for row in table.rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(heads) + 1)]
    return "\n".join([table.caption, *("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
                                      for line in lines)])


def _names(groups) -> Sequence[str]:
    return tuple(dict.fromkeys(name for group in groups for name in group))


def _about(name: str, words: str) -> str:
    return words if name in UNDERGONE else f"{words}; has no threshold"


def _cell(found: Estimate | None, unit: str = "%") -> Cell:
    if found is None:
        return Cell(NONE, mark="faint")
    return Cell(number(found.value, unit), span(found.low, found.high, unit), str(found.measured))


def _change(found: Difference | None) -> Cell:
    if found is None:
        return Cell(NONE, mark="faint")
    return Cell(number(found.value, "%", signed=True), span(found.low, found.high, "%", signed=True),
                mark="clear" if found.clear else "")
