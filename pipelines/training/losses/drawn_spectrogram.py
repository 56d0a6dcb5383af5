"""A log-mel spectrogram drawn from features, and the emotion that Whisper's lower blocks tell from it.

The acoustic stage has bands and F0 and no waveform. Drawn in this way, a conversion can be shown to a network that was trained
on much speech. Its states tell emotions of unseen speakers better than networks trained on the labelled speech alone.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.mel_bands import band_to_bin
from pipelines.features.world import BANDS
from pipelines.labels import EMOTIONS
from pipelines.networks.layers import masked_deviation, masked_mean
from pipelines.networks.sace import Sace
from pipelines.networks.whisper_front import DYNAMIC_RANGE, FFT

BINS = FFT // 2 + 1
LOBE = 24.0  # Hz, deviation of the Gaussian that stands for the main lobe of the analysis window
HARMONIC, NOISY = 2000.0, 4000.0  # Hz: harmonics stand out below, and no longer above
LOUDEST = 1.5  # log10 power of the loudest band of a drawn spectrogram, as in speech at a usual level
PER_FRAME = 2  # frames of the spectrogram to one of the features


def draw_log_mel(bands: torch.Tensor, octaves: torch.Tensor, voiced: torch.Tensor, mask: torch.Tensor,
                 filters: torch.Tensor) -> torch.Tensor:
    """What Whisper's `log_mel` would give for speech with this envelope and F0, each recording at one level.

    Harmonics are Gaussians at multiples of F0; gradients flow through the bands alone.

    Args:
        bands: (batch, time, 40) natural-log power. octaves: (batch, time) above 100 Hz. voiced, mask: (batch, time).
        filters: (80, 201), Whisper's.
    Returns:
        (batch, 80, 2 * time) float32, differentiable in bands.
    """
    with torch.autocast(bands.device.type, enabled=False):
        bands, octaves = _twice(bands.float()), _twice(octaves.detach().float()[..., None])[..., 0]
        voiced, mask = (row.float().repeat_interleave(PER_FRAME, 1) for row in (voiced, mask))
        to_bins = torch.from_numpy(band_to_bin(BANDS, BINS).astype(np.float32)).to(bands.device)
        log_power = (bands - bands.amax((1, 2), keepdim=True).detach()) @ to_bins.T
        power = log_power.exp() * _comb(100 * 2**octaves, voiced)
        mel = (power @ filters.T).clamp(min=1e-10).log10().transpose(1, 2)
        loudest = mel.detach().masked_fill(mask[:, None] == 0, -10.0).amax((1, 2), keepdim=True)
        mel = torch.maximum(mel - loudest, torch.full_like(mel, -DYNAMIC_RANGE))
        mel = torch.where(mask[:, None] > 0, mel, torch.full_like(mel, -DYNAMIC_RANGE))
        return (mel + LOUDEST + 4) / 4


def _twice(rows: torch.Tensor) -> torch.Tensor:
    """(batch, time, n) to (batch, 2 * time, n), by straight lines."""
    after = torch.cat([rows[:, 1:], rows[:, -1:]], dim=1)
    return torch.stack([rows, (rows + after) / 2], dim=2).flatten(1, 2)


def _comb(f0: torch.Tensor, voiced: torch.Tensor) -> torch.Tensor:
    """(batch, time) Hz to (batch, time, 201): power over the envelope's, 1 on average; 1 where unvoiced and above 4 kHz."""
    hertz = torch.linspace(0, SAMPLE_RATE / 2, BINS, device=f0.device)
    f0 = f0.clamp(40.0, 1000.0)[..., None]
    nearest = (hertz / f0).round().clamp(min=1) * f0
    harmonics = torch.exp(-((hertz - nearest) / LOBE)**2 / 2) * f0 / (LOBE * (2 * np.pi)**0.5)
    share = ((NOISY - hertz) / (NOISY - HARMONIC)).clamp(0, 1) * voiced[..., None]
    return 1 + share * (harmonics - 1)


class SpectrogramEmotionClassifier:
    """Mean and deviation over time of the blocks' standardised states, and a linear layer, the only part that learns.

    sace: one with Whisper's lower blocks as its front end; they and the scale of their states are taken from it.
    """

    def __init__(self, sace: Sace, dropout: float = 0.5):
        assert sace.front is not None
        self.front, self.centre, self.spread = sace.front, sace.centre, sace.spread
        sizes = self.front.sizes
        self.classify = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * sizes.blocks * sizes.width, len(EMOTIONS)))

    @property
    def filters(self) -> torch.Tensor:
        """(80, 201), Whisper's mel filters."""
        return self.front.mel_filters

    def __call__(self, mel: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(batch, 80, 2 * time) and (batch, time) to (batch, 5) scores."""
        return self.classify(self.pooled(mel, mask))

    def pooled(self, mel: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(batch, 80, 2 * time) and (batch, time) to (batch, 2 * blocks * width)."""
        gelu = nn.functional.gelu
        x = gelu(self.front.conv2(gelu(self.front.conv1(mel)))).transpose(1, 2)[:, :mask.shape[1]]
        x, rows = x + self.front.positions[:x.shape[1]], []
        for number, block in enumerate(self.front.blocks, 1):
            x = block(x)
            states = (x - self.centre[number]) / self.spread[number]
            rows += [masked_mean(states, mask), masked_deviation(states, mask)]
        return torch.cat(rows, dim=-1)
