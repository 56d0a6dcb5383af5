"""Training the emotion judges, on the manifest's training speakers only: `zest train judge`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save as safetensors_bytes
from tqdm import tqdm

from evaluation.judges.card import CARD, write_card
from evaluation.judges.data import CHANGED, Examples, JudgeData, join, judged, some_of_each
from evaluation.judges.mini import JUDGES, Ensemble, FeatureJudge, load_judge
from pipelines.errors import RecipeError
from pipelines.files import make_folder, write_whole
from pipelines.labels import EMOTIONS
from pipelines.outputs import check_outputs
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import USED, Clip, training_clips
from pipelines.training.data.manifest_check import read_checked_manifest
from pipelines.training.loop.recipe import GeneralRecipe, read_recipe, section


@dataclass(frozen=True)
class JudgeRecipe:
    """How one judge is fitted. hidden: width of the one hidden layer, 0 for logistic regression."""

    name: str
    hidden: int = 0
    members: int = 3
    batch: int = 128
    epochs: int = 30
    rate: float = 1e-3
    decay: float = 1e-3
    dropout: float = 0.3
    smoothing: float = 0.05
    seed: int = 0


@dataclass(frozen=True)
class JudgeStage:
    """The table [judge] of a recipe. changed: clips per corpus and emotion that also serve in another voice."""

    judges: tuple = JUDGES
    changed: int = 80
    output: str = "checkpoints/judge-mini"


RECIPES = {"whisper": JudgeRecipe("whisper"),
           "egemaps": JudgeRecipe("egemaps", hidden=64, members=3, dropout=0.1, rate=3e-3)}


def fit(examples: Examples, recipe: JudgeRecipe, progress: bool = True) -> Ensemble:
    """Fit an ensemble on standardised features.

    Raises:
        RecipeError: an emotion has no example.
    """
    absent = set(EMOTIONS) - set(examples.emotions)
    if absent:
        raise RecipeError(f"The manifest has no training clip with emotion '{sorted(absent)[0]}'; the judge needs all of "
                          f"{', '.join(EMOTIONS)}.")
    mean, scale = examples.features.mean(0), examples.features.std(0) + 1e-6
    x = torch.from_numpy(((examples.features - mean) / scale).astype(np.float32))
    y = torch.tensor([EMOTIONS.index(emotion) for emotion in examples.emotions])
    weights = torch.from_numpy(balance(examples.corpora, examples.emotions))
    seeds = tqdm(range(recipe.members), desc=f"judge {recipe.name}", disable=not progress)
    members = tuple(_fit_member(x, y, weights, recipe, recipe.seed + index) for index in seeds)
    return Ensemble(mean.astype(np.float32), scale.astype(np.float32), members)


def balance(corpora: Iterable[str], emotions: Iterable[str]) -> np.ndarray:
    """Weight per example, mean 1: emotions count alike within a corpus, corpora by the root of their size."""
    cells = list(zip(corpora, emotions, strict=True))
    size, cell = Counter(corpus for corpus, _ in cells), Counter(cells)
    weights = np.array([size[corpus] ** 0.5 / cell[corpus, emotion] for corpus, emotion in cells])
    return (weights / weights.mean()).astype(np.float32)


def save(judge: FeatureJudge, folder: Path) -> None:
    """Write `<name>.safetensors` and `<name>.json`."""
    make_folder(folder)
    ensemble = judge.ensemble
    tensors = {"mean": ensemble.mean, "scale": ensemble.scale}
    for m, layers in enumerate(ensemble.members):
        for k, (weight, bias) in enumerate(layers):
            tensors |= {f"member{m}.layer{k}.weight": weight, f"member{m}.layer{k}.bias": bias}
    whole = safetensors_bytes({name: np.ascontiguousarray(value, dtype=np.float32) for name, value in tensors.items()})
    write_whole(folder / f"{judge.name}.safetensors", whole)
    config = {"emotions": list(judge.emotions), "members": len(ensemble.members), "layers": len(ensemble.members[0]),
              "temperature": round(ensemble.temperature, 4)}
    write_whole(folder / f"{judge.name}.json", (json.dumps(config, indent=2) + "\n").encode())


def _network(width: int, recipe: JudgeRecipe) -> torch.nn.Sequential:
    if recipe.hidden == 0:
        head = torch.nn.Linear(width, len(EMOTIONS))
        torch.nn.init.zeros_(head.weight)
        return torch.nn.Sequential(torch.nn.Dropout(recipe.dropout), head)
    return torch.nn.Sequential(
        torch.nn.Dropout(recipe.dropout), torch.nn.Linear(width, recipe.hidden), torch.nn.ReLU(),
        torch.nn.Dropout(0.3), torch.nn.Linear(recipe.hidden, len(EMOTIONS)))


def _fit_member(x: torch.Tensor, y: torch.Tensor, weights: torch.Tensor, recipe: JudgeRecipe, seed: int):
    """One network as a tuple of (weight (in, out), bias) layers."""
    torch.manual_seed(seed)
    network = _network(x.shape[1], recipe)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    batches = max(1, len(x) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=recipe.epochs * batches + 1)
    for _ in range(recipe.epochs):
        for chosen in torch.randperm(len(x)).tensor_split(batches):
            losses = torch.nn.functional.cross_entropy(
                network(x[chosen]), y[chosen], reduction="none", label_smoothing=recipe.smoothing)
            optimiser.zero_grad()
            (losses * weights[chosen]).mean().backward()
            optimiser.step()
            schedule.step()
    linear = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    return tuple((layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy().copy()) for layer in linear)


def train_judges(recipe: Path | str, manifest: Path | str) -> Path:
    """Train the judges on the training speakers, measure them on the dev speakers, write their card; returns the path
    of the card.

    Raises:
        RecipeError: unusable recipe or manifest, an unknown judge, or an emotion without a clip.
    """
    tables = read_recipe(recipe)
    stage, general = section(tables, "judge", JudgeStage), section(tables, "general", GeneralRecipe)
    output, clips = Path(stage.output), read_checked_manifest(manifest, USED)
    written = [*(f"{name}{ending}" for name in stage.judges for ending in (".json", ".safetensors")), CARD]
    check_outputs([recipe, manifest, *(clip.path for clip in clips)], [output / name for name in written], new_folders=True)
    data = JudgeData(FeatureCache(Path(general.cache)))
    for name in stage.judges:
        train(name, clips, data, output, stage.changed)
    load_judge.cache_clear()
    return write_card(output, [load_judge(name, output) for name in stage.judges], clips, data)


def train(name: str, clips: list[Clip], data: JudgeData, output: Path, changed: int) -> None:
    """Gather, fit and save one judge. Raises RecipeError if it is unknown or an emotion is absent."""
    if name not in RECIPES:
        raise RecipeError(f"There is no judge called '{name}'; choose one of {', '.join(RECIPES)}.")
    labelled = judged(training_clips(clips))
    examples = data.examples(name, labelled)
    if changed > 0:
        examples = join(examples, data.examples(name, some_of_each(labelled, changed, RECIPES[name].seed), CHANGED))
    save(FeatureJudge(name, EMOTIONS, fit(examples, RECIPES[name])), output)
