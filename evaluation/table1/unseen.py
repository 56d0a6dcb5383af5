"""The setting UTE: what judges of five emotions can still say about conversions to an emotion that they do not know."""

from __future__ import annotations

from collections.abc import Sequence

from evaluation.metrics.subjects import ANY_EMOTION
from evaluation.report.blocks import Block, Cell, Column, Paragraph, Row, Section, Table
from evaluation.report.results import ALL
from evaluation.report.sections import Material
from evaluation.report.tables import Counts, confusion, settings_table
from evaluation.table1.numbers import possible
from pipelines.labels import EMOTIONS

SETTING = "ute"
F0 = ("f0-mean-shift", "f0-range-error")
TOLD = ("The judges know five emotions and none of these, so there is no accuracy; the paper has none either. What can be said: "
        "in how many conversions a judge hears more of the reference than of the source (0 for the source unchanged, 100 for the "
        "reference itself, by definition; the mark to reach is natural parallel), how far F0 moved, and which of the five the "
        "judges take the conversions and the natural recordings for.")


def unseen_section(material: Material) -> Section | None:
    """None where the run has no pair whose emotion the judges do not know."""
    results = material.results
    emotions = [emotion for emotion in results.matrix.emotions if emotion not in EMOTIONS]
    if SETTING not in results.matrix.settings or not emotions:
        return None
    infos = [*material.catalogue.infos(ANY_EMOTION), *material.catalogue.named(*F0)]
    setting = ALL if results.matrix.settings == (SETTING,) else SETTING  # a run of one setting has it under ALL
    blocks: list[Block] = [Paragraph(TOLD)]
    if infos:
        table = settings_table(results, infos, f"What moved: {results.expected(setting)} pairs", settings=[setting])
        blocks += possible(results, table, setting)
    return Section("unseen", "Unseen emotions", (*blocks, *_heard(material, emotions)))


def _heard(material: Material, emotions: Sequence[str]) -> list[Table]:
    """One table a judge."""
    keys, matrix = material.run.record.observer_keys, material.results.matrix
    tables = []
    for info in material.catalogue.accuracies():
        counts = {system: confusion(matrix, system, keys[info.name], material.observed) for system in matrix.systems}
        tables.append(_heard_table(info.name, counts, emotions))
    return tables


def _heard_table(judge: str, counts: dict[str, Counts], emotions: Sequence[str]) -> Table:
    """Rows: wanted emotion, then systems; columns: the five; cells: % of the row, and the count."""
    rows = [Row(system, tuple(_share(found[emotion], heard) for heard in EMOTIONS), section=f"reference {emotion}")
            for emotion in emotions for system, found in counts.items() if emotion in found]
    return Table(f"Heard as, by {judge}", "row", tuple(Column(name) for name in EMOTIONS), tuple(rows))


def _share(row: dict[str, int], heard: str) -> Cell:
    count, total = row.get(heard, 0), sum(row.values())
    return Cell(f"{100 * count / total:.0f} %", note=str(count))
