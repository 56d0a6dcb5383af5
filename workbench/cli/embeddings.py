"""`zest embeddings`: pictures and probes of what a checkpoint's factors tell of speaker and emotion."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from pipelines.errors import RecipeError
from pipelines.outputs import check_outputs
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
    from evaluation.embeddings import some_vectors, write_embeddings
    from evaluation.embeddings.report import FILES, check_method
    from evaluation.embeddings.vectors import factor_vectors
    from evaluation.judges.data import judged, some_of_each
    from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
    from pipelines.conversion import Converter
    from pipelines.training.data.manifest_check import read_checked_manifest

    check_method(method)
    splits = names(split) or ["dev"]
    there = read_checked_manifest(manifest, None if "all" in splits else splits)
    check_outputs([manifest, *(clip.path for clip in there)], [output / name for name in FILES], new_folders=True)
    clips = some_of_each([clip for clip in judged(there) if "all" in splits or clip.split in splits], per_cell, seed)
    if not clips:
        raise RecipeError(f"The manifest {manifest} has no clip of split '{','.join(splits)}' with one of the five emotions.")
    converter = Converter.from_pretrained(checkpoint or DEFAULT_CHECKPOINT, device)
    with stage_bars() as bars:
        vectors = some_vectors(factor_vectors(converter, clips, bars), clips)
    about = {"command": shlex.join(["zest", *sys.argv[1:]]), "checkpoint": Path(checkpoint or DEFAULT_CHECKPOINT).name,
             "split": ",".join(splits)}
    say(f"Wrote {write_embeddings(vectors, output, about, method, seed)} and embeddings.json beside it.")
