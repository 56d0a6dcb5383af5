"""Who speaks: an x-vector and EASE, the part of it that does not tell emotion (paper, section 3.2)."""

from __future__ import annotations

import torch
from torch import nn

from pipelines.features.prosody import FEATURES
from pipelines.networks.layers import masked_deviation, masked_mean, reverse_gradient

XVECTOR_WIDTH, EASE_WIDTH = 192, 128


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
            x = norm(torch.relu(layer(x))) * mask[:, None]  # padding stays silent, or it would be heard at the edge
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
        """The x-vector itself, which nobody taught to leave the emotion out: (batch, 192), of length sqrt(192)."""
        return unit_size(self.xvector(features, mask))


def unit_size(embedding: torch.Tensor) -> torch.Tensor:
    """(batch, width) at length sqrt(width), so that networks see numbers around one."""
    return nn.functional.normalize(embedding, dim=-1) * embedding.shape[-1]**0.5


class EaseHeads(nn.Module):
    """Training only: speaker classifier, and the emotion classifier behind the gradient reversal."""

    def __init__(self, speakers: int, emotions: int):
        super().__init__()
        self.speaker = nn.Linear(EASE_WIDTH, speakers)
        self.emotion = nn.Sequential(nn.Linear(EASE_WIDTH, 128), nn.ReLU(), nn.Linear(128, emotions))

    def forward(self, ease: torch.Tensor, reversal: float) -> tuple[torch.Tensor, torch.Tensor]:
        return self.speaker(ease), self.emotion(reverse_gradient(ease, reversal))
