"""Where a long recording has speech: Silero's voice activity detector (its package holds the weights) and the level, 10 ms apart.

Against an adaptive threshold on the level it cuts hardly any word where there is noise (python -m benchmarks.pauses).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.voice_activity import WINDOW, speech_probabilities

STEP = 0.01  # s between frames
CONTEXT = 64 * WINDOW  # samples that the detector sees of what came before, 2 s
LIKELY = 0.35  # probability from which there is speech
GAP, BLIP = 0.12, 0.06  # s; shorter gaps and shorter speech are none
FINE = 32  # samples, of which five make a frame
LEAST = 1e-10  # power of a frame, -100 dBFS


@dataclass(frozen=True)
class Speech:
    """Frames 10 ms apart; frame k covers k * 10 ms and what follows.

    Attributes:
        there: (frames,) bool, whether somebody speaks. level: (frames,) dBFS. seconds: of the recording.
    """

    there: np.ndarray
    level: np.ndarray
    seconds: float

    def quietest(self, start: float, stop: float) -> float:
        """The middle of the quietest 50 ms between two moments, s."""
        first, last = round(start / STEP), max(round(start / STEP) + 1, round(stop / STEP))
        around = np.convolve(10 ** (np.pad(self.level[max(0, first - 2):last + 2], 2, mode="edge") / 10), np.ones(5), "valid")
        inside = around[first - max(0, first - 2):][:last - first]
        return min(stop, max(start, (first + int(np.argmin(inside)) + 0.5) * STEP)) if len(inside) else start

    def runs(self) -> list[tuple[float, float]]:
        """Stretches of speech, s."""
        return [(first * STEP, min(self.seconds, last * STEP)) for first, last in _runs(self.there)]


def find_speech(blocks: Iterable[np.ndarray]) -> Speech:
    """Listen to a recording in blocks of (n,) float32 at 16 kHz of any length; memory is that of one block and 1 MB an hour."""
    before, rest = np.zeros(CONTEXT, np.float32), np.zeros(0, np.float32)
    likely, powers, count = [], [], 0
    for block in blocks:
        count += len(block)
        samples = np.concatenate([rest, block])
        whole = len(samples) // WINDOW * WINDOW
        if whole:
            likely.append(speech_probabilities(np.concatenate([before, samples[:whole]]))[CONTEXT // WINDOW:])
            before = np.concatenate([before, samples[:whole]])[-CONTEXT:]
        powers.append(_power(samples[:whole]))
        rest = samples[whole:]
    if len(rest):
        likely.append(speech_probabilities(np.concatenate([before, rest]))[CONTEXT // WINDOW:])
        powers.append(_power(rest))
    return _on_grid(np.concatenate(likely), np.concatenate(powers), count / SAMPLE_RATE)


def _power(samples: np.ndarray) -> np.ndarray:
    """(n / 32,) float32, mean square of each 2 ms."""
    return np.square(np.pad(samples, (0, -len(samples) % FINE)).reshape(-1, FINE)).mean(axis=1)


def _on_grid(likely: np.ndarray, power: np.ndarray, seconds: float) -> Speech:
    frames = max(1, round(seconds / STEP))
    at = (np.arange(frames) + 0.5) * STEP
    probability = np.interp(at, (np.arange(len(likely)) + 0.5) * WINDOW / SAMPLE_RATE, likely)
    fine = np.pad(power, (0, max(0, 5 * frames - len(power))), mode="edge")[:5 * frames].reshape(frames, 5)
    return Speech(tidied(probability >= LIKELY), 10 * np.log10(fine.mean(axis=1) + LEAST), seconds)


def tidied(there: np.ndarray) -> np.ndarray:
    """Without blips, then without gaps."""
    there = there.copy()
    for value, shortest in ((True, BLIP), (False, GAP)):
        for first, last in _runs(there == value):
            if last - first < round(shortest / STEP) and (value or (first > 0 and last < len(there))):
                there[first:last] = not value
    return there


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """(first, last + 1) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]
