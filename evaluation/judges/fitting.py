"""Fitting one emotion judge on vectors: corpora that lack emotions, voices that must not count, and honest probabilities.

- An emotion that a corpus lacks is no possible answer for its clips: CREMA-D, here with happy and sad only, teaches the
  difference of the two, and not that its microphone means happy or sad.
- The directions in which speakers differ most, over all their emotions, are taken out of the features. The projection is
  folded into the first layer of each network.
- The temperature makes the probabilities fit speakers that the networks did not see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from tqdm import tqdm

from evaluation.judges.data import Examples
from evaluation.judges.mini import Ensemble
from pipelines.errors import RecipeError
from pipelines.labels import EMOTIONS

RARE = 0.02  # share of a corpus below which an emotion counts as absent from it
LIMIT = 5.0  # deviations
SHARED = 4  # emotions that a speaker must have for the mean over them to be the voice
IMPOSSIBLE = -30.0  # logit


@dataclass(frozen=True)
class JudgeRecipe:
    """How one judge is fitted.

    Attributes:
        hidden: width of the one hidden layer, 0 for logistic regression. members: networks that are averaged.
        voices: directions between speakers that are taken out. altered: clips through other channels serve too.
        folds: groups of the training speakers for the temperature; 0 leaves it at 1.
    """

    name: str
    hidden: int = 0
    members: int = 3
    batch: int = 256
    epochs: int = 15
    rate: float = 1e-3
    decay: float = 0.1
    dropout: float = 0.5
    voices: int = 0
    altered: bool = False
    folds: int = 4
    seed: int = 0


RECIPES = {"acoustic": JudgeRecipe("acoustic", hidden=128, voices=25, altered=True),
           "whisper": JudgeRecipe("whisper", hidden=64, epochs=10, voices=25),
           "egemaps": JudgeRecipe("egemaps", hidden=64, rate=3e-3, decay=0.01, dropout=0.1, epochs=30)}

Layers = tuple[tuple[np.ndarray, np.ndarray], ...]


def fit(examples: Examples, recipe: JudgeRecipe, progress: bool = True) -> Ensemble:
    """Fit an ensemble on standardised features.

    Raises:
        RecipeError: an emotion has no example.
    """
    absent = set(EMOTIONS) - set(examples.emotions)
    if absent:
        raise RecipeError(f"The manifest has no training clip with emotion '{sorted(absent)[0]}'; the judge needs all of "
                          f"{', '.join(EMOTIONS)}.")
    seeds = range(recipe.seed, recipe.seed + recipe.members)
    ensemble = _ensemble(examples, recipe, tqdm(seeds, desc=f"judge {recipe.name}", disable=not progress))
    return replace(ensemble, temperature=_temperature(examples, recipe))


def balance(corpora: Iterable[str], emotions: Iterable[str]) -> np.ndarray:
    """Weight per example, mean 1: emotions count alike within a corpus, corpora by the root of their size."""
    cells = list(zip(corpora, emotions, strict=True))
    size, cell = Counter(corpus for corpus, _ in cells), Counter(cells)
    weights = np.array([size[corpus] ** 0.5 / cell[corpus, emotion] for corpus, emotion in cells])
    return (weights / weights.mean()).astype(np.float32)


def possible(corpora: np.ndarray, emotions: np.ndarray) -> np.ndarray:
    """(clips, 5) bool: the emotions that the corpus of each clip has, more than a stray clip of each."""
    size, cell = Counter(corpora), Counter(zip(corpora, emotions, strict=True))
    rows = {corpus: [cell[corpus, emotion] > RARE * size[corpus] for emotion in EMOTIONS] for corpus in size}
    return np.array([rows[corpus] for corpus in corpora])


def out_of_fold(examples: Examples, recipe: JudgeRecipe, groups: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Per group: which examples it holds, and what networks that saw the other groups only say of them, (clips, 5).

    groups: (clips,) names, such as speakers dealt out to folds, or corpora.
    """
    for group in sorted(set(groups)):
        inside = groups == group
        if set(examples.emotions[~inside]) == set(EMOTIONS):
            judge = _ensemble(examples.where(~inside), recipe, [recipe.seed])
            yield inside, judge.posteriors(examples.features[inside])


def folds_of_speakers(examples: Examples, count: int, seed: int) -> np.ndarray:
    """(clips,) fold of each clip's speaker; the speakers of a corpus are spread over the folds."""
    random, fold = np.random.default_rng(seed), {}
    for corpus in sorted(set(examples.corpora)):
        speakers = sorted(set(examples.speakers[examples.corpora == corpus]))
        for place, index in enumerate(random.permutation(len(speakers))):
            fold[speakers[index]] = place % count
    return np.array([fold[speaker] for speaker in examples.speakers])


