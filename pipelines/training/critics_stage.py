"""Stage `critics`: emotion classifiers on real speech, needed only while the acoustic stage trains; nothing is exported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from pipelines.training.critics import critics_loss, make_critics
from pipelines.training.examples import Draw, Example, labels, perturb, stack_features, window
from pipelines.training.trainer import descend, set_learning_rate


@dataclass(frozen=True)
class CriticsRecipe:
    """Schedule of the stage."""

    steps: int = 2000
    batch: int = 32
    longest_frames: int = 130
    learning_rate: float = 2e-3


class CriticsTask:
    """All critics side by side; see Task in trainer.py."""

    def __init__(self, recipe: CriticsRecipe, examples: list[Example], device: str = "cpu"):
        self.recipe, self.examples, self.device, self.draw = recipe, examples, device, Draw(examples)
        self.parts = nn.ModuleDict({"critics": make_critics()})
        self.optimisers = {"all": torch.optim.AdamW(self.parts.parameters(), recipe.learning_rate, weight_decay=0.1)}

    def step(self, number: int, random: np.random.Generator) -> dict[str, torch.Tensor]:
        set_learning_rate(self.optimisers["all"], self.recipe.learning_rate, number, self.recipe.steps)
        windows = [window(self.examples, index, self.recipe.longest_frames, random)
                   for index in self.draw.by_emotions(random, self.recipe.batch)]
        features, mask = stack_features(self.examples, windows)
        features = perturb(features, random).to(self.device)
        loss, right = critics_loss(self.parts["critics"], features, mask.to(self.device), labels(self.examples, windows)[1].to(self.device))
        descend(self.optimisers["all"], loss, limit=5.0)
        return {"emotion": loss.detach(), "accuracy": right}
