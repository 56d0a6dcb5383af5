"""All training audio in memory as 16-bit samples: eight hours are under one gigabyte."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import soundfile
import soxr

from pipelines.features.audio import SAMPLE_RATE
from pipelines.training.data.corpus import Clip


def read_samples(clip: Clip) -> np.ndarray:
    """(n,) float32 at 16 kHz, mono, at the clip's speed."""
    samples, rate = soundfile.read(clip.path, dtype="float32", always_2d=True)
    samples, rate = samples.mean(axis=1), rate * clip.speed
    return samples if rate == SAMPLE_RATE else soxr.resample(samples, rate, SAMPLE_RATE).astype(np.float32)


def read_all(clips: list[Clip]) -> list[np.ndarray]:
    """int16 samples of every clip, in order."""
    def quantised(clip: Clip) -> np.ndarray:
        return (np.clip(read_samples(clip), -1, 1) * 32767).astype(np.int16)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(quantised, clips))