def voice_directions(features: np.ndarray, examples: Examples, count: int) -> np.ndarray:
    """(k, width) orthonormal directions, k <= count, along which speakers differ most; features are standardised.

    A speaker is the mean over the means of each emotion, so that who acts more anger is no other voice.
    """
    voices = []
    for speaker in sorted(set(examples.speakers)):
        own = examples.speakers == speaker
        emotions = set(examples.emotions[own])
        if len(emotions) >= SHARED:
            voices.append(np.mean([features[own & (examples.emotions == one)].mean(0) for one in emotions], axis=0))
    count = min(count, len(voices) - 1)
    if count < 1:
        return np.zeros((0, features.shape[1]), dtype=np.float32)
    spread = np.array(voices) - np.mean(voices, axis=0)
    return np.linalg.svd(spread, full_matrices=False)[2][:count].astype(np.float32)


def _ensemble(examples: Examples, recipe: JudgeRecipe, seeds: Iterable[int]) -> Ensemble:
    mean, scale = examples.features.mean(0), examples.features.std(0) + 1e-4
    x = np.clip((examples.features - mean) / scale, -LIMIT, LIMIT).astype(np.float32)
    directions = voice_directions(x, examples, recipe.voices)
    x = x - (x @ directions.T) @ directions
    members = tuple(_without(_fit_member(x, examples, recipe, seed), directions) for seed in seeds)
    return Ensemble(mean.astype(np.float32), scale.astype(np.float32), members, 1.0, LIMIT)


def _without(layers: Layers, directions: np.ndarray) -> Layers:
    """A network on features whose voice directions need not be taken out first."""
    (weight, bias), *rest = layers
    return ((weight - directions.T @ (directions @ weight), bias), *rest)


def _temperature(examples: Examples, recipe: JudgeRecipe) -> float:
    """That gives the labels of held-out speakers the greatest probability; 1 where too few speakers can be held out."""
    if recipe.folds < 2 or len(set(examples.speakers)) < 2 * recipe.folds:
        return 1.0
    weights, allowed = balance(examples.corpora, examples.emotions), possible(examples.corpora, examples.emotions)
    labels = np.array([EMOTIONS.index(one) for one in examples.emotions])
    held_out = list(out_of_fold(examples, recipe, folds_of_speakers(examples, recipe.folds, recipe.seed)))

    def loss(log_temperature: float) -> float:
        total = 0.0
        for inside, posteriors in held_out:
            logits = np.log(posteriors + 1e-12) / np.exp(log_temperature) + np.where(allowed[inside], 0, IMPOSSIBLE)
            chosen = logits[np.arange(inside.sum()), labels[inside]] - np.log(np.exp(logits).sum(1))
            total -= float((weights[inside] * chosen).sum())
        return total

    if not held_out:
        return 1.0
    found: Any = minimize_scalar(loss, bounds=(-1.5, 2.0), method="bounded")
    return float(np.exp(found.x))


def _network(width: int, recipe: JudgeRecipe) -> torch.nn.Sequential:
    if recipe.hidden == 0:
        return torch.nn.Sequential(torch.nn.Dropout(recipe.dropout), torch.nn.Linear(width, len(EMOTIONS)))
    return torch.nn.Sequential(
        torch.nn.Dropout(recipe.dropout), torch.nn.Linear(width, recipe.hidden), torch.nn.ReLU(),
        torch.nn.Dropout(0.4), torch.nn.Linear(recipe.hidden, len(EMOTIONS)))


def _fit_member(features: np.ndarray, examples: Examples, recipe: JudgeRecipe, seed: int) -> Layers:
    """One network as a tuple of (weight (in, out), bias) layers."""
    torch.manual_seed(seed)
    labels = np.array([EMOTIONS.index(emotion) for emotion in examples.emotions])
    allowed = possible(examples.corpora, examples.emotions)
    kept = allowed[np.arange(len(labels)), labels]
    x, y = torch.from_numpy(features[kept]), torch.from_numpy(labels[kept])
    closed = torch.from_numpy(np.where(allowed[kept], 0, IMPOSSIBLE).astype(np.float32))
    weights = torch.from_numpy(balance(examples.corpora[kept], examples.emotions[kept]))
    network = _network(x.shape[1], recipe)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    batches = max(1, len(x) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=recipe.epochs * batches + 1)
    for _ in range(recipe.epochs):
        for chosen in torch.randperm(len(x)).tensor_split(batches):
            losses = torch.nn.functional.cross_entropy(network(x[chosen]) + closed[chosen], y[chosen], reduction="none")
            optimiser.zero_grad()
            (losses * weights[chosen]).mean().backward()
            optimiser.step()
            schedule.step()
    linear = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    return tuple((layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy().copy()) for layer in linear)
