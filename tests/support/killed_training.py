"""A training that is killed in the middle of a step, after a state of the step before was saved.

    python -m tests.support.killed_training STAGE TASK STEP RECIPE MANIFEST
"""

from __future__ import annotations

import pkgutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

from tests.support.tiny import Tiny
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


def killed_in_step(run: Tiny, stage: str, task: str, step: int) -> None:
    """SIGKILL, once the state of `step` is on the disk and the step after it has begun. task: module and class."""
    command = [sys.executable, "-m", "tests.support.killed_training", stage, task, str(step), run.recipe, run.manifest]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    state = run.runs / stage / "state.pt"

    def saved() -> int:
        return torch.load(state, weights_only=True)["number"] if state.exists() else 0

    wait_until(lambda: process.poll() is not None or saved() == step)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL and saved() == step


def main(stage: str, task: str, step: str, recipe: str, manifest: str) -> None:
    """Save after every step, and never come back from the one after `step`."""
    from pipelines.training.loop import trainer
    from pipelines.training.stages.registry import run_stage

    trainer.CHECKPOINT_SECONDS, trainer.LOG_EVERY = 0.0, 1
    kind = pkgutil.resolve_name(task)
    whole = kind.step
    kind.step = lambda self, number, *rest: time.sleep(600) if number == int(step) else whole(self, number, *rest)
    run_stage(stage, Path(recipe), Path(manifest))


if __name__ == "__main__":
    main(*sys.argv[1:])
