"""A generator that was trained with one SACE, made to read another one.

The generator takes SACE through linear layers alone. So a linear map from the new embeddings to the old ones, fitted by ridge
regression on training clips, can be multiplied into these layers; no step of training is needed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_sace, load_speaker, load_unit_encoder
from pipelines.errors import OverwriteError, RecipeError
from pipelines.labels import EMOTIONS
from pipelines.networks.sace import SACE_WIDTH
from pipelines.networks.speaker import EASE_WIDTH
from pipelines.outputs import FileIdentity
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.clip_choice import of_many_emotions
from pipelines.training.data.corpus import Clip
from pipelines.training.data.examples import Draw, Example, read_examples
from pipelines.training.data.factors import read_factors
from pipelines.training.data.presets import utterance_embeddings

LAYERS = ("modulate", "condition", "fine_condition")  # of the generator's trunk: they read EASE and SACE
RIDGE = 0.01  # of the embeddings' mean variance


def refit_generator(old: Path, new: Path, clips: list[Clip], cache: Path, count: int = 800, seed: int = 0) -> float:
    """Rewrite the generator of the checkpoint `new`, which was trained with the SACE of `old`.

    Args:
        clips: training speech; `count` of its labelled clips are read, balanced by emotion.
    Returns:
        The share of the old embeddings' variance that the map explains on clips it was not fitted on, 0 to 1.
    Raises:
        RecipeError: the generator is of a design that reads no SACE. CheckpointError: a file is missing or damaged.
        OverwriteError: the two checkpoints are one.
    """
    if FileIdentity().of(old) == FileIdentity().of(new):
        raise OverwriteError(f"{new} is both checkpoints; copy it first, since the generator of the second one is rewritten.")
    folder = Folder(new)
    tensors = folder.tensors("generator")
    if not all(tensors.get(f"trunk.{layer}.weight", torch.zeros(0, 0)).shape[1] == EASE_WIDTH + SACE_WIDTH for layer in LAYERS):
        raise RecipeError(f"The generator of {new} has no layers that read EASE and SACE; only the design istft has.")
    labelled = [clip for clip in clips if clip.emotion in EMOTIONS]
    examples = _drawn(of_many_emotions(labelled), FeatureCache(cache), count, seed)
    before, after = (_utterances(checkpoint, examples, FeatureCache(cache)) for checkpoint in (old, new))
    half = len(examples) // 2
    matrix, constant = _fitted(after[:half], before[:half])
    explained = _explained(before[half:], after[half:] @ matrix + constant)
    turn, offset = (torch.from_numpy(part.astype(np.float32)) for part in _fitted(after, before))
    for layer in LAYERS:
        weight = tensors[f"trunk.{layer}.weight"]
        ease, sace = weight[:, :EASE_WIDTH], weight[:, EASE_WIDTH:]
        tensors[f"trunk.{layer}.weight"] = torch.cat([ease, sace @ turn.T], dim=1)
        tensors[f"trunk.{layer}.bias"] = tensors[f"trunk.{layer}.bias"] + sace @ offset
    folder.write("generator", tensors, folder.config("generator"))
    return explained


def _drawn(clips: list[Clip], cache: FeatureCache, count: int, seed: int) -> list[Example]:
    examples = read_examples(clips, cache)
    chosen = dict.fromkeys(Draw(examples).by_emotions(np.random.default_rng(seed), count))
    return [examples[index] for index in chosen]


def _utterances(checkpoint: Path, examples: list[Example], cache: FeatureCache) -> np.ndarray:
    """(examples, 128) SACE embeddings by a checkpoint."""
    folder = Folder(checkpoint)
    sace = load_sace(folder)
    store = read_factors(examples, load_unit_encoder(folder), load_speaker(folder), sace, cache)
    return np.stack(utterance_embeddings(sace, examples, store)).astype(np.float64)


def _fitted(inputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrix (128, 128) and offset (128,) of the ridge regression."""
    centre, mean = inputs.mean(0), targets.mean(0)
    x = inputs - centre
    ridge = RIDGE * len(x) * x.var(0).mean() * np.eye(x.shape[1])
    matrix = np.linalg.solve(x.T @ x + ridge, x.T @ (targets - mean))
    return matrix, mean - centre @ matrix


def _explained(targets: np.ndarray, predicted: np.ndarray) -> float:
    return float(1 - ((targets - predicted) ** 2).sum() / ((targets - targets.mean(0)) ** 2).sum())
