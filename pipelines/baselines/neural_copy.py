"""Baseline: the source through a checkpoint's neural vocoder, nothing moved. What that vocoder alone costs."""

from __future__ import annotations

import numpy as np

from pipelines.checkpoints.loading import Models
from pipelines.decoders.residual_neural import MISSING
from pipelines.decoders.vocoding import render
from pipelines.errors import CheckpointError
from pipelines.features.vocoder_features import vocoder_features


def neural_copy(samples: np.ndarray, models: Models) -> np.ndarray:
    """(n,) float32 at 16 kHz and back, up to one frame longer. Raises CheckpointError: the checkpoint has no vocoder."""
    if models.vocoder is None:
        raise CheckpointError(MISSING)
    return render(models.vocoder, vocoder_features(samples), models.device)
