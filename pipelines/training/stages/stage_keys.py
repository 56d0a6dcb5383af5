"""The key of a stage: a hash of all that decides its weights, so that nothing is trained twice and nothing stale is taken over.

These are its own table with defaults filled in, the seed, the keys of [general] that it heeds, the training speech, and the keys
of the stages that it reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.training.data.corpus import Clip
from pipelines.training.loop.recipe import GeneralRecipe, section
from pipelines.training.stages.stage_graph import GRAPH, reads_of, stage_recipe


@dataclass(frozen=True)
class Stage:
    """One stage with one key. tables: the recipe that trains it. decides: what the key is a hash of."""

    name: str
    key: str
    tables: dict[str, dict]
    decides: dict[str, Any]
    reads: tuple[Stage, ...]

    @property
    def label(self) -> str:
        """Name and key, as its folder is called."""
        return f"{self.name}-{self.key}"


def planned(tables: dict[str, dict], wanted: Iterable[str], speech: str) -> dict[str, Stage]:
    """Stages by name, those that are read included. speech: from speech_of."""
    general, made = asdict(section(tables, "general", GeneralRecipe)), {}

    def plan(name: str) -> Stage:
        if name not in made:
            reads = tuple(plan(other) for other in reads_of(name, tables))
            decides = {"stage": name, "recipe": asdict(stage_recipe(name, tables)), "speech": speech,
                       "general": {key: general[key] for key in ("seed", *GRAPH[name].general)},
                       "reads": sorted(stage.label for stage in reads)}
            made[name] = Stage(name, _hash(decides), tables, decides, reads)
        return made[name]

    for name in wanted:
        plan(name)
    return {name: made[name] for name in GRAPH if name in made}


def speech_of(clips: list[Clip], folder: Path) -> str:
    """A hash of the training speech; folder: of the manifest, since paths count from there."""
    return _hash([[str(clip.path.relative_to(folder)) if clip.path.is_relative_to(folder) else str(clip.path),
                   clip.speaker, clip.emotion, clip.seconds] for clip in clips])


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
