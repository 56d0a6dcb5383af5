"""What a study leaves of each question: a CSV for programs, a Markdown page for readers, a picture, a record of its making."""

from __future__ import annotations

import io
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.ablation.answers import Answer, AnswerLine
from evaluation.report.blocks import Cell, Column, Document, Paragraph, Row, Section, Table
from evaluation.report.figures import SERIES
from evaluation.report.rendering import to_markdown
from evaluation.report.tables import estimate_cell, heading
from evaluation.run import EvaluationRun
from pipelines.counting import counted
from pipelines.files import json_text, write_whole
from pipelines.training.ablation.plan import TrainingPlan
from pipelines.training.ablation.stages import StageStore
from pipelines.training.ablation.study import AblationQuestion, AblationStudy
from pipelines.training.stages.stage_keys import PlannedStage

COLUMNS = 3
BESIDE, VARIANT = SERIES[0], SERIES[3]


def write_answer(folder: Path, answer: Answer) -> None:
    """`<question>.csv`, `.md` and `.png`, each whole or not at all."""
    content = io.StringIO()
    table(answer).to_csv(content, index=False, lineterminator="\n")
    write_whole(folder / f"{answer.name}.csv", content.getvalue().encode())
    picture = io.BytesIO()
    draw(answer).savefig(picture, format="png", dpi=110, metadata={"Software": None})
    write_whole(folder / f"{answer.name}.png", picture.getvalue())
    text = to_markdown(page(answer)) + f"\n![{answer.title}]({answer.name}.png)\n"
    write_whole(folder / f"{answer.name}.md", text.encode())


def table(answer: Answer) -> pd.DataFrame:
    """Long form: one row a variant and metric."""
    rows = [{"question": answer.name, "variant": line.name, "kind": "system" if line.beside else "variant", "system": line.system,
             "metric": info.name, "unit": info.unit, "better": info.better, "value": _get(estimate, "value"),
             "low": _get(estimate, "low"), "high": _get(estimate, "high"),
             "measured": _get(estimate, "measured"), "pairs": answer.pairs, "difference": _get(difference, "value"),
             "difference_low": _get(difference, "low"), "difference_high": _get(difference, "high")}
            for line in answer.lines
            for info, estimate, difference in zip(answer.infos, line.estimates, line.differences, strict=True)]
    return pd.DataFrame(rows).round(5)


def page(answer: Answer) -> Document:
    """The same for readers: bold where a variant's paired difference from the first one leaves 0 out."""
    columns = tuple(Column(*heading(info)) for info in answer.infos)
    rows = tuple(Row(line.name, _cells(answer, line), "for comparison" if line.beside else "") for line in answer.lines)
    notes = [Paragraph(note, "warning") for note in answer.notes]
    caption = (f"Values with 95 % intervals; bold where the difference from '{answer.lines[0].name}' over the same pairs "
               "is clear (its own interval leaves 0 out)")
    about = (f"{counted(answer.pairs, 'pair')} of {counted(answer.speakers, 'source speaker')}, hash {answer.pairs_hash}; "
             f"{counted(answer.draws, 'resample')} of speakers and then their pairs, seed {answer.seed}.")
    return Document(answer.title, about, (Section(answer.name, "Table", (Table(caption, "variant", columns, rows), *notes)),))


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


def write_record(folder: Path, study: AblationStudy, question: AblationQuestion, plan: TrainingPlan, store: StageStore,
                 run: EvaluationRun, names: Mapping[tuple[str, str], str], command: str) -> None:
    """`<question>.json`: per variant its system, settings, stages and weights; per stage where it comes from and what it took."""
    variants = {variant.name: plan.variants[question.name, variant.name] for variant in question.variants}
    stages = {stage.label: stage for own in variants.values() for stage in (*own, *_scratch(own, plan))}
    document: dict[str, Any] = {
        "command": command, "study": study.path.name, "question": question.name, "protocol": vars(study.protocol),
        "pairs_hash": run.record.pairs_hash,
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "device": run.record.device},
        "variants": [{"variant": variant.name, "system": names[question.name, variant.name], "settings": variant.settings,
                      "checkpoint_hash": run.record.systems[names[question.name, variant.name]].checkpoint_hash,
                      "stages": [stage.label for stage in variants[variant.name]]} for variant in question.variants],
        "stages": {label: {"from": "checkpoint" if label in plan.supplied else "trained", "seconds": store.seconds(stage),
                           **stage.decides} for label, stage in sorted(stages.items())}}
    write_whole(folder / f"{question.name}.json", (json_text(document, 2) + "\n").encode())


def _scratch(stages: tuple[PlannedStage, ...], plan: TrainingPlan) -> list[PlannedStage]:
    """What was trained for them without being a file of a checkpoint: emotion classifiers."""
    labels = {read.label for stage in stages for read in stage.reads} - {stage.label for stage in stages}
    return [stage for stage in plan.training if stage.label in labels]


def _cells(answer: Answer, line: AnswerLine) -> tuple[Cell, ...]:
    cells = []
    for info, estimate, difference in zip(answer.infos, line.estimates, line.differences, strict=True):
        cell = estimate_cell(estimate, info, answer.pairs)
        clear = difference is not None and difference.clear
        cells.append(Cell(cell.text, cell.detail, cell.note, "clear" if clear else cell.mark))
    return tuple(cells)


def _get(found: Any, key: str) -> Any:
    return None if found is None else getattr(found, key)


def _panel(axis: Axes, answer: Answer, index: int, labelled: bool) -> None:
    for place, line in enumerate(answer.lines):
        estimate, colour = line.estimates[index], BESIDE if line.beside else VARIANT
        if estimate is None:
            continue
        axis.plot(estimate.value, place, "o", color=colour, markersize=5)
        if estimate.low is not None and estimate.high is not None:
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
