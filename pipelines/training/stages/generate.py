"""Stage `generate`: factors to waveform, in one of two designs; the baseline `polyak` trains the same networks on other factors.

`istft` (generate_istft.py) is a trunk of mel bands and a vocoder. `hifigan` (generate_hifigan.py) is the paper's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_content_encoder, load_generator, load_vocoder
from pipelines.errors import RecipeError
from pipelines.labels import UNLABELLED
from pipelines.networks.generator import FactorGenerator, Trunk
from pipelines.networks.hifigan import plain_state
from pipelines.networks.vocoder import Vocoder
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.clip_choice import with_virtual_voices
from pipelines.training.data.corpus import Clip
from pipelines.training.data.examples import Example, read_examples
from pipelines.training.data.generator_data import GeneratorData, read_generator_data
from pipelines.training.data.stored_features import PROSODY, VOCODER
from pipelines.training.loop.trainer import Task
from pipelines.training.losses.content_loss import ContentLoss
from pipelines.training.stages.beginning import beginning, keep
from pipelines.training.stages.generate_hifigan import HifiganRecipe, HifiganTask
from pipelines.training.stages.generate_istft import GenerateRecipe, GenerateTask
from pipelines.training.stages.stage import LABELS, Context, Prepared, Stage, StageNeeds

TRUNK_KEYS = ("width", "blocks", "fine_blocks", "expand", "unit_encoder", "f0_encoder")


@dataclass(frozen=True)
class GeneratorFactors:
    """What a generator is trained on, and where its weights go.

    Attributes:
        file: of the checkpoint. begins_with: another file, whose weights an untrained generator takes over where they fit.
        read: factors of examples, by a checkpoint's encoders, at a temperature of soft units, with a cache, on a device.
    """

    file: str
    read: Callable[[list[Example], Folder, float, FeatureCache, str], GeneratorData]
    begins_with: str = ""


def prepare_generator(context: Context, recipe: GenerateRecipe | HifiganRecipe, factors: GeneratorFactors) -> Prepared:
    """In the recipe's design. Raises CheckpointError: the networks that read the factors are missing."""
    prepare_task = _hifigan if isinstance(recipe, HifiganRecipe) else _istft
    recipe = _with_sizes_of_vocoder(context.checkpoint, recipe)
    examples = read_examples(clips_of(context, recipe), context.cache)
    data = factors.read(examples, context.checkpoint, recipe.temperature, context.cache, context.device)
    task, weights, sizes = prepare_task(context, recipe, examples, data)
    if isinstance(recipe, GenerateRecipe):
        _begin(context.checkpoint, task, recipe.begins_with, factors.begins_with)

    def export() -> None:
        context.checkpoint.write(factors.file, weights(), {**asdict(recipe), **sizes}, eight_bits="")

    return Prepared(task, recipe.steps, export, context.validation(task.trained, export))


def _begin(checkpoint: Folder, task: Task, asked: str, usual: str) -> None:
    """Take over the weights of the file that is asked for, or of the usual one where there is one."""
    name = asked or (usual if usual and checkpoint.has(usual) else "")
    if name:
        checkpoint.fitting(task.networks["generator"], name)


def clips_of(context: Context, recipe: GenerateRecipe | HifiganRecipe) -> list[Clip]:
    """Labelled ones; where a share is drawn from all speakers, all, and behind them unlabelled ones at other speeds."""
    labelled = context.labelled
    if not recipe.draws_all_speakers:
        return labelled
    unlabelled = [clip for clip in context.shared if clip.emotion == UNLABELLED]
    return context.shared + with_virtual_voices(unlabelled, recipe.unlabelled_speeds)[len(unlabelled):]


def needs(context: Context, recipe: GenerateRecipe | HifiganRecipe) -> StageNeeds:
    return StageNeeds(clips_of(context, recipe), audio=True, features=(PROSODY, VOCODER))


