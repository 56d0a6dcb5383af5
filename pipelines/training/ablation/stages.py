"""Training what a study needs, each stage in a folder named by its key, and collecting the checkpoint files of a variant.

    STUDY/stages/<stage>-<key>/checkpoint/    what it read and began with, as links, and what it wrote
    STUDY/stages/<stage>-<key>/runs/          training state and log
    STUDY/stages/<stage>-<key>/stage.json     what it is; there once it is finished
    STUDY/checkpoints/<hash>/                 links to the files of a variant: a checkpoint as any other
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from pipelines.checkpoints.folder import find_folder
from pipelines.errors import ZestError
from pipelines.files import alone_in, make_folder, write_whole
from pipelines.hooks import Event, Hook, silent
from pipelines.training.ablation.jobs import train_side_by_side
from pipelines.training.ablation.plan import TrainingPlan
from pipelines.training.stages.registry import STAGES
from pipelines.training.stages.stage_keys import PlannedStage

SUFFIXES = (".safetensors", ".json")


@dataclass(frozen=True)
class StageStore:
    """Where a study's weights lie. checkpoint: that supplies stages, None where all are trained here."""

    folder: Path
    plan: TrainingPlan
    checkpoint: Path | None = None

    def train(self, manifest: Path | str, device: str = "cpu", jobs: int = 1, hook: Hook = silent) -> int:
        """Train what is not finished yet, going on where it was stopped. Returns how many stages were trained.

        jobs: how many stages at a time, each in a process of its own (jobs.py); one is trained in this process.
        hook: gets Event('progress', 'train <stage>', value=(begun before, all)) before each stage.
        Raises:
            RecipeError, CheckpointError, OutputError: as run_stage; what was finished stays.
        """
        todo = [stage for stage in self.plan.training if not self._record(stage).exists()]
        begun = count(len(self.plan.training) - len(todo))

        def tell(stage: PlannedStage) -> None:
            hook(Event("progress", f"train {stage.label}", value=(next(begun), len(self.plan.training)),
                       label=f"Training {stage.label}"))

        train = partial(self.train_one, manifest=manifest, device=device)
        if jobs > 1 and len(todo) > 1:
            train_side_by_side(todo, train, jobs, tell)
            return len(todo)
        for stage in todo:
            tell(stage)
            train(stage)
        return len(todo)

    def assemble(self, stages: Iterable[PlannedStage]) -> Path:
        """A folder with the files of these stages, later ones in place of earlier ones (the pitch predictor)."""
        stages = tuple(stages)
        sign = hashlib.sha256("|".join(stage.label for stage in stages).encode()).hexdigest()[:12]
        folder = make_folder(self.folder / "checkpoints" / sign)
        for stage in stages:
            for file in stage.writes:
                _link(self._home(stage), file, folder)
        return folder

    def seconds(self, stage: PlannedStage) -> float | None:
        """Of training; None where it was supplied."""
        record = self._record(stage)
        return json.loads(record.read_text())["seconds"] if record.exists() else None

    def train_one(self, stage: PlannedStage, manifest: Path | str, device: str = "cpu") -> None:
        """Train a stage whose reads are there, or go on with it. Raises as `train`; OutputError: another process is at it."""
        with alone_in(make_folder(self._own(stage)), "training"):
            self._train(stage, manifest, device)

    def _train(self, stage: PlannedStage, manifest: Path | str, device: str) -> None:
        from pipelines.training.loop.run_log import read_log
        from pipelines.training.stages.running import run_stage

        begun, own = time.monotonic(), self._own(stage)
        checkpoint, runs = make_folder(own / "checkpoint"), make_folder(own / "runs")
        reads = {read.name: read for read in stage.reads}
        for read in (reads[name] for name in STAGES if name in reads):  # in the order of training
            for file in read.writes:
                _link(self._home(read), file, checkpoint)
            for file in read.scratch:
                _link(self._own(read) / "runs", file, runs)
        self._link_beginning(stage, checkpoint)
        general = stage.tables.get("general", {}) | {"runs": str(runs), "checkpoint": str(checkpoint)}
        if not run_stage(stage.name, stage.tables | {"general": general}, manifest, device):
            raise ZestError(f"The stage {stage.label} was stopped; the same command goes on with it.")
        log = read_log(runs / stage.name)  # knows of the sessions before this one
        seconds = log[-1]["seconds"] if log else time.monotonic() - begun
        document = stage.decides | {"label": stage.label, "seconds": round(seconds, 3)}
        write_whole(self._record(stage), (json.dumps(document, indent=2) + "\n").encode())

    def _link_beginning(self, stage: PlannedStage, checkpoint: Path) -> None:
        """Weights that the stage begins with: its own files of the study's checkpoint, where nothing that it reads has them."""
        if not stage.begins_with or self.checkpoint is None:
            return
        for file in {stage.begins_with, *stage.writes}:
            if not (checkpoint / f"{file}.safetensors").exists():
                _link(find_folder(self.checkpoint), file, checkpoint)

    def _own(self, stage: PlannedStage) -> Path:
        return self.folder / "stages" / stage.label

    def _record(self, stage: PlannedStage) -> Path:
        return self._own(stage) / "stage.json"

    def _home(self, stage: PlannedStage) -> Path:
        """The folder with the files that it wrote."""
        if stage.label in self.plan.supplied and self.checkpoint is not None:
            return find_folder(self.checkpoint)
        return self._own(stage) / "checkpoint"


def _link(home: Path, file: str, folder: Path) -> None:
    """Links to the weights and config of a checkpoint file; an earlier link is replaced, never what it points to."""
    for suffix in SUFFIXES:
        target, link = (home / f"{file}{suffix}").resolve(), folder / f"{file}{suffix}"
        partial = folder / f".{file}{suffix}.link"
        partial.unlink(missing_ok=True)
        partial.symlink_to(os.path.relpath(target, folder.resolve()))
        partial.replace(link)
