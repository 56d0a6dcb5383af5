"""Networks that were trained with one SACE, made to read another one.

They take SACE through linear layers alone. So a linear map from the new embeddings to the old ones, fitted by ridge regression on
training clips, can be multiplied into these layers; no step of training is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_sace, load_speaker, load_unit_encoder
from pipelines.errors import RecipeError
from pipelines.labels import EMOTIONS
from pipelines.networks.sace import SACE_WIDTH
from pipelines.networks.speaker import EASE_WIDTH
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.clip_choice import of_many_emotions
from pipelines.training.data.corpus import Clip
from pipelines.training.data.examples import Draw, Example, read_examples
from pipelines.training.data.factors import read_factors
from pipelines.training.data.presets import utterance_embeddings

LAYERS = {  # file of the checkpoint to its layers that read SACE, each beside EASE
    "generator": ("trunk.modulate", "trunk.condition", "trunk.fine_condition"), "acoustic": ("condition",),
    "pitch": ("key", "condition"), "tempo": ("condition",)}
AFTER_EASE = ("generator",)  # the others read SACE first
EIGHT_BITS = {"acoustic": "", "generator": ""}  # as `Folder.write` takes it
RIDGE = 0.01  # of the embeddings' mean variance


def refit_sace(old: Path, new: Path, names: Sequence[str], clips: list[Clip], cache: Path, count: int = 800,
               seed: int = 0) -> float:
    """Rewrite networks of the checkpoint `new` that were trained with the SACE of `old`.

    Args:
        names: their files, of LAYERS. clips: training speech; `count` of its labelled clips are read, balanced by emotion.
    Returns:
        The share of the old embeddings' variance that the map explains on clips it was not fitted on, 0 to 1.
    Raises:
        RecipeError: the generator is of a design that reads no SACE. CheckpointError: a file is missing or damaged.
    """
    folder = Folder(new)
    tensors = {name: folder.tensors(name) for name in names}
    for name, own in tensors.items():
        if not all(own.get(f"{layer}.weight", torch.zeros(0, 0)).shape[1] == EASE_WIDTH + SACE_WIDTH for layer in LAYERS[name]):
            raise RecipeError(f"The {name} of {new} has no layers that read EASE and SACE; only the design istft has.")
    labelled = [clip for clip in clips if clip.emotion in EMOTIONS]
    examples = _drawn(of_many_emotions(labelled), FeatureCache(cache), count, seed)
    before, after = (_utterances(checkpoint, examples, FeatureCache(cache)) for checkpoint in (old, new))
    half = len(examples) // 2
    matrix, constant = _fitted(after[:half], before[:half])
    explained = _explained(before[half:], after[half:] @ matrix + constant)
    turn, offset = (torch.from_numpy(part.astype(np.float32)) for part in _fitted(after, before))
    for name, own in tensors.items():
        for layer in LAYERS[name]:
            own |= _turned(own, layer, turn, offset, name in AFTER_EASE)
        folder.write(name, own, folder.config(name), eight_bits=EIGHT_BITS.get(name))
    return explained


def _turned(tensors: dict[str, torch.Tensor], layer: str, turn: torch.Tensor, offset: torch.Tensor,
            after_ease: bool) -> dict[str, torch.Tensor]:
    """Weight and bias of a layer that is given new embeddings, so that it gives what it gave with the old ones."""
    weight = tensors[f"{layer}.weight"]
    inside = slice(EASE_WIDTH, None) if after_ease else slice(0, SACE_WIDTH)
    sace, changed = weight[:, inside], weight.clone()
    changed[:, inside] = sace @ turn.T
    return {f"{layer}.weight": changed, f"{layer}.bias": tensors[f"{layer}.bias"] + sace @ offset}


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
