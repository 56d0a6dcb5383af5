"""F0 contours of a transfer: where they come from, and how they are smoothed and brought to the speaker's level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipelines.errors import ZestError

if TYPE_CHECKING:
    import torch

    from pipelines.factors import Emotion

PREDICTED, SOURCE, REFERENCE = "predicted", "source", "reference"  # one of the recordings', to see what predicting is worth
SMOOTHING = (1 / 9, 2 / 9, 3 / 9, 2 / 9, 1 / 9)  # 100 ms: vocal folds do not change faster (Xu & Sun, JASA 2002)


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
    """(batch, time) with frame-to-frame jumps of the predictor taken out; the ends are held."""
    import torch  # imported late: settings are checked without it

    window = torch.tensor(SMOOTHING, device=octaves.device)[None, None]
    padded = torch.nn.functional.pad(octaves[:, None], (len(SMOOTHING) // 2,) * 2, mode="replicate")
    return torch.nn.functional.conv1d(padded, window)[:, 0]


def reference_f0(own: np.ndarray, voiced: np.ndarray, emotion: Emotion) -> np.ndarray:
    """The reference's contour in the source's length and at the source's level: (frames,) octaves above 100 Hz.

    The contour is stretched linearly from end to end, since no alignment of two different sentences is right. It is moved
    so that the means over voiced frames agree, since the level of F0 tells first of all who speaks.

    Args:
        own, voiced: (frames,) octaves of the source, and which of its frames are voiced.
    Raises:
        ZestError: the emotion is a preset, which has no contour, or its recording has no voiced speech.
    """
    if emotion.octaves is None:
        raise ZestError("F0 of the reference needs a reference recording; a preset has none.")
    if not emotion.voiced.any():
        raise ZestError(f"{emotion.name} has no voiced speech whose F0 could be taken; choose another reference.")
    places = np.linspace(0, len(emotion.octaves) - 1, len(own))
    stretched = np.interp(places, np.arange(len(emotion.octaves)), emotion.octaves)
    level = own[voiced].mean() if voiced.any() else own.mean()
    return stretched + level - emotion.octaves[emotion.voiced].mean()
