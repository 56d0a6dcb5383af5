"""Stage `ease`: first the x-vector, then EASE on the frozen x-vector (paper, section 3.2).

Loss of the x-vector: speaker cross-entropy. Loss of EASE: speaker cross-entropy plus ten times the emotion cross-entropy through
gradient reversal.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from pipelines.labels import EMOTIONS
from pipelines.networks.speaker import XVECTOR_WIDTH, EaseHeads, SpeakerEncoder
from pipelines.training.data.examples import Draw, Example, labels, perturb, read_examples, stack_features, window
from pipelines.training.data.stored_features import PROSODY
from pipelines.training.loop.optim import Update, set_learning_rate
from pipelines.training.stages.stage import LABELS, Context, Prepared, Stage, StageNeeds, not_packed


@dataclass(frozen=True)
class EaseRecipe:
    """Schedule of the stage.

    xvector: hub id or folder of a published speaker embedding (speechbrain/spkrec-ecapa-voxceleb), on which EASE alone is trained
        (published_ease.py): for `epochs`, at a constant rate; steps and frames do not count then. Empty: both are trained here.
    """

    xvector_steps: int = 1200
    ease_steps: int = 1000
    batch: int = 40
    longest_frames: int = 100
    learning_rate: float = 2e-3
    emotion_weight: float = 10.0  # the paper's
    xvector: str = ""
    epochs: int = 10

    @property
    def steps(self) -> int:
        return self.xvector_steps + self.ease_steps


class EaseTask:
    """x-vector, then EASE; see Task in trainer.py."""

    def __init__(self, recipe: EaseRecipe, examples: list[Example], device: str = "cpu"):
        self.recipe, self.examples, self.device = recipe, examples, device
        self.draw = Draw(examples)
        speakers = 1 + max(example.speaker for example in examples)
        encoder = SpeakerEncoder()
        self.networks = nn.ModuleDict({"encoder": encoder, "classifier": nn.Linear(XVECTOR_WIDTH, speakers),
                                       "heads": EaseHeads(speakers, len(EMOTIONS))})
        first = [*encoder.xvector.parameters(), *self.networks["classifier"].parameters()]
        second = [*encoder.ease.parameters(), *self.networks["heads"].speaker.parameters()]
        self.optimisers = {
            "xvector": torch.optim.AdamW(first, recipe.learning_rate, weight_decay=0.02),
            "ease": torch.optim.AdamW(second, recipe.learning_rate),
            "adversary": torch.optim.AdamW(self.networks["heads"].emotion.parameters(), 2 * recipe.learning_rate)}

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        first = number < self.recipe.xvector_steps
        half = self.recipe.batch // 2
        indices = self.draw.by_speakers(random, self.recipe.batch - half) + self.draw.by_emotions(random, half)
        windows = [window(self.examples, index, self.recipe.longest_frames, random) for index in indices]
        features, mask = stack_features(self.examples, windows)
        features = perturb(features, random, shift_octaves=0.05).to(self.device)
        speaker, emotion = (indices.to(self.device) for indices in labels(self.examples, windows))
        step = self._xvector_step if first else self._ease_step
        return step(number, features, mask.to(self.device), speaker, emotion, update)

    def _xvector_step(self, number, features, mask, speaker, emotion, update):
        optimiser = self.optimisers["xvector"]
        set_learning_rate(optimiser, self.recipe.learning_rate, number, self.recipe.xvector_steps)
        with update.autocast():
            score = self.networks["classifier"](self.networks["encoder"].xvector(features, mask))
            loss = nn.functional.cross_entropy(score, speaker, label_smoothing=0.1)
        update.apply(loss, optimiser)
        return {"xvector": loss.detach(), "xvector_accuracy": (score.argmax(1) == speaker).float().mean()}

    def _ease_step(self, number, features, mask, speaker, emotion, update):
        """The adversary learns in each step by its own, faster optimiser, so that it goes on finding emotion in EASE."""
        encoder, heads = self.networks["encoder"], self.networks["heads"]
        encoder.xvector.eval()
        position = number - self.recipe.xvector_steps
        for name in ("ease", "adversary"):
            set_learning_rate(self.optimisers[name], self.recipe.learning_rate, position, self.recipe.ease_steps)
        with torch.no_grad(), update.autocast():
            xvector = encoder.xvector(features, mask)
        reversal = self.recipe.emotion_weight * min(1.0, position / (0.3 * self.recipe.ease_steps))
        with update.autocast():
            scores = heads(encoder.ease(xvector), reversal)
        return learn(self.optimisers, scores, speaker, emotion, update)


def learn(optimisers: dict[str, torch.optim.Optimizer], scores: tuple[torch.Tensor, torch.Tensor], speaker: torch.Tensor,
          emotion: torch.Tensor, update: Update) -> dict[str, torch.Tensor]:
    """One step of EASE and its heads; returns what to log.

    scores: logits of EaseHeads, (batch, speakers) and (batch, emotions). speaker, emotion: (batch,) int64; emotion -1 does not
    count.
    """
    speaker_score, emotion_score = scores
    with update.autocast():
        speaker_loss = nn.functional.cross_entropy(speaker_score, speaker)
        emotion_loss = nn.functional.cross_entropy(emotion_score, emotion, ignore_index=-1)
    update.apply(speaker_loss + emotion_loss, optimisers["ease"], optimisers["adversary"])
    known = emotion >= 0
    right = (emotion_score.argmax(1) == emotion)[known].float().mean() if known.any() else torch.zeros(())
    return {"speaker": speaker_loss.detach(), "emotion": emotion_loss.detach(), "emotion_accuracy": right,
            "speaker_accuracy": (speaker_score.argmax(1) == speaker).float().mean()}


def prepare(context: Context, recipe: EaseRecipe) -> Prepared:
    """Both vectors, or EASE alone on a published speaker embedding."""
    examples = read_examples(context.shared, context.cache)
    if recipe.xvector:
        from pipelines.training.stages.published_ease import prepare_published

        return prepare_published(context, recipe, examples)
    task = EaseTask(context.drawn_at_once(recipe), examples, context.device)
    return Prepared(task, recipe.steps,
                    lambda: context.checkpoint.write("speaker", task.networks["encoder"].state_dict(), asdict(recipe)))


def needs(context: Context, recipe: EaseRecipe) -> StageNeeds:
    """Raises RecipeError: a published speaker embedding is needed."""
    if recipe.xvector:
        raise not_packed("ease", "xvector", recipe.xvector)
    return StageNeeds(context.shared, features=(PROSODY,))


STAGE = Stage(
    "ease",
    learns="x-vector, then EASE on the frozen x-vector",
    source="prosody features, speaker and emotion labels",
    loss="speaker cross-entropy; EASE adds 10 x emotion cross-entropy through gradient reversal",
    recipes={"": EaseRecipe}, prepare=prepare, needs=needs, writes=("speaker",), general=LABELS)
