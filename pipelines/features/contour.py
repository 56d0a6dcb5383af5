"""The arithmetic of a transfer, shared by training and conversion."""

from __future__ import annotations

import torch


def anchor_melody(source: torch.Tensor, own: torch.Tensor, wanted: torch.Tensor, voiced: torch.Tensor) -> torch.Tensor:
    """The wanted contour at this speaker's level.

    The shape is the prediction's; the level is the source's own mean plus what the emotion moves the prediction's mean,
    so that an unseen speaker's level never depends on how well EASE guesses it.

    Args:
        source: (batch, time) octaves of the source. own: predicted with the source's own emotion.
        wanted: predicted with the reference's emotion. voiced: (batch, time) 0/1.
    Returns:
        (batch, time) octaves.
    """
    count = voiced.sum(1, keepdim=True).clamp(min=1)
    offset = ((source - own) * voiced).sum(1, keepdim=True) / count
    return wanted + offset


SMOOTHING = (1 / 9, 2 / 9, 3 / 9, 2 / 9, 1 / 9)  # 100 ms: vocal folds do not change faster (Xu & Sun, JASA 2002)


def smooth_melody(octaves: torch.Tensor) -> torch.Tensor:
    """(batch, time) with frame-to-frame jumps of the predictor taken out; the ends are held."""
    window = torch.tensor(SMOOTHING, device=octaves.device)[None, None]
    padded = torch.nn.functional.pad(octaves[:, None], (len(SMOOTHING) // 2,) * 2, mode="replicate")
    return torch.nn.functional.conv1d(padded, window)[:, 0]
