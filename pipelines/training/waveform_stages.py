"""The two stages that make waveforms: what each reads from earlier ones, trains, and writes into the checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, replace

import torch

from pipelines.errors import RecipeError
from pipelines.hifigan import without_weight_norm
from pipelines.parts import load_vocoder
from pipelines.training.context import Context, Prepared, own_part
from pipelines.training.recipe import section
from pipelines.training.trainer import Task, Validation

Export = Callable[[], None]


def prepare_vocoder(context: Context) -> Prepared:
    from pipelines.training.vocoder import VocoderRecipe, VocoderTask

    recipe = section(context.tables, "vocoder", VocoderRecipe)
    task = VocoderTask(own_part(recipe), context.clips, context.cache, context.device)
    vocoder, scores = task.trained, context.vocoder_scores

    def export() -> None:
        context.checkpoint.write("vocoder", vocoder.state_dict(), asdict(recipe))

    validation = None if scores is None else Validation(lambda: scores(vocoder, context.device), export)
    return Prepared(task, recipe.steps, export, validation)


def prepare_generate(context: Context) -> Prepared:
    """Raises RecipeError: there is no such design."""
    from pipelines.training.resynthesis import resynthesis

    design = context.tables.get("generate", {}).get("design", "istft")
    if design not in tuple(DESIGNS):  # what is no string is no design either
        raise RecipeError(f"There is no design '{design}' of a generator; choose one of {', '.join(DESIGNS)}.")
    task, steps, export = DESIGNS[design](context)
    scores = context.generator_scores
    again = None if scores is None else resynthesis(context.checkpoint, task.trained, context.device)
    return Prepared(task, steps, export, None if scores is None else Validation(lambda: scores(again), export))


def _istft(context: Context) -> tuple[Task, int, Export]:
    """Trunk and vocoder (generator.py)."""
    from pipelines.training.generate import GenerateRecipe, GenerateTask
    from pipelines.vocoder import Vocoder

    recipe = section(context.tables, "generate", GenerateRecipe)
    if context.checkpoint.has("vocoder"):  # then its sizes hold
        recipe = replace(recipe, **{f"head_{size}": context.checkpoint.setting("vocoder", size)
                                    for size in ("width", "blocks", "expand")})
    examples, spoken = _spoken(context, recipe)
    vocoder = load_vocoder(context.checkpoint) or Vocoder(recipe.head_width, recipe.head_blocks, recipe.head_expand)
    task = GenerateTask(own_part(recipe), examples, spoken, vocoder, context.device)
    units = task.trained.trunk.embed.in_features
    return task, recipe.steps, lambda: _write(context, recipe, units, task.trained)


def _hifigan(context: Context) -> tuple[Task, int, Export]:
    """The paper's own (factor_decoder.py)."""
    from pipelines.training.generate_hifigan import HifiganRecipe, HifiganTask

    recipe = section(context.tables, "generate", HifiganRecipe)
    examples, spoken = _spoken(context, recipe)
    task = HifiganTask(own_part(recipe), examples, spoken, context.device)
    units = task.trained.embed.num_embeddings
    return task, recipe.steps, lambda: _write(context, recipe, units, without_weight_norm(deepcopy(task.trained)))


def _spoken(context: Context, recipe) -> tuple[list, object]:
    """Examples and all that is heard of them."""
    from pipelines.training.examples import read_examples
    from pipelines.training.spoken import read_spoken

    labelled = context.labelled
    examples = read_examples(context.clips if recipe.all_speakers > 0 else labelled, context.cache)
    return examples, read_spoken(examples, context.checkpoint, recipe.temperature, context.cache)


def _write(context: Context, recipe, units: int, generator: torch.nn.Module) -> None:
    context.checkpoint.write("generator", generator.state_dict(), {**asdict(recipe), "units": units})


DESIGNS: dict[str, Callable[[Context], tuple[Task, int, Export]]] = {"istft": _istft, "hifigan": _hifigan}
