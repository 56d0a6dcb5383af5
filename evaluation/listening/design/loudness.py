"""One loudness for all clips of a study: integrated loudness after ITU-R BS.1770-4 (package pyloudnorm)."""

from __future__ import annotations

import numpy as np

from evaluation.listening.errors import StudyError
from pipelines.features.audio import SAMPLE_RATE

TARGET = -23.0  # LUFS, EBU R 128
LOWEST = -33.0  # LUFS; a study is made softer as a whole rather than clip one recording
GATING_SECONDS = 0.4  # BS.1770's block; shorter clips are measured as one block
PEAK = 0.99  # of full scale


def loudness(samples: np.ndarray) -> float:
    """LUFS of (n,) samples at 16 kHz; a clip that is shorter than one gating block is one block.

    Raises:
        StudyError: nothing above the gate of -70 LUFS.
    """
    import pyloudnorm

    seconds = len(samples) / SAMPLE_RATE
    block = GATING_SECONDS if seconds > GATING_SECONDS else seconds * 0.999  # the meter wants more than one block
    found = pyloudnorm.Meter(SAMPLE_RATE, block_size=block).integrated_loudness(np.asarray(samples, dtype=np.float64))
    if not np.isfinite(found):
        raise StudyError("A recording is too soft to be brought to the loudness of the others.")
    return float(found)


def common_target(measured: list[tuple[float, float]]) -> float:
    """LUFS that every clip can be brought to without clipping: -23, or lower for a study with sharp peaks.

    Args:
        measured: (LUFS, peak) of every clip.
    Raises:
        StudyError: one clip would push all below -33 LUFS.
    """
    highest = min(level + 20 * np.log10(PEAK / max(peak, 1e-6)) for level, peak in measured)
    if highest < LOWEST:
        raise StudyError("A recording has such sharp peaks (clicks) that all would become too soft; evaluate without that pair.")
    return round(float(min(TARGET, np.floor(10 * highest) / 10)), 1)


def at_loudness(samples: np.ndarray, level: float, target: float) -> np.ndarray:
    """(n,) float64 moved from `level` to `target` LUFS."""
    return np.asarray(samples, dtype=np.float64) * 10 ** ((target - level) / 20)
