"""Pieces of a plan converted one by one, or taken from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pipelines.device import release_memory
from pipelines.errors import AudioError
from pipelines.features.audio import MIN_SECONDS, SilenceError, from_array
from pipelines.features.long_recording import LongRecording
from pipelines.features.pitch import FRAME_SECONDS
from pipelines.hooks import Hook, silent
from pipelines.labels import folded
from pipelines.plan.phrases import Stretch
from pipelines.plan.segments import Segment
from pipelines.plan.store import Piece, PieceStore, file_key, key_of
from pipelines.settings import Settings

AROUND = 0.1  # s of its neighbours that a piece is converted with, so that its edges are no beginning and end
LEAST = MIN_SECONDS + 0.1  # s that are converted at once
SHOWN = 3  # times that a note names


class PhraseConverter(Protocol):
    """What converts single phrases: a converter or a baseline of pipelines/conversion.py."""

    @property
    def identity(self) -> str:
        """Equal for converters that convert alike."""
        ...

    @property
    def weights(self) -> str:
        """A hash of the weights for the mark of files, '' where there are none."""
        ...

    def prepared(self, reference: Path) -> Any:
        """A reference as `convert` takes it, analysed once. Raises AudioError."""
        ...

    def check_emotion(self, emotion: str) -> object:
        """Raises ZestError: there is no such emotion."""
        ...

    def convert(self, source: Any, reference: Any = None, emotion: str | None = None, settings: Settings = ...,
                hook: Hook = silent) -> Any:
        """A conversion with timing, notes and samples at any rate (`at_rate`)."""
        ...


@dataclass(frozen=True)
class Task:
    """A piece to convert. segment: its index in the plan. start, end: samples of the source. seconds: its length.
    around: samples before and behind it that are converted with it. key: in the store. stored: it is there already."""

    segment: int
    what: Segment
    start: int
    end: int
    seconds: float
    around: tuple[int, int]
    key: str
    stored: bool


class PieceConverter:
    """Converts pieces of one recording.

    Args:
        settings: strength and tempo are each segment's own.
    """

    def __init__(self, converter: PhraseConverter, source: LongRecording, settings: Settings, store: PieceStore, hook: Hook):
        self._converter, self._source, self._settings, self._store, self._hook = converter, source, settings, store, hook
        self._identity = converter.identity
        self._keys: dict[Path, str] = {}
        self._references: dict[Path, Any] = {}
        self._notes: dict[str, list[float]] = {}

    def task(self, index: int, segment: Segment, piece: Stretch) -> Task:
        """What has to be done for a piece of a segment. Raises AudioError: the segment's reference cannot be read."""
        rate, count = self._source.rate, self._source.count
        start, end = round(piece.start * rate), min(count, round(piece.end * rate))
        margin = max(round(AROUND * rate), (round(LEAST * rate) - (end - start) + 1) // 2)
        left, right = min(start, margin), min(count - end, margin)
        left, right = min(start, left + margin - right), min(count - end, right + margin - left)
        target = folded(segment.emotion), *((self._key_of_file(path), weight) for path, weight in _weighted(segment))
        samples = self._source.read(start - left, end + right)
        key = key_of(samples, left, right, rate, self._identity, target, self._own(segment))
        return Task(index, segment, start, end, (end - start) / rate, (left, right), key, self._store.find(key) is not None)

    def piece(self, task: Task) -> Piece | None:
        """The piece, from the store or converted now; None where there is nothing but silence, which stays as it is."""
        piece = self._store.find(task.key)
        if piece is None:
            try:
                piece = self._converted(task)
                release_memory()
            except SilenceError:
                piece = Piece(np.zeros(0, np.float32), 0, 0, ("There is nothing but silence, which stays as it is.",))
            self._store.keep(task.key, piece)
        for note in piece.notes:
            self._notes.setdefault(note, []).append(task.start / self._source.rate)
        return piece if len(piece.samples) else None

    def notes(self) -> tuple[str, ...]:
        """What was said about pieces, each sentence once, with the times of its pieces."""
        return tuple(f"At {_times(times)}: {note[:1].lower()}{note[1:]}" for note, times in self._notes.items())

    def _converted(self, task: Task) -> Piece:
        rate, (left, right) = self._source.rate, task.around
        given = from_array(self._source.read(task.start - left, task.end + right), rate, self._source.name)
        what = task.what
        references = [(self._prepared(path), weight) for path, weight in _weighted(what)]
        reference = references[0][0] if what.reference is not None else references or None
        conversion = self._converter.convert(replace(given, warnings=()), reference, what.emotion or None, self._own(what),
                                             self._hook)
        samples = np.asarray(conversion.at_rate(rate), dtype=np.float32)
        seconds = (left + task.end - task.start + right) / rate
        start, end = (_place(conversion.timing, at, seconds, len(samples), rate)
                      for at in (left / rate, seconds - right / rate))
        return Piece(samples, start, max(end, start + 1), tuple(conversion.notes))

    def _own(self, segment: Segment) -> Settings:
        return replace(self._settings, strength=segment.strength, tempo=segment.tempo)

    def _key_of_file(self, path: Path) -> str:
        if path not in self._keys:
            try:
                self._keys[path] = file_key(path)
            except OSError as error:
                raise AudioError(f"{path} cannot be read: {error.strerror or error}.") from error
        return self._keys[path]

    def _prepared(self, path: Path) -> Any:
        if path not in self._references:
            self._references[path] = self._converter.prepared(path)
        return self._references[path]


def _weighted(segment: Segment) -> tuple[tuple[Path, float], ...]:
    return segment.mixed if segment.reference is None else ((segment.reference, 1.0),)


def _place(timing: np.ndarray | None, at: float, seconds: float, count: int, rate: int) -> int:
    """Which of `count` samples of a conversion shows the moment `at` of its source, which is `seconds` long."""
    if timing is None or len(timing) < 2:
        return round(at / seconds * count)
    frames = np.interp(at, timing, np.arange(len(timing)))
    return min(count, round(float(frames) * FRAME_SECONDS * rate)) if at < seconds else count


def _times(times: Sequence[float]) -> str:
    """'0:12, 1:30 and 4 more places'."""
    shown = ", ".join(f"{int(one // 60)}:{one % 60:04.1f}" for one in times[:SHOWN])
    return shown if len(times) <= SHOWN else f"{shown} and {len(times) - SHOWN} more places"
