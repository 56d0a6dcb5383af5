"""From a manifest to the pictures and probes of a checkpoint's factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.embeddings.probes import some_vectors
from evaluation.embeddings.report import FILES, TSNE, check_method, write_embeddings
from evaluation.embeddings.vectors import factor_vectors
from evaluation.judges.data import judged, some_of_each
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.conversion import Converter
from pipelines.errors import RecipeError
from pipelines.hooks import Hook, silent
from pipelines.outputs import check_outputs
from pipelines.training.data.manifest_check import read_checked_manifest


@dataclass(frozen=True)
class EmbeddingsRequest:
    """Which recordings, and how they are drawn.

    Attributes:
        splits: of the recordings; every split where there is none. per_cell: most clips of every corpus and emotion.
        method: tsne or umap. seed: draws the clips, and of the projection.
    """

    checkpoint: str | None = None
    splits: tuple[str, ...] = ("dev",)
    per_cell: int = 60
    method: str = TSNE
    seed: int = 0
    device: str = "cpu"


def draw_embeddings(manifests: Sequence[Path], folder: Path, request: EmbeddingsRequest = EmbeddingsRequest(), command: str = "",
                    hook: Hook = silent) -> Path:
    """Write `embeddings.png` and `embeddings.json`; returns the picture's path.

    Args:
        manifests: lists of labelled recordings. command: as it was typed, for the JSON. hook: 'progress' events.
    Raises:
        RecipeError: no clip has such a split and one of the five emotions, or there are too few for a probe. ZestError: no such
            method, or a recording cannot be read. CheckpointError, OutputError.
    """
    check_method(request.method)
    there = [clip for path in manifests for clip in read_checked_manifest(path, request.splits or None)]
    check_outputs([*manifests, *(clip.path for clip in there)], [folder / name for name in FILES], new_folders=True)
    chosen = [clip for clip in judged(there) if not request.splits or clip.split in request.splits]
    clips, splits = some_of_each(chosen, request.per_cell, request.seed), ",".join(request.splits) or "all"
    if not clips:
        raise RecipeError(f"The manifest {', '.join(map(str, manifests))} has no clip of split '{splits}' with one of the five "
                          "emotions.")
    checkpoint = request.checkpoint or DEFAULT_CHECKPOINT
    vectors = some_vectors(factor_vectors(Converter.from_pretrained(checkpoint, request.device), clips, hook), clips)
    about = {"command": command, "checkpoint": Path(checkpoint).name, "split": splits}
    return write_embeddings(vectors, folder, about, request.method, request.seed)
