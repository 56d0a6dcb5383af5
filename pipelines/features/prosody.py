"""Prosody features of encoders: spectral envelope, F0, voicing and energy on the 50 Hz grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.features.pitch import SYNTHESIS_CONFIDENCE, VOICED_CONFIDENCE, F0Contour, PitchTrack, fill_unvoiced, track
from pipelines.features.world import BANDS, compact

FEATURES = BANDS + 3  # bands, log F0, voicing, energy
LEVEL_CENTRE, LEVEL_SCALE = 8.0, 4.0  # natural-log power: where speech lies, roughly
LOUD = 90  # percentile of the frames' energy that is a recording's level
ROOM = -11.0  # nepers of power below that level: what lies lower is the room's, not the speaker's
BAND_CENTRE, ENERGY_CENTRE, OCTAVE_CENTRE = 8.0, 3.0, 0.7  # means of training speech, below the level and above 100 Hz


@dataclass(frozen=True)
class Prosody:
    """Frame-wise prosody, 50 Hz.

    Attributes:
        f0: (frames,) Hz at every frame, interpolated where unvoiced.
        voicing: (frames,) 0..1 tracker confidence.
        bands: (frames, 40) natural-log power of the WORLD envelope on mel bands.
    """

    f0: np.ndarray
    voicing: np.ndarray
    bands: np.ndarray

    @property
    def contour(self) -> F0Contour:
        return F0Contour(np.where(self.voicing >= VOICED_CONFIDENCE, self.f0, 0.0))


def from_track(pitch: PitchTrack, bands: np.ndarray) -> Prosody:
    """Put a 20 ms track and bands together, cut to the shorter."""
    frames = min(len(pitch.hz), len(bands))
    f0 = fill_unvoiced(pitch.contour(VOICED_CONFIDENCE).hz[:frames])
    return Prosody(f0.astype(np.float32), pitch.confidence[:frames].astype(np.float32), bands[:frames].astype(np.float32))


def analyse(samples: np.ndarray, pitch: PitchTrack | None = None) -> Prosody:
    """Prosody of (n,) float32 at 16 kHz; pitch: its track with 10 ms steps, if there is one."""
    fine = track(samples, 0.01) if pitch is None else pitch
    return from_track(fine.every(2), compact(samples, fine.contour(SYNTHESIS_CONFIDENCE).hz))


def octaves(f0: np.ndarray) -> np.ndarray:
    """Octaves above 100 Hz: the scale on which networks see F0."""
    return np.log2(np.maximum(f0, 1.0) / 100.0)


def network_features(prosody: Prosody) -> np.ndarray:
    """(frames, 43), each about zero mean and unit deviation: bands with the recording's level removed, F0, voicing, energy.

    The level (loud frames' log power) says how far the microphone was, not how someone feels.
    """
    relative = np.maximum(prosody.bands - level_of(prosody.bands), -14.0)
    extra = np.stack([octaves(prosody.f0) - OCTAVE_CENTRE, 2 * prosody.voicing - 1,
                      (relative.max(axis=1) + ENERGY_CENTRE) / LEVEL_SCALE], axis=1)
    return np.concatenate([(relative + BAND_CENTRE) / LEVEL_SCALE, extra], axis=1).astype(np.float32)


def level_of(bands: np.ndarray) -> float:
    """Nepers of power of the loud frames of a recording's (frames, 40) bands."""
    return float(np.percentile(bands.max(axis=1), LOUD))


def speech_bands(bands: np.ndarray) -> np.ndarray:
    """(frames, 40) natural-log power over the recording's level, at least ROOM: what of its bands is the speaker's."""
    return np.maximum(bands - level_of(bands), ROOM).astype(np.float32)
