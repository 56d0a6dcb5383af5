"""The residual decoder on WORLD."""

from __future__ import annotations

import numpy as np

from pipelines.checkpoints.loading import Models
from pipelines.decoders.residual_frames import changed_f0, changed_frames, check_acoustic
from pipelines.factors import Transferred
from pipelines.features import world


def decode(transferred: Transferred, models: Models) -> np.ndarray:
    """(samples,) float32 at 16 kHz. Raises CheckpointError: the checkpoint has no acoustic model."""
    check_acoustic(models)

    def spectra(inside: slice) -> tuple[np.ndarray, np.ndarray]:
        frames = changed_frames(transferred, inside)
        return frames.envelope, frames.aperiodicity

    return world.synthesise_pieces(changed_f0(transferred), spectra)
