"""One stage of a recipe: prepared, trained or gone on with, and exported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from pipelines.errors import RecipeError
from pipelines.outputs import check_outputs
from pipelines.training.data.corpus import USED, read_manifest, training_clips
from pipelines.training.data.manifest_check import read_checked_manifest
from pipelines.training.loop import distributed
from pipelines.training.loop.recipe import GeneralRecipe, read_recipe, section
from pipelines.training.loop.trainer import train
from pipelines.training.stages.registry import STAGES, find_stage
from pipelines.training.stages.stage import Context, Measure, Stage

OF_A_RUN = ("state.pt", "log.jsonl", "loss.png", "stage.json", "begun.json", "begun.safetensors")  # files of a stage's run


def run_stage(name: str, recipe: Path | str | dict[str, dict], manifest: Path | str, device: str = "cpu",
              stop_after_seconds: float = float("inf"), measure: Measure | None = None) -> bool:
    """Train one stage, or go on with it; returns whether it is finished and exported.

    Args:
        recipe: a file, or its tables. Where several processes were launched, all call this and train together (distributed.py).
        measure: scores a network that makes waveforms on held-out speech (evaluation/run/waveform_validation.py), so that the
            best weights are exported; without it the last ones are. Other stages ask for none.
    Raises:
        ZestError: unknown stage or device. RecipeError: unusable recipe or manifest. OutputError: a file of the stage is one
            that it reads, or cannot be written.
        CheckpointError: an earlier stage is missing.
    """
    stage = find_stage(name)
    with distributed.joined(device) as own:
        tables = recipe if isinstance(recipe, dict) else read_tables(recipe)
        stage.check_packages(tables)
        general = section(tables, "general", GeneralRecipe)
        torch.manual_seed(general.seed)
        training_clips(read_manifest(manifest))  # its splits are refused before its recordings are looked at
        everything = read_checked_manifest(manifest, USED)
        _check_files(stage, general, [manifest, *([] if isinstance(recipe, dict) else [recipe]),
                                      *(clip.path for clip in everything)])
        clips = training_clips(everything)
        return _run(stage, Context(tables, general, clips, own, stop_after_seconds, measure))


def read_tables(recipe: Path | str) -> dict[str, dict]:
    """The recipe's tables. Raises RecipeError: it cannot be read, or has a table that no stage knows."""
    tables = read_recipe(recipe)
    unknown = [table for table in tables if table not in (*STAGES, "general", "judge")]  # judges: evaluation/judges/training.py
    if unknown:
        raise RecipeError(f"The recipe has an unknown table [{unknown[0]}]; it knows general, judge, {', '.join(STAGES)}.")
    return tables


def _check_files(stage: Stage, general: GeneralRecipe, inputs: Sequence[Path | str]) -> None:
    """Raises OverwriteError: the stage would write over its manifest, recipe or speech."""
    run, runs, checkpoint = Path(general.runs) / stage.name, Path(general.runs), Path(general.checkpoint)
    exported = [folder / f"{name}{ending}" for folder, names in ((checkpoint, stage.writes), (runs, stage.scratch))
                for name in names for ending in (".json", ".safetensors")]
    check_outputs(inputs, [*exported, *(run / name for name in OF_A_RUN)], new_folders=True)


def _run(stage: Stage, context: Context) -> bool:
    try:
        with distributed.first_goes_ahead():
            prepared = stage.prepare(context, stage.recipe(context.tables))
        done = prepared.task is None or train(prepared.task, context.run(stage.name, prepared.steps), prepared.validation)
    except torch.OutOfMemoryError as error:
        raise RecipeError(f"The memory of {context.device} is too small for stage {stage.name}: make batch in the recipe's table "
                          f"[{stage.name}] smaller, or accumulate in [general] larger, which takes each batch in so many "
                          "parts.") from error
    if distributed.rank() == 0 and prepared.validation is None:
        prepared.export()
    return done
