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
