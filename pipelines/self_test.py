"""A sound that needs no recording, for self-tests and measurements."""

from __future__ import annotations

import numpy as np

from pipelines.features.audio import Recording, from_array

SECONDS, RATE = 3.0, 16_000


def buzz() -> Recording:
    """Three seconds of a voice-like sound: harmonics of a gliding F0, in syllables. Mono, 16 kHz."""
    seconds = np.arange(int(SECONDS * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(130 + 25 * np.sin(2 * np.pi * 0.5 * seconds)) / RATE
    harmonics = sum(np.sin(number * phase) / number for number in range(1, 20))
    samples = 0.1 * harmonics * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * seconds))
    return from_array(samples.astype(np.float32), RATE, "self-test")
