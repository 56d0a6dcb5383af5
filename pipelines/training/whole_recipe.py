"""All stages of a recipe, one after another: those whose table it has, in the order in which they read from each other."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipelines.checkpoint import Folder
from pipelines.errors import RecipeError
from pipelines.files import make_folder, write_whole
from pipelines.training import processes
from pipelines.training.recipe import GeneralRecipe, section
from pipelines.training.stage_graph import GRAPH
from pipelines.training.stages import STAGES, read_tables, run_stage

ELSEWHERE = ("runs", "cache", "accumulate")  # of [general], what changes nothing of the result
Scores = Callable[[str], dict[str, Any]]  # of a stage: what run_stage is to be given to measure held-out speech


def run_recipe(recipe: Path | str | dict, manifest: Path | str, device: str = "cpu", stop_after_seconds: float = float("inf"),
               scores: Scores = lambda stage: {}, tell: Callable[[str], None] = lambda sentence: None) -> bool:
    """Train every stage of the recipe, or go on where it stopped; returns whether all are finished.

    Stages that were finished by the same tables are left as they are, as long as what they wrote is there. From the first one
    on that is not, all are run, since later ones read what earlier ones write; trained to their end, they only export again.

    recipe: a file, or its tables. tell: hears a sentence about every stage; of several processes, the first one's alone.

    Raises:
        As run_stage; RecipeError also where the recipe has no table of a stage.
    """
    tables = recipe if isinstance(recipe, dict) else read_tables(recipe)
    general, stages = section(tables, "general", GeneralRecipe), [stage for stage in STAGES if stage in tables]
    if not stages:
        raise RecipeError("The recipe has no table of a stage, such as [units]; name what is to be trained, if only by an empty "
                          "table.")
    deadline, unchanged = time.monotonic() + stop_after_seconds, True
    with processes.joined(device) as own:
        for stage in stages:
            unchanged = unchanged and processes.agree(_is_finished(stage, tables, general), own)
            if unchanged:
                tell(f"Stage {stage} was finished before.")
                continue
            left = deadline - time.monotonic()
            if processes.agree(left <= 0, own) or not run_stage(stage, recipe, manifest, device, left, **scores(stage)):
                tell(f"Stopped in time at stage {stage}; the same command goes on there.")
                return False
            if processes.rank() == 0:
                _note_finished(stage, tables, general)
            tell(f"Stage {stage} is finished.")
    return True


def _is_finished(stage: str, tables: dict[str, dict], general: GeneralRecipe) -> bool:
    try:
        noted = json.loads(_note(stage, general).read_text())
    except (OSError, ValueError):
        return False
    folder = Folder(Path(general.checkpoint))
    return noted == json.loads(_made_by(stage, tables, general)) and all(folder.has(part) for part in GRAPH[stage].parts)


def _note_finished(stage: str, tables: dict[str, dict], general: GeneralRecipe) -> None:
    note = _note(stage, general)
    make_folder(note.parent)
    write_whole(note, _made_by(stage, tables, general).encode())


def _note(stage: str, general: GeneralRecipe) -> Path:
    return Path(general.runs) / stage / "finished.json"


def _made_by(stage: str, tables: dict[str, dict], general: GeneralRecipe) -> str:
    """What the stage's result depends on in the recipe, as JSON."""
    shared = {key: value for key, value in asdict(general).items() if key not in ELSEWHERE}
    return json.dumps({"general": shared, "table": tables[stage]}) + "\n"
