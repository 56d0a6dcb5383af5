"""The residual decoder on the neural vocoder: no vocoder's buzz, but a network that must have been trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipelines.decoders.base import Decoder
from pipelines.decoders.residual_frames import changed_f0, changed_frames
from pipelines.factors import Transferred

if TYPE_CHECKING:
    from pipelines.checkpoints.loading import Models
    from pipelines.features.vocoder_features import VocoderFeatures

EVERY = 2  # of WORLD's frames: the vocoder's are 10 ms
PIECE = 1000  # frames whose envelopes are computed at once, 10 s


def decode(transferred: Transferred, models: Models) -> np.ndarray:
    """(samples,) float32 at 16 kHz."""
    from pipelines.decoders.rendering import render

    assert models.vocoder is not None  # Decoder.missing has told
    return render(models.vocoder, features(transferred), models.device)


def features(transferred: Transferred, piece: int = PIECE) -> VocoderFeatures:
    """The changed frames as the vocoder takes them, every 10 ms.

    Envelopes are computed `piece` frames at a time, so that memory stays flat. Only their 80 bands are kept.
    """
    from pipelines.features.vocoder_features import features_of, mel_of

    f0 = changed_f0(transferred)[::EVERY]
    insides = (slice(EVERY * start, EVERY * (start + piece), EVERY) for start in range(0, len(f0), piece))
    return features_of(f0, np.concatenate([mel_of(changed_frames(transferred, inside).envelope) for inside in insides]))


DECODER = Decoder("residual_neural", "Neural vocoder",
                  "Adds the emotion's difference to the source's own sound, by a neural vocoder.",
                  ("acoustic", "vocoder"), decode, aliases=("transfer_neural",))
