"""The stages that make waveforms: what each reads from earlier ones, trains, and writes into the checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from torch import nn

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_vocoder
from pipelines.errors import RecipeError
from pipelines.features.audio import Recording
from pipelines.labels import UNLABELLED
from pipelines.networks.hifigan import plain_state
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import Clip
from pipelines.training.data.examples import Example, read_examples
from pipelines.training.data.spoken import Spoken, read_spoken
from pipelines.training.data.virtual_voices import with_virtual_voices
from pipelines.training.loop.context import Context, Prepared
from pipelines.training.loop.recipe import section
from pipelines.training.loop.trainer import Task, Validation

Export = Callable[[], None]


def prepare_vocoder(context: Context) -> Prepared:
    from pipelines.training.stages.vocoder import VocoderRecipe, VocoderTask

    recipe = section(context.tables, "vocoder", VocoderRecipe)
    task = VocoderTask(context.drawn_at_once(recipe), context.clips, context.cache, context.device)
    vocoder, scores = task.trained, context.vocoder_scores

    def export() -> None:
        context.checkpoint.write("vocoder", vocoder.state_dict(), asdict(recipe))

    validation = None if scores is None else Validation(lambda: scores(vocoder, context.device), export)
    return Prepared(task, recipe.steps, export, validation)


@dataclass(frozen=True)
class Kind:
    """A network that makes speech of factors, whichever its design.

    table: of the recipe. part: of the checkpoint. recipes: by design.
    read: what it hears of examples, by a checkpoint's encoders, at a temperature of soft units, with a cache, on a device.
    again: a function of a recording to the same made again, for held-out speech.
    begin: a part of the checkpoint whose weights an untrained one takes over where they fit; '' for none.
    """

    table: str
    part: str
    recipes: dict[str, type]
    read: Callable[[list[Example], Folder, float, FeatureCache, str], Spoken]
    again: Callable[[Folder, nn.Module, str], Callable[[Recording], np.ndarray]]
    begin: str = ""


def prepare_generate(context: Context) -> Prepared:
    """ZEST's own. Raises RecipeError: there is no such design."""
    from pipelines.training.stages.generate import GenerateRecipe
    from pipelines.training.stages.generate_hifigan import HifiganRecipe
    from pipelines.training.stages.resynthesis import resynthesis

    recipes = {"istft": GenerateRecipe, "hifigan": HifiganRecipe}
    return _prepare(context, Kind("generate", "generator", recipes, read_spoken, resynthesis))


def prepare_polyak(context: Context) -> Prepared:
    """The baseline's. Raises RecipeError: there is no such design. CheckpointError: there are no codes of F0."""
    from pipelines.baselines.unit_resynthesis import resynthesis
    from pipelines.training.stages.polyak import PolyakHifiganRecipe, PolyakRecipe, read_quantised

    recipes = {"istft": PolyakRecipe, "hifigan": PolyakHifiganRecipe}
    return _prepare(context, Kind("polyak", "polyak", recipes, read_quantised, resynthesis, begin="generator"))


def _prepare(context: Context, kind: Kind) -> Prepared:
    design = context.tables.get(kind.table, {}).get("design", "istft")
    if design not in tuple(DESIGNS):  # what is no string is no design either
        raise RecipeError(f"There is no design '{design}' of a generator; choose one of {', '.join(DESIGNS)}.")
    task, steps, export = DESIGNS[design](context, kind)
    scores = context.generator_scores
    again = None if scores is None else kind.again(context.checkpoint, task.trained, context.device)
    return Prepared(task, steps, export, None if scores is None else Validation(lambda: scores(again), export))


def _istft(context: Context, kind: Kind) -> tuple[Task, int, Export]:
    """Trunk and vocoder (generator.py)."""
    from pipelines.networks.vocoder import Vocoder
    from pipelines.training.stages.generate import GenerateTask

    recipe = section(context.tables, kind.table, kind.recipes["istft"])
    if context.checkpoint.has("vocoder"):  # then its sizes hold
        recipe = replace(recipe, **{f"head_{size}": context.checkpoint.setting("vocoder", size)
                                    for size in ("width", "blocks", "expand")})
    examples, spoken = _spoken(context, kind, recipe)
    vocoder = load_vocoder(context.checkpoint) or Vocoder(recipe.head_width, recipe.head_blocks, recipe.head_expand)
    task = GenerateTask(context.drawn_at_once(recipe), examples, spoken, vocoder, context.device)
    if kind.begin and context.checkpoint.has(kind.begin):
        context.checkpoint.fitting(task.parts["generator"], kind.begin)
    sizes = {"units": task.trained.trunk.embed.in_features, "whole": spoken.width}
    return task, recipe.steps, lambda: _write(context, kind, recipe, sizes, task.trained.state_dict())


def _hifigan(context: Context, kind: Kind) -> tuple[Task, int, Export]:
    """The papers' own (factor_decoder.py)."""
    from pipelines.training.stages.generate_hifigan import HifiganTask

    recipe = section(context.tables, kind.table, kind.recipes["hifigan"])
    examples, spoken = _spoken(context, kind, recipe)
    task = HifiganTask(context.drawn_at_once(recipe), examples, spoken, context.device, recipe.batch)
    sizes = {"units": task.trained.embed.num_embeddings, "whole": spoken.width, "f0_codes": spoken.code_count}
    return task, recipe.steps, lambda: _write(context, kind, recipe, sizes, plain_state(task.trained))


def _spoken(context: Context, kind: Kind, recipe) -> tuple[list[Example], Spoken]:
    """Examples and all that is heard of them."""
    examples = read_examples(clips_of(context, recipe), context.cache)
    return examples, kind.read(examples, context.checkpoint, recipe.temperature, context.cache, context.device)


def clips_of(context: Context, recipe) -> list[Clip]:
    """Labelled ones, and where all speakers are heard, all; unlabelled ones then again at other speeds."""
    labelled = context.labelled
    if recipe.all_speakers == 0:
        return labelled
    again = [clip for clip in context.heard if clip.emotion == UNLABELLED]
    return context.heard + with_virtual_voices(again, recipe.unlabelled_speeds)[len(again):]


def _write(context: Context, kind: Kind, recipe, sizes: dict[str, int], weights: dict[str, torch.Tensor]) -> None:
    context.checkpoint.write(kind.part, weights, {**asdict(recipe), **sizes})


DESIGNS: dict[str, Callable[[Context, Kind], tuple[Task, int, Export]]] = {"istft": _istft, "hifigan": _hifigan}
