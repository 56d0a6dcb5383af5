"""What observers heard in a run's clips, found again: for confusion matrices, natural rows and what was said."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from evaluation.metrics.base import Seen
from evaluation.pair import Pair
from evaluation.run.converting import clip_of
from evaluation.run.folder import EvaluationRun
from evaluation.run.observing import ClipNames, ObservationStore, ObservedClip
from pipelines.errors import AudioError

KEPT = 4096  # observations in memory: a reference is shared by many pairs


class RunObservations:
    """Looks up a run's observations; a clip is named by its samples, so every file is read once."""

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
        except AudioError:  # moved or deleted since: the scores stay, what was heard cannot be found
            return None
        return self._get(observer, clip)

    def of_conversion(self, observer: str, pair: Pair, system: str) -> Any:
        """What was observed of a pair's conversion, None where there is none."""
        made = self.run.conversions.get((system, pair.id))
        return None if made is None else self.of_clip(observer, clip_of(self.run.files, pair, made), pair.language)

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
            self._stores[observer] = _opened(path) if path.is_file() else None
        return self._stores[observer]


def _opened(path: Path) -> ObservationStore:
    """Whether an observer minds the language is seen in its file."""
    store = ObservationStore(path, per_language=False)
    store.per_language = any(language for _, language in store.places)
    return store


def observer_keys(run: EvaluationRun) -> Mapping[str, str]:
    """Per metric, the key of its observer as the run was made."""
    return {name: about["key"] for name, about in run.info["metrics"].items() if about.get("key")}
