"""Observations of clips: taken once for each distinct clip and observer, in shards, and found again later.

A clip is named by a hash of its samples, so a source that many pairs share is observed once. Memory holds only the names of
clips and the places of their lines.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.metrics.base import MEASURING, Observer, Seen
from evaluation.pair import Pair
from evaluation.run.folder import EvaluationRun
from evaluation.run.json_files import appending
from evaluation.run.shards import WorkerPool, cut
from pipelines.errors import AudioError, OutputError, WorkerError, ZestError
from pipelines.features.audio import load_samples
from pipelines.files import make_folder
from pipelines.hooks import Event, Hook

SHARD = 16  # clips between two writes
KEPT = 4096  # observations that `RunObservations` keeps in memory: a reference is shared by many pairs
HEAD = re.compile(rb'\{"clip": "(\w+)", "language": "([\w-]*)", "value": ')


@dataclass(frozen=True)
class ObservedClip:
    """A recording to observe. name: hash of its samples; samples: their number; language: that is spoken."""

    path: Path
    name: str
    samples: int
    language: str


@dataclass
class ClipNames:
    """Names of recordings by file; every file is read once."""

    known: dict[Path, tuple[str, int]] = field(default_factory=dict)

    def clip(self, path: Path, language: str) -> ObservedClip:
        """Raises AudioError where the file cannot be read."""
        if path not in self.known:
            samples = load_samples(path)
            self.known[path] = (samples_name(samples), len(samples))
        return ObservedClip(path, *self.known[path], language)


@dataclass
class ObservationStore:
    """One observer's observations on disk, found by (clip name, language) through the place of their line."""

    path: Path
    per_language: bool
    places: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self):
        self.refresh()

    def refresh(self) -> None:
        """Read the places of all lines; half a line, left by a kill, is skipped."""
        self.places.clear()
        if not self.path.is_file():
            return
        with self.path.open("rb") as file:
            while line := file.readline():
                head = _head(line)
                if head is not None:
                    self.places[head] = file.tell() - len(line)

    def has(self, clip: ObservedClip) -> bool:
        """Whether it was observed, even where the observation is None."""
        return self.key(clip) in self.places

    def get(self, clip: ObservedClip) -> Any:
        """None where nothing was observed."""
        if not self.has(clip):
            return None
        with self.path.open("rb") as file:
            file.seek(self.places[self.key(clip)])
            return json.loads(file.readline())["value"]

    def key(self, clip: ObservedClip) -> tuple[str, str]:
        return clip.name, clip.language if self.per_language else ""


@dataclass(frozen=True)
class ObservingOutcome:
    """store: where the observations are. new: how many clips were observed now. note: why the observer cannot observe clips of
    some language, None where it can."""

    store: ObservationStore
    new: int
    note: str | None = None


class RunObservations:
    """Looks up the observations of a run, for its report; every recording is read once, for its name."""

    def __init__(self, run: EvaluationRun):
        self.run = run
        self._names = ClipNames()
        self._stores: dict[str, ObservationStore | None] = {}
        self._get = lru_cache(maxsize=KEPT)(self._read)

    def of_clip(self, observer: str, path: Path | None, language: str) -> Any:
        """What was observed of a recording, None where nothing was.

        Args:
            observer: its key, which is its file's name in observations/.
        """
        if path is None:
            return None
        try:
            clip = self._names.clip(path, language)
        except AudioError:  # moved or deleted since: the scores stay, the observation cannot be found
            return None
        return self._get(observer, clip)

    def of_conversion(self, observer: str, pair: Pair, system: str) -> Any:
        """What was observed of a pair's conversion, None where there is none."""
        conversion = self.run.conversions.get((system, pair.id))
        return None if conversion is None else self.of_clip(observer, self.run.files.clip(pair, conversion), pair.language)

    def as_converted(self, observer: str, pair: Pair, path: Path) -> Seen:
        """A pair as if a system had returned this natural recording."""
        return Seen(*(self.of_clip(observer, clip, pair.language)
                      for clip in (pair.source, pair.reference, path, pair.parallel)))

    def _read(self, observer: str, clip: ObservedClip) -> Any:
        store = self._store(observer)
        return store.get(clip) if store is not None and store.has(clip) else None

    def _store(self, observer: str) -> ObservationStore | None:
        if observer not in self._stores:
            path = self.run.files.observations / f"{observer}.jsonl"
            store = ObservationStore(path, per_language=False) if path.is_file() else None
            if store is not None:  # whether the observer minds the language is seen in its file
                store.per_language = any(language for _, language in store.places)
            self._stores[observer] = store
        return self._stores[observer]


