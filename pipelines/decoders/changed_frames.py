"""What both residual decoders render: the source's own frames in the new timing, at the predicted F0, plus the predicted
difference of the envelope."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipelines import world
from pipelines.factors import Transferred
from pipelines.pitch import F0_CEIL, F0_FLOOR
from pipelines.world import WorldFrames

FINE = 4  # WORLD frames (5 ms) per unit frame (20 ms)


def changed_frames(transferred: Transferred) -> WorldFrames:
    """200 frames a second."""
    coarse = np.arange(len(transferred.positions))
    fine = np.arange(len(transferred.positions) * FINE) / FINE
    fine = fine[fine <= coarse[-1]] if len(coarse) > 1 else fine[:1]
    positions = np.interp(fine, coarse, transferred.positions) * FINE
    frames = world.at_times(transferred.source.world, positions)
    shift = np.interp(fine, coarse, transferred.octaves - transferred.source_octaves)
    f0 = np.where(frames.f0 > 0, np.clip(frames.f0 * 2.0**shift, F0_FLOOR, F0_CEIL), 0.0)
    difference = np.stack([np.interp(fine, coarse, band) for band in transferred.difference.T], axis=1)
    return world.add_difference(replace(frames, f0=f0), difference)
