"""The weights that a training begins with: in the checkpoint, and kept beside the training's state once it has begun."""

from __future__ import annotations

from pathlib import Path

from pipelines.checkpoints.folder import Folder
from pipelines.files import make_folder, write_whole
from pipelines.training.stages.stage import Context

BEGUN = "begun"  # what a copy beside a training's state is called


def beginning(context: Context, stage: str, name: str) -> tuple[Folder, str]:
    """Where the weights lie that a stage begins with, and their name there.

    Where a copy is kept beside the training's state, it is that: what is exported may have replaced them in the checkpoint.
    """
    run = Folder(Path(context.general.runs) / stage)
    return (run, BEGUN) if run.has(BEGUN) else (context.checkpoint, name)


def keep(folder: Folder, name: str, run: Path) -> None:
    """Copy the weights that a training begins with beside its state.

    Raises:
        OutputError: they cannot be written.
    """
    if name == BEGUN and folder.path == run:
        return
    for ending in (".json", ".safetensors"):
        write_whole(make_folder(run) / f"{BEGUN}{ending}", (folder.path / f"{name}{ending}").read_bytes())
