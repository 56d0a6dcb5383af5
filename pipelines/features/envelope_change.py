"""How fast a change of the envelope may be: fast movements of a predicted change cost naturalness and words."""

from __future__ import annotations

import math

import torch

from pipelines.features.pitch import FRAME_SECONDS

WIDEST = 3  # deviations of the Gaussian that count


def smooth_change(change: torch.Tensor, mask: torch.Tensor, seconds: float = 0.0, fast: float = 0.0) -> torch.Tensor:
    """A change of the log envelope with less of its fast movements; training and conversion share it.

    Args:
        change: (batch, time, bands) nepers of power, 50 frames a second.
        mask: (batch, time), 1 where there is a frame; others do not reach them.
        seconds: standard deviation of a Gaussian over time; 0 leaves movements as they are.
        fast: share that stays of what moves faster than that mean.
    Returns:
        (batch, time, bands)
    """
    if seconds == 0:
        return change
    slow = _slow(change, mask, seconds / FRAME_SECONDS)
    return slow + fast * (change - slow) * mask[..., None]


def _slow(change: torch.Tensor, mask: torch.Tensor, deviation: float) -> torch.Tensor:
    """Weighted means over frames, of those that exist."""
    reach = math.ceil(WIDEST * deviation)
    places = torch.arange(-reach, reach + 1, device=change.device, dtype=change.dtype)
    window = torch.exp(-0.5 * (places / deviation) ** 2)[None, None]
    batch, time, bands = change.shape
    rows = (change * mask[..., None]).transpose(1, 2).reshape(batch * bands, 1, time)
    means = torch.nn.functional.conv1d(rows, window, padding=reach).reshape(batch, bands, time).transpose(1, 2)
    weight = torch.nn.functional.conv1d(mask[:, None].to(change), window, padding=reach)[:, 0]
    return means / weight.clamp(min=1e-6)[..., None] * mask[..., None]
