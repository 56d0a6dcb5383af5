"""The result as it grows: stretches of the source bit for bit, and converted pieces faded into them."""

from __future__ import annotations

import numpy as np

from pipelines.features.growing import GrowingWav
from pipelines.features.long_recording import LongRecording
from pipelines.plan.joins import FADE, crossfade, joined, level_gain, pause_at_edge
from pipelines.plan.store import Piece

COPIED = 1 << 18  # samples copied at a time


class Assembly:
    """Writes one piece after the other. Places and counts are samples at the recording's rate.

    Attributes:
        place: up to where the source is told already. written: samples of the result.
    """

    def __init__(self, source: LongRecording, result: GrowingWav):
        self.source, self.place, self._result = source, 0, result
        self._going: np.ndarray | None = None  # what the last piece would go on with, where another one follows at once

    @property
    def rate(self) -> int:
        return self.source.rate

    @property
    def written(self) -> int:
        return self._result.count

    def copy_to(self, stop: int) -> None:
        """Copy the source from where it is told to `stop`."""
        if stop <= self.place:
            return
        self._end_last()
        for start in range(self.place, stop, COPIED):
            self._result.add(self.source.read(start, min(stop, start + COPIED)))
        self.place = max(self.place, stop)

    def add(self, piece: Piece, start: int, end: int, goes_on: bool) -> None:
        """A converted piece of the source from start to end. goes_on: another converted piece follows at `end`."""
        source = self.source.read(start, end)
        samples = piece.samples * np.float32(level_gain(source, piece.samples[piece.start:piece.end], self.rate))
        own = samples[piece.start:piece.end]
        fade = min(round(FADE * self.rate), len(own) // 4, len(source) // 4)
        if self._going is not None and start == self.place:
            mixed, begin = joined(self._going, samples, piece.start, self.rate)
        else:
            first = max(fade, pause_at_edge(source, own, self.rate))
            mixed, begin = crossfade(source[:first], own[:first]), piece.start + first
        self._going = samples[piece.end:piece.end + fade] if goes_on else None
        if self._going is not None and len(self._going):
            self._result.add(np.concatenate([mixed, samples[begin:piece.end]]))
        else:
            final = max(fade, pause_at_edge(source[::-1], own[::-1], self.rate))
            last = crossfade(own[len(own) - final:], source[len(source) - final:])
            self._going = None
            self._result.add(np.concatenate([mixed, samples[begin:piece.end - final], last]))
        self.place = end

    def _end_last(self) -> None:
        """A piece was to be followed by another one, which was not converted: fade into the source instead."""
        if self._going is not None:
            going, self._going = self._going, None
            source = self.source.read(self.place, self.place + len(going))
            self._result.add(crossfade(going[:len(source)], source))
            self.place += len(source)
