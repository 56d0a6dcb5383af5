"""Waveforms as another microphone or room gives them: a spectral tilt, a narrower band, white noise, each by chance.

Whole batches at once, on the waveforms' device, by torch's random numbers, which the training loop seeds for each step.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from pipelines.features.audio import SAMPLE_RATE
from pipelines.networks.units import HOP


@dataclass(frozen=True)
class ChannelChanges:
    """Shares of waveforms with a tilt, a narrower band, and noise of 8 to 40 dB below the speech."""

    tilt: float = 0.4
    band: float = 0.2
    noise: float = 0.4


def changed(clean: torch.Tensor, inside: torch.Tensor, changes: ChannelChanges = ChannelChanges()) -> torch.Tensor:
    """(batch, samples) at 16 kHz, in and out. inside: (batch, frames) at 50 Hz, 1 where there is speech, else 0."""
    rows, samples = clean.shape

    def uniform(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(rows, 1, device=clean.device)

    def chosen(share: float) -> torch.Tensor:
        return (torch.rand(rows, 1, device=clean.device) < share).float()

    tilted = clean - chosen(changes.tilt) * uniform(-0.4, 0.6) * nn.functional.pad(clean[:, :-1], (1, 0))
    hertz = torch.fft.rfftfreq(samples, 1 / SAMPLE_RATE, device=clean.device)[None].clamp(min=1)
    passed = 1 / (1 + (uniform(40, 250) / hertz) ** 6) / (1 + (hertz / uniform(3200, 7500)) ** 12)
    narrow = chosen(changes.band)
    filtered = torch.fft.irfft(torch.fft.rfft(tilted) * (narrow * passed + 1 - narrow), samples)
    speech = HOP * inside.sum(1, keepdim=True).clamp(min=1)
    level = (filtered.square().sum(1, keepdim=True) / speech).sqrt() * 10 ** (-uniform(8, 40) / 20) * chosen(changes.noise)
    there = torch.arange(samples, device=clean.device)[None] < speech
    return filtered + level * there * torch.randn_like(filtered)
