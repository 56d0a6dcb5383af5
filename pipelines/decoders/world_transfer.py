"""The residual decoder on WORLD."""

from __future__ import annotations

import numpy as np

from pipelines import world
from pipelines.decoders.changed_frames import changed_frames
from pipelines.factors import Transferred
from pipelines.models import Models


def decode(transferred: Transferred, models: Models) -> np.ndarray:
    """(samples,) float32 at 16 kHz."""
    return world.synthesise(changed_frames(transferred))
