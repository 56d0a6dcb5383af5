"""`zest embeddings`: pictures and probes of what a checkpoint's factors tell of speaker and emotion."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from workbench.cli.commands import names
from workbench.cli.options import MANY, Checkpoint, Device, Manifest
from workbench.cli.progress import say, stage_bars


def embeddings(
    manifest: Manifest,
    output: Annotated[Path, typer.Option(
        "--output", "-o", metavar="FOLDER", help="Folder for embeddings.png and embeddings.json; older ones are replaced.")],
    checkpoint: Checkpoint = None,
    split: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"Split to take recordings from, dev if left out, or 'all'. {MANY}")] = None,
    per_cell: Annotated[int, typer.Option(
        metavar="NUMBER", min=1, help="At most so many clips of every corpus and emotion.")] = 60,
    method: Annotated[str, typer.Option(metavar="NAME", help="tsne, or umap where umap-learn is installed.")] = "tsne",
    seed: Annotated[int, typer.Option(metavar="NUMBER", min=0, help="Draws the clips; of the projection, too.")] = 0,
    device: Device = "cpu",
) -> None:
    """Draw x-vector, EASE and SACE of labelled speech in two dimensions, with the accuracies of linear probes."""
    from evaluation.embeddings.making import EmbeddingsRequest, draw_embeddings

    splits = names(split) or ["dev"]
    request = EmbeddingsRequest(checkpoint, () if "all" in splits else tuple(splits), per_cell, method, seed, device)
    with stage_bars() as bars:
        picture = draw_embeddings([manifest], output, request, shlex.join(["zest", *sys.argv[1:]]), bars)
    say(f"Wrote {picture} and embeddings.json beside it.")
