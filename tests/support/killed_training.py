"""A training that is killed in the middle of a step, after a state of the step before was saved."""

from __future__ import annotations

import pkgutil
import signal
import time
from pathlib import Path

import torch

from tests.support.processes import start
from tests.support.tiny import Tiny
from tests.support.waiting import wait_until


def killed_in_step(run: Tiny, stage: str, task: str, step: int) -> None:
    """SIGKILL, once the state of `step` is on the disk and the step after it has begun. task: module and class."""
    begun = run.folder / "begun"
    process = start(_train_slowly, stage, task, step, run.recipe, run.manifest, begun, folder=run.folder)
    wait_until(lambda: not process.is_alive() or begun.exists())
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert torch.load(run.runs / stage / "state.pt", weights_only=True, mmap=True)["number"] == step


def _train_slowly(stage: str, task: str, step: int, recipe: Path, manifest: Path, begun: Path) -> None:
    """Save after every step, and never come back from the one after `step`, which leaves the file `begun`."""
    from pipelines.training.loop import trainer
    from pipelines.training.stages.running import run_stage

    trainer.CHECKPOINT_SECONDS, trainer.LOG_EVERY = 0.0, 1
    kind = pkgutil.resolve_name(task)
    whole = kind.step

    def take(self, number, *rest):
        if number < step:
            return whole(self, number, *rest)
        begun.touch()
        return time.sleep(600)

    kind.step = take
    run_stage(stage, recipe, manifest)
