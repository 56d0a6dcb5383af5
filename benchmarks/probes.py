"""What leaks where: linear probes for emotion and speaker on the factors of a checkpoint.

python -m benchmarks.probes --manifest MANIFEST [--checkpoint DIR] [--json probes.json]

Emotion probes are fitted on training speakers and scored on dev speakers. Speaker probes need the same speakers on both
sides: they are fitted on one half of the training sentences of each corpus and scored on the other half.
Scores are means over classes, so chance is one divided by their number.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks import JsonFile, columns, write_json
from evaluation.embeddings.probes import Vectors, held_out_accuracy, some_vectors
from evaluation.embeddings.vectors import FACTORS, factor_vectors
from evaluation.judges.data import judged, some_of_each
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.conversion import Converter
from pipelines.errors import ZestError
from pipelines.training.data.corpus import Clip, dev_clips, read_manifest, training_clips

SPEAKER_CORPORA = ("ravdess", "nemo")  # one language, one room, all speakers in all emotions: only the voice differs


def main(
    manifest: Annotated[Path, typer.Option(help="manifest.csv with the splits train and dev")],
    checkpoint: Annotated[str, typer.Option(help="folder or hub id")] = str(DEFAULT_CHECKPOINT),
    per_cell: Annotated[int, typer.Option(help="clips of every corpus and emotion, in each split")] = 40,
    seed: Annotated[int, typer.Option(help="draws the clips")] = 0,
    json_file: JsonFile = None,
) -> None:
    """Print how well each factor tells emotion and speaker."""
    try:
        clips = read_manifest(manifest)
        converter = Converter.from_pretrained(checkpoint)
        train, dev = (vectors(converter, some_of_each(judged(part), per_cell, seed))
                      for part in (training_clips(clips), dev_clips(clips)))
    except ZestError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    found = {"emotion": emotion_scores(train, dev), "speaker": {corpus: speaker_scores(train, corpus, seed)
                                                                for corpus in SPEAKER_CORPORA if corpus in train.corpora}}
    print(report(found, train))
    if json_file is not None:
        write_json(json_file, found)


def vectors(converter: Converter, clips: Sequence[Clip]) -> Vectors:
    """Every factor of every clip, one vector each."""
    return some_vectors(factor_vectors(converter, clips), clips)


def emotion_scores(train: Vectors, dev: Vectors) -> dict[str, float]:
    """Percent, mean over emotions, on unseen speakers."""
    return {factor: held_out_accuracy(values, train.emotions, dev.values[factor], dev.emotions)
            for factor, values in train.values.items()}


def speaker_scores(train: Vectors, corpus: str, seed: int) -> dict[str, float]:
    """Percent, mean over the corpus' training speakers, on sentences that the probe was not fitted on."""
    own = np.flatnonzero(train.corpora == corpus)
    texts = np.random.default_rng(seed).permutation(np.unique(train.texts[own]))
    fitted = np.isin(train.texts[own], texts[:len(texts) // 2])
    a, b = own[fitted], own[~fitted]
    return {factor: held_out_accuracy(values[a], train.speakers[a], values[b], train.speakers[b])
            for factor, values in train.values.items()}


def report(found: dict, train: Vectors) -> str:
    """Everything as plain text."""
    corpora = list(found["speaker"])
    rows = [[factor, f"{found['emotion'][factor]:.0f}", *(f"{found['speaker'][corpus][factor]:.0f}" for corpus in corpora)]
            for factor in FACTORS]
    chance = ["chance", f"{100 / len(np.unique(train.emotions)):.0f}",
              *(f"{100 / len(np.unique(train.speakers[train.corpora == corpus])):.0f}" for corpus in corpora)]
    return columns(["linear probe, %", "emotion (dev)", *(f"speaker ({corpus})" for corpus in corpora)], rows + [chance])


if __name__ == "__main__":
    typer.run(main)