def _with_sizes_of_vocoder(checkpoint: Folder, recipe: GenerateRecipe | HifiganRecipe) -> GenerateRecipe | HifiganRecipe:
    """A generator that begins with the checkpoint's vocoder has its sizes."""
    if isinstance(recipe, HifiganRecipe) or not checkpoint.has("vocoder"):
        return recipe
    return replace(recipe, **{f"head_{size}": checkpoint.setting("vocoder", size) for size in ("width", "blocks", "expand")})


def _istft(context: Context, recipe: GenerateRecipe, examples: list[Example], data: GeneratorData) -> tuple[Task, Callable, dict]:
    vocoder = load_vocoder(context.checkpoint) or Vocoder(recipe.head_width, recipe.head_blocks, recipe.head_expand)
    content = _content_loss(context.checkpoint, context.device) if recipe.content_weight > 0 else None
    task = GenerateTask(context.drawn_at_once(recipe), examples, data, vocoder, context.device, content)
    return task, task.trained.state_dict, {"units": task.trained.trunk.embed.in_features, "whole": data.width}


def _content_loss(checkpoint: Folder, device: str) -> ContentLoss:
    return ContentLoss(load_content_encoder(checkpoint).to(device), checkpoint.setting("units", "layer"))


def _hifigan(context: Context, recipe: HifiganRecipe, examples: list[Example],
             data: GeneratorData) -> tuple[Task, Callable, dict]:
    folder, name = beginning(context, STAGE.name, recipe.begins_with)
    task = HifiganTask(context.drawn_at_once(recipe), examples, data, context.device, recipe.batch,
                       *_begun(folder, name, recipe, context.device))
    sizes = {"units": task.trained.embed.num_embeddings, "whole": data.width, "f0_codes": data.code_count}
    if recipe.begins_with:
        sizes["trunk"] = _trunk_sizes(folder, name)
        keep(folder, name, Path(context.general.runs) / STAGE.name)
    return task, lambda: plain_state(task.trained), sizes


def _begun(folder: Folder, name: str, recipe: HifiganRecipe, device: str) -> tuple[Trunk | None, Vocoder | None]:
    """The mel predictor that it begins with, and the vocoder of one that it imitates.

    The first is of a generator of the design `istft`, or of one that began with such a one. The vocoder only the former has.
    """
    if not (given := recipe.begins_with):
        return None, None
    if not {"trunk", "fine_blocks"} & set(folder.config(name)):
        raise RecipeError(f"The checkpoint has no mel predictor in '{given}', with which the recipe begins; "
                          "train generate in the design istft first.")
    generator = load_generator(folder, name)
    assert generator is not None  # its config was there
    if generator.temperature != recipe.temperature:
        raise RecipeError(f"The mel predictor in '{given}' was trained on units of temperature {generator.temperature:g}; "
                          f"write that in the recipe in place of {recipe.temperature:g}.")
    if not recipe.imitates:
        return generator.trunk, None
    if not isinstance(generator, FactorGenerator):
        raise RecipeError(f"Only a generator of the design istft can be imitated; '{given}' is of another.")
    return generator.trunk, generator.vocoder.requires_grad_(False).to(device)


def _trunk_sizes(folder: Folder, name: str) -> dict[str, int]:
    config = folder.config(name)
    return config.get("trunk") or {key: config[key] for key in TRUNK_KEYS if key in config}


STAGE = Stage(
    "generate",
    learns="factors to waveform",
    source="soft units, F0, voicing, EASE of another recording in another emotion, SACE",
    loss="L1 on the predicted mel bands; then also log spectra; then also discriminators",
    recipes={"istft": GenerateRecipe, "hifigan": HifiganRecipe},
    prepare=lambda context, recipe: prepare_generator(context, recipe, GeneratorFactors("generator", read_generator_data)),
    needs=needs, writes=("generator",), reads=("hubert", "units", "ease", "sace"), begins_with="vocoder", general=LABELS)
