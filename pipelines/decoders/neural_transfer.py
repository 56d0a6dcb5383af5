"""The residual decoder on the neural vocoder: no vocoder's buzz, but a network that must have been trained."""

from __future__ import annotations

import numpy as np

from pipelines.decoders.changed_frames import changed_frames
from pipelines.errors import CheckpointError
from pipelines.factors import Transferred
from pipelines.models import Models
from pipelines.vocoder_features import VocoderFeatures, features_of_frames
from pipelines.vocoding import render

MISSING = "This checkpoint has no neural vocoder; use the decoder 'transfer', or train one with 'zest train vocoder'."


def decode(transferred: Transferred, models: Models) -> np.ndarray:
    """(samples,) float32 at 16 kHz. Raises CheckpointError: the checkpoint has no vocoder."""
    if models.vocoder is None:
        raise CheckpointError(MISSING)
    return render(models.vocoder, features(transferred), models.device)


def features(transferred: Transferred) -> VocoderFeatures:
    """Every second of WORLD's frames: the vocoder's run at 10 ms."""
    frames = changed_frames(transferred)
    return features_of_frames(frames.f0[::2], frames.envelope[::2])
