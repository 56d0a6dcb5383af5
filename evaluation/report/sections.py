"""The sections of a report, from a run's numbers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.audit.stored import audit_warnings
from evaluation.metrics.base import MetricInfo
from evaluation.metrics.registry import circular_warnings
from evaluation.metrics.subjects import NATURALNESS
from evaluation.natural_reference.rows import NaturalRow, natural_accuracy, natural_confusions
from evaluation.report.blocks import Beside, Block, Cell, Column, Fold, Paragraph, Row, Section, Table
from evaluation.report.catalogue import Catalogue, subjects_of
from evaluation.report.figures import distributions, emotion_bars
from evaluation.report.results import ALL, RunResults
from evaluation.report.separation import separation_table, useless
from evaluation.report.statistics import FEW_SPEAKERS
from evaluation.report.tables import (
    ARROWS,
    comparison_table,
    confusion,
    confusion_table,
    counts_table,
    failures_table,
    missing_rows,
    notes_table,
    setting_name,
    settings_table,
)
from evaluation.run.folder import EvaluationRun
from evaluation.run.observing import RunObservations
from pipelines.counting import counted
from pipelines.notices import NOT_MEASURED, listing, not_measured, told_once

READING = ("Each cell: the value of the set, its 95 % bootstrap interval over source speakers and their pairs, and the pairs "
           "measured of those expected. An interval without width says that the pairs agree, not that the number is certain. "
           "A failed conversion stays in the denominator: it counts as the worst where a metric has one.")
UNKNOWN = "unknown"
MOS_NOTE = ("Predicted MOS is a model's guess, not the mean opinion of listeners. Listeners' MOS: not measured: this run has no "
            "listening test.")


@dataclass(frozen=True)
class Material:
    """Everything that sections are written from."""

    run: EvaluationRun
    catalogue: Catalogue
    results: RunResults
    observed: RunObservations
    natural_rows: tuple[NaturalRow, ...]

    @property
    def systems(self) -> tuple[str, ...]:
        return self.run.systems


def audited(run: EvaluationRun, infos: Sequence[MetricInfo]) -> list[Paragraph]:
    """The lines beside a table whose metrics failed their audit, or learnt from the run's corpora; nothing where all is well."""
    names = [info.name for info in infos]
    return [Paragraph(sentence, "warning") for sentence in
            (*audit_warnings(names, run.record.observer_keys), *circular_warnings(names, run.pairs))]


def glance(material: Material) -> Section:
    """The main numbers, warnings, and how many conversions there are."""
    results, catalogue = material.results, material.catalogue
    blocks: list[Block] = [
        settings_table(results, catalogue.headlines(), "Main numbers, all settings together", material.natural_rows, [ALL]),
        Paragraph(READING + _pooled(results)), *audited(material.run, catalogue.headlines()), *_warnings(material),
        counts_table(results)]
    failed = [(one.system, one.failed) for one in material.run.conversions.values() if one.failed is not None]
    if failed:
        blocks.append(failures_table(results.matrix, failed))
    if material.run.notes:
        blocks.append(notes_table(material.run.notes))
    return Section("glance", "At a glance", tuple(blocks))


def settings(material: Material) -> Section:
    """Settings x metrics, one table a question."""
    blocks: list[Block] = []
    for subject in subjects_of(material.catalogue):
        infos = material.catalogue.infos(subject)
        blocks += [settings_table(material.results, infos, subject.heading, material.natural_rows), *audited(material.run, infos)]
        if subject == NATURALNESS:
            blocks.append(Paragraph(MOS_NOTE, "warning"))
    blocks += [Paragraph(sentence, "warning") for sentence in not_measured(material.run.not_measured, NOT_MEASURED)]
    changed = [name for name in material.catalogue.measured if material.catalogue.entries[name].metric is None]
    if changed:
        blocks.append(Paragraph(f"Natural rows not measured for {', '.join(changed)}: the metric or its model is another one "
                                "today than when the run was measured.", "warning"))
    return Section("settings", "Settings and metrics", tuple(blocks))


