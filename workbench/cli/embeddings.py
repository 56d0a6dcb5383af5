"""`zest embeddings`: pictures and probes of what a checkpoint's factors tell of speaker and emotion."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from pipelines.errors import RecipeError
from workbench.cli.progress import say, stage_bars


def embeddings(
    manifest: Annotated[Path, typer.Option(help="manifest.csv with the recordings.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for embeddings.png and embeddings.json.")],
    checkpoint: Annotated[Optional[str], typer.Option(help="Folder or hub id of a checkpoint; zest-mini if left out.")] = None,
    split: Annotated[str, typer.Option(help="Split of the manifest to take recordings from.")] = "dev",
    per_cell: Annotated[int, typer.Option(min=1, help="At most so many clips of every corpus and emotion.")] = 60,
    method: Annotated[str, typer.Option(help="tsne, or umap where umap-learn is installed.")] = "tsne",
    seed: Annotated[int, typer.Option(min=0, help="Draws the clips; of the projection, too.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:0 or mps.")] = "cpu",
) -> None:
    """Draw x-vector, EASE and SACE of labelled speech in two dimensions, with the accuracies of linear probes."""
    from evaluation.embeddings import some_vectors, write_embeddings
    from evaluation.embeddings.report import check_method
    from evaluation.embeddings.vectors import factor_vectors
    from evaluation.judges.data import judged, some_of_each
    from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
    from pipelines.conversion import Converter
    from pipelines.training.data.corpus import read_manifest

    check_method(method)
    clips = some_of_each([clip for clip in judged(read_manifest(manifest)) if clip.split == split], per_cell, seed)
    if not clips:
        raise RecipeError(f"The manifest {manifest} has no clip of split '{split}' with one of the five emotions.")
    converter = Converter.from_pretrained(checkpoint or DEFAULT_CHECKPOINT, device)
    with stage_bars() as bars:
        vectors = some_vectors(factor_vectors(converter, clips, bars), clips)
    about = {"command": shlex.join(["zest", *sys.argv[1:]]), "checkpoint": Path(checkpoint or DEFAULT_CHECKPOINT).name,
             "split": split}
    say(f"Wrote {write_embeddings(vectors, output, about, method, seed)} and embeddings.json beside it.")
