"""Two recordings of one sentence by one speaker, in WORLD frames and aligned: the material of the oracle rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipelines.features.pitch import fill_unvoiced
from pipelines.features.world import WorldFrames, analyse, at_times, to_bands

STRIDE = 2  # alignment at 10 ms
COEFFICIENTS = 13
BAND = 0.3  # share of the length by which the alignment may leave the diagonal


@dataclass(frozen=True)
class AlignedFrames:
    """The neutral and the real emotional recording of a sentence.

    Attributes:
        neutral, real: their WORLD frames, 5 ms.
        to_real: (neutral frames,) place in `real` of every neutral frame. to_neutral: the reverse.
    """

    neutral: WorldFrames
    real: WorldFrames
    to_real: np.ndarray
    to_neutral: np.ndarray

    @property
    def real_in_neutral_time(self) -> WorldFrames:
        return at_times(self.real, self.to_real)


def align(neutral: np.ndarray, real: np.ndarray) -> AlignedFrames:
    """Analyse both and align them by DTW on 12 cepstral coefficients without level.

    Args:
        neutral, real: (n,) float32 at 16 kHz of the same sentence.
    """
    import librosa

    one, other = analyse(neutral), analyse(real)
    _, path = librosa.sequence.dtw(_cepstra(one), _cepstra(other), global_constraints=True, band_rad=BAND)
    path = path[::-1]
    return AlignedFrames(one, other, _places(path[:, 0], path[:, 1], len(one.f0)), _places(path[:, 1], path[:, 0], len(other.f0)))


def with_contour(frames: WorldFrames, contour: np.ndarray) -> WorldFrames:
    """Another contour on the frames' own voicing. contour: (frames,) Hz, 0 where unvoiced."""
    return replace(frames, f0=np.where(frames.f0 > 0, fill_unvoiced(contour), 0.0))


def with_envelope(frames: WorldFrames, other: WorldFrames) -> WorldFrames:
    """Another frame-wise envelope, energy included."""
    return replace(frames, envelope=other.envelope)


def _places(own: np.ndarray, other: np.ndarray, frames: int) -> np.ndarray:
    """Mean partner of every frame on the path, spread from 10 ms to the 5 ms grid."""
    steps = np.unique(own)
    partner = np.array([other[own == step].mean() for step in steps])
    return np.interp(np.arange(frames), steps * STRIDE, partner * STRIDE)


def _cepstra(frames: WorldFrames) -> np.ndarray:
    """(12, frames at 10 ms), each coefficient with mean 0 and deviation 1."""
    from scipy.fft import dct

    cepstra = dct(to_bands(frames.envelope[::STRIDE]), axis=1, norm="ortho")[:, 1:COEFFICIENTS].T
    return (cepstra - cepstra.mean(1, keepdims=True)) / (cepstra.std(1, keepdims=True) + 1e-6)
