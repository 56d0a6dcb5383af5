"""Carry a training to another machine, or into the repository and back (pipelines/training/loop/carried.py).

    python -m pipelines.training.loop.carry pack runs/mini/vocoder checkpoints/candidate/vocoder_state.safetensors
    python -m pipelines.training.loop.carry unpack checkpoints/candidate/vocoder_state.safetensors runs/mini/vocoder
"""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from pipelines.errors import ZestError
from pipelines.training.loop.carried import pack, unpack

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command(name="pack")
def pack_command(run: Path, file: Path) -> None:
    """Write a run's networks, step and log into a small file."""
    _say(lambda: f"{file} holds step {pack(run, file)}, {file.stat().st_size / 1e6:.0f} MB.")


@app.command(name="unpack")
def unpack_command(file: Path, run: Path) -> None:
    """Make a run's folder of it, in which zest train goes on."""
    _say(lambda: f"{run} goes on from step {unpack(file, run)}.")


def _say(sentence) -> None:
    try:
        print(sentence())
    except ZestError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    app()
