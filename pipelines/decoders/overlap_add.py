"""Pitch-synchronous overlap-add on the waveform, TD-PSOLA (Moulines and Charpentier, Speech Communication 1990).

Pieces of two periods, one around each pitch mark, are laid down at the distance of the new F0. Formants stay, since each piece
keeps its own spectrum. Where nothing is voiced, pieces keep their order, and only the timing moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.features.pitch_marks import PitchMarks
from pipelines.features.world import FRAME_SAMPLES

FINER = 4  # times 16 kHz, at which pieces are read; a sample is 1 % of the period of a high voice
SHORTEST, LONGEST = 8.0, 400.0  # samples of half a piece
MARGIN = 1024  # samples of silence on both sides, more than half a piece


@dataclass(frozen=True)
class Change:
    """What moves, 200 frames a second of the result: (frames,) each.

    Attributes:
        places: samples of the source that each frame shows; they never go back.
        ratio: the new F0 over the source's, 1 where either is unvoiced.
    """

    places: np.ndarray
    ratio: np.ndarray

    def ratio_at(self, place: float) -> float:
        """At a sample of the result."""
        return float(self.ratio[min(max(int(place / FRAME_SAMPLES + 0.5), 0), len(self.ratio) - 1)])


def moved(samples: np.ndarray, pitch_marks: PitchMarks, change: Change) -> np.ndarray:
    """(n,) float64 at 16 kHz: the recording with another F0 and timing, its spectrum and level unchanged."""
    frames = len(change.places)
    grid = np.arange(frames) * float(FRAME_SAMPLES)
    places = np.maximum.accumulate(change.places) + 1e-6 * np.arange(frames)  # rising, so that they can be turned round
    shown = np.interp(pitch_marks.places, places, grid)  # samples of the result
    left = np.diff(pitch_marks.places, prepend=pitch_marks.places[0] - FRAME_SAMPLES)
    right = np.diff(pitch_marks.places, append=pitch_marks.places[-1] + FRAME_SAMPLES)
    result = _Sum(samples, frames * FRAME_SAMPLES)
    edges = np.flatnonzero(np.diff(pitch_marks.voiced.astype(np.int8), prepend=0, append=0))
    for first, last in zip((0, *edges), (*edges, len(shown)), strict=True):  # stretches, by turns unvoiced and voiced
        if first < last and pitch_marks.voiced[first]:
            _add_voiced(result, pitch_marks.places[first:last], shown[first:last], left[first:last], right[first:last], change)
        else:
            for mark in range(first, last):
                result.add(pitch_marks.places[mark], shown[mark], left[mark], right[mark])
    return result.samples()


def _add_voiced(result: _Sum, places: np.ndarray, shown: np.ndarray, left: np.ndarray, right: np.ndarray, change: Change) -> None:
    """Lay down one voiced stretch: at each new period, the piece of the mark that is nearest in time."""
    place, step = shown[0], 0.0
    while place <= shown[-1] + step / 2:
        near = int(np.searchsorted(shown, place))
        near = min(near, len(shown) - 1)
        near -= int(near > 0 and place - shown[near - 1] < shown[near] - place)
        ratio = change.ratio_at(place)
        result.add(places[near], place, left[near], right[near], ratio**-0.5)
        step = (right[near] if near < len(shown) - 1 else left[near]) / ratio
        place += step


class _Sum:
    """Pieces that are added up, and the sum of their windows."""

    def __init__(self, samples: np.ndarray, length: int):
        self._read = _finer(np.pad(samples.astype(np.float64), MARGIN))
        self._sum, self._weight = np.zeros(length + 2 * MARGIN), np.zeros(length + 2 * MARGIN)

    def add(self, source: float, place: float, left: float, right: float, gain: float = 1.0) -> None:
        """Add the piece around a sample of the source at a sample of the result.

        left, right: samples to both ends of its Hann window.
        gain: below 1 where pieces come closer and above where they part, so that power stays.
        """
        left, right = np.clip((left, right), SHORTEST, LONGEST)
        source, place = source + MARGIN, place + MARGIN
        first, last = int(np.ceil(place - left)), int(place + right)
        begin = round(FINER * (source + first - place))
        if first < 0 or last >= len(self._sum) or begin < 0 or begin + FINER * (last - first) >= len(self._read):
            return
        away = np.arange(first, last + 1) - place
        window = gain * (0.5 + 0.5 * np.cos(np.pi * away / np.where(away < 0, left, right)))
        self._sum[first:last + 1] += window * self._read[begin:begin + FINER * (last - first) + 1:FINER]
        self._weight[first:last + 1] += window * min(gain, 1 / gain)  # 1 in all where the gain balances the overlap

    def samples(self) -> np.ndarray:
        """(length,): the sum. Where windows overlap by more than they should it is divided by theirs."""
        return (self._sum / np.maximum(self._weight, 1.0))[MARGIN:-MARGIN]


def _finer(samples: np.ndarray) -> np.ndarray:
    """The band-limited signal at FINER times the rate."""
    size = -(-len(samples) // 4096) * 4096  # of small prime factors
    return FINER * np.fft.irfft(np.fft.rfft(samples, size), FINER * size)
