"""Stage `vocoder`: envelope and F0 to waveform, on all speech of the manifest, labelled or not.

Phase 1 has spectral losses alone; phase 2 adds discriminators. Crops are short, because the discriminators cost most.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from pipelines.networks.vocoder import HOP, Vocoder
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.clip_choice import chance_by_length
from pipelines.training.data.corpus import Clip, read_all
from pipelines.training.data.stored_features import VOCODER, stored_features
from pipelines.training.loop.optim import Update, set_learning_rate
from pipelines.training.loop.recipe import ChangingRecipe
from pipelines.training.losses.adversarial import LIMIT, Shares, adversarial_step, optimiser_of, regression, running_average
from pipelines.training.losses.discriminators import DISCRIMINATOR_WIDTH, Discriminators
from pipelines.training.stages.stage import Context, Prepared, Stage, StageNeeds


@dataclass(frozen=True)
class VocoderRecipe(ChangingRecipe):
    """Sizes and schedule of the stage.

    begins_with: a file of the checkpoint whose weights an untrained vocoder takes over where they fit.
    """

    changeable = ("warmup_steps", "gan_steps", "learning_rate", "gan_learning_rate", "adversarial_share", "matching_share")

    begins_with: str = ""
    width: int = 256
    blocks: int = 8
    expand: int = 3
    warmup_steps: int = 4000  # spectra alone
    gan_steps: int = 60000
    batch: int = 8
    crop_frames: int = 64
    learning_rate: float = 1e-3
    gan_learning_rate: float = 3e-4
    mel_weight: float = 15.0
    spectral_weight: float = 5.0
    adversarial_share: float = 0.5  # of the spectral losses' gradient (adversarial.py)
    matching_share: float = 0.5
    discriminator_width: int = DISCRIMINATOR_WIDTH
    level_decibels: float = 6.0  # largest random gain, since a conversion changes the level too

    @property
    def steps(self) -> int:
        last = self.at_step(math.inf)
        return last.warmup_steps + last.gan_steps


class VocoderTask:
    """Vocoder and its discriminators; see Task in trainer.py."""

    def __init__(self, recipe: VocoderRecipe, clips: list[Clip], cache: FeatureCache, device: str = "cpu"):
        self.recipe, self.device = recipe, device
        self.audio = read_all(clips)
        self.features = stored_features(clips, cache)
        self.chance = chance_by_length(clips)
        vocoder = Vocoder(recipe.width, recipe.blocks, recipe.expand)
        self.networks = nn.ModuleDict({"vocoder": vocoder, "discriminators": Discriminators(recipe.discriminator_width),
                                       "average": running_average(vocoder)})
        self.optimisers = {name: optimiser_of(self.networks[name], recipe.learning_rate)
                           for name in ("vocoder", "discriminators")}

    @property
    def trained(self) -> Vocoder:
        """The moving average of the network, which is measured and exported."""
        return self.networks["average"].module

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        logged = self._learn(number, random, update)
        if update.last:
            self.networks["average"].update_parameters(self.networks["vocoder"])
        return logged

    def _learn(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        recipe, vocoder = self.recipe.at_step(number), self.networks["vocoder"]
        inputs, real = self.batch(random)
        noise = torch.randn(real.shape, device=self.device)  # seeded for this step by the trainer
        with update.autocast():
            rendered = vocoder(*inputs, noise)
        rendered = rendered.float()
        loss, logged = regression(rendered, real, recipe.mel_weight, recipe.spectral_weight)
        if number < recipe.warmup_steps:
            set_learning_rate(self.optimisers["vocoder"], recipe.learning_rate, number, 2 * recipe.warmup_steps)
            update.apply(loss, self.optimisers["vocoder"], limit=LIMIT)
            return logged
        for optimiser in self.optimisers.values():
            set_learning_rate(optimiser, recipe.gan_learning_rate, number - recipe.warmup_steps, recipe.gan_steps)
        shares = Shares(recipe.adversarial_share, recipe.matching_share)
        judged = adversarial_step(self.networks["discriminators"], self.optimisers["discriminators"], self.optimisers["vocoder"],
                                  real, rendered, loss, 0.0, shares, update)
        return {**logged, **judged}

    def batch(self, random: np.random.Generator) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
        """Mel (batch, frames, 80), F0 in Hz and voicing (batch, frames); waveform (batch, samples); random crops and levels."""
        frames = self.recipe.crop_frames
        rows = [self._crop(index, frames, random) for index in random.choice(len(self.audio), self.recipe.batch, p=self.chance)]
        mel, f0, voiced, samples = (torch.from_numpy(np.stack(column)).to(self.device) for column in zip(*rows))
        return (mel, f0, voiced), samples

    def _crop(self, index: int, frames: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
        features = self.features[index]
        start = int(random.integers(0, max(1, len(features.f0) - frames)))
        inside = slice(start, start + frames)
        level = random.uniform(-1, 1) * self.recipe.level_decibels / 20 * np.log(10)  # nepers of amplitude
        samples = self.audio[index][start * HOP:(start + frames) * HOP].astype(np.float32) / 32767 * np.exp(level)
        short = frames - len(features.f0[inside])
        return (np.pad(features.mel[inside].astype(np.float32) + 2 * level, ((0, short), (0, 0)), mode="edge").astype(np.float32),
                np.pad(features.f0[inside], (0, short), mode="edge").astype(np.float32),
                np.pad(features.voiced[inside], (0, short)).astype(np.float32),
                np.pad(samples, (0, frames * HOP - len(samples))).astype(np.float32))


def prepare(context: Context, recipe: VocoderRecipe) -> Prepared:
    """On all clips, labelled or not."""
    task = VocoderTask(context.drawn_at_once(recipe), context.clips, context.cache, context.device)
    if recipe.begins_with:
        context.checkpoint.fitting(task.networks["vocoder"], recipe.begins_with)

    def export() -> None:
        context.checkpoint.write("vocoder", task.trained.state_dict(), asdict(recipe), eight_bits="")

    return Prepared(task, recipe.steps, export, context.validation(task.trained, export))


STAGE = Stage(
    "vocoder",
    learns="envelope and F0 to waveform, on all speech of the manifest",
    source="80 mel bands of the WORLD envelope, F0, voicing",
    loss="log spectra; then also period and spectrum discriminators",
    recipes={"": VocoderRecipe}, prepare=prepare,
    needs=lambda context, recipe: StageNeeds(context.clips, audio=True, features=(VOCODER,)), writes=("vocoder",),
    sizes=("width", "blocks", "expand"))
