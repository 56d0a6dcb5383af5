"""Where somebody speaks: Silero's voice activity detector. Its package holds the weights."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from pipelines.device import one_thread
from pipelines.quiet import quiet

WINDOW = 512  # samples of one probability, 32 ms at 16 kHz


def speech_probabilities(samples: np.ndarray) -> np.ndarray:
    """(ceil(n / 512),) probability of speech in each 32 ms of (n,) float32 at 16 kHz. Safe in several threads at once."""
    return _detector().audio_forward(np.ascontiguousarray(samples, dtype=np.float32))


def forget_detector() -> None:
    """Give its memory back, some 20 MB; the next call loads it again, in 30 ms."""
    _detector.cache_clear()


@cache
def _detector() -> Any:
    """The network that keeps no state between calls."""
    with one_thread(), quiet("silero-vad"):  # its import sets torch's threads for the whole process
        from silero_vad import load_silero_vad  # imported late: it needs torch

        return load_silero_vad(sequence=True)
