"""The tables of a report: settings x metrics, comparisons of systems, confusion matrices; and how numbers are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from evaluation.metrics.base import MetricInfo
from evaluation.natural_reference.rows import RECORDINGS, NaturalRow, is_by_definition
from evaluation.natural_reference.rows import ROLES as NATURAL_ROLES
from evaluation.report.blocks import Cell, Column, Row, Table
from evaluation.report.results import ALL, Matrix, RunResults
from evaluation.report.statistics import ROUNDING, Difference, Estimate
from evaluation.run.observing import RunObservations
from pipelines.counting import counted
from pipelines.labels import EMOTIONS

Counts = dict[str, dict[str, int]]  # target emotion to judged emotion to how many pairs
MINUS = "\u2212"
NOTHING = "\u2013"
SHOWN = 5  # pairs that a note names
ARROWS = {"higher": "\u2191 higher is better", "lower": "\u2193 lower is better", "closer": "\u2248 closer to natural is better"}
ROLES = {  # what a built-in system stands for in every table
    "source": "natural source, which is also the source unchanged: the emotion floor",
    "copy": "copy-synthesis: what the vocoder costs",
    "copy-neural": "copy-synthesis by the checkpoint's neural vocoder",
    "f0-swap": "baseline: F0 mean and range of the reference",
    "polyak": "baseline: Polyak et al., codes of F0 of the reference",
}
NEEDED = {"source": "natural source and source unchanged (the emotion floor)", "copy": "copy-synthesis"}


def decimals(unit: str, signed: bool = False) -> int:
    """Percentages with one decimal, everything else (cosines, semitones, MOS, ratios, dB) with two; differences three."""
    return 1 if unit.strip().startswith("%") else 3 if signed else 2


def number(value: float, unit: str, signed: bool = False) -> str:
    """A value without its unit; a true minus sign, never -0, and a difference that is there is not written as 0."""
    text = f"{value:{'+' if signed else ''}.{decimals(unit, signed)}f}"
    if not any(digit in text for digit in "123456789"):
        text = f"{value:+.0e}" if signed and abs(value) > ROUNDING else text.lstrip("+-")
    return text.replace("-", MINUS)


def span(low: float | None, high: float | None, unit: str, signed: bool = False) -> str:
    """[low, high]; says so where there is none."""
    if low is None or high is None:
        return "no interval"
    return f"[{number(low, unit, signed)}, {number(high, unit, signed)}]"


def estimate_cell(estimate: Estimate | None, info: MetricInfo, expected: int) -> Cell:
    """value [interval] measured/expected."""
    if estimate is None:
        return Cell(NOTHING, note=f"0/{expected}", mark="faint")
    return Cell(number(estimate.value, info.unit), span(estimate.low, estimate.high, info.unit),
                f"{estimate.measured}/{estimate.expected}")


def difference_cell(difference: Difference | None, info: MetricInfo) -> Cell:
    """difference [interval] share; bold where the interval leaves 0 out."""
    if difference is None:
        return Cell(NOTHING, note="no common pair", mark="faint")
    detail = span(difference.low, difference.high, info.unit, signed=True)
    note = "" if difference.share is None else f"p {share(difference.share)}"
    return Cell(number(difference.value, info.unit, signed=True), detail, note, "clear" if difference.clear else "")


def share(value: float) -> str:
    """Of resamples, as p-values are written."""
    return "< 0.001" if value <= 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def heading(info: MetricInfo) -> tuple[str, str]:
    """A metric's name and, smaller, its unit and direction."""
    return info.name, " \u00b7 ".join(filter(None, (unit_of(info), ARROWS.get(info.better, info.better))))


def unit_of(info: MetricInfo) -> str:
    """The unit; a model's MOS is called predicted wherever it stands."""
    return f"predicted {info.unit}" if info.unit.startswith("MOS") else info.unit


def setting_name(setting: str | None) -> str:
    """As in tables: SSST, 'all settings', or 'no setting named'."""
    return "all settings" if setting is ALL else (setting or "").upper() or "no setting named"


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
    return Table(caption, "system", tuple(column(info) for info in infos), (*rows, *rows_of_natural_speech(natural_rows, infos)))


def comparison_table(results: RunResults, infos: Sequence[MetricInfo], caption: str, setting: str | None = ALL) -> Table:
    """Rows: couples of systems; columns: metrics; cells: first minus second over their common pairs."""
    couples = dict.fromkeys((first, second) for _, first, second, _ in results.differences)
    rows = [Row(f"{first} \u2212 {second}", tuple(
        difference_cell(results.differences[setting, first, second, info.name], info) for info in infos))
        for first, second in couples]
    return Table(caption, "systems", tuple(column(info) for info in infos), tuple(rows))


