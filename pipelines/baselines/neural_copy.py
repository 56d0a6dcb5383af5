"""Baseline: the source through a checkpoint's neural vocoder, nothing moved. What that vocoder alone costs."""

from __future__ import annotations

import numpy as np

from pipelines.decoders.neural_transfer import MISSING
from pipelines.errors import CheckpointError
from pipelines.models import Models
from pipelines.vocoder_features import vocoder_features
from pipelines.vocoding import render


def neural_copy(samples: np.ndarray, models: Models) -> np.ndarray:
    """(n,) float32 at 16 kHz and back, up to one frame longer. Raises CheckpointError: the checkpoint has no vocoder."""
    if models.vocoder is None:
        raise CheckpointError(MISSING)
    return render(models.vocoder, vocoder_features(samples), models.device)
