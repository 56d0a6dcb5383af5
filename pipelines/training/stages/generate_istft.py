"""Stage `generate`: factors to waveform (generator.py), on labelled speech.

Three phases: the trunk alone on mel bands, which is cheap; then the waveform by its spectra, through the vocoder; then
discriminators too. Phases after the first render only a crop of what the trunk sees. EASE comes from another recording of the
speaker in another emotion, as everywhere; SACE is the clip's own. All speech is brought to one level, which no factor tells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from pipelines.networks.generator import FINE, FactorGenerator, Trunk
from pipelines.networks.vocoder import HOP, Vocoder
from pipelines.training.data.examples import Draw, Example
from pipelines.training.data.generator_data import GeneratorData, draw_clips, pad_to
from pipelines.training.loop.optim import Update, set_learning_rate
from pipelines.training.loop.recipe import ChangingRecipe
from pipelines.training.losses.adversarial import LIMIT, Shares, adversarial_step, optimiser_of, regression, running_average
from pipelines.training.losses.content_loss import ContentLoss
from pipelines.training.losses.discriminators import DISCRIMINATOR_WIDTH, Discriminators
from pipelines.training.losses.emotion_classifiers import weighted_mean

QUIETEST = -18.0  # log mel power at the nominal level; what is quieter is inaudible and counts as this


@dataclass(frozen=True)
class GenerateRecipe(ChangingRecipe):
    """Sizes and schedule of the stage's design `istft`; the other one's are in generate_hifigan.py.

    begins_with: a file of the checkpoint whose weights an untrained network takes over where they fit.
    content_weight: of the loss that compares states of the frozen content encoder (content_loss.py); 0 leaves it out.
    """

    changeable = ("trunk_steps", "warmup_steps", "gan_steps", "trunk_batches", "all_speakers", "trunk_learning_rate",
                  "learning_rate", "gan_learning_rate", "adversarial_share", "matching_share", "content_weight")

    design: str = "istft"
    begins_with: str = ""
    temperature: float = 0.06  # of soft units (UnitEncoder.soft_units); 0: hard (docs/lab-notes/units.md)
    width: int = 256
    blocks: int = 6  # at 50 Hz
    fine_blocks: int = 2  # at 100 Hz
    expand: int = 3
    unit_encoder: bool = True  # False, an ablation: units go on as they are embedded
    f0_encoder: bool = True  # False, an ablation: F0 and voicing go on as they are
    head_width: int = 256  # of the vocoder, where the checkpoint has none to begin with
    head_blocks: int = 8
    head_expand: int = 3
    trunk_steps: int = 4000  # mel bands alone
    warmup_steps: int = 4000  # waveform, spectra alone
    gan_steps: int = 60000
    batch: int = 8
    trunk_batches: int = 1  # batches per step of the trunk, which predicts mel bands; only one of them is rendered
    window_frames: int = 50  # unit frames that the trunk sees
    crop_frames: int = 48  # vocoder frames that are rendered of them
    all_speakers: float = 0.0  # share of a batch drawn from all speakers alike, also those without labels
    unlabelled_speeds: tuple = ()  # at which speech without labels is read once more, as another speaker's (clip_choice.py)
    trunk_learning_rate: float = 1e-3
    learning_rate: float = 5e-4
    gan_learning_rate: float = 2e-4
    trunk_weight: float = 5.0  # of the trunk's mel bands once there is a waveform
    mel_weight: float = 15.0
    spectral_weight: float = 5.0
    content_weight: float = 0.0
    adversarial_share: float = 0.5  # of the spectral losses' gradient (adversarial.py)
    matching_share: float = 0.5
    discriminator_width: int = DISCRIMINATOR_WIDTH

    @property
    def steps(self) -> int:
        last = self.at_step(math.inf)
        return last.trunk_steps + last.warmup_steps + last.gan_steps

    @property
    def draws_all_speakers(self) -> bool:
        """Whether some batch does, and all speech must be read."""
        return self.all_speakers > 0 or any(change.get("all_speakers", 0) > 0 for change in self.changes)


@dataclass(frozen=True)
class IstftBatch:
    """factors: what Trunk takes. mel: (rows, frames, 80), to be predicted; there: (rows, frames), 0 behind a clip's end.

    crops: first rendered frame of each of the first rows, which are a batch. real: (batch, samples) of the crops.
    """

    factors: tuple[torch.Tensor, ...]
    mel: torch.Tensor
    there: torch.Tensor
    crops: list[int]
    real: torch.Tensor


class GenerateTask:
    """Generator and its discriminators; see Task in trainer.py."""

    def __init__(self, recipe: GenerateRecipe, examples: list[Example], data: GeneratorData, vocoder: Vocoder,
                 device: str = "cpu", content_loss: ContentLoss | None = None):
        self.recipe, self.data, self.device, self.content_loss = recipe, data, device, content_loss
        self.draw = Draw(examples)
        trunk = Trunk(data.soft_units[0].shape[1], recipe.width, recipe.blocks, recipe.fine_blocks, recipe.expand,
                      recipe.unit_encoder, recipe.f0_encoder, data.width)
        generator = FactorGenerator(trunk, vocoder.train(), recipe.temperature)
        self.networks = nn.ModuleDict({"generator": generator, "discriminators": Discriminators(recipe.discriminator_width),
                                       "average": running_average(generator)})
        self.optimisers = {name: optimiser_of(self.networks[name], recipe.learning_rate)
                           for name in ("generator", "discriminators")}

    @property
    def trained(self) -> FactorGenerator:
        """The moving average of the network, which is measured and exported."""
        return self.networks["average"].module

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        logged = self._learn(number, random, update)
        if update.last:
            self.networks["average"].update_parameters(self.networks["generator"])
        return logged

    def _learn(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        recipe, optimiser = self.recipe.at_step(number), self.optimisers["generator"]
        batch = self.batch(random, recipe)
        with update.autocast():
            mel = self.networks["generator"].trunk(*batch.factors)
        trunk = weighted_mean((mel - batch.mel).abs().mean(-1), batch.there)
        logged = {"trunk": trunk.detach()}
        if number < recipe.trunk_steps:
            set_learning_rate(optimiser, recipe.trunk_learning_rate, number, 2 * recipe.trunk_steps)
            update.apply(trunk, optimiser, limit=LIMIT)
            return logged
        rendered = self._render(mel, batch, update)
        spectral, terms = regression(rendered, batch.real, recipe.mel_weight, recipe.spectral_weight)
        rest, logged = recipe.trunk_weight * trunk, logged | terms
        if self.content_loss is not None and recipe.content_weight > 0:
            with update.autocast():
                content = self.content_loss(rendered, batch.real)
            spectral, logged = spectral + recipe.content_weight * content, logged | {"content": content.detach()}
        number -= recipe.trunk_steps
        if number < recipe.warmup_steps:
            set_learning_rate(optimiser, recipe.learning_rate, number, 2 * recipe.warmup_steps)
            update.apply(spectral + rest, optimiser, limit=LIMIT)
            return logged
        for each in self.optimisers.values():
            set_learning_rate(each, recipe.gan_learning_rate, number - recipe.warmup_steps, recipe.gan_steps)
        shares = Shares(recipe.adversarial_share, recipe.matching_share)
        return logged | adversarial_step(self.networks["discriminators"], self.optimisers["discriminators"], optimiser,
                                         batch.real, rendered, spectral, rest, shares, update)

    def batch(self, random: np.random.Generator, recipe: GenerateRecipe | None = None) -> IstftBatch:
        """Random windows, with emotions drawn evenly, and a random crop of each to be rendered. recipe: as it is now."""
        recipe = recipe or self.recipe
        drawn = [draw_clips(self.draw, recipe.batch, recipe.all_speakers, random) for _ in range(recipe.trunk_batches)]
        indices, others = (sum(chosen, []) for chosen in zip(*drawn, strict=True))
        rows = [self._row(index, random) for index in indices]
        soft, mel, f0, voiced, there = (self._stacked(column) for column in list(zip(*rows, strict=True))[2:])
        rendered = list(zip(indices, rows, strict=True))[:recipe.batch]
        real = self._stacked([self.data.samples(index, (FINE * first + start) * HOP, recipe.crop_frames * HOP)
                              for index, (first, start, *_) in rendered])
        crops = [start for _, (_, start, *_) in rendered]
        condition = self.data.global_condition(indices, others, self.device)
        return IstftBatch((soft, f0, voiced, *condition), mel, there, crops, real)

    def _render(self, mel: torch.Tensor, batch: IstftBatch, update: Update) -> torch.Tensor:
        """(batch, samples) of the crops, from the predicted bands."""
        _, f0, voiced, *_ = batch.factors
        inside = [slice(start, start + self.recipe.crop_frames) for start in batch.crops]
        inputs = (torch.stack([row[crop] for row, crop in zip(rows[:len(inside)], inside, strict=True)])
                  for rows in (mel, f0, voiced))
        noise = torch.randn(batch.real.shape, device=self.device)  # seeded for this step by the trainer
        with update.autocast():
            rendered = self.networks["generator"].vocoder(*inputs, noise)
        return rendered.float()

    def _row(self, index: int, random: np.random.Generator) -> tuple:
        """First unit frame and first frame to be rendered after it; soft, mel, F0, voicing, which frames are there."""
        long, crop = self.recipe.window_frames, self.recipe.crop_frames
        soft, features = self.data.soft_units[index], self.data.features[index]
        first = int(random.integers(0, max(1, len(soft) - long + 1)))
        inside = slice(FINE * first, FINE * (first + long))
        f0 = features.f0[inside]
        short = FINE * long - len(f0)
        start = int(random.integers(0, max(1, min(len(f0), FINE * long) - crop + 1)))
        gain = self.data.gains[index]
        mel = np.maximum(features.mel[inside].astype(np.float32) + 2 * np.log(gain), QUIETEST)
        soft = soft[first:first + long].astype(np.float32)
        return (first, start, pad_to(soft, long), pad_to(mel.astype(np.float32), FINE * long), pad_to(f0, FINE * long),
                np.pad(features.voiced[inside], (0, short)).astype(np.float32),
                np.pad(np.ones(len(f0), np.float32), (0, short)))

    def _stacked(self, rows: list[np.ndarray]) -> torch.Tensor:
        return torch.from_numpy(np.stack(rows)).to(self.device)
