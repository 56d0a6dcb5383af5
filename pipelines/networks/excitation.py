"""What a voice is filtered from: a pulse train at F0 and white noise (neural source filter, Wang et al., 2019,
with the closed form of a band-limited pulse train instead of a sum of sines)."""

from __future__ import annotations

import math

import torch

from pipelines.features.audio import SAMPLE_RATE


def upsample(frames: torch.Tensor, hop: int) -> torch.Tensor:
    """(batch, frames) to (batch, frames * hop) by straight lines; frame k lies at sample k * hop, the last is held."""
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
