"""Which layer and how many units: what units of each layer of a content encoder tell of emotion, speaker and words, for codebooks
of several sizes. Units are to tell the words alone.

python -m benchmarks.unit_probes --manifest MANIFEST [--checkpoint DIR] [--json unit_probes.json]

Codebooks are fitted as the stage `units` fits them. A recording's vector says how often it uses each unit.
Probes of emotion and speaker are those of benchmarks/probes.py. Words: the share of the variance of Whisper's last layer that the
units of five frames explain, on unseen speakers (benchmarks/words.py); also for soft units, and for the states themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from tqdm import tqdm

from benchmarks import JsonFile, columns, write_json
from benchmarks.probes import SPEAKER_CORPORA, emotion_scores, speaker_scores
from benchmarks.words import Words, without_positions, words_explained, words_of
from evaluation.embeddings.probes import some_vectors
from evaluation.judges.data import judged, some_of_each
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT, Folder, find_folder
from pipelines.checkpoints.loading import load_content_encoder
from pipelines.checkpoints.whisper import load_packaged_encoder
from pipelines.errors import ZestError
from pipelines.networks.units import ContentEncoder, UnitEncoder
from pipelines.training.data.corpus import Clip, dev_clips, read_manifest, read_samples, training_clips
from pipelines.training.stages.units import choose_clips, cluster

CLUSTERS = (50, 100, 200, 500)
SOFTNESS = (0.06, 0.1)  # temperatures
CONTEXT = 2  # frames to either side
WORD_CLIPS = {"train": 300, "dev": 120}


def main(
    manifest: Annotated[Path, typer.Option(help="manifest.csv with the splits train and dev")],
    checkpoint: Annotated[str, typer.Option(help="folder or hub id")] = str(DEFAULT_CHECKPOINT),
    clips: Annotated[int, typer.Option(help="that codebooks are fitted to")] = 400,
    per_cell: Annotated[int, typer.Option(help="clips of every corpus and emotion for probes, in each split")] = 40,
    seed: Annotated[int, typer.Option(help="draws clips and begins clusters")] = 0,
    json_file: JsonFile = None,
) -> None:
    """Print a table of layers and numbers of units."""
    try:
        every = read_manifest(manifest)
        encoder = load_content_encoder(Folder(find_folder(checkpoint)))
        train, dev = training_clips(every), dev_clips(every)
        books = codebooks(encoder, choose_clips(train, clips, seed), seed)
        found = measure(encoder, books, train, dev, per_cell, seed)
        fitted, unseen = (words_of(part, load_packaged_encoder("base"), WORD_CLIPS[split], seed)
                          for split, part in (("train", train), ("dev", dev)))
        words = measure_words(books, *without_positions(fitted, unseen))
    except ZestError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    print(report(found))
    print(columns(["layer", "units", "words, %"], [[*name.split(), f"{100 * share:.0f}"] for name, share in words.items()]))
    if json_file is not None:
        write_json(json_file, found | {"words": words})


def codebooks(encoder: ContentEncoder, clips: list[Clip], seed: int) -> dict[str, UnitEncoder]:
    """By "layer clusters"."""
    states = [layer_states(encoder, clip) for clip in tqdm(clips, desc="codebooks", disable=None)]
    layers = range(1, encoder.hubert.config.num_hidden_layers + 1)
    return {f"{layer} {count}": UnitEncoder(encoder, torch.from_numpy(cluster(
        np.concatenate([one[layer] for one in states]), count, seed)), layer) for layer, count in product(layers, CLUSTERS)}


def measure_words(books: dict[str, UnitEncoder], fitted: Words, unseen: Words) -> dict[str, float]:
    """By "layer states", "layer clusters" and "layer clusters@temperature" the share of variance that is explained."""
    encoder = next(iter(books.values())).encoder
    states = {clip.path: layer_states(encoder, clip) for clip in tqdm([*fitted.clips, *unseen.clips], "words", disable=None)}
    found = {}
    for layer in sorted({book.layer for book in books.values()}):
        found[f"{layer} states"] = words_explained(lambda clip, layer=layer: states[clip.path][layer], fitted, unseen, CONTEXT)
    for (name, book), temperature in product(books.items(), (0.0, *SOFTNESS)):
        def units(clip: Clip, book: UnitEncoder = book, temperature: float = temperature) -> np.ndarray:
            return book.soft_units(torch.from_numpy(states[clip.path][book.layer]), temperature).numpy()

        found[f"{name}@{temperature:g}" if temperature else name] = words_explained(units, fitted, unseen, CONTEXT)
    return found


def measure(encoder: ContentEncoder, books: dict[str, UnitEncoder], train: list[Clip], dev: list[Clip], per_cell: int,
            seed: int) -> dict:
    """{"emotion" or a corpus of speakers: {"layer clusters": percent}}, and "chance" of each."""
    fitted, unseen = (some_vectors(histograms(books, encoder, chosen), chosen)
                      for chosen in (some_of_each(judged(part), per_cell, seed) for part in (train, dev)))
    corpora = [corpus for corpus in SPEAKER_CORPORA if corpus in fitted.corpora]
    chance = {corpus: 100 / len(np.unique(fitted.speakers[fitted.corpora == corpus])) for corpus in corpora}
    return {"emotion": emotion_scores(fitted, unseen), **{corpus: speaker_scores(fitted, corpus, seed) for corpus in corpora},
            "chance": {"emotion": 100 / len(np.unique(fitted.emotions)), **chance}}


@torch.inference_mode()
def layer_states(encoder: ContentEncoder, clip: Clip) -> list[np.ndarray]:
    """Of each layer, the embedding first: (frames, width)."""
    return [state[0].numpy() for state in encoder(torch.from_numpy(read_samples(clip))[None])]


@torch.inference_mode()
def histograms(books: dict[str, UnitEncoder], encoder: ContentEncoder, clips: Sequence[Clip]) -> dict[str, np.ndarray]:
    """Codebook to (clips, units), roots of shares."""
    rows: dict[str, list[np.ndarray]] = {name: [] for name in books}
    for clip in tqdm(clips, desc="units", disable=None):
        states = layer_states(encoder, clip)
        for name, book in books.items():
            units = book.quantise(torch.from_numpy(states[book.layer])).numpy()
            rows[name].append(np.sqrt(np.bincount(units, minlength=len(book.centroids)) / len(units)))
    return {name: np.stack(own) for name, own in rows.items()}


def report(found: dict) -> str:
    """Everything as plain text."""
    asked = [name for name in found if name != "chance"]
    rows = [[*name.split(), *(f"{found[probe][name]:.0f}" for probe in asked)] for name in found["emotion"]]
    chance = ["chance", "", *(f"{found['chance'][probe]:.0f}" for probe in asked)]
    heads = ["emotion (dev)" if probe == "emotion" else f"speaker ({probe})" for probe in asked]
    return columns(["layer", "units", *(f"{head}, %" for head in heads)], [*rows, chance])


if __name__ == "__main__":
    typer.run(main)
