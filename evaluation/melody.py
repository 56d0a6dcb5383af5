"""Did the melody move? F0 contours compared, in semitones.

F0 is tracked with SwiftF0 at 10 ms (the published system used YAAPT: numbers differ a little between trackers).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from pipelines.audio import SAMPLE_RATE
from pipelines.pitch import F0Contour, semitones, track

STEP = 0.01  # s
JUMP_SEMITONES = 9.0  # between neighbouring frames of one voiced run no larynx does this; an octave error does
BAND = 0.25  # share of the length by which an alignment may leave the diagonal
MIN_VOICED = 10  # frames below which a correlation says nothing


@dataclass(frozen=True)
class Agreement:
    """correlation: Pearson r of semitones over aligned voiced frames, NaN where undefined.
    rmse: semitones, levels included. frames: aligned frames voiced in both."""

    correlation: float
    rmse: float
    frames: int


def contour_of(samples: np.ndarray) -> F0Contour:
    """(n,) float32 at 16 kHz to its F0 at 10 ms."""
    return track(samples, STEP).contour()


def shape_agreement(one: F0Contour, other: F0Contour) -> Agreement:
    """How alike two melodies of different sentences are: voiced stretches joined, aligned by DTW on their own
    level-free shape within a band. It flatters every system alike: compare rows, not with other papers."""
    a, b = semitones(one.hz[one.voiced]), semitones(other.hz[other.voiced])
    if min(len(a), len(b)) < MIN_VOICED:
        return Agreement(float("nan"), float("nan"), 0)
    path = _align((a - a.mean())[None], (b - b.mean())[None])
    return _agreement(a[path[:, 0]], b[path[:, 1]])


def parallel_agreement(one: np.ndarray, one_f0: F0Contour, other: np.ndarray, other_f0: F0Contour) -> Agreement:
    """How alike two recordings of the same sentence are, aligned by DTW on their sounds (12 MFCC without level)."""
    path = _align(_cepstra(one, len(one_f0.hz)), _cepstra(other, len(other_f0.hz)))
    a, b = one_f0.hz[path[:, 0]], other_f0.hz[path[:, 1]]
    both = (a > 0) & (b > 0)
    if both.sum() < MIN_VOICED:
        return Agreement(float("nan"), float("nan"), int(both.sum()))
    return _agreement(semitones(a[both]), semitones(b[both]))


def jumps(contour: F0Contour) -> int:
    """Steps of more than 9 semitones between neighbouring frames of one voiced run."""
    tones = semitones(contour.hz)  # NaN where unvoiced, so a difference across a gap is NaN and never counts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return int((np.abs(np.diff(tones)) > JUMP_SEMITONES).sum())


def _agreement(a: np.ndarray, b: np.ndarray) -> Agreement:
    moves = a.std() > 1e-6 and b.std() > 1e-6
    correlation = float(np.corrcoef(a, b)[0, 1]) if moves else float("nan")
    return Agreement(correlation, float(np.sqrt(((a - b) ** 2).mean())), len(a))


def _align(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(features, n) and (features, m) to the (steps, 2) frame pairs of the cheapest alignment."""
    import librosa

    _, path = librosa.sequence.dtw(a, b, global_constraints=True, band_rad=BAND)
    return path[::-1]


def _cepstra(samples: np.ndarray, frames: int) -> np.ndarray:
    """(12, frames), each coefficient with mean 0 and deviation 1 over the clip."""
    import librosa

    cepstra = librosa.feature.mfcc(y=np.asarray(samples, dtype=np.float32), sr=SAMPLE_RATE, n_mfcc=13, n_fft=400,
                                   hop_length=int(STEP * SAMPLE_RATE), n_mels=40)[1:]
    cepstra = librosa.util.fix_length(cepstra, size=frames, mode="edge")
    return (cepstra - cepstra.mean(1, keepdims=True)) / (cepstra.std(1, keepdims=True) + 1e-6)
