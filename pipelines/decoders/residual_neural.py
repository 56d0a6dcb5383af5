"""The residual decoder on the neural vocoder: no vocoder's buzz, but a network that must have been trained."""

from __future__ import annotations

import numpy as np

from pipelines.checkpoints.loading import Models
from pipelines.decoders.residual_frames import changed_f0, changed_frames, check_acoustic
from pipelines.decoders.vocoding import PIECE, render
from pipelines.errors import CheckpointError
from pipelines.factors import Transferred
from pipelines.features.vocoder_features import VocoderFeatures, features_of, mel_of

EVERY = 2  # of WORLD's frames
MISSING = "This checkpoint has no neural vocoder; use the decoder 'transfer', or train one with 'zest train vocoder'."


def decode(transferred: Transferred, models: Models) -> np.ndarray:
    """(samples,) float32 at 16 kHz. Raises CheckpointError: the checkpoint has no vocoder or no acoustic model."""
    check_acoustic(models)
    if models.vocoder is None:
        raise CheckpointError(MISSING)
    return render(models.vocoder, features(transferred), models.device)


def features(transferred: Transferred, piece: int = PIECE) -> VocoderFeatures:
    """Every second of WORLD's frames: the vocoder's run at 10 ms. Envelopes are made so many frames at a time, which keeps
    memory flat; what is kept of them, 80 bands, is small."""
    f0 = changed_f0(transferred)[::EVERY]
    parts = (slice(EVERY * start, EVERY * (start + piece), EVERY) for start in range(0, len(f0), piece))
    mel = [mel_of(changed_frames(transferred, part).envelope) for part in parts]
    return features_of(f0, np.concatenate(mel))
