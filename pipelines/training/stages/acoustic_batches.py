"""Batches of the acoustic stage: everything about some pieces of clips, and what a conversion makes of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from pipelines.features.prosody import ROOM
from pipelines.features.world import BANDS
from pipelines.networks.sace import Sace, WaveSace, pool_frames
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
    stack_features,
    stack_speech_bands,
)
from pipelines.training.data.factors import FactorStore
from pipelines.training.loop.optim import Update
from pipelines.training.losses.emotion_classifiers import relative_features, weighted_mean


@dataclass(frozen=True)
class AcousticBatch:
    """Tensors of one set of windows on the training device.

    Attributes:
        units: (batch, time) int64. mask, voiced: (batch, time), 0 or 1. bands: (batch, time, 40) natural-log power.
        octaves: (batch, time) above 100 Hz. ease: (batch, 128). emotion: (batch,). baseline: (batch, 41), speaker_baselines.
        pooled, pooled_mask: (batch, half seconds, 128) and (batch, half seconds), SACE. utterance: (batch, 128), their mean.
        speech_bands: (batch, time, 40), prosody.speech_bands, where the network sees them.
    """

    windows: list[Window]
    units: torch.Tensor
    mask: torch.Tensor
    bands: torch.Tensor
    octaves: torch.Tensor
    voiced: torch.Tensor
    ease: torch.Tensor
    emotion: torch.Tensor
    baseline: torch.Tensor
    pooled: torch.Tensor
    pooled_mask: torch.Tensor
    utterance: torch.Tensor
    speech_bands: torch.Tensor | None = None

    @property
    def features(self) -> torch.Tensor:
        return relative_features(self.bands, self.octaves, self.voiced, self.mask, self.baseline)


@dataclass(frozen=True)
class Converted:
    """A conversion inside the training, and the reconstructions that came with it.

    bands: (batch, time, 40) natural-log power. octaves: (batch, time) above 100 Hz.
    difference: (batch, time, 40), added to the source's bands. own_bands, own_octaves: predicted with the source's own emotion.
    """

    bands: torch.Tensor
    octaves: torch.Tensor
    difference: torch.Tensor
    own_bands: torch.Tensor
    own_octaves: torch.Tensor


def bands_loss(predicted: torch.Tensor, batch: AcousticBatch) -> torch.Tensor:
    """Mean absolute error, nepers of power."""
    return weighted_mean((predicted - batch.bands).abs().mean(-1), batch.mask)


def pitch_loss(predicted: torch.Tensor, batch: AcousticBatch) -> torch.Tensor:
    """Mean absolute error over voiced frames, octaves."""
    return weighted_mean((predicted - batch.octaves).abs(), batch.voiced)


class AcousticBatches:
    """Puts batches together. SACE is frozen; sees_source: the acoustic model needs the source's speech bands."""

    def __init__(self, examples: list[Example], factors: FactorStore, draw: Draw, sace: Sace | WaveSace, sees_source: bool,
                 device: str):
        self.examples, self.factors, self.draw, self.sace = examples, factors, draw, sace
        self.baselines, self.sees_source, self.device = speaker_baselines(examples), sees_source, device

    def of(self, windows: list[Window], random: np.random.Generator, update: Update) -> AcousticBatch:
        """Everything about these windows; EASE comes from another recording of the speaker in another emotion."""
        to, indices = self.device, [window.index for window in windows]
        units, mask = self.factors.stack_units(windows)
        octaves, voiced = stack_contours(self.examples, windows)
        ease = self.factors.stack_ease([self.draw.same_speaker_other_emotion(index, random) for index in indices])
        features = perturb(stack_features(self.examples, windows)[0], random)
        with torch.no_grad(), update.autocast():
            mask = mask.to(to)
            frames = self.factors.emotion_frames_of(self.sace, windows, features.to(to), mask)
            pooled, pooled_mask = pool_frames(frames, mask)
        return AcousticBatch(
            windows, units.to(to), mask, stack_bands(self.examples, windows).to(to), octaves.to(to), voiced.to(to), ease.to(to),
            labels(self.examples, windows)[1].to(to), stack_baselines(self.examples, self.baselines, windows).to(to), pooled,
            pooled_mask, self.sace.utterance(frames, mask),
            stack_speech_bands(self.examples, windows).to(to) if self.sees_source else None)


def with_room(bands: torch.Tensor, target: torch.Tensor, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Half of the rows with one noise floor of 4 to 11 nepers under the level added to source and target: rooms change nothing.

    (batch, time, 40) in and out, natural-log power.
    """
    rows = len(bands)
    level = random.uniform(ROOM, -4.0, (rows, 1, 1)) + random.uniform(-3.0, 3.0, (rows, 1, 1)) * np.linspace(-0.5, 0.5, BANDS)
    level = np.where(random.random((rows, 1, 1)) < 0.5, level, 2 * ROOM)
    noise = torch.from_numpy(level.astype(np.float32))
    return torch.logaddexp(bands, noise), torch.logaddexp(target, noise)


def with_other_voices(bands: list[torch.Tensor], octaves: list[torch.Tensor],
                      random: np.random.Generator) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """The same speech by somebody else, row by row: bands of another vocal tract, F0 in another key. Few people act emotions.

    bands: (batch, time, 40) each. octaves: (batch, time) each. All tensors of a row are changed alike.
    """
    rows = len(bands[0])
    places = np.arange(BANDS) * random.uniform(0.94, 1.06, (rows, 1)) + random.uniform(-1.5, 1.5, (rows, 1))
    places = torch.from_numpy(places.clip(0, BANDS - 1).astype(np.float32))
    below, share = places.floor().long(), places - places.floor()
    key = torch.from_numpy(random.uniform(-0.25, 0.25, (rows, 1)).astype(np.float32))

    def warped(band: torch.Tensor) -> torch.Tensor:
        low, high = (band.gather(2, index[:, None].expand_as(band)) for index in (below, (below + 1).clamp(max=BANDS - 1)))
        return torch.lerp(low, high, share[:, None])

    return [warped(band) for band in bands], [contour + key for contour in octaves]


def mix_emotions(batch: AcousticBatch, largest: float, random: np.random.Generator) -> AcousticBatch:
    """Each recording's SACE with a share of another one's mixed in, from 0 to `largest`; below a half, the label stays true.

    SACE is less clear on unseen speakers than on seen ones. The model learns to render the full emotion from an unclear SACE.
    """
    count = len(batch.windows)
    share = torch.from_numpy(random.uniform(0, largest, (count, 1)).astype(np.float32)).to(batch.utterance.device)
    other = batch.utterance[torch.from_numpy(random.permutation(count))]
    return replace(batch, utterance=torch.lerp(batch.utterance, other, share),
                   pooled=torch.lerp(batch.pooled, other[:, None], share[..., None]))
