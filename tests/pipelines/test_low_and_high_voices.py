"""Voices at the ends of what people speak at: F0 is tracked without octave errors, and emotions move it."""

from __future__ import annotations

import numpy as np
import pytest
import pyworld

from pipelines.features.audio import SAMPLE_RATE, Recording
from pipelines.features.pitch import statistics, track

SECONDS = 2.0


def at_hz(recording: Recording, mean_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """The example's man at another mean F0: (n,) float32 samples, and the F0 that was asked for, Hz, every 5 ms."""
    samples = recording.samples[:int(SECONDS * SAMPLE_RATE)].astype(np.float64)
    f0, times = pyworld.harvest(samples, SAMPLE_RATE, f0_floor=60.0, f0_ceil=600.0)
    envelope, aperiodicity = (take(samples, f0, times, SAMPLE_RATE) for take in (pyworld.cheaptrick, pyworld.d4c))
    asked = f0 * mean_hz / np.exp(np.log(f0[f0 > 0]).mean())
    moved = pyworld.synthesize(asked, envelope, aperiodicity, SAMPLE_RATE)
    return (0.5 * moved / np.abs(moved).max()).astype(np.float32), asked


@pytest.mark.parametrize("mean_hz", [60.0, 450.0])
def test_a_voice_is_tracked_without_octave_errors_and_made_angry(mean_hz, recording, converter):
    samples, asked = at_hz(recording, mean_hz)
    hz = track(samples, 0.005).contour().hz[:len(asked)]
    both = (hz > 0) & (asked[:len(hz)] > 0)
    octaves = np.abs(np.log2(hz[both] / asked[:len(hz)][both]))
    assert both.sum() > 0.5 * (asked > 0).sum() and np.mean(octaves > 0.4) < 0.02
    own = statistics(track(samples).contour())
    angry = statistics(track(converter.convert(Recording(samples, "voice.wav"), emotion="angry").samples).contour())
    assert own and angry and 12 * np.log2(angry.mean_hz / own.mean_hz) > 1