def failures_table(matrix: Matrix, reasons: Sequence[tuple[str, str]]) -> Table:
    """Conversions that failed, by sentence.

    Args:
        reasons: (system, sentence) of every failed conversion.
    """
    counted = Counter(reasons).most_common()
    rows = [Row(system, (Cell(str(count)), Cell(sentence, mark="words"))) for (system, sentence), count in counted]
    return Table(f"Failed conversions: {len(reasons)}", "system", (Column("pairs"), Column("why", words=True)), tuple(rows))


def notes_table(notes: Mapping[str, Sequence[str]]) -> Table:
    """What is doubtful about recordings. notes: by sentence, the ids of the pairs."""
    rows = [Row(sentence, (Cell(str(len(pairs))), Cell(_some(pairs), mark="words"))) for sentence, pairs in notes.items()]
    return Table(f"Notes on recordings: {len(notes)}", "note", (Column("pairs"), Column("which", words=True)), tuple(rows))


def counts_table(results: RunResults) -> Table:
    """Pairs converted of those expected, per setting and system."""
    matrix = results.matrix
    rows = [Row(system, tuple(_converted(matrix, system, matrix.rows(setting)) for setting in results.settings))
            for system in matrix.systems if system not in matrix.natural]
    return Table("Conversions, of those that the protocol expects", "system",
                 tuple(Column(setting_name(setting)) for setting in results.settings), tuple(rows))


def _some(names: Sequence[str]) -> str:
    """The first few of some names, and how many others there are."""
    others = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {counted(others, 'other')}" if others > 0 else "")


def missing_rows(systems: Sequence[str]) -> list[str]:
    """A sentence per row that every table should have and this run has not."""
    return [f"Not measured: {what}; this run has no system '{name}' (zest evaluate --system {name} adds it)."
            for name, what in NEEDED.items() if name not in systems]


def confusion(matrix: Matrix, system: str, observer: str, observed: RunObservations) -> Counts:
    """Counts over all pairs of a system, or of a natural row, whose clip a judge observed.

    Args:
        observer: the judge's key.
    """
    found: Counts = {}
    for pair in matrix.pairs:
        if system in matrix.natural:
            posteriors = observed.of_clip(observer, RECORDINGS[system](pair), pair.language)
        else:
            posteriors = observed.of_conversion(observer, pair, system)
        judged = emotion_of(posteriors)
        if judged is not None and pair.emotion:
            row = found.setdefault(pair.emotion, {})
            row[judged] = row.get(judged, 0) + 1
    return found


def emotion_of(posteriors: Mapping[str, float] | None) -> str | None:
    """The likeliest emotion of a judge's observation; None where there is none."""
    return max(posteriors, key=posteriors.__getitem__) if posteriors else None


def confusion_table(counts: Counts, caption: str) -> Table:
    """Rows: target emotions; columns: judged ones; cells: percent of the row, and the count."""
    targets = _in_order(counts)
    judged = _in_order({name for row in counts.values() for name in row} | set(targets) | set(EMOTIONS))
    rows = []
    for target in targets:
        total = sum(counts[target].values())
        cells = [(counts[target].get(name, 0), "clear" if name == target else "") for name in judged]
        rows.append(Row(target, tuple(Cell(f"{100 * count / max(total, 1):.0f} %", note=str(count), mark=mark,
                                           shade=count / max(total, 1)) for count, mark in cells), counted(total, "clip")))
    return Table(caption, "target \u2193 recognised \u2192", tuple(Column(name) for name in judged), tuple(rows), dense=True)


def _in_order(names: Iterable[str]) -> list[str]:
    """As the judges list them, others after them."""
    return sorted(names, key=lambda name: (EMOTIONS.index(name) if name in EMOTIONS else len(EMOTIONS), name))


def _row(results: RunResults, setting: str | None, system: str, infos: Sequence[MetricInfo],
         shown: Sequence[str | None]) -> Row:
    expected = results.expected(setting)
    natural = system in results.matrix.natural
    cells = tuple(_cell(results, setting, system, info, expected) for info in infos)
    speakers = results.speakers[setting]
    part = f"{setting_name(setting)} \u00b7 {counted(expected, 'pair')} of {counted(speakers, 'source speaker')}"
    role = NATURAL_ROLES[system] if natural else ROLES.get(system, "")
    told = role if setting == shown[0] else ""  # once a table is enough
    return Row(system, cells, told, part if len(shown) > 1 else "", "mark" if natural else "")


def _cell(results: RunResults, setting: str | None, system: str, info: MetricInfo, expected: int) -> Cell:
    if system in results.matrix.natural and is_by_definition(results.matrix, system, info.name):
        return Cell("by definition", note="compared with itself", mark="faint")
    return estimate_cell(results.estimate(setting, system, info.name), info, expected)


def rows_of_natural_speech(natural_rows: Sequence[NaturalRow], infos: Sequence[MetricInfo]) -> list[Row]:
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
    converted, failed = int(matrix.converted[place][rows].sum()), int(matrix.failed[place][rows].sum())
    return Cell(f"{converted}/{len(rows)}", note=f"{failed} failed" if failed else "")
