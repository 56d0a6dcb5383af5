"""What a study must train: variants share every stage whose key (stage_keys.py) does not differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.checkpoints.folder import Folder, find_folder
from pipelines.decoders import find_decoder
from pipelines.errors import RecipeError
from pipelines.training.ablation.study import AblationQuestion, AblationStudy, Variant
from pipelines.training.data.clip_choice import with_share
from pipelines.training.data.corpus import USED, training_clips
from pipelines.training.data.manifest_check import read_checked_manifest
from pipelines.training.loop.recipe import GeneralRecipe, section
from pipelines.training.stages.registry import EVERY_CONVERSION, STAGES, find_stage, writers
from pipelines.training.stages.stage_keys import PlannedStage, planned, speech_of


@dataclass(frozen=True)
class TrainingPlan:
    """What is trained for a study, and what of it makes each variant.

    Attributes:
        variants: (question, variant) names to the stages whose files are its checkpoint, in the order of training.
        supplied: labels of stages whose weights come from the study's checkpoint.
        training: what must be trained, each after all that it reads.
    """

    variants: dict[tuple[str, str], tuple[PlannedStage, ...]]
    supplied: frozenset[str]
    training: tuple[PlannedStage, ...]


def make_plan(study: AblationStudy, manifest: Path | str) -> TrainingPlan:
    """Raises:
        RecipeError: a table has an unknown key, a variant changes what its decoder does not use, two variants are the same,
            or there is no manifest. CheckpointError: the study's checkpoint is missing or damaged.
    """
    clips = training_clips(read_checked_manifest(manifest, USED))
    checkpoint = None if study.checkpoint is None else find_folder(study.checkpoint)
    speech, variants = speech_of(clips, Path(manifest).parent), {}
    for question in study.questions:
        for variant in question.variants:
            general = section(variant.tables, "general", GeneralRecipe)
            with_share(clips, general.emotional_share, general.seed)  # refused now, and not when its turn comes
            variants[question.name, variant.name] = _variant_stages(question, variant, speech, checkpoint)
        _refuse_alike(question, variants)
    every = {stage.label: stage for stages in variants.values() for stage in _with_reads(stages)}
    supplied = frozenset() if checkpoint is None else _supplied(
        Folder(checkpoint), planned(study.recipe, STAGES, speech, checkpoint), every)
    training = _training(variants.values(), supplied)
    _refuse_without_beginning(training, checkpoint)
    return TrainingPlan(variants, supplied, training)


def _stages_of(decoder: str, tables: dict[str, dict]) -> tuple[str, ...]:
    """Stages that write what a checkpoint must have for this decoder.

    A decoder that requires no acoustic model can do without `acoustic` and `tempo`. Where the recipe has their tables, it takes
    the pitch predictor of the one and the durations of the other.
    """
    required = find_decoder(decoder).requires
    moving = {stage for stage in ("acoustic", "tempo") if stage in tables or "acoustic" in required}
    chosen = writers((*EVERY_CONVERSION, *required)) | moving
    return tuple(stage for stage in STAGES if stage in chosen)


def _variant_stages(question: AblationQuestion, variant: Variant, speech: str,
                    checkpoint: Path | None) -> tuple[PlannedStage, ...]:
    names = _stages_of(variant.decoder, variant.tables)
    where = f"Variant '{variant.name}' of the question {question.name}"
    try:
        stages = planned(variant.tables, names, speech, checkpoint)
    except RecipeError as error:
        raise RecipeError(f"{where}: {error}") from error
    unused = [table for table in variant.changed if table not in (*stages, "general")]
    if unused:
        raise RecipeError(f"{where} changes {unused[0]}, which a conversion by the decoder {variant.decoder} does not use; "
                          "set another decoder in its settings, or leave the change out.")
    return tuple(stages[name] for name in names)


def _refuse_alike(question: AblationQuestion, variants: Mapping[tuple[str, str], tuple[PlannedStage, ...]]) -> None:
    seen: dict[tuple, str] = {}
    for variant in question.variants:
        stages = variants[question.name, variant.name]
        sign = (tuple(stage.label for stage in stages), tuple(variant.settings.items()))
        if sign in seen:
            raise RecipeError(f"The variants '{seen[sign]}' and '{variant.name}' of the question {question.name} are the same.")
        seen[sign] = variant.name


def _refuse_without_beginning(training: Iterable[PlannedStage], checkpoint: Path | None) -> None:
    for stage in training:
        name = stage.begins_with
        if name and (checkpoint is None or not Folder(checkpoint).has(name)):
            where = "the study names no checkpoint" if checkpoint is None else f"its checkpoint {checkpoint} has none"
            raise RecipeError(f"The stage {stage.name} begins with the weights of '{name}', and {where}; name a checkpoint "
                              "that has them, or leave begins_with out.")


def _supplied(folder: Folder, base: Mapping[str, PlannedStage], every: Mapping[str, PlannedStage]) -> frozenset[str]:
    """Labels of the base recipe's stages whose weights the checkpoint has, together with all that they read.

    A finished checkpoint has the pitch predictor only as `acoustic` left it. A study that must train an `acoustic` on the
    base's `sace` therefore trains that `sace`, too, and with it all that read it.
    """
    there = {name for name, stage in base.items() if _fits(folder, stage)}
    continued = "sace" in there and folder.config("pitch").get("trained_by") != "sace"
    if continued and any(stage.name == "acoustic" and base["sace"].label in {other.label for other in stage.reads}
                         and not (stage.label == base["acoustic"].label and _is_complete("acoustic", there, base))
                         for stage in every.values()):
        there.discard("sace")
    return frozenset(base[name].label for name in there if _is_complete(name, there, base)) & every.keys()


def _is_complete(name: str, there: set[str], base: Mapping[str, PlannedStage]) -> bool:
    """Whether it is there with everything that it reads; stage `critics` writes nothing that a conversion needs."""
    return name in there and all(_is_complete(stage.name, there, base) for stage in base[name].reads if stage.writes)


def _fits(folder: Folder, stage: PlannedStage) -> bool:
    """Whether the checkpoint has the stage's files, and their config does not contradict the recipe."""
    files = stage.writes
    if not files or not all(folder.has(file) for file in files):
        return False
    config, sizes = folder.config(files[0]), find_stage(stage.name).sizes
    return all(config.get(key, value) == value for key, value in stage.decides["recipe"].items() if not sizes or key in sizes)


def _training(variants: Iterable[tuple[PlannedStage, ...]], supplied: frozenset[str]) -> tuple[PlannedStage, ...]:
    needed: dict[str, PlannedStage] = {}

    def need(stage: PlannedStage) -> None:
        if stage.label in needed or stage.label in supplied:
            return
        for other in stage.reads:
            need(other)
        needed[stage.label] = stage

    for stages in variants:
        for stage in stages:
            need(stage)
    return tuple(needed.values())


def _with_reads(stages: Iterable[PlannedStage]) -> Iterable[PlannedStage]:
    for stage in stages:
        yield stage
        yield from _with_reads(stage.reads)
