"""The stages of a recipe, in order: what each reads from earlier ones, trains, and writes into the checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from pipelines.checkpoints.loading import load_content_encoder, load_pitch, load_sace, load_speaker, load_unit_encoder
from pipelines.errors import RecipeError
from pipelines.training.data.corpus import read_manifest, training_clips
from pipelines.training.data.virtual_voices import with_virtual_voices
from pipelines.training.loop import distributed
from pipelines.training.loop.context import Context, GeneratorScores, Prepared, VocoderScores
from pipelines.training.loop.recipe import GeneralRecipe, read_recipe, section
from pipelines.training.loop.trainer import train
from pipelines.training.stages.stage_graph import check_stage
from pipelines.training.stages.waveform_stages import prepare_generate, prepare_polyak, prepare_vocoder

if TYPE_CHECKING:
    from pipelines.training.data.factors import FactorStore


def run_stage(name: str, recipe: Path | str | dict[str, dict], manifest: Path | str, device: str = "cpu",
              stop_after_seconds: float = float("inf"), vocoder_scores: VocoderScores | None = None,
              generator_scores: GeneratorScores | None = None) -> bool:
    """Train one stage, or go on with it; returns whether it is finished and exported.

    recipe: a file, or its tables. Where several processes were launched, all call this and train together (distributed.py).

    vocoder_scores: measures the stage `vocoder` on held-out speech (evaluation/run/waveform_validation.py), so that the best
    weights are exported; without it the last ones are. generator_scores: the same for `generate`.

    Raises:
        ZestError: unknown stage or device. RecipeError: unusable recipe or manifest.
        CheckpointError: an earlier stage is missing.
    """
    check_stage(name)
    with distributed.joined(device) as own:
        tables = recipe if isinstance(recipe, dict) else read_tables(recipe)
        general = section(tables, "general", GeneralRecipe)
        torch.manual_seed(general.seed)
        context = Context(tables, general, training_clips(read_manifest(manifest)), own, stop_after_seconds, vocoder_scores,
                          generator_scores)
        return _run(name, context)


def read_tables(recipe: Path | str) -> dict[str, dict]:
    """The recipe's tables. Raises RecipeError: it cannot be read, or has a table that no stage knows."""
    tables = read_recipe(recipe)
    unknown = [table for table in tables if table not in (*STAGES, "general", "judge")]  # judges: evaluation/judges/training.py
    if unknown:
        raise RecipeError(f"The recipe has an unknown table [{unknown[0]}]; it knows general, judge, {', '.join(STAGES)}.")
    return tables


def _run(name: str, context: Context) -> bool:
    try:
        with distributed.first_goes_ahead():
            stage = STAGES[name](context)
        done = stage.task is None or train(stage.task, context.run(name, stage.steps), stage.validation)
    except torch.OutOfMemoryError as error:
        raise RecipeError(f"The memory of {context.device} is too small for stage {name}: make batch in the recipe's table "
                          f"[{name}] smaller, or accumulate in [general] larger, which takes each batch in so many "
                          "parts.") from error
    if distributed.rank() == 0 and stage.validation is None:
        stage.export()
    return done


def _hubert(context: Context) -> Prepared:
    from pipelines.training.stages.hubert import HubertRecipe, HubertTask, published_hubert

    recipe = section(context.tables, "hubert", HubertRecipe)
    if recipe.pretrained:
        return Prepared(None, 0, lambda: _write_hubert(context, published_hubert(recipe)))
    task = HubertTask(context.drawn_at_once(recipe), context.clips, context.cache, context.device)
    return Prepared(task, recipe.steps, lambda: _write_hubert(context, task.parts["encoder"].hubert))


def _write_hubert(context: Context, hubert: torch.nn.Module) -> None:
    context.checkpoint.write("hubert", hubert.state_dict(), hubert.config.to_diff_dict())


