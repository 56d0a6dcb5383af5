"""Stage `critics`: emotion classifiers on real speech. Only the stage `acoustic` uses them; no checkpoint has them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from pipelines.training.data.examples import (
    Draw,
    Example,
    Window,
    labels,
    perturb,
    speaker_baselines,
    stack_bands,
    stack_baselines,
    stack_contours,
    window,
)
from pipelines.training.data.stored_features import PROSODY
from pipelines.training.loop.optim import Update, set_learning_rate
from pipelines.training.losses.emotion_classifiers import classifiers_loss, new_emotion_classifiers, relative_features
from pipelines.training.stages.emotional_speech import labelled_clips, labelled_examples
from pipelines.training.stages.stage import VOICES, Context, Prepared, Stage, StageNeeds


@dataclass(frozen=True)
class EmotionClassifiersRecipe:
    """Schedule of the stage."""

    steps: int = 1200
    batch: int = 32
    longest_frames: int = 130
    learning_rate: float = 2e-3


class EmotionClassifiersTask:
    """All classifiers side by side; see Task in trainer.py."""

    def __init__(self, recipe: EmotionClassifiersRecipe, examples: list[Example], device: str = "cpu"):
        self.recipe, self.examples, self.device, self.draw = recipe, examples, device, Draw(examples)
        self.baselines = speaker_baselines(examples)
        self.networks = nn.ModuleDict({"critics": new_emotion_classifiers()})  # training states call them so
        self.optimisers = {"all": torch.optim.AdamW(self.networks.parameters(), recipe.learning_rate, weight_decay=0.1)}

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        set_learning_rate(self.optimisers["all"], self.recipe.learning_rate, number, self.recipe.steps)
        windows = [window(self.examples, index, self.recipe.longest_frames, random)
                   for index in self.draw.by_emotions(random, self.recipe.batch)]
        features, mask = self.features(windows)
        features, mask = perturb(features, random, shift_octaves=0.1).to(self.device), mask.to(self.device)
        with update.autocast():
            emotion = labels(self.examples, windows)[1].to(self.device)
            loss, right = classifiers_loss(self.networks["critics"], features, mask, emotion)
        update.apply(loss, self.optimisers["all"], limit=5.0)
        return {"emotion": loss.detach(), "accuracy": right}

    def features(self, windows: list[Window]) -> tuple[torch.Tensor, torch.Tensor]:
        """(batch, time, 43) against the speaker's baseline, and the mask."""
        bands, (octaves, voiced) = stack_bands(self.examples, windows), stack_contours(self.examples, windows)
        lengths = torch.tensor([w.stop - w.start for w in windows])
        mask = (torch.arange(bands.shape[1])[None] < lengths[:, None]).float()
        return relative_features(bands, octaves, voiced, mask, stack_baselines(self.examples, self.baselines, windows)), mask


def prepare(context: Context, recipe: EmotionClassifiersRecipe) -> Prepared:
    """They are written into the folder of runs, for the stage `acoustic`."""
    task = EmotionClassifiersTask(context.drawn_at_once(recipe), labelled_examples(context), context.device)
    return Prepared(task, recipe.steps,
                    lambda: context.scratch.write("critics", task.networks["critics"].state_dict(), asdict(recipe)))


STAGE = Stage(
    "critics",
    learns="emotion classifiers, used by `acoustic` only",
    source="prosody features of natural speech",
    loss="emotion cross-entropy",
    recipes={"": EmotionClassifiersRecipe}, prepare=prepare,
    needs=lambda context, recipe: StageNeeds(labelled_clips(context), features=(PROSODY,)), scratch=("critics",), general=VOICES)
