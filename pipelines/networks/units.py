"""Units: what is said. A small HuBERT and a k-means codebook over its hidden states (paper, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from pipelines.features.audio import SAMPLE_RATE

HOP = SAMPLE_RATE // 50  # samples between frames, 320


def receptive_field(config) -> int:
    """Samples that one frame of the convolutional front end sees; config: HubertSizes or transformers' HubertConfig."""
    field, jump = 1, 1
    for kernel, stride in zip(config.conv_kernel, config.conv_stride):
        field += (kernel - 1) * jump
        jump *= stride
    return field


def at_one_level(waveform: torch.Tensor, there: torch.Tensor | None = None) -> torch.Tensor:
    """(batch, samples) with a root mean square of about one. there: (batch, samples) bool, False behind a row's end."""
    power = waveform.pow(2).mean(dim=1, keepdim=True)
    if there is not None:
        power = power / there.float().mean(dim=1, keepdim=True)
    return waveform / (power.sqrt() + 1e-4)


class ContentEncoder(nn.Module):
    """HuBERT with its frames centred on k * 20 ms, so that they line up with F0 and envelope frames.

    hubert: `pipelines.networks.hubert.Hubert` for conversion, `transformers.HubertModel` in training.
    """

    def __init__(self, hubert: nn.Module):
        super().__init__()
        self.hubert = hubert
        self.pad = receptive_field(hubert.config) // 2

    def forward(self, waveform: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(batch, samples) at 16 kHz to hidden states, each (batch, samples // 320 + 1, width); first the embedding."""
        padded = nn.functional.pad(at_one_level(waveform), (self.pad, self.pad))
        return self.hubert(padded, output_hidden_states=True).hidden_states


@dataclass(frozen=True)
class EncodedContent:
    """Units of a recording.

    Attributes:
        units: (frames,) int, index of the nearest centroid, 50 Hz.
        hidden: (layers + 1, frames, width) float32, all hidden states (SACE reads them too).
    """

    units: np.ndarray
    hidden: np.ndarray


class UnitEncoder(nn.Module):
    """Waveform to units: content encoder, one of its layers, nearest centroid.

    soft_centroids: (soft clusters, width), of a finer codebook that soft units are mixtures of; None for the same codebook.
    head: centre (width,) and weights (width, size) of a linear map that gives soft units without a codebook; None for none.
    """

    centroids: torch.Tensor
    soft_centroids: torch.Tensor
    head_centre: torch.Tensor | None
    head: torch.Tensor | None

    def __init__(self, encoder: ContentEncoder, centroids: torch.Tensor, layer: int, soft_centroids: torch.Tensor | None = None,
                 head: tuple[torch.Tensor, torch.Tensor] | None = None):
        super().__init__()
        self.encoder, self.layer = encoder, layer
        self.register_buffer("centroids", centroids)
        self.register_buffer("soft_centroids", centroids if soft_centroids is None else soft_centroids)
        self.register_buffer("head_centre", head[0] if head else None)
        self.register_buffer("head", head[1] if head else None)

    def quantise(self, hidden: torch.Tensor) -> torch.Tensor:
        """(..., frames, width) to (..., frames) indices."""
        return squared_distances(hidden, self.centroids).argmin(-1)

    def soft_units(self, hidden: torch.Tensor, temperature: float) -> torch.Tensor:
        """(..., frames, width) to (..., frames, units), as the network that reads them was trained with.

        temperature: 0 gives hard units, one-hot, (..., frames, clusters). Above 0, a head gives its numbers, each of variance
            about 1. Without a head, it is the posterior over the soft clusters, which sums to 1 in every frame; a probability
            falls to 1/e by so many mean squared differences a dimension.
        """
        if temperature == 0:
            return nn.functional.one_hot(self.quantise(hidden), len(self.centroids)).to(hidden.dtype)
        if self.head is not None:
            return (hidden - self.head_centre) @ self.head
        return (-squared_distances(hidden, self.soft_centroids) / (hidden.shape[-1] * temperature)).softmax(-1)

    @torch.inference_mode()
    def encode(self, samples: np.ndarray) -> EncodedContent:
        """(n,) float32 at 16 kHz to n // 320 + 1 units."""
        device = self.centroids.device
        states = self.encoder(torch.as_tensor(samples, device=device)[None])
        units = self.quantise(states[self.layer][0])
        return EncodedContent(units.cpu().numpy(), torch.cat(states).cpu().numpy())


def squared_distances(hidden: torch.Tensor, centroids: torch.Tensor) -> torch.Tensor:
    """Of (..., frames, width) to (clusters, width): (..., frames, clusters), but for the frame's own square, the same for all."""
    flat = hidden.reshape(-1, hidden.shape[-1])
    return (centroids.pow(2).sum(1) - 2 * flat @ centroids.T).reshape(*hidden.shape[:-1], -1)