def _units(context: Context) -> Prepared:
    from pipelines.training.stages.units import UnitsRecipe, train_units

    recipe = section(context.tables, "units", UnitsRecipe)

    def export() -> None:
        encoder = load_content_encoder(context.checkpoint).to(context.device)
        centroids = train_units(recipe, context.clips, encoder, context.general.seed)
        context.checkpoint.write("units", {"centroids": centroids}, asdict(recipe))

    return Prepared(None, 0, export)


def _ease(context: Context) -> Prepared:
    from pipelines.training.data.examples import read_examples
    from pipelines.training.stages.ease import EaseRecipe, EaseTask

    recipe = section(context.tables, "ease", EaseRecipe)
    if recipe.xvector:
        return _published_ease(context, recipe)
    task = EaseTask(context.drawn_at_once(recipe), read_examples(context.heard, context.cache), context.device)
    return Prepared(task, recipe.steps,
                    lambda: context.checkpoint.write("speaker", task.parts["encoder"].state_dict(), asdict(recipe)))


def _published_ease(context: Context, recipe) -> Prepared:
    from pipelines.checkpoints.speechbrain import load_published
    from pipelines.networks.speaker import PublishedSpeaker
    from pipelines.training.data.examples import read_examples
    from pipelines.training.data.factors import embeddings_of
    from pipelines.training.stages.published_ease import PublishedEaseTask

    embedding, sizes = load_published(recipe.xvector)
    examples = read_examples(context.heard, context.cache)
    vectors = embeddings_of(examples, embedding.to(context.device), context.cache)
    task = PublishedEaseTask(context.drawn_at_once(recipe), examples, vectors, context.device, recipe.batch)

    def export() -> None:
        speaker = PublishedSpeaker(embedding, sizes.width)
        speaker.ease = task.parts["ease"]
        context.checkpoint.write("speaker", speaker.state_dict(), {**asdict(recipe), "embedding": asdict(sizes)})

    return Prepared(task, task.steps, export)


def _emotional(context: Context) -> tuple[list, FactorStore]:
    """Examples with one of the five emotions, and their factors from the stages before."""
    from pipelines.training.data.audio_store import read_all
    from pipelines.training.data.factors import FactorStore, content_of, ease_of

    examples, waveforms = _labelled(context), bool(context.tables.get("sace", {}).get("front_end"))
    encoder, speaker = (load(context.checkpoint).to(context.device) for load in (load_unit_encoder, load_speaker))
    units, hidden = content_of(examples, encoder, context.cache, all_layers=not waveforms)
    heard = {"hidden": [], "audio": read_all([example.clip for example in examples])} if waveforms else {"hidden": hidden}
    store = FactorStore(units, ease=ease_of(examples, speaker, context.cache), unit_count=len(encoder.centroids), **heard)
    return examples, store


def _labelled(context: Context) -> list:
    """Examples with one of the five emotions: real speakers, then virtual ones."""
    from pipelines.training.data.examples import read_examples

    return read_examples(with_virtual_voices(context.labelled, context.general.virtual_voices), context.cache)


def _real(examples: list) -> list:
    """Those that were not played at another speed; they stand first, so that stores keep their indices."""
    return [example for example in examples if example.clip.speed == 1.0]


def _sace(context: Context) -> Prepared:
    from pipelines.training.data.presets import make_presets
    from pipelines.training.stages.sace import SaceRecipe, SaceTask

    recipe = section(context.tables, "sace", SaceRecipe)
    examples, store = _emotional(context)
    task = SaceTask(context.drawn_at_once(recipe), examples, store, context.device)

    def export() -> None:
        front = {"wav2vec": task.parts["sace"].front.config.to_diff_dict()} if recipe.front_end else {
            "hidden_layers": store.hidden_layers, "hidden_width": store.hidden_width}
        context.checkpoint.write("sace", task.parts["sace"].state_dict(), {**asdict(recipe), **front})
        context.checkpoint.write("pitch", task.parts["pitch"].state_dict(), {"units": store.unit_count, "trained_by": "sace"})
        sace = load_sace(context.checkpoint).to(context.device)
        context.checkpoint.write("presets", *make_presets(sace, _real(examples), store))

    return Prepared(task, recipe.steps, export)


