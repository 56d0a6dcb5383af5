"""Stage `tempo`: durations of runs of equal units (after A2A-ZEST, arXiv 2505.17655).

Inputs: units, SACE of another recording of the same speaker and emotion, EASE of a recording in another emotion. Loss: L1 on
the log of the duration in frames of 20 ms, of each run and of the utterance.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from pipelines.checkpoints.loading import load_sace
from pipelines.networks.layers import pad_stack
from pipelines.networks.tempo import TempoPredictor, run_lengths
from pipelines.training.data.examples import Draw, Example
from pipelines.training.data.factors import FactorStore
from pipelines.training.data.presets import utterance_embeddings
from pipelines.training.loop.optim import Update, set_learning_rate
from pipelines.training.losses.emotion_classifiers import weighted_mean
from pipelines.training.stages.emotional_speech import examples_and_factors, labelled_needs
from pipelines.training.stages.stage import VOICES, Context, Prepared, Stage


@dataclass(frozen=True)
class TempoRecipe:
    """Schedule of the stage. total_weight: weight of the utterance's log duration beside the runs'."""

    steps: int = 2500
    batch: int = 32
    learning_rate: float = 1e-3
    total_weight: float = 1.0


class TempoTask:
    """Tempo predictor; see Task in trainer.py."""

    def __init__(self, recipe: TempoRecipe, examples: list[Example], factors: FactorStore, utterances: list[np.ndarray],
                 device: str = "cpu"):
        self.recipe, self.examples, self.factors, self.device = recipe, examples, factors, device
        self.utterances = utterances  # SACE of every example, (128,)
        self.runs = [run_lengths(units.astype(np.int64)) for units in factors.units]
        self.draw = Draw(examples)
        self.networks = nn.ModuleDict({"tempo": TempoPredictor(factors.unit_count)})
        self.optimisers = {"all": torch.optim.AdamW(self.networks.parameters(), recipe.learning_rate, weight_decay=0.02)}

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        set_learning_rate(self.optimisers["all"], self.recipe.learning_rate, number, self.recipe.steps)
        indices = self.draw.by_emotions(random, self.recipe.batch)
        runs, mask = pad_stack([torch.from_numpy(self.runs[index][0]) for index in indices])
        durations, _ = pad_stack([torch.from_numpy(self.runs[index][1].astype(np.float32)) for index in indices])
        emotion = np.stack([self.utterances[self.draw.same_speaker_and_emotion(index, random)] for index in indices])
        ease = self.factors.stack_ease([self.draw.same_speaker_other_emotion(index, random) for index in indices])
        runs, mask, durations = runs.to(self.device), mask.to(self.device), durations.to(self.device)
        with update.autocast():
            predicted = self.networks["tempo"](runs, mask, torch.from_numpy(emotion).to(self.device), ease.to(self.device))
            each = weighted_mean((predicted - durations.clamp(min=1).log()).abs(), mask)
            total = (((predicted.exp() * mask).sum(1)).log() - durations.sum(1).log()).abs().mean()
        update.apply(each + self.recipe.total_weight * total, self.optimisers["all"])
        return {"run_log_duration": each.detach(), "total_log_duration": total.detach()}


def prepare(context: Context, recipe: TempoRecipe) -> Prepared:
    """Reads SACE of every example once."""
    examples, store = examples_and_factors(context)
    utterances = utterance_embeddings(load_sace(context.checkpoint).to(context.device), examples, store)
    task = TempoTask(context.drawn_at_once(recipe), examples, store, utterances, context.device)
    return Prepared(task, recipe.steps, lambda: context.checkpoint.write(
        "tempo", task.networks["tempo"].state_dict(), {**asdict(recipe), "units": store.unit_count}))


STAGE = Stage(
    "tempo",
    learns="the duration of each run of equal units",
    source="units, SACE, EASE",
    loss="L1 on log durations",
    recipes={"": TempoRecipe}, prepare=prepare, needs=lambda context, recipe: labelled_needs(context),
    writes=("tempo",), reads=("hubert", "units", "ease", "sace"), general=VOICES)
