"""Who speaks: a speaker embedding, and EASE, the part of it that does not tell emotion (paper, section 3.2).

`SpeakerEncoder` trains a small x-vector on prosody features. `PublishedSpeaker` is the paper's: SpeechBrain's ECAPA-TDNN
(192 values) or x-vector (512) of the waveform, frozen.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from pipelines.errors import CheckpointError
from pipelines.features.prosody import FEATURES
from pipelines.networks.layers import masked_deviation, masked_mean, reverse_gradient
from pipelines.packages import install_command

XVECTOR_WIDTH, EASE_WIDTH = 192, 128
WIDTHS = {"ECAPA_TDNN": 192, "Xvector": 512}  # of SpeechBrain's classes, where lin_neurons is not named


class XVector(nn.Module):
    """A small time-delay network with statistics pooling (Snyder et al., ICASSP 2018), on prosody features."""

    def __init__(self, width: int = 128):
        super().__init__()
        self.layers = nn.ModuleList([
            nn.Conv1d(FEATURES, width, 5, padding=2), nn.Conv1d(width, width, 3, padding=2, dilation=2),
            nn.Conv1d(width, width, 3, padding=3, dilation=3), nn.Conv1d(width, 2 * width, 1)])
        self.norms = nn.ModuleList(nn.BatchNorm1d(layer.out_channels) for layer in self.layers)
        self.embed = nn.Linear(4 * width, XVECTOR_WIDTH)

    def forward(self, features: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(batch, time, 43), (batch, time) to (batch, 192)."""
        x = features.transpose(1, 2) * mask[:, None]
        for layer, norm in zip(self.layers, self.norms):
            x = norm(torch.relu(layer(x))) * mask[:, None]  # padding stays zero, or it would reach frames at the edge
        x = x.transpose(1, 2)
        return self.embed(torch.cat([masked_mean(x, mask), masked_deviation(x, mask)], dim=1))


class Ease(nn.Module):
    """Emotion-agnostic speaker encoder: two linear layers on the x-vector, trained against an emotion classifier."""

    def __init__(self, width: int = XVECTOR_WIDTH):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, 2 * EASE_WIDTH), nn.ReLU(), nn.Linear(2 * EASE_WIDTH, EASE_WIDTH))

    def forward(self, xvector: torch.Tensor) -> torch.Tensor:
        """(batch, width) to (batch, 128), of length sqrt(128) so that networks see numbers around one."""
        return unit_size(self.layers(xvector))


class SpeakerEncoder(nn.Module):
    """x-vector, then EASE."""

    def __init__(self):
        super().__init__()
        self.xvector, self.ease = XVector(), Ease()

    def forward(self, features: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.ease(self.xvector(features, mask))

    def voice(self, features: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The x-vector itself, which was not trained to leave the emotion out: (batch, 192), of length sqrt(192)."""
        return unit_size(self.xvector(features, mask))


@dataclass(frozen=True)
class EmbeddingSizes:
    """kind: SpeechBrain's class. network, bands: arguments of that class and of its filter bank."""

    kind: str
    network: dict[str, Any]
    bands: dict[str, Any]

    @property
    def width(self) -> int:
        return self.network.get("lin_neurons", WIDTHS[self.kind])


class PublishedEmbedding(nn.Module):
    """Filter bank without the recording's mean, then the network; as SpeechBrain's `EncoderClassifier.encode_batch`."""

    def __init__(self, sizes: EmbeddingSizes):
        super().__init__()
        self.features = _speechbrain("speechbrain.lobes.features", "Fbank")(**sizes.bands)
        self.network = _speechbrain(f"speechbrain.lobes.models.{sizes.kind}", sizes.kind)(**sizes.network)
        self.requires_grad_(False)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """(batch, samples) at 16 kHz, all of one length, to (batch, width)."""
        bands = self.features(waveform)
        return self.network(bands - bands.mean(dim=1, keepdim=True))[:, 0]


class PublishedSpeaker(nn.Module):
    """The published embedding, frozen, then EASE."""

    def __init__(self, embedding: PublishedEmbedding, width: int):
        super().__init__()
        self.embedding, self.ease = embedding, Ease(width)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """(batch, samples) to (batch, 128)."""
        return self.ease(self.embedding(waveform))

    def voice(self, waveform: torch.Tensor) -> torch.Tensor:
        """(batch, samples) to (batch, width): the embedding alone, of length sqrt(width), for networks that are given it."""
        return unit_size(self.embedding(waveform))


class EaseHeads(nn.Module):
    """Training only: speaker classifier, and the emotion classifier behind the gradient reversal."""

    def __init__(self, speakers: int, emotions: int):
        super().__init__()
        self.speaker = nn.Linear(EASE_WIDTH, speakers)
        self.emotion = nn.Sequential(nn.Linear(EASE_WIDTH, 128), nn.ReLU(), nn.Linear(128, emotions))

    def forward(self, ease: torch.Tensor, reversal: float) -> tuple[torch.Tensor, torch.Tensor]:
        return self.speaker(ease), self.emotion(reverse_gradient(ease, reversal))


def unit_size(embedding: torch.Tensor) -> torch.Tensor:
    """(batch, width) at length sqrt(width), so that networks see numbers around one."""
    return nn.functional.normalize(embedding, dim=-1) * embedding.shape[-1]**0.5


def ease_vector(speaker: SpeakerEncoder | PublishedSpeaker, waveform: torch.Tensor, features: torch.Tensor,
                mask: torch.Tensor) -> torch.Tensor:
    """(batch, 128) of (batch, samples) or of (batch, time, 43) and (batch, time)."""
    return speaker(waveform) if isinstance(speaker, PublishedSpeaker) else speaker(features, mask)


def voice_vector(speaker: SpeakerEncoder | PublishedSpeaker, waveform: torch.Tensor, features: torch.Tensor,
                 mask: torch.Tensor) -> torch.Tensor:
    """The x-vector in place of EASE, of the same: (batch, width)."""
    return speaker.voice(waveform) if isinstance(speaker, PublishedSpeaker) else speaker.voice(features, mask)


def _speechbrain(module: str, name: str) -> type:
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise CheckpointError(f"This speaker embedding needs SpeechBrain; run '{install_command('hub')}'.") from error
