"""F0 contours of a transfer: where they come from, and how they are smoothed and brought to the speaker's level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

PREDICTED, SOURCE, REFERENCE = "predicted", "source", "reference"  # one of the recordings', to see what predicting is worth
SMOOTHING = (1 / 9, 2 / 9, 3 / 9, 2 / 9, 1 / 9)  # 100 ms: vocal folds do not change faster (Xu & Sun, JASA 2002)

FASTEST = 6 / 12  # octaves in 20 ms, beyond any speaker: what moves faster is a fault of prediction or tracker
FREE, BEYOND = 9 / 12, 5 / 12  # octaves: 9 semitones, and 5 more at most


def anchor_f0(source: torch.Tensor, own: torch.Tensor, target: torch.Tensor, voiced: torch.Tensor) -> torch.Tensor:
    """The target contour at this speaker's level; training and conversion share it.

    The shape is the prediction's. The level is the source's own mean plus what the emotion moves the prediction's mean.
    So an unseen speaker's level never depends on how well EASE guesses it.

    Args:
        source: (batch, time) octaves of the source. own: predicted with the source's own emotion.
        target: predicted with the reference's emotion. voiced: (batch, time) 0/1.
    Returns:
        (batch, time) octaves.
    """
    count = voiced.sum(1, keepdim=True).clamp(min=1)
    offset = ((source - own) * voiced).sum(1, keepdim=True) / count
    return target + offset


def smooth_f0(octaves: torch.Tensor) -> torch.Tensor:
    """(batch, time) with frame-to-frame jumps of the predictor smoothed out; the ends are repeated."""
    import torch  # imported late: settings are checked without it

    window = torch.tensor(SMOOTHING, device=octaves.device)[None, None]
    padded = torch.nn.functional.pad(octaves[:, None], (len(SMOOTHING) // 2,) * 2, mode="replicate")
    return torch.nn.functional.conv1d(padded, window)[:, 0]


def limited_speed(octaves: np.ndarray) -> np.ndarray:
    """(frames,) octaves, 20 ms each: a contour that moves by FASTEST a frame at most.

    It follows the given contour as fast as it may, once forwards and once backwards; the mean of both is neither early nor late.
    """
    return (_followed(octaves) + _followed(octaves[::-1])[::-1]) / 2


def _followed(octaves: np.ndarray) -> np.ndarray:
    found = octaves.astype(np.float64)
    for frame in range(1, len(found)):
        found[frame] = np.clip(found[frame], found[frame - 1] - FASTEST, found[frame - 1] + FASTEST)
    return found


def bounded_change(octaves: torch.Tensor) -> torch.Tensor:
    """A change of F0 in octaves: as it is up to FREE, then less and less, never beyond FREE + BEYOND.

    A reference unlike all training speech would otherwise move F0 further than one speaker's recordings differ.
    """
    beyond = (octaves.abs() - FREE).clamp(min=0)
    return octaves.sign() * (octaves.abs().clamp(max=FREE) + BEYOND * (beyond / BEYOND).tanh())
