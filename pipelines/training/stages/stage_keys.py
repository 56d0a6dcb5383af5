"""The key of a stage: a hash of all that decides its weights, so that nothing is trained twice and nothing stale is taken over.

These are its own table with defaults filled in, the seed, the keys of [general] that it heeds, the training speech, the keys
of the stages that it reads, and the weights that it begins with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.checkpoints.folder import folder_key
from pipelines.training.data.corpus import Clip
from pipelines.training.loop.recipe import GeneralRecipe, section
from pipelines.training.stages.registry import STAGES, find_stage


@dataclass(frozen=True)
class PlannedStage:
    """One stage with the key that its weights have. tables: the recipe that trains it. decides: what the key is a hash of."""

    name: str
    key: str
    tables: dict[str, dict]
    decides: dict[str, Any]
    reads: tuple[PlannedStage, ...]

    @property
    def label(self) -> str:
        """Name and key, as its folder is called."""
        return f"{self.name}-{self.key}"

    @property
    def writes(self) -> tuple[str, ...]:
        """Files of the checkpoint."""
        return find_stage(self.name).writes

    @property
    def begins_with(self) -> str:
        """The file of an earlier checkpoint whose weights it takes over; '' for a stage that learns from nothing."""
        return self.decides["recipe"].get("begins_with", "")

    @property
    def scratch(self) -> tuple[str, ...]:
        """Files beside the runs."""
        return find_stage(self.name).scratch


def planned(tables: dict[str, dict], names: Iterable[str], speech: str,
            checkpoint: Path | None = None) -> dict[str, PlannedStage]:
    """Stages by name, those that are read included.

    Args:
        speech: from speech_of. checkpoint: folder with the weights that a stage's key `begins_with` names.
    Raises:
        RecipeError: a table cannot be used.
    """
    general, found = asdict(section(tables, "general", GeneralRecipe)), {}

    def plan(name: str) -> PlannedStage:
        if name not in found:
            stage = find_stage(name)
            reads, recipe = tuple(plan(other) for other in stage.all_reads(tables)), stage.recipe(tables)
            decides = {"stage": name, "recipe": _values(recipe), "speech": speech,
                       "general": {key: general[key] for key in ("seed", *stage.general)},
                       "reads": sorted(read.label for read in reads)}
            begins = getattr(recipe, "begins_with", "")
            if begins and checkpoint is not None:
                decides["begins"] = folder_key(checkpoint, (begins,))
            found[name] = PlannedStage(name, _hash(decides), tables, decides, reads)
        return found[name]

    for name in names:
        plan(name)
    return {name: found[name] for name in STAGES if name in found}


def _values(recipe: Any) -> dict[str, Any]:
    """Of a stage's table. A schedule without changes is left out, so that keys are those from before there were any."""
    return {key: value for key, value in asdict(recipe).items() if key != "changes" or value}


def speech_of(clips: list[Clip], folder: Path) -> str:
    """A hash of the training speech; folder: of the manifest, since paths count from there."""
    return _hash([[str(clip.path.relative_to(folder)) if clip.path.is_relative_to(folder) else str(clip.path),
                   clip.speaker, clip.emotion, clip.seconds] for clip in clips])


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
