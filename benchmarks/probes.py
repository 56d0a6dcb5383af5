"""What leaks where: linear probes for emotion and speaker on the factors of a checkpoint.

python -m benchmarks.probes --manifest MANIFEST [--checkpoint DIR] [--json probes.json]

Emotion probes are fitted on training speakers and scored on dev speakers. Speaker probes need the same speakers on both
sides: they are fitted on one half of the training sentences of each corpus and scored on the other half.
Scores are means over classes, so chance is one divided by their number.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from tqdm import tqdm

from benchmarks.tables import columns
from evaluation.judge_data import judged, some_of_each
from pipelines.audio import Recording
from pipelines.conversion import DEFAULT_CHECKPOINT, Converter
from pipelines.errors import ZestError
from pipelines.prosody import network_features
from pipelines.training.audio_store import read_samples
from pipelines.training.corpus import Clip, dev_clips, read_manifest, training_clips

XVECTOR, EASE, SACE, UNITS = "raw x-vector", "EASE", "SACE mean", "unit histogram"
FACTORS = (XVECTOR, EASE, SACE, UNITS)
SPEAKER_CORPORA = ("ravdess", "nemo")  # one language, one room, all speakers in all emotions: only the voice differs


@dataclass(frozen=True)
class Vectors:
    """values: factor to (clips, width). emotions, speakers, corpora, texts: (clips,) names."""

    values: dict[str, np.ndarray]
    emotions: np.ndarray
    speakers: np.ndarray
    corpora: np.ndarray
    texts: np.ndarray


def main(
    manifest: Annotated[Path, typer.Option(help="manifest.csv with the splits train and dev")],
    checkpoint: Annotated[str, typer.Option(help="folder or hub id")] = str(DEFAULT_CHECKPOINT),
    per_cell: Annotated[int, typer.Option(help="clips of every corpus and emotion, in each split")] = 40,
    seed: Annotated[int, typer.Option(help="draws the clips")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the numbers here")] = None,
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
        json_file.write_text(json.dumps(found, indent=1) + "\n")


def vectors(converter: Converter, clips: Sequence[Clip]) -> Vectors:
    """Every factor of every clip, one vector each."""
    rows = [_factors(converter, Recording(read_samples(clip), clip.path.name))
            for clip in tqdm(clips, desc="factors", disable=None)]
    names = [np.array([getattr(clip, field) for clip in clips]) for field in ("emotion", "speaker", "corpus", "text_id")]
    return Vectors({factor: np.stack([row[factor] for row in rows]) for factor in FACTORS}, *names)


def emotion_scores(train: Vectors, dev: Vectors) -> dict[str, float]:
    """Percent, mean over emotions, on unseen speakers."""
    return {factor: _probe(train.values[factor], train.emotions, dev.values[factor], dev.emotions) for factor in FACTORS}


def speaker_scores(train: Vectors, corpus: str, seed: int) -> dict[str, float]:
    """Percent, mean over the corpus' training speakers, on sentences that the probe was not fitted on."""
    own = np.flatnonzero(train.corpora == corpus)
    texts = np.random.default_rng(seed).permutation(np.unique(train.texts[own]))
    fitted = np.isin(train.texts[own], texts[:len(texts) // 2])
    a, b = own[fitted], own[~fitted]
    return {factor: _probe(train.values[factor][a], train.speakers[a], train.values[factor][b], train.speakers[b])
            for factor in FACTORS}


def report(found: dict, train: Vectors) -> str:
    """Everything as plain text."""
    corpora = list(found["speaker"])
    rows = [[factor, f"{found['emotion'][factor]:.0f}", *(f"{found['speaker'][corpus][factor]:.0f}" for corpus in corpora)]
            for factor in FACTORS]
    chance = ["chance", f"{100 / len(np.unique(train.emotions)):.0f}",
              *(f"{100 / len(np.unique(train.speakers[train.corpora == corpus])):.0f}" for corpus in corpora)]
    return columns(["linear probe, %", "emotion (dev)", *(f"speaker ({corpus})" for corpus in corpora)], rows + [chance])


def _factors(converter: Converter, recording: Recording) -> dict[str, np.ndarray]:
    import torch

    factors = converter.encode(recording, synthesis=False)
    features = torch.as_tensor(network_features(factors.prosody), dtype=torch.float32, device=converter.models.device)[None]
    with torch.inference_mode():
        xvector = converter.models.speaker.xvector(features, torch.ones(features.shape[:2], device=features.device))[0]
    clusters = len(converter.models.units.centroids)
    histogram = np.bincount(factors.units, minlength=clusters) / len(factors.units)
    return {XVECTOR: xvector.cpu().numpy(), EASE: factors.ease, SACE: factors.emotion.utterance, UNITS: np.sqrt(histogram)}


def _probe(x: np.ndarray, y: np.ndarray, unseen: np.ndarray, truth: np.ndarray) -> float:
    """Logistic regression on standardised vectors; its strength is chosen by cross-validation on the fitted side."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegressionCV(
        Cs=[0.001, 0.01, 0.1, 1.0], cv=3, scoring="balanced_accuracy", class_weight="balanced", max_iter=500))
    return 100 * float(balanced_accuracy_score(truth, probe.fit(x, y).predict(unseen)))


if __name__ == "__main__":
    typer.run(main)
