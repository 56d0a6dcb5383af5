"""One mark for each period of voiced speech: where pitch-synchronous overlap-add takes its pieces.

Each follows from its neighbour by the maximum of the cross-correlation, as in Praat's "To PointProcess (cc)" (Boersma, 1993).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.world import FRAME_SAMPLES

UNVOICED_STEP = FRAME_SAMPLES  # samples from mark to mark where nothing is voiced, 5 ms
NEAREST, FARTHEST = 0.8, 1.2  # periods from one mark to the next
SHORTEST = 1.5  # periods; a voiced stretch that is shorter is taken for unvoiced
SILENCE = 1e-12  # energy that is added, so that nothing is divided by 0


@dataclass(frozen=True)
class PitchMarks:
    """Those of a recording, in order.

    Attributes:
        places: (count,) samples at 16 kHz, with fractions.
        voiced: (count,) bool; unvoiced ones are 5 ms apart.
    """

    places: np.ndarray
    voiced: np.ndarray

    @classmethod
    def of(cls, samples: np.ndarray, f0: np.ndarray) -> PitchMarks:
        """Of (n,) samples at 16 kHz, with (frames,) Hz, 200 a second, 0 where unvoiced."""
        samples = samples.astype(np.float64)
        places, voiced, end = [], [], 0.0  # end: where the last stretch ends
        for first, last in _stretches(f0 > 0):
            own = _of_stretch(samples, f0, first, last)
            if len(own) < 2:
                continue
            between = np.arange(end, own[0] - UNVOICED_STEP / 2, UNVOICED_STEP)
            places += [between, own]
            voiced += [np.zeros(len(between), bool), np.ones(len(own), bool)]
            end = own[-1] + UNVOICED_STEP
        rest = np.arange(end, max(len(samples), end + 1), UNVOICED_STEP)
        return cls(np.concatenate([*places, rest]), np.concatenate([*voiced, np.zeros(len(rest), bool)]))


def _stretches(voiced: np.ndarray) -> np.ndarray:
    """(stretches, 2): the first frame of each voiced stretch, and the one after its last."""
    return np.flatnonzero(np.diff(voiced.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)


def _of_stretch(samples: np.ndarray, f0: np.ndarray, first: int, last: int) -> np.ndarray:
    """(count,) places of one voiced stretch of frames: from the greatest peak in its middle to both ends."""
    low, high = first * FRAME_SAMPLES, min(last * FRAME_SAMPLES, len(samples) - 1)
    if high - low < SHORTEST * SAMPLE_RATE / f0[first]:
        return np.empty(0)
    middle = (low + high) // 2
    period = round(SAMPLE_RATE / f0[min(middle // FRAME_SAMPLES, last - 1)])
    begin = max(low, middle - period)
    peak = begin + int(np.argmax(np.abs(samples[begin:min(high, middle + period) + 1])))
    ways = []
    for direction in (-1, 1):
        found, place = [], float(peak)
        while (following := _neighbour(samples, f0[first:last], place, low, direction)) is not None and low <= following <= high:
            found.append(place := following)
        ways.append(found)
    return np.array([*reversed(ways[0]), peak, *ways[1]])


def _neighbour(samples: np.ndarray, f0: np.ndarray, place: float, low: int, direction: int) -> float | None:
    """The mark that comes one period after another one, or before it; None where the recording ends.

    f0: (frames,) of the stretch, which begins at the sample `low`.
    """
    frame = min(max(int((place - low) / FRAME_SAMPLES + 0.5), 0), len(f0) - 1)
    period, centre = SAMPLE_RATE / f0[frame], round(place)
    half = int(period / 2)
    begin, end = sorted((int(centre + direction * NEAREST * period), int(centre + direction * FARTHEST * period)))
    if begin < half or end + half >= len(samples) or centre < half or centre + half >= len(samples):
        return None
    searched = samples[begin - half:end + half + 1]
    length = 2 * half + 1
    energy = np.cumsum(np.concatenate([[0.0], searched**2]))
    similar = np.correlate(searched, samples[centre - half:centre + half + 1], "valid")
    similar /= np.sqrt(np.maximum(energy[length:] - energy[:-length], 0) + SILENCE)
    best = int(np.argmax(similar))
    return begin + best + _fraction(similar, best) + (place - centre)


def _fraction(values: np.ndarray, best: int) -> float:
    """By how much the maximum of a parabola through three neighbours lies beside the greatest of them, -0.5 to 0.5."""
    if not 0 < best < len(values) - 1:
        return 0.0
    before, greatest, after = values[best - 1:best + 2]
    bend = before - 2 * greatest + after
    return float(0.5 * (before - after) / bend) if bend < 0 else 0.0
