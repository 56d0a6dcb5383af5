"""Stage `ease` on a published speaker embedding (networks/speaker.py), as in the paper (section 3.2).

EASE's two linear layers alone are trained, on vectors that are computed once.
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import torch
from torch import nn

from pipelines.checkpoints.speechbrain import load_published
from pipelines.labels import EMOTIONS
from pipelines.networks.speaker import Ease, EaseHeads, PublishedSpeaker
from pipelines.training.data.examples import Draw, Example
from pipelines.training.data.factors import embeddings_of
from pipelines.training.loop.optim import Update
from pipelines.training.stages.ease import EaseRecipe, learn
from pipelines.training.stages.stage import Context, Prepared


class PublishedEaseTask:
    """EASE on fixed vectors; see Task in trainer.py.

    vectors: (width,) float32 of every example.
    full_batch: clips in all micro-batches of all processes; the recipe's if left out.
    """

    def __init__(self, recipe: EaseRecipe, examples: list[Example], vectors: list[np.ndarray], device: str = "cpu",
                 full_batch: int = 0):
        self.recipe, self.examples, self.vectors, self.device = recipe, examples, vectors, device
        self.draw, self.full_batch = Draw(examples), full_batch or recipe.batch
        speakers = 1 + max(example.speaker for example in examples)
        self.networks = nn.ModuleDict({"ease": Ease(len(vectors[0])), "heads": EaseHeads(speakers, len(EMOTIONS))})
        learning = [*self.networks["ease"].parameters(), *self.networks["heads"].speaker.parameters()]
        adversary = self.networks["heads"].emotion.parameters()
        self.optimisers = {"ease": torch.optim.AdamW(learning, recipe.learning_rate),
                           "adversary": torch.optim.AdamW(adversary, 2 * recipe.learning_rate)}

    @property
    def steps(self) -> int:
        """An epoch draws as many clips as there are."""
        return max(1, self.recipe.epochs * len(self.examples) // self.full_batch)

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        half = self.recipe.batch // 2
        indices = self.draw.by_speakers(random, self.recipe.batch - half) + self.draw.by_emotions(random, half)
        vectors, speaker, emotion = (torch.as_tensor(values).to(self.device) for values in (
            np.stack([self.vectors[index] for index in indices]), [self.examples[index].speaker for index in indices],
            [self.examples[index].emotion for index in indices]))
        reversal = self.recipe.emotion_weight * min(1.0, number / (0.3 * self.steps))
        with update.autocast():
            scores = self.networks["heads"](self.networks["ease"](vectors), reversal)
        return learn(self.optimisers, scores, speaker, emotion, update)


def prepare_published(context: Context, recipe: EaseRecipe, examples: list[Example]) -> Prepared:
    """Raises CheckpointError: the published embedding cannot be had."""
    embedding, sizes = load_published(recipe.xvector)
    vectors = embeddings_of(examples, embedding.to(context.device), context.cache)
    task = PublishedEaseTask(context.drawn_at_once(recipe), examples, vectors, context.device, recipe.batch)

    def export() -> None:
        speaker = PublishedSpeaker(embedding, sizes.width)
        speaker.ease = task.networks["ease"]
        context.checkpoint.write("speaker", speaker.state_dict(), {**asdict(recipe), "embedding": asdict(sizes)})

    return Prepared(task, task.steps, export)
