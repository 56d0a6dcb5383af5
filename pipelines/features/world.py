"""WORLD analysis and synthesis (Morise et al., 2016) and the compact domain in which emotion differences are predicted.

The source's full-resolution envelope is never re-coded: differences are predicted on 40 mel bands at 50 Hz,
decoded to full resolution, and added to the untouched envelope.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipelines.features import world_cores
from pipelines.features.mel_bands import band_to_bin, band_weights
from pipelines.features.pitch import SYNTHESIS_CONFIDENCE, PitchTrack, track
from pipelines.features.world_cores import FFT_SIZE, FRAME_SECONDS

BANDS = 40
FLOOR = 1e-12  # power below which an envelope is silence


@dataclass(frozen=True)
class WorldFrames:
    """A recording in WORLD's parameters, 200 frames a second.

    Attributes:
        f0: (frames,) Hz, 0 where unvoiced.
        envelope: (frames, 513) power.
        aperiodicity: (frames, 513) 0..1.
    """

    f0: np.ndarray
    envelope: np.ndarray
    aperiodicity: np.ndarray


def analyse(samples: np.ndarray, pitch: PitchTrack | None = None) -> WorldFrames:
    """Full-resolution analysis.

    Args:
        samples: (n,) at 16 kHz.
        pitch: a track with 5 ms steps, where one was made already.
    """
    pitch = track(samples, FRAME_SECONDS) if pitch is None else pitch
    f0 = pitch.contour(SYNTHESIS_CONFIDENCE).hz
    return WorldFrames(f0, *world_cores.analyse(samples, f0))


def synthesise(frames: WorldFrames) -> np.ndarray:
    """(samples,) float32 at 16 kHz."""
    return synthesise_pieces(frames.f0, lambda inside: (frames.envelope[inside], frames.aperiodicity[inside]))


def synthesise_pieces(f0: np.ndarray, spectra: world_cores.Spectra) -> np.ndarray:
    """The same of F0 (frames,) and of what is made only when a piece is synthesised, which keeps memory flat."""
    return world_cores.synthesise(f0, spectra).astype(np.float32)


def compact(samples: np.ndarray, f0_10ms: np.ndarray) -> np.ndarray:
    """Log mel-band energies of the WORLD envelope at 50 Hz, for training the acoustic model.

    Args:
        f0_10ms: (frames,) Hz at 10 ms steps, 0 where unvoiced.
    Returns:
        (frames at 20 ms, 40) natural-log power.
    """
    return to_bands(world_cores.envelope(samples, f0_10ms, 0.01))[::2]


def to_bands(envelope: np.ndarray) -> np.ndarray:
    """(frames, 513) power to (frames, 40) log mel-band power."""
    return np.log(envelope @ band_weights(BANDS, FFT_SIZE // 2 + 1).T + FLOOR).astype(np.float32)


def add_difference(frames: WorldFrames, difference: np.ndarray) -> WorldFrames:
    """Add a log-power difference on mel bands to the envelope.

    Args:
        difference: (frames, 40), on the frames' own 5 ms grid.
    """
    gain = np.exp(difference.astype(np.float32) @ band_to_bin(BANDS, FFT_SIZE // 2 + 1).T.astype(np.float32))
    return replace(frames, envelope=np.maximum(frames.envelope * gain, FLOOR))


def at_times(frames: WorldFrames, position: np.ndarray) -> WorldFrames:
    """Frames at fractional positions (for tempo): nearest for F0 and voicing edges, linear in log power otherwise.

    Args:
        position: (new frames,) fractional indices into the frames.
    """
    position = np.clip(position, 0, len(frames.f0) - 1)
    low = np.floor(position).astype(int)
    if np.array_equal(low, position):  # whole frames, as without tempo
        return WorldFrames(frames.f0[low], frames.envelope[low], frames.aperiodicity[low])
    high = np.minimum(low + 1, len(frames.f0) - 1)
    part = (position - low)[:, None].astype(np.float32)  # float32 halves the time of what follows and is heard by nobody
    first, last = int(low.min()), int(high.max()) + 1
    log_envelope = np.log(np.maximum(frames.envelope[first:last], FLOOR), dtype=np.float32)
    envelope = np.exp(log_envelope[low - first] * (1 - part) + log_envelope[high - first] * part)
    aperiodicity = frames.aperiodicity[low] * (1 - part) + frames.aperiodicity[high] * part
    return WorldFrames(frames.f0[np.rint(position).astype(int)], envelope, aperiodicity)
