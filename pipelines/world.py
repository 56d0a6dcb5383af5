"""WORLD analysis and synthesis (Morise et al., 2016) and the compact domain in which emotion differences are predicted.

The source's full-resolution envelope is never re-coded: differences are predicted on 40 mel bands at 50 Hz,
decoded to full resolution, and added to the untouched envelope.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from pipelines.audio import SAMPLE_RATE
from pipelines.pitch import SYNTHESIS_CONFIDENCE, PitchTrack, track

with warnings.catch_warnings():  # pyworld 0.3.5 imports pkg_resources, whose notice is not the user's business
    warnings.simplefilter("ignore")
    import pyworld

FRAME_SECONDS = 0.005
BANDS = 40
FFT_SIZE = pyworld.get_cheaptrick_fft_size(SAMPLE_RATE)
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
    samples = np.ascontiguousarray(samples, dtype=np.float64)
    return WorldFrames(f0, _envelope(samples, f0, FRAME_SECONDS), _aperiodicity(samples, f0))


def synthesise(frames: WorldFrames) -> np.ndarray:
    """(samples,) float32 at 16 kHz."""
    samples = pyworld.synthesize(
        np.ascontiguousarray(frames.f0, dtype=np.float64), np.ascontiguousarray(frames.envelope, dtype=np.float64),
        np.ascontiguousarray(frames.aperiodicity, dtype=np.float64), SAMPLE_RATE, FRAME_SECONDS * 1000)
    return samples.astype(np.float32)


def compact(samples: np.ndarray, f0_10ms: np.ndarray) -> np.ndarray:
    """Log mel-band energies of the WORLD envelope at 50 Hz, for training the acoustic model.

    Args:
        f0_10ms: (frames,) Hz at 10 ms steps, 0 where unvoiced.
    Returns:
        (frames at 20 ms, 40) natural-log power.
    """
    samples = np.ascontiguousarray(samples, dtype=np.float64)
    return to_bands(_envelope(samples, f0_10ms, 0.01))[::2]


def to_bands(envelope: np.ndarray) -> np.ndarray:
    """(frames, 513) power to (frames, 40) log mel-band power."""
    return np.log(envelope @ _mel_weights().T + FLOOR).astype(np.float32)


def add_difference(frames: WorldFrames, difference: np.ndarray) -> WorldFrames:
    """Add a log-power difference on mel bands to the envelope.

    Args:
        difference: (frames, 40), on the frames' own 5 ms grid.
    """
    gain = np.exp(difference @ _band_to_bin().T)
    return replace(frames, envelope=np.maximum(frames.envelope * gain, FLOOR))


def at_times(frames: WorldFrames, position: np.ndarray) -> WorldFrames:
    """Frames at fractional positions (for tempo): nearest for F0 and voicing edges, linear in log power otherwise.

    Args:
        position: (new frames,) fractional indices into the frames.
    """
    position = np.clip(position, 0, len(frames.f0) - 1)
    low = np.floor(position).astype(int)
    high = np.minimum(low + 1, len(frames.f0) - 1)
    part = (position - low)[:, None]
    log_envelope = np.log(np.maximum(frames.envelope, FLOOR))
    envelope = np.exp(log_envelope[low] * (1 - part) + log_envelope[high] * part)
    aperiodicity = frames.aperiodicity[low] * (1 - part) + frames.aperiodicity[high] * part
    return WorldFrames(frames.f0[np.rint(position).astype(int)], envelope, aperiodicity)


def _envelope(samples: np.ndarray, f0: np.ndarray, step: float) -> np.ndarray:
    times = np.arange(len(f0)) * step
    return pyworld.cheaptrick(samples, np.ascontiguousarray(f0, dtype=np.float64), times, SAMPLE_RATE)


def _aperiodicity(samples: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """D4C at 10 ms, repeated to 5 ms: half the time, 0.02 DistillMOS (docs/measurements.md)."""
    times = np.arange(len(f0)) * FRAME_SECONDS
    coarse = pyworld.d4c(samples, np.ascontiguousarray(f0[::2], dtype=np.float64), times[::2].copy(), SAMPLE_RATE)
    return np.repeat(coarse, 2, axis=0)[:len(f0)]


def _mel(hz: np.ndarray | float) -> np.ndarray:
    return 2595 * np.log10(1 + np.asarray(hz) / 700)


@lru_cache(maxsize=1)
def _band_centres() -> np.ndarray:
    """(42,) mel, the 40 centres with both outer edges."""
    return np.linspace(_mel(40.0), _mel(SAMPLE_RATE / 2), BANDS + 2)


@lru_cache(maxsize=1)
def _mel_weights() -> np.ndarray:
    """(40, 513) triangles that average power within a band."""
    bins = _mel(np.linspace(0, SAMPLE_RATE / 2, FFT_SIZE // 2 + 1))
    edges = _band_centres()
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    weights = np.maximum(np.minimum(rising, falling), 0)
    weights[np.arange(BANDS), np.argmax(np.minimum(rising, falling), axis=1)] += 1e-6  # no empty narrow band
    return weights / weights.sum(axis=1, keepdims=True)


@lru_cache(maxsize=1)
def _band_to_bin() -> np.ndarray:
    """(513, 40): linear interpolation between band centres on the mel axis."""
    bins = _mel(np.linspace(0, SAMPLE_RATE / 2, FFT_SIZE // 2 + 1))
    centres = _band_centres()[1:-1]
    return np.stack([np.interp(bins, centres, row) for row in np.eye(BANDS)], axis=1)