def _critics(context: Context) -> Prepared:
    from pipelines.training.stages.emotion_classifiers import CriticsRecipe, CriticsTask

    recipe = section(context.tables, "critics", CriticsRecipe)
    task = CriticsTask(context.drawn_at_once(recipe), _labelled(context), context.device)
    return Prepared(task, recipe.steps,
                    lambda: context.scratch.write("critics", task.parts["critics"].state_dict(), asdict(recipe)))


def _acoustic(context: Context) -> Prepared:
    from pipelines.training.losses.critics import make_critics
    from pipelines.training.stages.acoustic import AcousticRecipe, AcousticTask

    recipe = section(context.tables, "acoustic", AcousticRecipe)
    examples, store = _emotional(context)
    sace, pitch = load_sace(context.checkpoint), load_pitch(context.checkpoint).train()
    task = AcousticTask(context.drawn_at_once(recipe), examples, store, sace, pitch,
                        context.scratch.fill(make_critics(), "critics"), context.device)

    def export() -> None:
        sizes, trained = {"units": store.unit_count}, {"units": store.unit_count, "trained_by": "sace, acoustic"}
        context.checkpoint.write("acoustic", task.parts["acoustic"].state_dict(), {**asdict(recipe), **sizes})
        context.checkpoint.write("pitch", task.parts["pitch"].state_dict(), trained)

    return Prepared(task, recipe.steps, export)


def _tempo(context: Context) -> Prepared:
    from pipelines.training.data.presets import utterance_embeddings
    from pipelines.training.stages.tempo import TempoRecipe, TempoTask

    recipe = section(context.tables, "tempo", TempoRecipe)
    examples, store = _emotional(context)
    utterances = utterance_embeddings(load_sace(context.checkpoint).to(context.device), examples, store)
    task = TempoTask(context.drawn_at_once(recipe), examples, store, utterances, context.device)
    return Prepared(task, recipe.steps, lambda: context.checkpoint.write(
        "tempo", task.parts["tempo"].state_dict(), {**asdict(recipe), "units": store.unit_count}))


def _f0_codes(context: Context) -> Prepared:
    from pipelines.training.data.examples import read_examples
    from pipelines.training.stages.f0_codes import F0CodesRecipe, F0CodesTask

    recipe = section(context.tables, "f0_codes", F0CodesRecipe)
    task = F0CodesTask(context.drawn_at_once(recipe), read_examples(context.labelled, context.cache), context.device)
    return Prepared(task, recipe.steps,
                    lambda: context.checkpoint.write("f0_codes", task.parts["f0_codes"].state_dict(), asdict(recipe)))


def _vawgan(context: Context) -> Prepared:
    from pipelines.training.data.examples import read_examples
    from pipelines.training.stages.vawgan import VawGanRecipe, VawGanTask

    recipe = section(context.tables, "vawgan", VawGanRecipe)
    task = VawGanTask(context.drawn_at_once(recipe), read_examples(context.labelled, context.cache), context.device)
    return Prepared(task, recipe.steps, lambda: context.checkpoint.write(
        "vawgan", task.parts["vawgan"].state_dict(), {**asdict(recipe), "emotions": task.emotions}))


STAGES: dict[str, Callable[[Context], Prepared]] = {
    "hubert": _hubert, "units": _units, "ease": _ease, "critics": _critics, "sace": _sace, "acoustic": _acoustic, "tempo": _tempo,
    "vocoder": prepare_vocoder, "generate": prepare_generate,
    "f0_codes": _f0_codes, "polyak": prepare_polyak, "vawgan": _vawgan}
