"""Which stage reads which, what each leaves in a checkpoint, and which dataclass its table is: what planning ablations
and training a whole recipe need."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pipelines.decoders import find_decoder
from pipelines.errors import RecipeError, ZestError
from pipelines.training.loop.recipe import section


@dataclass(frozen=True)
class Node:
    """One stage.

    Attributes:
        recipe: module in pipelines/training and dataclass of its table.
        parts: of the checkpoint that it writes. scratch: what it leaves beside the runs, for later stages only.
        reads: stages before it. general: keys of [general], besides the seed, that change what it learns.
    """

    recipe: tuple[str, str]
    parts: tuple[str, ...]
    reads: tuple[str, ...] = ()
    scratch: tuple[str, ...] = ()
    general: tuple[str, ...] = ()


LABELS = ("emotional_share",)
VOICES = ("emotional_share", "virtual_voices")

GRAPH: dict[str, Node] = {  # in the order of training
    "hubert": Node(("hubert", "HubertRecipe"), ("hubert",)),
    "units": Node(("units", "UnitsRecipe"), ("units",), ("hubert",)),
    "ease": Node(("ease", "EaseRecipe"), ("speaker",), general=LABELS),
    "critics": Node(("emotion_classifiers", "CriticsRecipe"), (), scratch=("critics",), general=VOICES),
    "sace": Node(("sace", "SaceRecipe"), ("sace", "pitch", "presets"), ("hubert", "units", "ease"), general=VOICES),
    "acoustic": Node(("acoustic", "AcousticRecipe"), ("acoustic", "pitch"), ("hubert", "units", "ease", "critics", "sace"),
                     general=VOICES),
    "tempo": Node(("tempo", "TempoRecipe"), ("tempo",), ("hubert", "units", "ease", "sace"), general=VOICES),
    "vocoder": Node(("vocoder", "VocoderRecipe"), ("vocoder",)),
    "generate": Node(("generate", "GenerateRecipe"), ("generator",), ("hubert", "units", "ease", "sace"), general=LABELS),
    "f0_codes": Node(("f0_codes", "F0CodesRecipe"), ("f0_codes",), general=LABELS),
    "polyak": Node(("polyak", "PolyakRecipe"), ("polyak",), ("hubert", "units", "ease", "f0_codes"), general=LABELS),
    "vawgan": Node(("vawgan", "VawGanRecipe"), ("vawgan",), general=LABELS),
}
BEGINS_WITH = {"generate": "vocoder", "polyak": "generate"}  # weights that a stage takes over where the recipe has that stage
HIFIGAN = {"generate": ("generate_hifigan", "HifiganRecipe"),  # the table of the other design
           "polyak": ("polyak", "PolyakHifiganRecipe")}
EVERY_CONVERSION = ("hubert", "units", "ease", "sace")
TRANSFER = ("acoustic", "tempo")


def check_stage(name: str, others: tuple[str, ...] = ()) -> None:
    """Needs no torch. others: names that mean something else than a stage. Raises ZestError: there is no such stage."""
    if name not in (*GRAPH, *others):
        raise ZestError(f"There is no stage '{name}'; choose one of {', '.join((*GRAPH, *others))}.")


def stages_of(decoder: str, tables: dict[str, dict]) -> tuple[str, ...]:
    """Stages whose parts make a checkpoint that this decoder can convert with.

    A decoder that requires no acoustic model can do without tempo, too, but goes on with the pitch predictor of the one and moves
    durations by the other where the recipe has their tables.
    """
    required = set(find_decoder(decoder).requires)
    writers = {stage for stage, node in GRAPH.items() if required.intersection(node.parts)}
    chosen = {*EVERY_CONVERSION, *writers, *(stage for stage in TRANSFER if stage in tables or "acoustic" in required)}
    return tuple(stage for stage in GRAPH if stage in chosen)


def reads_of(stage: str, tables: dict[str, dict]) -> tuple[str, ...]:
    """Stages that it reads, those included that it begins with, which only the design istft does."""
    first = BEGINS_WITH.get(stage)
    return (*GRAPH[stage].reads, *([first] if first in tables and _design(stage, tables) == "istft" else []))


def stage_recipe(stage: str, tables: dict[str, dict]) -> Any:
    """The stage's table as its dataclass. Raises RecipeError: unknown key, wrong type, or no such design."""
    module, kind = GRAPH[stage].recipe
    if stage in HIFIGAN and _design(stage, tables) == "hifigan":
        module, kind = HIFIGAN[stage]
    elif stage in HIFIGAN and _design(stage, tables) != "istft":
        raise RecipeError(f"There is no design '{_design(stage, tables)}' of a generator; choose one of istft, hifigan.")
    return section(tables, stage, getattr(import_module(f"pipelines.training.stages.{module}"), kind))


def _design(stage: str, tables: dict[str, dict]) -> Any:
    return tables.get(stage, {}).get("design", "istft")
