"""All stages of a recipe, one after another: those whose table it has, in the order in which they read from each other."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from pipelines.checkpoints.folder import Folder
from pipelines.errors import RecipeError
from pipelines.files import make_folder, write_whole
from pipelines.training.data.corpus import USED, training_clips
from pipelines.training.data.manifest_check import read_checked_manifest
from pipelines.training.loop import distributed
from pipelines.training.loop.recipe import GeneralRecipe, section
from pipelines.training.stages.registry import STAGES, find_stage
from pipelines.training.stages.running import read_tables, run_stage
from pipelines.training.stages.stage import Measure
from pipelines.training.stages.stage_keys import PlannedStage, planned, speech_of

Tell = Callable[[str], None]


def run_recipe(recipe: Path | str | dict, manifest: Path | str, device: str = "cpu", stop_after_seconds: float = float("inf"),
               measures: Callable[[str], Measure | None] = lambda stage: None, tell: Tell = lambda sentence: None) -> bool:
    """Train every stage of the recipe, or go on where it stopped; returns whether all are finished.

    A stage whose key (stage_keys.py) is that of its last training is left as it is, as long as what it wrote is there. One whose
    key is another, because its table, the training speech or what it reads has changed, is trained anew; its last run is kept
    under another name, and goes on when the recipe is the old one once more.

    Args:
        recipe: a file, or its tables. measures: of a stage, what run_stage is given to score held-out speech.
        tell: gets a sentence about every stage; of several processes, the first one's alone.
    Raises:
        As run_stage; RecipeError also where the recipe has no table of a stage.
    """
    tables = recipe if isinstance(recipe, dict) else read_tables(recipe)
    general, names = section(tables, "general", GeneralRecipe), [stage for stage in STAGES if stage in tables]
    if not names:
        raise RecipeError("The recipe has no table of a stage, such as [units]; name what is to be trained, if only by an empty "
                          "table.")
    for name in names:
        find_stage(name).check_packages(tables)
    plan = planned(tables, names, speech_of(training_clips(read_checked_manifest(manifest, USED)), Path(manifest).parent))
    deadline, left_alone = time.monotonic() + stop_after_seconds, set()
    with distributed.joined(device) as own:
        for name in names:
            if distributed.agree(_is_finished(plan[name], general), own):
                tell(f"Stage {name} was finished before.")
                left_alone.add(name)
                continue
            left = deadline - time.monotonic()
            if distributed.agree(left <= 0, own):
                tell(f"Stopped in time at stage {name}; the same command goes on there.")
                return False
            if distributed.rank() == 0:
                _begin(plan[name], general, tell)
            begins = distributed.agree(not (_run(name, general) / "state.pt").exists(), own)
            for earlier in _overwritten(plan[name], left_alone) if begins else ():
                run_stage(earlier, recipe, manifest, device, left)
            if not run_stage(name, recipe, manifest, device, left, measures(name)):
                tell(f"Stopped in time at stage {name}; the same command goes on there.")
                return False
            if distributed.rank() == 0:
                _write_note(plan[name], general, finished=True)
            tell(f"Stage {name} is finished.")
    return True


def _is_finished(stage: PlannedStage, general: GeneralRecipe) -> bool:
    written = {general.checkpoint: stage.writes, general.runs: stage.scratch}
    there = all(Folder(Path(folder)).has(file) for folder, files in written.items() for file in files)
    return there and _read_note(stage, general) == (stage.key, True)


def _begin(stage: PlannedStage, general: GeneralRecipe, tell: Tell) -> None:
    """Note whose run it is; that of another key makes way, and one that this key had before comes back."""
    key, _ = _read_note(stage, general)
    if key not in ("", stage.key):
        run = _run(stage.name, general)
        aside, before = (run.with_name(f"{stage.name}-{one}") for one in (key, stage.key))
        if aside.exists():
            raise RecipeError(f"{aside} is in the way of the run in {run}, which must make way for another; move or delete it.")
        run.rename(aside)
        if before.exists():
            before.rename(run)
        tell(f"Stage {stage.name} or what it reads has changed since its last run, which is now {aside}.")
    _write_note(stage, general, finished=False)


def _overwritten(stage: PlannedStage, left_alone: set[str]) -> list[str]:
    """Stages that must write their files once more, since the last training of this one changed them: sace, before acoustic."""
    return [read.name for read in stage.reads
            if read.name in left_alone and set(read.writes) & set(stage.writes)]


def _run(name: str, general: GeneralRecipe) -> Path:
    return Path(general.runs) / name


def _read_note(stage: PlannedStage, general: GeneralRecipe) -> tuple[str, bool]:
    """Key of the last training and whether it came to its end; '' where nothing was noted."""
    try:
        note = json.loads((_run(stage.name, general) / "stage.json").read_text())
        return str(note["key"]), bool(note["finished"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", False


def _write_note(stage: PlannedStage, general: GeneralRecipe, finished: bool) -> None:
    folder = make_folder(_run(stage.name, general))
    write_whole(folder / "stage.json", (json.dumps({"key": stage.key, "finished": finished}) + "\n").encode())
