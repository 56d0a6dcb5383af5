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
    process = start(_train_slowly, stage, task, step, run.recipe, run.manifest, folder=run.folder)
    state = run.runs / stage / "state.pt"

    def saved() -> int:
        return torch.load(state, weights_only=True)["number"] if state.exists() else 0

    wait_until(lambda: not process.is_alive() or saved() == step)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL and saved() == step


def _train_slowly(stage: str, task: str, step: int, recipe: Path, manifest: Path) -> None:
    """Save after every step, and never come back from the one after `step`."""
    from pipelines.training.loop import trainer
    from pipelines.training.stages.running import run_stage

    trainer.CHECKPOINT_SECONDS, trainer.LOG_EVERY = 0.0, 1
    kind = pkgutil.resolve_name(task)
    whole = kind.step
    kind.step = lambda self, number, *rest: time.sleep(600) if number == step else whole(self, number, *rest)
    run_stage(stage, recipe, manifest)
