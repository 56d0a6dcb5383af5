"""What a stage is given, and what it hands to the training loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.errors import RecipeError
from pipelines.features.audio import Recording
from pipelines.labels import EMOTIONS
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import Clip
from pipelines.training.data.emotional_share import with_share
from pipelines.training.loop import distributed
from pipelines.training.loop.recipe import GeneralRecipe
from pipelines.training.loop.trainer import Run, Task, Validation

Recipe = TypeVar("Recipe")
VocoderScores = Callable[[torch.nn.Module, str], dict[str, float]]  # (vocoder, device) to dev scores
GeneratorScores = Callable[[Callable[[Recording], np.ndarray]], dict[str, float]]  # what makes a recording again, to dev scores


@dataclass(frozen=True)
class Prepared:
    """A stage about to be trained.

    Attributes:
        task: for the training loop; None for a stage whose export is all its work. steps: of the task.
        export: writes what was learnt into the checkpoint.
        validation: keeps the best weights; then nothing is exported at the end.
    """

    task: Task | None
    steps: int
    export: Callable[[], None]
    validation: Validation | None = None


@dataclass(frozen=True)
class Context:
    """All that a stage needs to be prepared."""

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

    @property
    def heard(self) -> list[Clip]:
        """What a stage that reads labels hears: all clips, or with an emotional_share below 1 that part of the labelled ones."""
        return with_share(self.clips, self.general.emotional_share, self.general.seed)

    @property
    def labelled(self) -> list[Clip]:
        """Those with one of the five emotions. Raises RecipeError when there are none."""
        clips = [clip for clip in self.heard if clip.emotion in EMOTIONS]
        if not clips:
            raise RecipeError("The manifest's training clips have none of the five emotions; these stages need labels.")
        return clips

    def run(self, stage: str, steps: int) -> Run:
        """For the training loop."""
        return Run(Path(self.general.runs) / stage, steps, self.general.seed, self.device, self.stop_after_seconds,
                   self.general.precision, self.general.accumulate)

    def drawn_at_once(self, recipe: Recipe) -> Recipe:
        """The recipe with the rows of a micro-batch as its batch. Raises RecipeError: the batch cannot be divided evenly."""
        return replace(recipe, batch=distributed.micro_batch(recipe.batch, self.general.accumulate))
