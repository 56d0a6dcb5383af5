"""FOLDER/table1.md: the paper's table as measured here, the published numbers beside it, and everything needed to repeat it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluation.metrics.subjects import ANY_EMOTION
from evaluation.report import published
from evaluation.report.blocks import Block, Cell, Column, Document, Paragraph, Row, Section, Table
from evaluation.report.results import ALL
from evaluation.report.sections import MOS_NOTE, READING, Material
from evaluation.report.statistics import FEW_SPEAKERS
from evaluation.report.tables import Counts, confusion, settings_table
from evaluation.table1.numbers import TableQuestion, possible, question_table, settings_of
from evaluation.table1.rows import absent
from evaluation.table1.sessions import Session
from pipelines.counting import counted
from pipelines.labels import EMOTIONS
from pipelines.notices import NOT_MEASURED, not_measured

TITLE = "Table 1 of ZEST, reproduced"
BESIDE = (f"Published: {published.SOURCE}. The authors measured on ESD with another recogniser and judged emotion with the "
          "converter's own encoder. Numbers compare within one recogniser, one judge and one corpus, so these must not be "
          "subtracted from each other. What can be compared is which rows are better than which others.")
UNSEEN = "ute"
F0 = ("f0-mean-shift", "f0-range-error")
TOLD = ("The judges know five emotions and none of these, so there is no accuracy; the paper has none either. The tables "
        "show the share of conversions that a judge puts nearer to the reference than to the source. By definition it is 0 for "
        "the source unchanged and 100 for the reference itself; natural parallel recordings show what can be reached. The tables "
        "also show how far F0 moved, and which of the five emotions the judges recognise in conversions and natural recordings.")


def page(material: Material, asked: Sequence[TableQuestion], left_out: Sequence[str], refusals: Mapping[str, str],
         sittings: Sequence[Session]) -> Document:
    """The page as a document.

    Args:
        left_out: rows. refusals: setting to sentence. sittings: what it took.
    """
    results, run = material.results, material.run
    shown = ", ".join(setting.upper() for setting in settings_of(results))
    subtitle = f"{counted(len(run.pairs), 'pair')}, {counted(len(run.systems), 'row')}, settings {shown}"
    lacking = [Paragraph(sentence, "warning") for sentence in (*map(absent, left_out), *refusals.values())]
    sections = (
        Section("run", "What was run", (_pairs(material), *lacking, *_warnings(material), _facts(material, sittings))),
        Section("table", "The table", (Paragraph(READING), Paragraph(BESIDE), *_tables(material, asked))),
        unseen_section(material),
        Section("others", "Beside the paper's columns", (*_others(material, asked), Paragraph(MOS_NOTE, "warning"))))
    return Document(TITLE, subtitle, tuple(section for section in sections if section))


def unseen_section(material: Material) -> Section | None:
    """None where the run has no pair whose emotion the judges do not know."""
    results = material.results
    emotions = [emotion for emotion in results.matrix.emotions if emotion not in EMOTIONS]
    if UNSEEN not in results.matrix.settings or not emotions:
        return None
    infos = [*material.catalogue.infos(ANY_EMOTION), *material.catalogue.named(*F0)]
    setting = ALL if results.matrix.settings == (UNSEEN,) else UNSEEN  # a run of one setting has it under ALL
    blocks: list[Block] = [Paragraph(TOLD)]
    if infos:
        table = settings_table(results, infos, f"What moved: {counted(results.expected(setting), 'pair')}", settings=[setting])
        blocks += possible(results, table, setting)
    return Section("unseen", "Unseen emotions", (*blocks, *_judged(material, emotions)))


def _pairs(material: Material) -> Table:
    results = material.results
    settings = settings_of(results)
    only = len(results.matrix.settings) == 1  # then it stands under ALL
    speakers = {setting: results.speakers[ALL if only else setting] for setting in settings}
    rows = [Row("pairs", tuple(Cell(str(results.expected(setting))) for setting in settings)),
            Row("source speakers", tuple(Cell(str(speakers[setting])) for setting in settings))]
    return Table("Pairs", "what", tuple(Column(setting.upper()) for setting in settings), tuple(rows))


def _warnings(material: Material) -> list[Paragraph]:
    results, said = material.results, []
    fewest = min(results.speakers.values())
    if fewest < FEW_SPEAKERS:
        said.append(f"Some settings' pairs come from only {counted(fewest, 'source speaker')}: intervals over so "
                    "few are too narrow (docs/report.md).")
    if not material.run.complete:
        said.append("The run is not finished: pairs that were not scored yet are missing from every number; see the coverage.")
    return [Paragraph(sentence, "warning") for sentence in said]


def _facts(material: Material, sittings: Sequence[Session]) -> Table:
    run, record = material.run, material.run.record
    hashes = {system: about.checkpoint_hash for system, about in record.systems.items() if about.checkpoint_hash}
    work = sum(run.conversions[system, pair.id].seconds for system in run.systems for pair in run.pairs
               if (system, pair.id) in run.conversions)
    facts = {
        "seed": record.seed, "hash of the pairs": record.pairs_hash,
        "hashes of checkpoints": _by_hash(hashes) or "no weights",
        "bootstrap": (f"{counted(material.results.draws, 'resample')}, seed {material.results.seed}, "
                      "source speakers and then their pairs"),
        "command": (sittings[-1].command if sittings else record.command) or "from Python",
        "commands of earlier sittings": "; ".join(dict.fromkeys(session.command for session in sittings[:-1])) or "none",
        "hardware": "; ".join(dict.fromkeys(session.hardware for session in sittings)) or "unknown",
        "wall time": _wall(sittings), "of it converting": f"{work:.0f} s over all rows and pairs, beside other work or not",
        "begun": record.created,
        "versions": ", ".join(f"{name} {number}" for name, number in record.versions.items()),
    }
    return Table("How", "what", (Column("value", words=True),),
                 tuple(Row(name, (Cell(str(value), mark="words"),)) for name, value in facts.items()))


def _by_hash(hashes: Mapping[str, str]) -> str:
    rows: dict[str, list[str]] = {}
    for system, digest in hashes.items():
        rows.setdefault(digest, []).append(system)
    return "; ".join(f"{digest} ({', '.join(systems)})" for digest, systems in rows.items())


def _wall(sittings: Sequence[Session]) -> str:
    if not sittings:
        return "unknown"
    several = f" in {counted(len(sittings), 'sitting')}" if len(sittings) > 1 else ""
    return f"{sum(session.seconds for session in sittings):.0f} s{several}"


def _tables(material: Material, asked: Sequence[TableQuestion]) -> list[Block]:
    blocks: list[Block] = []
    for question in asked:
        blocks += [question_table(material.results, question, info) for info in question.infos]
        if not question.infos:
            blocks.append(Paragraph(f"{question.title}: not measured in this run.", "warning"))
    return blocks + [Paragraph(sentence, "warning") for sentence in not_measured(material.run.not_measured, NOT_MEASURED)]


def _others(material: Material, asked: Sequence[TableQuestion]) -> list[Block]:
    """Every other metric of the run, all settings together."""
    shown = {info.name for question in asked for info in question.infos}
    infos = [info for info in material.catalogue.infos() if info.name not in shown]
    table = settings_table(material.results, infos, "Other measures, all settings together", material.natural_rows, [ALL])
    return possible(material.results, table, ALL)


def _judged(material: Material, emotions: Sequence[str]) -> list[Table]:
    """One table a judge."""
    keys, matrix = material.run.record.observer_keys, material.results.matrix
    tables = []
    for info in material.catalogue.accuracies():
        counts = {system: confusion(matrix, system, keys[info.name], material.observed) for system in matrix.systems}
        tables.append(_judged_table(info.name, counts, emotions))
    return tables


def _judged_table(judge: str, counts: dict[str, Counts], emotions: Sequence[str]) -> Table:
    """Rows: target emotion, then systems; columns: the five; cells: % of the row, and the count."""
    rows = [Row(system, tuple(_share(found[emotion], judged) for judged in EMOTIONS), section=f"reference {emotion}")
            for emotion in emotions for system, found in counts.items() if emotion in found]
    return Table(f"Emotions recognised by {judge}", "row", tuple(Column(name) for name in EMOTIONS), tuple(rows))


def _share(row: dict[str, int], judged: str) -> Cell:
    count, total = row.get(judged, 0), sum(row.values())
    return Cell(f"{100 * count / total:.0f} %", note=str(count))
