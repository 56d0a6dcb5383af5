"""How loud speech is: recordings differ by what the microphone did, which nothing that is said or meant can tell a network."""

from __future__ import annotations

import numpy as np

from pipelines.features.audio import SAMPLE_RATE

NOMINAL = 0.1  # amplitude that speech is brought to where level is not to be learnt, -20 dBFS
FRAME = SAMPLE_RATE // 50
LOUD = 90  # percentile: pauses, however long, do not count
SILENCE = 1e-4


def speech_level(samples: np.ndarray) -> float:
    """Root mean square amplitude of the loud frames (20 ms) of (n,) samples at 16 kHz; at least -80 dBFS, so that one can
    divide by it."""
    whole = np.pad(samples.astype(np.float32), (0, -len(samples) % FRAME)).reshape(-1, FRAME)
    return max(SILENCE, float(np.percentile(np.sqrt(np.square(whole).mean(axis=1)), LOUD)))
