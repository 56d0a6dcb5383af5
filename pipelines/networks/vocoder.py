"""A neural vocoder that two cores can train: envelope and F0 in, waveform out.

A ConvNeXt trunk (as in Vocos, Siuzdak, ICLR 2024) at 100 Hz predicts filters of the harmonic and the noise excitation, for each
bin of a short-time spectrum. An inverse short-time Fourier transform gives the waveform (iSTFTNet, Kaneko et al., ICASSP 2022).
Filters start at the envelope itself, so that the network only has to learn what the envelope does not say.

The harmonic excitation is a pulse train at F0, as in the neural source filter (Wang et al., 2019), but in the closed form of a
band-limited pulse train instead of a sum of sines.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.mel_bands import band_to_bin
from pipelines.features.vocoder_features import MELS
from pipelines.networks.layers import ConvBlock

HOP = 160  # 10 ms
FFT = 512
BINS = FFT // 2 + 1
LOG_GAINS = (-12.0, 6.0)  # within which gains stay
CENTRE, SCALE = 0.0, 4.0  # of log mel power, roughly
F0_CENTRE = 0.8  # octaves above 100 Hz


class Vocoder(nn.Module):
    """(log mel power of the envelope, F0, voicing) to waveform."""

    def __init__(self, width: int = 256, blocks: int = 8, expand: int = 3, mels: int = MELS):
        super().__init__()
        self.enter = nn.Conv1d(mels + 2, width, 7, padding=3)
        self.norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(ConvBlock(width, 7, expand=expand) for _ in range(blocks))
        self.leave = nn.LayerNorm(width)
        self.filters = nn.Linear(width, 3 * BINS)
        nn.init.zeros_(self.filters.bias)
        nn.init.normal_(self.filters.weight, std=1e-3)
        self.register_buffer("window", torch.hann_window(FFT), persistent=False)
        self.register_buffer("to_bins", torch.from_numpy(band_to_bin(mels, BINS).astype("float32")), persistent=False)

    def forward(self, mel: torch.Tensor, f0: torch.Tensor, voiced: torch.Tensor, noise: torch.Tensor,
                phase: torch.Tensor | None = None) -> torch.Tensor:
        """Waveform.

        Args:
            mel: (batch, frames, 80) natural-log power. f0: (batch, frames) Hz at every frame. voiced: (batch, frames) 0..1.
            noise: (batch, frames * 160) standard normal; the caller draws it, so that a seed gives one waveform.
            phase: (batch,) cycles to go on from, where this is a piece of something longer.
        Returns:
            (batch, frames * 160)
        """
        harmonic, _ = pulses(f0, voiced, HOP, phase)
        filters = self.filters_of(mel, f0, voiced)
        spectrum = filters[0] * self.spectrum(harmonic) + filters[1] * self.spectrum(noise)
        return torch.istft(spectrum, FFT, HOP, window=self.window, center=True, length=noise.shape[1])

    def filters_of(self, mel: torch.Tensor, f0: torch.Tensor, voiced: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Complex filter of the harmonics, real filter of the noise, (batch, 257, frames + 1) each: a centred STFT's frames."""
        octaves = torch.log2(f0.clamp(min=20.0) / 100.0) - F0_CENTRE
        x = torch.cat([(mel - CENTRE) / SCALE, (octaves * (voiced > 0))[..., None], voiced[..., None]], dim=-1)
        x = self.norm(self.enter(x.transpose(1, 2)).transpose(1, 2))
        for block in self.blocks:
            x = block(x)
        change = self.filters(self.leave(x)).unflatten(-1, (3, BINS)).float()
        envelope = 0.5 * mel @ self.to_bins.T
        log_harmonic = (envelope + change[..., 0, :]).clamp(*LOG_GAINS)
        log_noise = (envelope + change[..., 1, :] - 2.0 * voiced[..., None]).clamp(*LOG_GAINS)
        harmonic = torch.polar(log_harmonic.exp(), 3.0 * change[..., 2, :])
        noise = log_noise.exp()
        return tuple(torch.cat([part, part[:, -1:]], dim=1).transpose(1, 2) for part in (harmonic, noise))

    def spectrum(self, samples: torch.Tensor) -> torch.Tensor:
        """(batch, n) to (batch, 257, n / 160 + 1) complex."""
        return torch.stft(samples, FFT, HOP, window=self.window, center=True, return_complex=True)


def upsample(frames: torch.Tensor, hop: int) -> torch.Tensor:
    """(batch, frames) to (batch, frames * hop) by linear interpolation; frame k lies at sample k * hop, the last is repeated."""
    following = torch.cat([frames[:, 1:], frames[:, -1:]], dim=1)
    share = torch.arange(hop, device=frames.device, dtype=frames.dtype) / hop
    return (frames[..., None] + (following - frames)[..., None] * share).flatten(1)


def phase_of_frames(f0: torch.Tensor, hop: int) -> torch.Tensor:
    """Cycles (0..1, float64) that have gone by before each frame: what `pulses` goes on from when it starts there.

    (batch, frames) Hz to (batch, frames).
    """
    f0 = f0.double()
    following = torch.cat([f0[:, 1:], f0[:, -1:]], dim=1)
    within = (hop * f0 + (following - f0) * (hop - 1) / 2) / SAMPLE_RATE  # sums of the straight lines of `upsample`
    return (torch.cumsum(within, dim=1) - within) % 1.0


def pulses(f0: torch.Tensor, voiced: torch.Tensor, hop: int,
           start: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """All harmonics below the Nyquist frequency, in phase and of unit power together.

    sum_{k=1..K} cos(k p) = sin((K + 1/2) p) / (2 sin(p / 2)) - 1/2 (Dirichlet's kernel).

    Args:
        f0: (batch, frames) Hz at every frame. voiced: (batch, frames) 0..1. start: (batch,) phase in cycles to go on from.
    Returns:
        (batch, frames * hop), and the phase (batch,) in cycles after the last sample.
    """
    hz = upsample(f0, hop)
    cycles = torch.cumsum(hz.double() / SAMPLE_RATE, dim=1)
    if start is not None:
        cycles = cycles + start[:, None]
    phase = (2 * math.pi * (cycles % 1.0)).to(hz.dtype)
    count = torch.floor(0.5 * SAMPLE_RATE / hz.clamp(min=20.0))
    half = torch.sin(phase / 2)
    near = half.abs() < 1e-4  # the peak itself, where the closed form divides by nothing
    kernel = torch.sin((count + 0.5) * phase) / (2 * torch.where(near, torch.ones_like(half), half)) - 0.5
    kernel = torch.where(near, count, kernel)
    return kernel * torch.sqrt(2 / count) * upsample(voiced, hop), cycles[:, -1] % 1.0