def separation(material: Material) -> Section:
    """Which metrics separate natural speech from a floor."""
    results = material.results
    table = separation_table(results.matrix, material.catalogue, results.draws, results.seed)
    said = useless(table)
    where = f"in this run of {counted(len(material.run.pairs), 'pair')}"
    sentence = f"Useless {where}, whatever they say of systems: {', '.join(said)}." if said else \
        "Every metric that could be asked separates them."
    return Section("separation", "Which metrics tell natural from floor", (
        Paragraph("Each metric scores two natural rows whose order is known beforehand. Emotion, F0 and tempo must be better in "
                  "real emotional speech than in the source unchanged. Words and voice must be better in the source (or in the "
                  "same speaker's own emotional recording) than in the reference. Naturalness must be better in natural speech "
                  "than in its copy-synthesis. If the interval of the difference holds 0, the metric cannot tell them apart."),
        Paragraph(sentence, "warning" if said else ""), table))


def comparisons(material: Material) -> Section:
    """Systems against each other over the same pairs."""
    results, catalogue = material.results, material.catalogue
    if len(material.systems) < 2:
        return Section("comparisons", "Systems compared", (Paragraph("Not measured: this run has one system."),))
    blocks: list[Block] = [
        Paragraph("First system minus second, over the pairs that both have, both resampled together. Bold: the interval leaves "
                  "0 out. p is the two-sided share of resamples in which the sign turns, an approximate p-value. It is not "
                  f"corrected for the {counted(len(results.differences), 'comparison')} of this report: about one in twenty of "
                  "true ties is bold."),
        comparison_table(results, catalogue.headlines(), "Differences, all settings together"),
        *audited(material.run, catalogue.headlines())]
    blocks += [Fold(f"{setting_name(setting)}: differences", (
        comparison_table(results, catalogue.headlines(), f"Differences, {setting_name(setting)}", setting),))
        for setting in results.settings if setting is not ALL]
    every = tuple(comparison_table(results, catalogue.infos(subject), subject.heading) for subject in subjects_of(catalogue))
    return Section("comparisons", "Systems compared", (*blocks, Fold("Every metric, all settings together", every)))


def confusions(material: Material) -> Section:
    """Confusion matrices of the emotion judges, for conversions and natural speech."""
    keys = material.run.record.observer_keys
    blocks: list[Block] = []
    for info in material.catalogue.accuracies():
        counts = [(system, confusion(material.results.matrix, system, keys[info.name], material.observed))
                  for system in material.results.matrix.systems]
        tables = [confusion_table(each, f"{system}") for system, each in counts if each]
        natural = [confusion_table(each, title) for title, each in natural_confusions(material.run, info.name)]
        if tables or natural:
            blocks += [Paragraph(f"{info.name}: {info.models}"), Beside((*natural, *tables)), *audited(material.run, [info])]
        else:
            blocks.append(Paragraph(f"{info.name}: not measured: its observations are no longer in the run's folder.", "warning"))
    if not blocks:
        blocks = [Paragraph("Not measured: no emotion judge was asked.")]
    return Section("confusions", "Emotions as the judges recognise them", tuple(blocks))


def pictures(material: Material) -> Section:
    """Accuracy per emotion, and how values are distributed."""
    results, catalogue = material.results, material.catalogue
    bars = [emotion_bars(results, info.name, info, natural_accuracy(material.run, info.name)) for info in catalogue.accuracies()]
    shown = [info for info in catalogue.infos() if info in catalogue.headlines() or info in catalogue.posteriors()]
    rest = [info for info in catalogue.infos() if info not in shown]
    main, other = (tuple(figure for info in infos if (figure := distributions(results.matrix, info.name, info)))
                   for infos in (shown, rest))
    blocks: list[Block] = [*filter(None, bars)]
    blocks += [Beside(main)] if main else []
    blocks += [Fold("Distributions of the other metrics", (Beside(other),))] if other else []
    return Section("pictures", "Per emotion and per pair", tuple(blocks or [Paragraph("Not measured: nothing to draw.")]))


