"""Baseline: the source through a checkpoint's neural vocoder, nothing moved. What that vocoder alone costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipelines.baselines.base import Baseline, Rendered, Request
from pipelines.errors import CheckpointError

if TYPE_CHECKING:
    from pipelines.checkpoints.loading import Models

MISSING = "This checkpoint has no neural vocoder, which the baseline copy-neural needs; train one with 'zest train vocoder'."


def neural_copy(samples: np.ndarray, models: Models) -> np.ndarray:
    """(n,) float32 at 16 kHz and back, up to one frame longer. Raises CheckpointError: the checkpoint has no vocoder."""
    from pipelines.decoders.rendering import render
    from pipelines.features.vocoder_features import vocoder_features

    if models.vocoder is None:
        raise CheckpointError(MISSING)
    return render(models.vocoder, vocoder_features(samples), models.device)


def load(checkpoint: str, device: str) -> Models:
    """Raises CheckpointError: the checkpoint is damaged or has no vocoder. ZestError: there is no such device."""
    from pipelines.checkpoints.folder import Folder, find_folder
    from pipelines.checkpoints.loading import load_models

    models = load_models(Folder(find_folder(checkpoint)), device)
    if models.vocoder is None:
        raise CheckpointError(MISSING)
    return models


def convert(request: Request, models: Models) -> Rendered:
    """The copy of the source."""
    return Rendered(neural_copy(request.source, models))


BASELINE = Baseline("copy-neural", "Copy by the neural vocoder",
                    "Copy-synthesis of the source by the checkpoint's neural vocoder: what that vocoder costs.",
                    convert, load=load)
