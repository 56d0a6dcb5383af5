"""Did F0 move? Contours compared, in semitones.

Metrics track F0 with WORLD's dio and stonemask at 10 ms (`world_f0`), which shares nothing with the converter's SwiftF0. Harvest
takes some 20 times as long and differs by more than 3 semitones in 2.7 % of frames (docs/metrics.md). The published system used
YAAPT: numbers differ between trackers, so compare within one.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.pitch import F0_CEIL, F0_FLOOR, F0Contour, semitones
from pipelines.features.world import import_pyworld

STEP = 0.01  # s
JUMP_SEMITONES = 9.0  # between neighbouring frames of one voiced run no larynx does this; an octave error does
BAND = 0.25  # share of the length by which an alignment may leave the diagonal
MIN_VOICED = 10  # frames below which a correlation says nothing


@dataclass(frozen=True)
class Agreement:
    """correlation: Pearson r of semitones over aligned voiced frames, NaN where undefined.
    rmse: semitones, levels included."""

    correlation: float
    rmse: float


def world_f0(samples: np.ndarray, step: float = STEP) -> np.ndarray:
    """(n,) float32 at 16 kHz to (frames,) Hz by dio and stonemask (Morise, 2009 and 2010), 0 where unvoiced."""
    pyworld = import_pyworld()
    signal = np.asarray(samples, dtype=np.float64)
    hz, times = pyworld.dio(signal, SAMPLE_RATE, f0_floor=F0_FLOOR, f0_ceil=F0_CEIL, frame_period=1000 * step)
    return pyworld.stonemask(signal, hz, times, SAMPLE_RATE)


def shape_agreement(one: F0Contour, other: F0Contour) -> Agreement | None:
    """How alike two contours of different sentences are: voiced stretches joined, aligned by DTW on their own
    level-free shape within a band. It flatters every system alike: compare rows, not with other papers. None where hardly
    anything is voiced."""
    a, b = semitones(one.hz[one.voiced]), semitones(other.hz[other.voiced])
    if min(len(a), len(b)) < MIN_VOICED:
        return None
    import librosa

    _, backwards = librosa.sequence.dtw((a - a.mean())[None], (b - b.mean())[None], global_constraints=True, band_rad=BAND)
    path = backwards[::-1]  # (steps, 2) frame pairs of the cheapest alignment
    return _agreement(a[path[:, 0]], b[path[:, 1]])


def voiced_agreement(one: np.ndarray, other: np.ndarray) -> Agreement | None:
    """How alike two contours are whose frames are aligned already: (frames,) Hz each, 0 where unvoiced. None where hardly any
    frame is voiced in both."""
    both = (one > 0) & (other > 0)
    return _agreement(semitones(one[both]), semitones(other[both])) if both.sum() >= MIN_VOICED else None


def jumps(contour: F0Contour) -> int:
    """Steps of more than 9 semitones between neighbouring frames of one voiced run."""
    tones = semitones(contour.hz)  # NaN where unvoiced, so a difference across a gap is NaN and never counts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return int((np.abs(np.diff(tones)) > JUMP_SEMITONES).sum())


def _agreement(a: np.ndarray, b: np.ndarray) -> Agreement:
    moves = a.std() > 1e-6 and b.std() > 1e-6
    correlation = float(np.corrcoef(a, b)[0, 1]) if moves else float("nan")
    return Agreement(correlation, float(np.sqrt(((a - b) ** 2).mean())))