def samples_name(samples: np.ndarray) -> str:
    """First 20 hex digits of the sha256 of (n,) samples as 16-bit values."""
    quantised = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2")
    return hashlib.sha256(quantised.tobytes()).hexdigest()[:20]


def observe_clips(observer: Observer, clips: Iterable[ObservedClip], folder: Path, pool: WorkerPool,
                  hook: Hook) -> ObservingOutcome:
    """Observe what was not observed yet; clips of alike length go together, because batches are padded.

    A language that the observer cannot observe leaves the other languages as they are.

    Raises:
        ZestError: nothing can be observed, because the model is missing; what was observed before stays.
    """
    store = ObservationStore(make_folder(folder) / f"{observer.key}.jsonl", observer.per_language)
    distinct = {store.key(clip): clip for clip in clips}
    todo = sorted((clip for key, clip in distinct.items() if key not in store.places),
                  key=lambda clip: (clip.language, clip.samples, clip.name))
    done, refusals = len(distinct) - len(todo), []
    label = getattr(observer, "doing", MEASURING)  # anyone's observer may have no words

    def tell() -> None:
        hook(Event("progress", f"observe {observer.key}", value=(done, len(distinct)), label=label))

    tell()
    with appending(store.path) as lines:
        for _, own in groupby(todo, key=lambda clip: clip.language):
            try:
                for count, observed in pool.map(partial(_observe_shard, observer), cut(list(own), SHARD)):
                    for line in observed:
                        lines.add(line)
                    done += count
                    tell()
            except (OutputError, WorkerError):
                raise
            except ZestError as error:
                refusals.append(error)
    store.refresh()
    if refusals and not any(store.has(clip) for clip in distinct.values()):
        raise refusals[0]
    return ObservingOutcome(store, len(todo), str(refusals[0]) if refusals else None)


def _observe_shard(observer: Observer, clips: Sequence[ObservedClip]) -> list[dict[str, Any]]:
    """Lines of the store. All clips have one language, if that matters."""
    samples = [load_samples(clip.path) for clip in clips]
    try:
        values = observer.observe(samples, clips[0].language)
    except ZestError:
        raise
    except Exception as error:  # noqa: BLE001 - one clip's crash must not cost the others
        values = _one_by_one(observer, samples, clips[0].language, error)
    return [{"clip": clip.name, "language": clip.language if observer.per_language else "", "value": value}
            for clip, value in zip(clips, values, strict=True)]


def _one_by_one(observer: Observer, samples: Sequence[np.ndarray], language: str, error: Exception) -> list[Any]:
    """None for the clips that crash the observer. If all do, the error is raised."""
    values, crashed = [], 0
    for clip in samples:
        try:
            values += observer.observe([clip], language)
        except Exception:  # noqa: BLE001 - see above
            values.append(None)
            crashed += 1
    if crashed == len(samples):
        raise error
    return values


def _head(line: bytes) -> tuple[str, str] | None:
    """(clip name, language) of a whole line, without parsing what may be a long value."""
    match = HEAD.match(line) if line.endswith(b"\n") else None
    return None if match is None else (match[1].decode(), match[2].decode())
