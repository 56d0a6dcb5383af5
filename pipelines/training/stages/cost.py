"""What a recipe costs to train, before anyone trains it: floating-point operations, counted in real steps of every stage.

Each stage is prepared and takes one step on a synthetic corpus, with the recipe's sizes, random weights and a few rows a batch.
torch counts the multiplications and additions of matrix products, convolutions and attention, forwards and backwards. Other
operations cost next to nothing in these networks, and a row costs the same in every batch. F0 and envelopes are not counted: the
CPU computes them once.
"""

from __future__ import annotations

import csv
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from pipelines.errors import RecipeError
from pipelines.labels import EMOTIONS
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import COLUMNS, Clip, read_manifest
from pipelines.training.data.stored_features import TEACHER_STATES
from pipelines.training.loop.optim import Update
from pipelines.training.loop.recipe import GeneralRecipe
from pipelines.training.stages.random_hub import with_random_weights
from pipelines.training.stages.registry import STAGES, find_stage
from pipelines.training.stages.running import read_tables
from pipelines.training.stages.stage import Context, Prepared

PEAK = 312e12  # bfloat16 operations a second of an A100, by its data sheet
UTILISATION = 0.35  # of them, that training keeps busy; 30 to 40 % is usual for such networks
ESD_CLIPS, ESD_SECONDS = 15_000, 2.8  # English training part: 10 speakers, 5 emotions, 300 sentences; their usual length
ROWS = 2  # of a batch that is counted
RATE = 16_000


@dataclass(frozen=True)
class Corpus:
    """What would be trained on: how many clips, of how many seconds on average."""

    clips: int = ESD_CLIPS
    seconds: float = ESD_SECONDS


@dataclass(frozen=True)
class StageCost:
    """What one stage costs.

    steps: of the stage. step: operations of one step with a full batch, the mean over its phases. reading: operations of earlier
    stages' networks on all of the corpus, once.
    """

    stage: str
    steps: int
    step: float
    reading: float

    @property
    def total(self) -> float:
        return self.steps * self.step + self.reading

    def hours(self, utilisation: float = UTILISATION) -> float:
        """On one GPU of the A100's class."""
        return self.total / (PEAK * utilisation) / 3600


def recipe_cost(recipe: Path | str, corpus: Corpus = Corpus()) -> list[StageCost]:
    """Of every stage that the recipe has a table of, in order. Trains nothing and leaves nothing behind.

    Raises:
        RecipeError: unusable recipe, or one that names networks whose sizes are not known here. CheckpointError: SpeechBrain is
        needed and not installed.
    """
    tables = read_tables(recipe)
    stages = [stage for stage in STAGES if stage in tables]
    if not stages:
        raise RecipeError(f"The recipe {recipe} has no table of a stage, such as [units].")
    with tempfile.TemporaryDirectory(prefix="zest-cost-") as name:
        folder = Path(name)
        clips = _synthetic_clips(folder, corpus.seconds)
        given = with_random_weights(tables, folder)
        general = GeneralRecipe(runs=str(folder / "runs"), cache=str(folder / "cache"), checkpoint=str(folder / "checkpoint"))
        return [_stage_cost(stage, tables, Context(given, general, clips, "cpu", float("inf")), corpus) for stage in stages]


def _stage_cost(stage: str, tables: dict[str, dict], context: Context, corpus: Corpus) -> StageCost:
    context.tables.setdefault(stage, {})["batch"] = ROWS
    if stage == "units":
        del context.tables[stage]["batch"]  # k-means: all its work is encoding clips
    with counting() as read:
        prepared = find_stage(stage).prepare(context, find_stage(stage).recipe(context.tables))
    steps, step = _steps(stage, prepared, tables, corpus) if prepared.task else (0, 0.0)
    with counting() as written:
        prepared.export()
    clips = min(corpus.clips, find_stage("units").recipe(tables).clips) if stage == "units" else corpus.clips
    return StageCost(stage, steps, step, (read.operations + written.operations) * clips / len(context.clips))


def _steps(stage: str, prepared: Prepared, tables: dict[str, dict], corpus: Corpus) -> tuple[int, float]:
    """How many, and the operations of one with a full batch."""
    task: Any = prepared.task  # every task has its recipe
    recipe = task.recipe
    batch = tables[stage].get("batch", type(recipe)().batch)
    steps = prepared.steps
    if stage == "ease" and recipe.xvector:
        steps = recipe.epochs * corpus.clips // batch
    phases, first, counted = _phases(recipe, prepared.steps), 0, []
    for length in phases:
        with counting() as count:
            task.step(first, np.random.default_rng(0), Update(precision="fp32", rehearsal=True))
        counted.append(count.operations * batch / ROWS)
        first += length
    return steps, float(np.average(counted, weights=phases))


def _phases(recipe: Any, steps: int) -> list[int]:
    """Steps of each phase of a stage, for stages whose recipe names them; else all are of one kind."""
    lengths = [getattr(recipe, field.name) for field in fields(recipe) if field.name.endswith("_steps")]
    return [length for length in lengths if length] if sum(lengths) == steps else [steps]


class _Count(TorchDispatchMode):
    """Adds up what torch knows of its kernels' operations; FlopCounterMode does the same, but not inside inference_mode."""

    operations = 0

    def __torch_dispatch__(self, kernel, types, given=(), named=None):
        named, known = named or {}, flop_registry.get(kernel.overloadpacket)
        if known is None:
            with self:
                result = kernel.decompose(*given, **named)  # inside inference_mode, composite kernels arrive undivided
            return kernel(*given, **named) if result is NotImplemented else result
        result = kernel(*given, **named)
        self.operations += known(*given, **named, out_val=result)
        return result


@contextmanager
def counting() -> Iterator[_Count]:
    """Operations of what is inside; kernels of which torch cannot count are not used there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's, of accelerators that are not there
        with torch.backends.mkldnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH), _Count() as count:
            yield count


def _synthetic_clips(folder: Path, seconds: float) -> list[Clip]:
    """Two speakers with one buzz in each emotion, and random teacher states of them."""
    rows, cache = [], FeatureCache(folder / "cache")
    for number, (speaker, emotion) in enumerate((who, how) for who in ("one", "two") for how in EMOTIONS):
        time = np.arange(int(seconds * RATE)) / RATE
        hertz = (100 + 10 * number) * (1 + 0.2 * np.sin(2 * np.pi * time))
        buzz = np.cumsum(hertz / RATE) % 1 - 0.5 + 0.01 * np.random.default_rng(number).standard_normal(len(time))
        soundfile.write(folder / f"{number}.wav", 0.4 * buzz, RATE)
        rows.append((f"{number}.wav", "synthetic", speaker, emotion, "xx", "", "", seconds, "train"))
    with (folder / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    clips = read_manifest(folder / "manifest.csv")
    for clip in clips:
        frames = np.random.default_rng(0).standard_normal((int(seconds * 50), 512)).astype(np.float16)
        cache.get(TEACHER_STATES, clip.path, lambda frames=frames: {"frames": frames})
    return clips
