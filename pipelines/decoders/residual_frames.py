"""What the residual decoders take from a transfer: the source's own frames in the new timing, at the predicted F0, plus the
predicted difference of the envelope. Frames are WORLD's, 200 a second."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipelines.factors import Transferred
from pipelines.features import world
from pipelines.features.pitch import F0_CEIL, F0_FLOOR
from pipelines.features.world import WorldFrames

FINE = 4  # WORLD frames (5 ms) per unit frame (20 ms)
ALL = slice(None)


def changed_frames(transferred: Transferred, inside: slice = ALL) -> WorldFrames:
    """200 frames a second, or those `inside`: a minute of all of them fills 100 MB."""
    frames = world.at_times(_source_frames(transferred), _positions(transferred, inside))
    difference = np.stack([finer(transferred, band, inside) for band in transferred.difference.T], axis=1)
    return world.add_difference(replace(frames, f0=_moved(transferred, frames.f0, inside)), difference)


def changed_f0(transferred: Transferred) -> np.ndarray:
    """(frames,) Hz, 0 where unvoiced, 200 a second: the F0 of `changed_frames` without their envelopes."""
    own = _source_frames(transferred).f0
    return _moved(transferred, own[np.rint(np.clip(_positions(transferred), 0, len(own) - 1)).astype(int)])


def _source_frames(transferred: Transferred) -> WorldFrames:
    frames = transferred.source.world
    assert frames is not None  # a reference alone is encoded without
    return frames


def _moved(transferred: Transferred, f0: np.ndarray, inside: slice = ALL) -> np.ndarray:
    """The source's F0 in the new timing, by as many octaves as the transfer asks for."""
    shift = finer(transferred, transferred.octaves - transferred.source_octaves, inside)
    return np.where(f0 > 0, np.clip(f0 * 2.0**shift, F0_FLOOR, F0_CEIL), 0.0)


def _positions(transferred: Transferred, inside: slice = ALL) -> np.ndarray:
    """Where each new frame lies in the source's 200 a second."""
    return finer(transferred, transferred.positions, inside) * FINE


def finer(transferred: Transferred, track: np.ndarray, inside: slice = ALL) -> np.ndarray:
    """(frames,) at 50 Hz to 200 Hz, from the first to the last frame; only what is asked for is computed."""
    coarse = np.arange(len(transferred.positions))
    return np.interp(np.arange(*inside.indices(FINE * (len(coarse) - 1) + 1)) / FINE, coarse, track)
