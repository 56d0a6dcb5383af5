"""Observations of recordings outside a run: one conversion scored at once, the natural reference of a manifest, a notebook.

Each observer observes each distinct clip once. The store is that of a run's observations/ (evaluation/run/observing.py).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluation.metrics.base import Metric, Observer, Seen, Value
from evaluation.metrics.registry import observers as all_observers
from evaluation.natural_reference.computed import NaturalClip, NaturalReference, measure_natural_reference
from evaluation.pair import Pair
from evaluation.run.observing import ClipNames, ObservationStore, observe_clips
from evaluation.run.shards import WorkerPool, Workers
from pipelines.errors import AudioError, ZestError
from pipelines.hooks import Hook, silent


class Observations:
    """One folder of observations.

    Args:
        folder: where they are kept, one JSONL file an observer; None for a temporary folder, deleted with this object.
        observers: by the names that metrics give; the registry's if None.
        jobs: processes that observe.
    """

    def __init__(self, folder: Path | None = None, observers: Mapping[str, Observer] | None = None, jobs: int = 1):
        if folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="zest-observations-")
            self.folder = Path(self._temporary.name)
        else:
            self.folder = Path(folder)
        self.observers = all_observers() if observers is None else observers
        self.workers = Workers(jobs)
        self.problems: dict[Path, str] = {}
        self._names = ClipNames()
        self._stores: dict[str, ObservationStore] = {}

    def observe(self, name: str, paths: Iterable[Path], language: str = "en", hook: Hook = silent) -> int:
        """Observe clips that were not observed yet. A file that cannot be read is noted in `problems` and skipped.

        Args:
            name: of the observer. hook: gets 'progress' events of the stage 'observe <observer key>'.
        Returns:
            how many clips were new.
        Raises:
            ZestError: no such observer, its model is missing, or the folder cannot be written.
        """
        clips = [clip for path in paths if (clip := self._clip(path, language)) is not None]
        if not clips:
            return 0
        with WorkerPool(self.workers) as pool:
            found = observe_clips(self._observer(name), clips, self.folder, pool, hook)
        self._stores[name] = found.store
        return found.new

    def get(self, name: str, path: Path | None, language: str = "en") -> Any:
        """What was observed of a clip; None where nothing was, or where the file cannot be read."""
        clip = None if path is None else self._clip(path, language)
        return None if clip is None else self._store(name).get(clip)

    def score(self, metrics: Sequence[Metric], pair: Pair, converted: Path, hook: Hook = silent) -> dict[str, Value | str | None]:
        """Score one conversion. Per metric: its value, None where it does not apply, or the sentence why it was not measured."""
        recordings = [path for path in (pair.source, pair.reference, converted, pair.parallel) if path is not None]
        values: dict[str, Value | str | None] = {}
        for metric in metrics:
            try:
                self.observe(metric.observer, recordings, pair.language, hook)
                values[metric.info.name] = metric.score(pair, self.seen(metric.observer, pair, converted))
            except ZestError as error:
                values[metric.info.name] = str(error)
        return values

    def seen(self, name: str, pair: Pair, converted: Path) -> Seen:
        """What one observer observed of a pair's clips."""
        return Seen(*(self.get(name, path, pair.language) for path in (pair.source, pair.reference, converted, pair.parallel)))

    def natural_reference(self, clips: Sequence[NaturalClip], observers: Sequence[str], seed: int = 0,
                          hook: Hook = silent) -> NaturalReference:
        """What observers 'emotion@<judge>' and 'voice@<embedding>' measure of labelled natural clips.

        Raises:
            ZestError: as `observe`.
        """
        for name in observers:
            for language in sorted({clip.language for clip in clips}):
                self.observe(name, [clip.path for clip in clips if clip.language == language], language, hook)
        keys = {name: self._observer(name).key for name in observers}
        return measure_natural_reference(clips, lambda name, clip: self.get(name, clip.path, clip.language), keys, seed)

    def _clip(self, path: Path, language: str):
        if path in self.problems:
            return None
        try:
            return self._names.clip(path, language)
        except AudioError as error:
            self.problems[path] = str(error)
            return None

    def _store(self, name: str) -> ObservationStore:
        if name not in self._stores:
            observer = self._observer(name)
            self._stores[name] = ObservationStore(self.folder / f"{observer.key}.jsonl", observer.per_language)
        return self._stores[name]

    def _observer(self, name: str) -> Observer:
        if name not in self.observers:
            raise ZestError(f"There is no observer called '{name}'; choose one of {', '.join(self.observers)}.")
        return self.observers[name]
