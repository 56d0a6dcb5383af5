"""Where somebody speaks: Silero's voice activity detector. Its package holds the weights."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from pipelines.device import one_thread
from pipelines.features.audio import SAMPLE_RATE
from pipelines.quiet import quiet

WINDOW = 512  # samples of one probability, 32 ms at 16 kHz
STEP = 0.01  # s between frames of a level
SPEECH = 0.5  # probability from which a frame is speech
AUDIBLE_DB = 40.0  # below the loud frames: what is softer is a pause
LEAST_SHARE = 0.15  # of the audible frames; a recording with less speech is none of speech (docs/lab-notes/doctor.md)


def speech_probabilities(samples: np.ndarray) -> np.ndarray:
    """(ceil(n / 512),) probability of speech in each 32 ms of (n,) float32 at 16 kHz. Safe in several threads at once."""
    return _detector().audio_forward(np.ascontiguousarray(samples, dtype=np.float32))


def speech_share(samples: np.ndarray) -> float:
    """Share of the audible frames of (n,) float32 at 16 kHz that are speech, 0 to 1."""
    audible, speech = speech_frames(samples, levels(samples))
    return float(speech.sum() / max(1, audible.sum()))


def speech_frames(samples: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(frames,) which frames are audible, and which of these are speech. level: as `levels` gives it."""
    likely = speech_probabilities(samples)
    audible = level > np.percentile(level, 95) - AUDIBLE_DB
    times = (np.arange(len(likely)) + 0.5) * WINDOW / SAMPLE_RATE
    return audible, audible & (np.interp(np.arange(len(level)) * STEP, times, likely) >= SPEECH)


def levels(samples: np.ndarray) -> np.ndarray:
    """(frames,) dB of power every 10 ms of (n,) samples at 16 kHz, in windows of 20 ms, above 80 Hz."""
    from scipy.signal import butter, sosfilt  # imported late: a help page need not wait for scipy

    filtered = sosfilt(butter(2, 80.0, "high", fs=SAMPLE_RATE, output="sos"), samples)
    hop = int(STEP * SAMPLE_RATE)
    power = np.square(np.pad(filtered, (0, -len(filtered) % hop))).reshape(-1, hop).mean(axis=1)
    return 10 * np.log10((power + np.append(power[1:], power[-1])) / 2 + 1e-10)


def forget_detector() -> None:
    """Give its memory back, some 20 MB; the next call loads it again, in 30 ms."""
    _detector.cache_clear()


@cache
def _detector() -> Any:
    """The network that keeps no state between calls."""
    with one_thread(), quiet("silero-vad"):  # its import sets torch's threads for the whole process
        from silero_vad import load_silero_vad  # imported late: it needs torch

        return load_silero_vad(sequence=True)
