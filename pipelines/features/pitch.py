"""F0: extraction, contours on the 20 ms unit grid, and their description in semitones."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pipelines.features.audio import SAMPLE_RATE

F0_FLOOR, F0_CEIL = 55.0, 800.0  # Hz
VOICED_CONFIDENCE = 0.5  # from which a frame counts as voiced
SYNTHESIS_CONFIDENCE = 0.15  # WORLD sounds best with generous voicing; its aperiodicity does the rest
FRAME_SECONDS = 0.02  # the grid of units and contours, 50 Hz
REFERENCE_HZ = 55.0  # semitones are counted from here


@dataclass(frozen=True)
class F0Contour:
    """An F0 contour.

    Attributes:
        hz: (frames,) Hz, 0 where unvoiced.
        step: seconds between frames; frame k lies at k * step.
    """

    hz: np.ndarray
    step: float = FRAME_SECONDS

    @property
    def seconds(self) -> np.ndarray:
        return np.arange(len(self.hz)) * self.step

    @property
    def voiced(self) -> np.ndarray:
        return self.hz > 0


@dataclass(frozen=True)
class PitchTrack:
    """Raw tracker output before a voicing decision.

    Attributes:
        hz: (frames,) Hz at every frame, voiced or not.
        confidence: (frames,) 0..1.
        step: seconds between frames.
    """

    hz: np.ndarray
    confidence: np.ndarray
    step: float

    def contour(self, threshold: float = VOICED_CONFIDENCE) -> F0Contour:
        """F0 with unvoiced frames at 0."""
        inside = (self.hz >= F0_FLOOR) & (self.hz <= F0_CEIL)
        return F0Contour(np.where((self.confidence >= threshold) & inside, self.hz, 0.0), self.step)

    def every(self, stride: int) -> PitchTrack:
        return PitchTrack(self.hz[::stride].copy(), self.confidence[::stride].copy(), self.step * stride)


@lru_cache(maxsize=1)
def _tracker():
    from swift_f0 import SwiftF0  # imported late: the command line must start fast

    return SwiftF0(threads=min(2, os.cpu_count() or 1), spin=False)  # more gain nothing; the result is the same


def track(samples: np.ndarray, step: float = FRAME_SECONDS) -> PitchTrack:
    """Track F0 with SwiftF0 (arXiv 2508.18440) and put it on a regular grid.

    Against WORLD's Harvest it has about 1 % gross errors at a thirtieth of the time (docs/lab-notes/world-and-f0.md).

    Args:
        samples: (n,) float32 at 16 kHz.
        step: seconds between frames.
    Returns:
        a track of floor(n / (16000 * step)) + 1 frames.
    """
    result = _tracker().detect(np.asarray(samples, dtype=np.float32), SAMPLE_RATE)
    grid = np.arange(int(len(samples) / SAMPLE_RATE / step + 1e-6) + 1) * step
    log_hz = np.interp(grid, result.timestamps, np.log(np.maximum(result.pitch_hz, 1.0)))
    confidence = np.interp(grid, result.timestamps, result.confidence)
    return PitchTrack(np.exp(log_hz), confidence, step)


def semitones(hz: np.ndarray) -> np.ndarray:
    """Semitones above 55 Hz; NaN where unvoiced (0 Hz)."""
    hz = np.asarray(hz, dtype=np.float64)
    return 12 * np.log2(np.where(hz > 0, hz, np.nan) / REFERENCE_HZ)


@dataclass(frozen=True)
class F0Statistics:
    """mean_hz: geometric mean, Hz; mean_semitones: above 55 Hz; range_semitones: 5th to 95th percentile."""

    mean_hz: float
    mean_semitones: float
    range_semitones: float
    voiced_share: float


def statistics(contour: F0Contour) -> F0Statistics | None:
    """Describe the voiced frames; None where nothing is voiced."""
    voiced = semitones(contour.hz[contour.voiced])
    if voiced.size == 0:
        return None
    low, high = np.percentile(voiced, [5, 95])
    mean = float(voiced.mean())
    return F0Statistics(REFERENCE_HZ * 2 ** (mean / 12), mean, float(high - low), float(contour.voiced.mean()))


def fill_unvoiced(hz: np.ndarray) -> np.ndarray:
    """Interpolate log F0 through unvoiced frames; REFERENCE_HZ everywhere if nothing is voiced."""
    voiced = np.flatnonzero(hz > 0)
    if voiced.size == 0:
        return np.full(len(hz), REFERENCE_HZ)
    return np.exp(np.interp(np.arange(len(hz)), voiced, np.log(hz[voiced])))