def metrics(material: Material) -> Section:
    """The question, range, model and source of each metric."""
    columns = (Column("question", words=True), Column("better"), Column("range"), Column("model and version", words=True),
               Column("source", words=True))
    rows = [Row(name, (Cell(entry.info.question, mark="words"), Cell(ARROWS.get(entry.info.better, entry.info.better)),
                       Cell(_range(entry.info)), Cell(entry.info.models, mark="words"), Cell(entry.info.source, mark="words")),
                entry.info.unit) for name, entry in material.catalogue.entries.items()]
    return Section("metrics", "What each metric is", (Table("Metrics of this run", "metric", columns, tuple(rows)),))


def provenance(run: EvaluationRun, results: RunResults) -> Section:
    """Pairs, systems, metrics, versions and the command to repeat the run."""
    record = run.record
    facts = {
        "pairs": f"{len(run.pairs)}, hash {record.pairs_hash}", "created": record.created or UNKNOWN,
        "seed of the run": UNKNOWN if record.seed is None else record.seed, "device": record.device or UNKNOWN,
        "bootstrap": f"{counted(results.draws, 'resample')}, seed {results.seed}, source speakers and then their pairs",
    }
    systems = [Row(name, (Cell(_spec(about.spec), mark="words"), Cell(about.checkpoint_hash or "no weights")))
               for name, about in record.systems.items()]
    metrics = [Row(name, (Cell(str(about.key), mark="words"), Cell(about.models or UNKNOWN, mark="words"),
                          Cell(about.not_measured or "measured", mark="words"))) for name, about in record.metrics.items()]
    return Section("provenance", "Provenance", (
        _facts("The run", facts),
        Table("Systems", "system", (Column("settings", words=True), Column("checkpoint hash")), tuple(systems)),
        Table("Metrics", "metric", tuple(Column(name, words=True) for name in ("observer", "models", "state")), tuple(metrics)),
        _facts("Versions", record.versions),
        *([_facts("Versions when the run was continued", record.versions_later)] if record.versions_later else []),
        Paragraph("To repeat:"), Paragraph(commands(run), "code")))


def commands(run: EvaluationRun) -> str:
    """What to type: the command that the run recorded, or one with the same pairs, systems and seed."""
    systems = [word for name in run.systems for word in ("--system", name)]
    seed = [] if run.record.seed is None else ["--seed", str(run.record.seed)]
    evaluate = run.record.command or shlex.join(["zest", "evaluate", "pairs.csv", *systems, *seed, "-o", run.folder.name])
    return f"{evaluate}\n{shlex.join(['zest', 'report', run.folder.name])}"


def _range(info: MetricInfo) -> str:
    return f"{info.low:g} to {info.high:g}".replace("-inf", "\u2212\u221e").replace("inf", "\u221e")


def _pooled(results: RunResults) -> str:
    several = len(results.settings) > 1
    return " All settings together pools their pairs, so a setting with more pairs counts more." if several else ""


def _warnings(material: Material) -> list[Paragraph]:
    said = missing_rows(material.systems)
    speakers = material.results.speakers[ALL]
    if speakers < FEW_SPEAKERS:
        said.append(f"The pairs come from {counted(speakers, 'source speaker')}: intervals over so few are "
                    "too narrow. Where speakers differ as much as their pairs, 69 to 86 % of intervals hold the truth, not 95 % "
                    "(docs/report.md).")
    if any(not pair.source_speaker for pair in material.run.pairs):
        said.append("Some pairs name no source speaker; there, the source recording was resampled in the speaker's place.")
    if not material.run.complete:
        said.append("The run is not finished: pairs that were not scored yet are missing from every number; see the coverage.")
    notes = told_once({name: metric.note for name, metric in material.run.record.metrics.items() if metric.note})
    said += [f"{listing(names)}: {note}" for note, names in notes.items()]
    return [Paragraph(sentence, "warning") for sentence in said]


def _facts(caption: str, facts: Mapping[str, Any]) -> Table:
    rows = [Row(name, (Cell(str(value), mark="words"),)) for name, value in facts.items()]
    return Table(caption, "what", (Column("value", words=True),), tuple(rows))


def _spec(spec: Any) -> str:
    if isinstance(spec, dict):
        return ", ".join(f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in spec.items())
    return UNKNOWN if spec is None else str(spec)
