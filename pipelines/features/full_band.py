"""The band above 7 kHz: a conversion is made at 16 kHz, and what its source holds above is carried over in the new timing.

Speech above 7 kHz is mostly noise of fricatives and breath. It is moved in time by overlapping pieces of the source, each placed
where it goes on best from the one before (WSOLA, Verhelst & Roelands, 1993), and follows the predicted level of the top
bands. A linear-phase crossover joins both bands, so harmonics of the changed F0 all stay below it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.pitch import FRAME_SECONDS
from pipelines.features.resampling import resample

CROSSOVER = 7000.0  # Hz
TRANSITION = 600.0  # Hz in which one band fades into the other
PIECE = 0.016  # s of a piece; half of it overlaps the next one
SEARCH = 0.004  # s on both sides in which the best place is looked for
TOP_BANDS = 4  # of 40 mel bands, above 5.6 kHz, whose predicted change the upper band follows
MOST_GAIN = 3.0  # nepers of power (13 dB) by which the upper band may change
KEPT = 0.05  # s by which a conversion without a timing may differ in length from its source


@dataclass(frozen=True)
class UpperBand:
    """What a conversion takes from its source above the crossover.

    Attributes:
        samples: (n,) float32, the source at its own rate. rate: Hz, above 16 kHz.
        timing: (frames,) seconds of the source that each 20 ms frame of the conversion shows; None where the timing is kept.
        change: (frames,) nepers of power, the predicted change of the top bands; None for no change.
        divisor: what the conversion was divided by to keep its level.
    """

    samples: np.ndarray
    rate: int
    timing: np.ndarray | None = None
    change: np.ndarray | None = None
    divisor: float = 1.0

    def join(self, converted: np.ndarray) -> np.ndarray:
        """(n,) float32 at `rate`: the conversion, (n,) at 16 kHz, below the crossover and the source above."""
        lower = resample(np.asarray(converted, dtype=np.float32), SAMPLE_RATE, self.rate)
        if self.timing is None and abs(len(lower) - len(self.samples)) > KEPT * self.rate:
            return lower  # in a timing that nobody knows
        low_pass = _low_pass(self.rate)
        upper = self.samples - _filtered(self.samples, low_pass)
        if self.timing is not None:
            upper = in_new_timing(upper, self.timing, self.rate, len(lower))
        upper = np.pad(upper, (0, max(0, len(lower) - len(upper))))[:len(lower)] / self.divisor
        return (_filtered(lower, low_pass) + upper * self._gain(len(lower))).astype(np.float32)

    def _gain(self, count: int) -> np.ndarray | float:
        """(count,) of amplitude."""
        if self.change is None:
            return 1.0
        frames = np.arange(count) / self.rate / FRAME_SECONDS
        return np.exp(np.interp(frames, np.arange(len(self.change)), np.clip(self.change, -MOST_GAIN, MOST_GAIN)) / 2)


def top_change(difference: np.ndarray) -> np.ndarray:
    """(frames,) of the predicted (frames, 40) difference of log power: what the upper band follows."""
    return difference[:, -TOP_BANDS:].mean(axis=1)


def in_new_timing(samples: np.ndarray, timing: np.ndarray, rate: int, count: int) -> np.ndarray:
    """(count,) of (n,) samples at `rate` Hz; timing: (frames,) seconds of the input at every 20 ms of the output."""
    half, reach = round(PIECE * rate / 2), round(SEARCH * rate)
    window = np.hanning(2 * half + 1)[:-1]
    margin = 2 * half + reach
    padded = np.pad(samples, margin)
    starts = np.arange(-half, count, half)
    frames = np.arange(len(timing)) * FRAME_SECONDS
    slope = timing[-1] + np.maximum(0.0, (starts + half) / rate - frames[-1])  # behind the last frame it goes on as it is
    centres = np.where((starts + half) / rate > frames[-1], slope, np.interp((starts + half) / rate, frames, timing))
    nominal = np.clip(np.rint(centres * rate).astype(int) - half, -half, len(samples))
    result, place = np.zeros(count + 4 * half), None
    for start, ideal in zip(starts, nominal):
        place = ideal if place is None else _best_place(padded, place + half, ideal, 2 * half, reach, margin)
        place = int(np.clip(place, -margin, len(samples) + margin - 2 * half))
        result[start + half:start + 3 * half] += window * padded[place + margin:place + margin + 2 * half]
    return result[half:half + count]


def _best_place(padded: np.ndarray, natural: int, ideal: int, size: int, reach: int, margin: int) -> int:
    """Where the next piece begins: within reach of the ideal place, where it is most like the natural continuation."""
    if natural == ideal:
        return ideal
    low = max(ideal - reach, -margin)
    there = padded[low + margin:min(ideal + reach, len(padded) - 2 * margin) + margin + size]
    going_on = padded[natural + margin:natural + margin + size]
    if len(there) < size or len(going_on) < size or not np.any(going_on):
        return ideal
    products = np.correlate(there, going_on, mode="valid")
    energy = np.convolve(np.square(there), np.ones(size), mode="valid")
    return low + int(np.argmax(products / np.sqrt(energy + 1e-12)))


def _low_pass(rate: int) -> np.ndarray:
    """Taps of a linear-phase filter, an odd number of them."""
    from scipy.signal import firwin

    return np.asarray(firwin(2 * round(1.65 * rate / TRANSITION) + 1, CROSSOVER, fs=rate))


def _filtered(samples: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """(n,) without delay."""
    from scipy.signal import oaconvolve

    return oaconvolve(samples, taps, mode="same")
