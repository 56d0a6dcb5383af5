"""What a study must train: variants share every stage whose key (stage_keys.py) does not differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.checkpoints.folder import Folder, find_folder
from pipelines.errors import RecipeError
from pipelines.training.ablation.study import Question, Study, Variant
from pipelines.training.data.corpus import read_manifest, training_clips
from pipelines.training.data.emotional_share import with_share
from pipelines.training.loop.recipe import GeneralRecipe, section
from pipelines.training.stages.stage_graph import GRAPH, stages_of
from pipelines.training.stages.stage_keys import Stage, planned, speech_of


@dataclass(frozen=True)
class Plan:
    """Attributes:
        variants: (question, variant) names to the stages whose parts make its checkpoint, in the order of training.
        supplied: labels of stages whose weights come from the study's checkpoint.
        training: what must be trained, each after all that it reads.
    """

    variants: dict[tuple[str, str], tuple[Stage, ...]]
    supplied: frozenset[str]
    training: tuple[Stage, ...]


def make_plan(study: Study, manifest: Path | str) -> Plan:
    """Raises:
        RecipeError: a table has an unknown key, a variant changes what its decoder does not use, two variants are the same,
            or there is no manifest. CheckpointError: the study's checkpoint is missing or damaged.
    """
    clips = training_clips(read_manifest(manifest))
    speech, variants = speech_of(clips, Path(manifest).parent), {}
    for question in study.questions:
        for variant in question.variants:
            general = section(variant.tables, "general", GeneralRecipe)
            with_share(clips, general.emotional_share, general.seed)  # refused now, and not when its turn comes
            variants[question.name, variant.name] = _variant_stages(question, variant, speech)
        _refuse_alike(question, variants)
    every = {stage.label: stage for stages in variants.values() for stage in _with_reads(stages)}
    supplied = frozenset() if study.checkpoint is None else _supplied(study, planned(study.recipe, GRAPH, speech), every)
    return Plan(variants, supplied, _training(variants.values(), supplied))


def _variant_stages(question: Question, variant: Variant, speech: str) -> tuple[Stage, ...]:
    wanted = stages_of(variant.decoder, variant.tables)
    where = f"Variant '{variant.name}' of the question {question.name}"
    try:
        stages = planned(variant.tables, wanted, speech)
    except RecipeError as error:
        raise RecipeError(f"{where}: {error}") from error
    unused = [table for table in variant.changed if table not in (*stages, "general")]
    if unused:
        raise RecipeError(f"{where} changes {unused[0]}, which a conversion by the decoder {variant.decoder} does not use; "
                          "set another decoder in its settings, or leave the change out.")
    return tuple(stages[name] for name in wanted)


def _refuse_alike(question: Question, variants: Mapping[tuple[str, str], tuple[Stage, ...]]) -> None:
    seen: dict[tuple, str] = {}
    for variant in question.variants:
        stages = variants[question.name, variant.name]
        sign = (tuple(stage.label for stage in stages), tuple(variant.settings.items()))
        if sign in seen:
            raise RecipeError(f"The variants '{seen[sign]}' and '{variant.name}' of the question {question.name} are the same.")
        seen[sign] = variant.name


def _supplied(study: Study, base: Mapping[str, Stage], every: Mapping[str, Stage]) -> frozenset[str]:
    """Labels of the base recipe's stages whose weights the checkpoint has, together with all that they read.

    A finished checkpoint has the pitch predictor only as `acoustic` left it. A study that must train an `acoustic` on the
    base's `sace` therefore trains that `sace`, too, and with it all that read it.
    """
    folder = Folder(find_folder(study.checkpoint))
    there = {name for name, stage in base.items() if _fits(folder, stage)}
    continued = "sace" in there and folder.config("pitch").get("trained_by") != "sace"
    if continued and any(stage.name == "acoustic" and base["sace"].label in {other.label for other in stage.reads}
                         and not (stage.label == base["acoustic"].label and _whole("acoustic", there, base))
                         for stage in every.values()):
        there.discard("sace")
    return frozenset(base[name].label for name in there if _whole(name, there, base)) & every.keys()


def _whole(name: str, there: set[str], base: Mapping[str, Stage]) -> bool:
    """Whether it is there with everything that it reads; critics leave nothing that a conversion needs."""
    return name in there and all(_whole(stage.name, there, base) for stage in base[name].reads if GRAPH[stage.name].parts)


def _fits(folder: Folder, stage: Stage) -> bool:
    """Whether the checkpoint has the stage's parts, and nothing that it says of their making contradicts the recipe."""
    parts = GRAPH[stage.name].parts
    if not parts or not all(folder.has(part) for part in parts):
        return False
    said = folder.config(parts[0])
    return all(said.get(key, value) == value for key, value in stage.decides["recipe"].items())


def _training(variants: Iterable[tuple[Stage, ...]], supplied: frozenset[str]) -> tuple[Stage, ...]:
    needed: dict[str, Stage] = {}

    def need(stage: Stage) -> None:
        if stage.label in needed or stage.label in supplied:
            return
        for other in stage.reads:
            need(other)
        needed[stage.label] = stage

    for stages in variants:
        for stage in stages:
            need(stage)
    return tuple(needed.values())


def _with_reads(stages: Iterable[Stage]) -> Iterable[Stage]:
    for stage in stages:
        yield stage
        yield from _with_reads(stage.reads)
