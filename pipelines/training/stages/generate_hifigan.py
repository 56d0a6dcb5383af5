"""Stage `generate` in the paper's own design: HiFi-GAN on factors (factor_decoder.py), adversarial from the first step.

What two cores can train differs in four things: `begins_with`, `excited`, `imitates`, and phases with smaller discriminators
(`warmup_steps`, `discriminator_width`).

Discriminators, losses, optimiser and their settings are HiFi-GAN's (Kong, Kim, Bae, NeurIPS 2020, sections 2 and 3) as the
authors of ZEST set them in their released code. Factors are those of the other design (generate_istft.py): EASE of another
recording of the speaker in another emotion, SACE of the clip itself, all speech at one level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from pipelines.errors import RecipeError
from pipelines.networks.factor_decoder import FactorDecoder, predicted_bands
from pipelines.networks.generator import Trunk
from pipelines.networks.hifigan import SIZES, sizes_of
from pipelines.networks.units import HOP
from pipelines.networks.vocoder import Vocoder
from pipelines.training.data.examples import Draw, Example
from pipelines.training.data.generator_data import GeneratorData, draw_clips, pad_to
from pipelines.training.loop.optim import Update, set_learning_rate
from pipelines.training.losses.adversarial import (
    LIMIT,
    Shares,
    adversarial_step,
    hifigan_loss,
    judge,
    optimiser_of,
    regression,
    teach_discriminators,
)
from pipelines.training.losses.discriminators import (
    PERIOD_WIDTH,
    SCALE_WIDTH,
    Discriminators,
    HifiganDiscriminators,
)
from pipelines.training.losses.spectral_loss import mel_loss

UNLIMITED = float("inf")  # of a gradient's norm: HiFi-GAN clips none


@dataclass(frozen=True)
class HifiganRecipe:
    """Sizes and schedule of the stage; defaults are the paper's and its released code's.

    begins_with: a file of the checkpoint with a generator of the design `istft`. Its mel predictor stays as it is, and its bands
        join the features.
    excited: each upsampled stage is multiplied by F0's pulses and noise (factor_decoder.py).
    imitates: the target is what the generator in `begins_with` renders of the same factors, pulses and noise, and not the
        recording (knowledge distillation, Hinton, Vinyals, Dean 2015).
    discriminator_width: of small discriminators, with balanced losses and a falling learning rate as in `istft`; 0: the
        published ones.
    """

    design: str = "hifigan"
    begins_with: str = ""
    excited: bool = False
    imitates: bool = False
    size: str = "V1"
    channels: int = 0  # after the first convolution, a multiple of 32; 0: as the size has it
    temperature: float = 0.0  # of soft units; 0 means hard ones, the paper's
    unit_encoder: bool = True  # False, an ablation: units go on as they are embedded
    f0_encoder: bool = True  # False, an ablation: F0 and voicing go on as they are
    steps: int = 100_000
    warmup_steps: int = 0  # of these, with spectral losses alone
    batch: int = 32
    segment_frames: int = 28  # of 20 ms: 8,960 samples
    all_speakers: float = 0.0  # share of a batch drawn from all speakers alike, also those without labels
    unlabelled_speeds: tuple = ()  # at which speech without labels is read once more, as another speaker's (clip_choice.py)
    learning_rate: float = 2e-4
    decay: float = 0.999  # of the learning rate, every time that as many clips were drawn as there are
    period_width: int = PERIOD_WIDTH  # of the discriminators; narrower ones are for tests and small machines
    scale_width: int = SCALE_WIDTH
    discriminator_width: int = 0
    mel_weight: float = 15.0  # of the losses beside small discriminators, and before any
    spectral_weight: float = 5.0
    adversarial_share: float = 0.5  # of the spectral losses' gradient (adversarial.py)
    matching_share: float = 0.5

    def __post_init__(self):
        if self.size not in SIZES:
            raise RecipeError(f"There is no HiFi-GAN of size '{self.size}'; choose one of {', '.join(SIZES)}.")
        if self.channels < 0 or self.channels % 32:
            raise RecipeError(f"HiFi-GAN's channels are halved five times and must be a multiple of 32, not {self.channels}.")
        if self.imitates and not (self.begins_with and self.excited):
            raise RecipeError("A recipe with imitates needs begins_with, which names the generator to imitate, and excited.")

    @property
    def draws_all_speakers(self) -> bool:
        """Whether all speech must be read, not the labelled part alone."""
        return self.all_speakers > 0


@dataclass(frozen=True)
class HifiganBatch:
    """factors: what FactorDecoder takes. real: (batch, segment_frames * 320)."""

    factors: tuple[torch.Tensor, ...]
    real: torch.Tensor


class HifiganTask:
    """Decoder and its discriminators; see Task in trainer.py.

    full_batch: clips in all micro-batches of all processes; the recipe's if left out. trunk: a mel predictor to begin with.
    vocoder: of the one that is imitated, which renders the trunk's bands.
    """

    def __init__(self, recipe: HifiganRecipe, examples: list[Example], data: GeneratorData, device: str = "cpu",
                 full_batch: int = 0, trunk: Trunk | None = None, vocoder: Vocoder | None = None):
        self.recipe, self.data, self.device, self.vocoder = recipe, data, device, vocoder
        self.draw = Draw(examples)
        self.steps_an_epoch = max(1, len(examples) // (full_batch or recipe.batch))
        units, sizes = data.soft_units[0].shape[1], sizes_of(recipe.size, recipe.channels)
        decoder = FactorDecoder(sizes, units, temperature=recipe.temperature, unit_encoder=recipe.unit_encoder,
                                f0_encoder=recipe.f0_encoder, global_condition=data.width, f0_codes=data.code_count,
                                trunk=trunk.requires_grad_(False) if trunk else None, excited=recipe.excited)
        small = Discriminators(recipe.discriminator_width) if recipe.discriminator_width else None
        self.networks = nn.ModuleDict({"generator": decoder, "discriminators": small or HifiganDiscriminators(
            recipe.period_width, recipe.scale_width)})
        self.optimisers = {name: optimiser_of(network, recipe.learning_rate) for name, network in self.networks.items()}

    @property
    def trained(self) -> FactorDecoder:
        """The network that is measured and exported."""
        return self.networks["generator"]

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        batch = self.batch(random)
        noise = torch.randn(batch.real.shape, device=self.device) if self.recipe.excited else None
        with update.autocast():
            rendered = self.trained(*batch.factors, noise=noise)
        rendered, target = rendered.float(), self._target(batch, noise)
        if number < self.recipe.warmup_steps or self.recipe.discriminator_width:
            return self._small_step(number, rendered, target, update)
        return self._published_step(number, rendered, target, update)

    @torch.no_grad()
    def _target(self, batch: HifiganBatch, noise: torch.Tensor | None) -> torch.Tensor:
        """The recording, or what the imitated generator renders."""
        if self.vocoder is None or self.trained.trunk is None:
            return batch.real
        assert noise is not None  # what imitates is excited
        mel, f0, voiced = predicted_bands(self.trained.trunk, *batch.factors)
        return self.vocoder(mel, f0, voiced, noise)

    def _small_step(self, number: int, rendered: torch.Tensor, real: torch.Tensor, update: Update) -> dict[str, torch.Tensor]:
        """By spectra, and after the warm-up by small discriminators."""
        recipe, optimiser = self.recipe, self.optimisers["generator"]
        loss, logged = regression(rendered, real, recipe.mel_weight, recipe.spectral_weight)
        for each in self.optimisers.values():
            set_learning_rate(each, recipe.learning_rate, number, recipe.steps)
        if number < recipe.warmup_steps:
            update.apply(loss, optimiser, limit=LIMIT)
            return logged
        shares = Shares(recipe.adversarial_share, recipe.matching_share)
        return logged | adversarial_step(self.networks["discriminators"], self.optimisers["discriminators"], optimiser, real,
                                         rendered, loss, 0.0, shares, update)

    def _published_step(self, number: int, rendered: torch.Tensor, real: torch.Tensor, update: Update) -> dict[str, torch.Tensor]:
        """First the discriminators learn, then the generator by them."""
        discriminators = self.networks["discriminators"]
        for optimiser in self.optimisers.values():
            optimiser.param_groups[0]["lr"] = self.learning_rate(number)  # of the step number alone: resume is exact
        taught = teach_discriminators(discriminators, self.optimisers["discriminators"], real, rendered, update, UNLIMITED)
        of_real, of_rendered = judge(discriminators, real, rendered, update)
        loss = hifigan_loss(rendered, real, of_rendered, of_real)
        update.apply(loss, self.optimisers["generator"], limit=UNLIMITED)
        return {"generator": loss.detach(), "discriminator": taught, "mel": mel_loss(rendered.detach(), real)}

    def learning_rate(self, number: int) -> float:
        """At a step, counted from 0."""
        return self.recipe.learning_rate * self.recipe.decay ** (number // self.steps_an_epoch)

    def batch(self, random: np.random.Generator) -> HifiganBatch:
        """Random segments; emotions are drawn evenly."""
        indices, others = draw_clips(self.draw, self.recipe.batch, self.recipe.all_speakers, random)
        rows = [self._row(index, random) for index in indices]
        units, f0, voiced, real = (torch.from_numpy(np.stack(column)).to(self.device) for column in zip(*rows, strict=True))
        return HifiganBatch((units, f0, voiced, *self.data.global_condition(indices, others, self.device)), real)

    def _row(self, index: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Units, F0, voicing and samples of a random segment; behind the clip's end the last frame is repeated, unvoiced."""
        count, soft, features = self.recipe.segment_frames, self.data.soft_units[index], self.data.features[index]
        first = int(random.integers(0, max(1, len(soft) - count + 1)))
        inside = slice(first, first + count)
        units = soft[inside].argmax(1) if self.recipe.temperature == 0 else soft[inside].astype(np.float32)
        f0, voiced = self.data.f0(index)[inside], features.voiced[::2][inside]
        return (pad_to(units, count), pad_to(f0, count),
                np.pad(voiced.astype(np.float32), (0, count - len(voiced))),
                self.data.samples(index, first * HOP, count * HOP))
