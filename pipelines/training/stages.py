"""The stages of a recipe, in order: what each reads from earlier ones, trains, and writes into the checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from pipelines.audio import Recording
from pipelines.checkpoint import Folder
from pipelines.device import check_device
from pipelines.emotion import EMOTIONS
from pipelines.errors import RecipeError, ZestError
from pipelines.parts import load_content_encoder, load_pitch, load_sace, load_speaker, load_unit_encoder, load_vocoder
from pipelines.training.cache import FeatureCache
from pipelines.training.corpus import Clip, read_manifest, training_clips
from pipelines.training.recipe import GeneralRecipe, read_recipe, section
from pipelines.training.trainer import Run, Validation, train
from pipelines.training.virtual_voices import with_virtual_voices

VocoderScores = Callable[[torch.nn.Module, str], dict[str, float]]  # (vocoder, device) to dev scores
GeneratorScores = Callable[[Callable[[Recording], np.ndarray]], dict[str, float]]  # what makes a recording again, to dev scores


@dataclass(frozen=True)
class Context:
    """All that a stage needs to run."""

    tables: dict[str, dict]
    general: GeneralRecipe
    clips: list[Clip]
    device: str
    stop_after_seconds: float
    vocoder_scores: VocoderScores | None = None
    generator_scores: GeneratorScores | None = None

    @property
    def cache(self) -> FeatureCache:
        return FeatureCache(Path(self.general.cache))

    @property
    def checkpoint(self) -> Folder:
        return Folder(Path(self.general.checkpoint))

    @property
    def scratch(self) -> Folder:
        """For what only later stages need."""
        return Folder(Path(self.general.runs))

    def run(self, stage: str, steps: int) -> Run:
        return Run(Path(self.general.runs) / stage, steps, self.general.seed, self.device, self.stop_after_seconds)


def run_stage(name: str, recipe: Path | str, manifest: Path | str, device: str = "cpu",
              stop_after_seconds: float = float("inf"), vocoder_scores: VocoderScores | None = None,
              generator_scores: GeneratorScores | None = None) -> bool:
    """Train one stage, or go on with it; returns whether it is finished and exported.

    vocoder_scores: measures the stage `vocoder` on held-out speech (evaluation/waveform_validation.py), so that the best
    weights are exported; without it the last ones are. generator_scores: the same for `generate`.

    Raises:
        ZestError: unknown stage or device. RecipeError: unusable recipe or manifest.
        CheckpointError: an earlier stage is missing.
    """
    if name not in STAGES:
        raise ZestError(f"There is no stage '{name}'; choose one of {', '.join(STAGES)}.")
    check_device(device)
    tables = read_recipe(recipe)
    unknown = [table for table in tables if table not in (*STAGES, "general", "judge")]  # judges: evaluation/judge_training.py
    if unknown:
        raise RecipeError(f"The recipe has an unknown table [{unknown[0]}]; it knows general, judge, {', '.join(STAGES)}.")
    general = section(tables, "general", GeneralRecipe)
    torch.manual_seed(general.seed)
    context = Context(tables, general, training_clips(read_manifest(manifest)), device, stop_after_seconds, vocoder_scores,
                      generator_scores)
    return STAGES[name](context)


def _hubert(context: Context) -> bool:
    from pipelines.training.hubert import HubertRecipe, HubertTask

    recipe = section(context.tables, "hubert", HubertRecipe)
    task = HubertTask(recipe, context.clips, context.cache, context.device)
    done = train(task, context.run("hubert", recipe.steps))
    hubert = task.parts["encoder"].hubert
    context.checkpoint.write("hubert", hubert.state_dict(), hubert.config.to_diff_dict())
    return done


def _units(context: Context) -> bool:
    from pipelines.training.units import UnitsRecipe, train_units

    recipe = section(context.tables, "units", UnitsRecipe)
    encoder = load_content_encoder(context.checkpoint)
    centroids = train_units(recipe, context.clips, encoder, context.general.seed)
    context.checkpoint.write("units", {"centroids": centroids}, asdict(recipe))
    return True


def _ease(context: Context) -> bool:
    from pipelines.training.ease import EaseRecipe, EaseTask
    from pipelines.training.examples import read_examples

    recipe = section(context.tables, "ease", EaseRecipe)
    task = EaseTask(recipe, read_examples(context.clips, context.cache), context.device)
    done = train(task, context.run("ease", recipe.steps))
    context.checkpoint.write("speaker", task.parts["encoder"].state_dict(), asdict(recipe))
    return done


def _emotional(context: Context) -> tuple[list, object]:
    """Examples with one of the five emotions, and their factors from the stages before."""
    from pipelines.training.factors import FactorStore, content_of, ease_of

    examples = _labelled(context)
    encoder = load_unit_encoder(context.checkpoint)
    units, hidden = content_of(examples, encoder, context.cache)
    store = FactorStore(units, hidden, ease_of(examples, load_speaker(context.checkpoint)), len(encoder.centroids))
    return examples, store


def _sace(context: Context) -> bool:
    from pipelines.training.presets import make_presets
    from pipelines.training.sace import SaceRecipe, SaceTask

    recipe = section(context.tables, "sace", SaceRecipe)
    examples, store = _emotional(context)
    task = SaceTask(recipe, examples, store, context.device)
    done = train(task, context.run("sace", recipe.steps))
    sizes = {"hidden_layers": store.hidden_layers, "hidden_width": store.hidden_width}
    context.checkpoint.write("sace", task.parts["sace"].state_dict(), {**asdict(recipe), **sizes})
    context.checkpoint.write("pitch", task.parts["pitch"].state_dict(), {"units": store.unit_count, "trained_by": "sace"})
    context.checkpoint.write("presets", *make_presets(load_sace(context.checkpoint), _real(examples), store))
    return done


def _labelled(context: Context) -> list:
    """Examples with one of the five emotions: real speakers, then virtual ones."""
    from pipelines.training.examples import read_examples

    return read_examples(with_virtual_voices(_labelled_clips(context), context.general.virtual_voices), context.cache)


def _labelled_clips(context: Context) -> list[Clip]:
    clips = [clip for clip in context.clips if clip.emotion in EMOTIONS]
    if not clips:
        raise RecipeError("The manifest's training clips have none of the five emotions; these stages need labels.")
    return clips


def _real(examples: list) -> list:
    """Those that were not played at another speed; they stand first, so that stores keep their indices."""
    return [example for example in examples if example.clip.speed == 1.0]


def _critics(context: Context) -> bool:
    from pipelines.training.critics_stage import CriticsRecipe, CriticsTask

    recipe = section(context.tables, "critics", CriticsRecipe)
    task = CriticsTask(recipe, _labelled(context), context.device)
    done = train(task, context.run("critics", recipe.steps))
    context.scratch.write("critics", task.parts["critics"].state_dict(), asdict(recipe))
    return done


def _acoustic(context: Context) -> bool:
    from pipelines.training.acoustic import AcousticRecipe, AcousticTask
    from pipelines.training.critics import make_critics

    recipe = section(context.tables, "acoustic", AcousticRecipe)
    examples, store = _emotional(context)
    task = AcousticTask(recipe, examples, store, load_sace(context.checkpoint), load_pitch(context.checkpoint).train(),
                        context.scratch.fill(make_critics(), "critics"), context.device)
    done = train(task, context.run("acoustic", recipe.steps))
    context.checkpoint.write("acoustic", task.parts["acoustic"].state_dict(), {**asdict(recipe), "units": store.unit_count})
    trained = {"units": store.unit_count, "trained_by": "sace, acoustic"}
    context.checkpoint.write("pitch", task.parts["pitch"].state_dict(), trained)
    return done


def _tempo(context: Context) -> bool:
    from pipelines.training.presets import utterance_embeddings
    from pipelines.training.tempo import TempoRecipe, TempoTask

    recipe = section(context.tables, "tempo", TempoRecipe)
    examples, store = _emotional(context)
    utterances = utterance_embeddings(load_sace(context.checkpoint), examples, store)
    task = TempoTask(recipe, examples, store, utterances, context.device)
    done = train(task, context.run("tempo", recipe.steps))
    context.checkpoint.write("tempo", task.parts["tempo"].state_dict(), {**asdict(recipe), "units": store.unit_count})
    return done


def _vocoder(context: Context) -> bool:
    from pipelines.training.vocoder import VocoderRecipe, VocoderTask

    recipe = section(context.tables, "vocoder", VocoderRecipe)
    task = VocoderTask(recipe, context.clips, context.cache, context.device)
    vocoder, scores = task.trained, context.vocoder_scores

    def export() -> None:
        context.checkpoint.write("vocoder", vocoder.state_dict(), asdict(recipe))

    validation = None if scores is None else Validation(lambda: scores(vocoder, context.device), export)
    done = train(task, context.run("vocoder", recipe.steps), validation)
    if validation is None:
        export()
    return done


def _generate(context: Context) -> bool:
    from pipelines.training.examples import read_examples
    from pipelines.training.generate import GenerateRecipe, GenerateTask
    from pipelines.training.resynthesis import resynthesis
    from pipelines.training.spoken import read_spoken
    from pipelines.vocoder import Vocoder

    recipe = section(context.tables, "generate", GenerateRecipe)
    if context.checkpoint.has("vocoder"):  # then its sizes hold
        recipe = replace(recipe, **{f"head_{size}": context.checkpoint.setting("vocoder", size)
                                    for size in ("width", "blocks", "expand")})
    labelled = _labelled_clips(context)
    examples = read_examples(context.clips if recipe.all_speakers > 0 else labelled, context.cache)
    spoken = read_spoken(examples, context.checkpoint, recipe.temperature, context.cache)
    vocoder = load_vocoder(context.checkpoint) or Vocoder(recipe.head_width, recipe.head_blocks, recipe.head_expand)
    task = GenerateTask(recipe, examples, spoken, vocoder, context.device)
    generator, scores = task.trained, context.generator_scores

    def export() -> None:
        units = generator.trunk.embed.in_features
        context.checkpoint.write("generator", generator.state_dict(), {**asdict(recipe), "units": units})

    again = None if scores is None else resynthesis(context.checkpoint, generator, context.device)
    validation = None if scores is None else Validation(lambda: scores(again), export)
    done = train(task, context.run("generate", recipe.steps), validation)
    if validation is None:
        export()
    return done


STAGES: dict[str, Callable[[Context], bool]] = {
    "hubert": _hubert, "units": _units, "ease": _ease, "critics": _critics, "sace": _sace, "acoustic": _acoustic, "tempo": _tempo,
    "vocoder": _vocoder, "generate": _generate}
