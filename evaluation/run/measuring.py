"""From conversions to scores: observe every clip, measure natural speech, score every pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluation.metrics.base import Metric, NeedsNaturalReference, Observer, Seen
from evaluation.natural_reference.computed import (
    KINDS,
    NaturalClip,
    NaturalReference,
    clips_of_pairs,
    measure_natural_reference,
)
from evaluation.pair import Pair
from evaluation.run.converting import clip_of
from evaluation.run.folder import ConversionRecord, RunFolder
from evaluation.run.observing import ClipNames, ObservationStore, ObservedClip, observe_clips
from evaluation.run.scoring import score_pairs
from evaluation.run.shards import WorkerPool
from pipelines.errors import AudioError, OutputError, ZestError
from pipelines.hooks import Hook


@dataclass(frozen=True)
class Listened:
    """What became of an observer. new: clips it listened to now; missing: why it could not observe anything, None if it
    could; note: a sentence about a part that it could not."""

    new: int = 0
    missing: str | None = None
    note: str | None = None


@dataclass
class Measuring:
    """The second half of an evaluation, in one RUN/ folder.

    systems: names, all of whose pairs are converted or have failed.
    """

    files: RunFolder
    pairs: Sequence[Pair]
    systems: Sequence[str]
    pool: WorkerPool
    hook: Hook
    names: ClipNames = field(default_factory=ClipNames)
    stores: dict[str, ObservationStore] = field(default_factory=dict)

    def __post_init__(self):
        made = self.files.converted()
        self.converted = [(pair, made[system, pair.id]) for system in self.systems for pair in self.pairs]

    def run(self, metrics: Sequence[Metric], observers: Mapping[str, Observer], info: dict[str, Any]) -> int:
        """Measure what is not measured yet.

        Args:
            info: run.json; what was not measured, and why, is filled in.
        Returns:
            how many clips were observed and conversions scored.
        """
        if self._is_done(metrics, info):
            return 0
        listened = {key: self._listen(observers[key], key) for key in dict.fromkeys(metric.observer for metric in metrics)}
        for metric in metrics:
            _tell(info["metrics"][metric.info.name], listened[metric.observer])
        natural = self._measure_natural(observers, info["seed"])
        able = dict(self._able(metrics, natural, info))
        scored, broke = score_pairs(able, self.converted, self._seen, self.files, self.pool, self.hook)
        for name, sentence in broke.items():
            info["metrics"][name]["note"] = sentence
        return scored + sum(one.new for one in listened.values())

    def _is_done(self, metrics: Sequence[Metric], info: dict[str, Any]) -> bool:
        wanted = {metric.info.name for metric in metrics}
        if any(info["metrics"][name]["not_measured"] for name in wanted):
            return False  # its model may be there by now
        known = self.files.score_lines()
        return self.files.natural_reference_file.is_file() and all(
            wanted <= set(known.get((one.system, one.pair), {"values": ()})["values"]) for _, one in self.converted)

    def _listen(self, observer: Observer, key: str) -> Listened:
        try:
            missing = _unavailable(observer)
            if missing:
                return Listened(missing=missing)
            observed = observe_clips(observer, self._clips(), self.files.observations, self.pool, self.hook)
        except OutputError:
            raise
        except ZestError as error:
            return Listened(missing=str(error))
        except Exception as error:  # noqa: BLE001 - a model that crashes must not cost the other metrics
            return Listened(missing=f"{key} broke ({type(error).__name__}: {error}).")
        self.stores[key] = observed.store
        return Listened(observed.new, None, observed.note)

    def _clips(self) -> Iterator[ObservedClip]:
        """Everything to observe: what was converted, and natural recordings, whether their pair failed or not, so that the
        natural reference never depends on the systems."""
        for clip in clips_of_pairs(self.pairs):
            readable = self._named(clip.path, clip.language)
            if readable is not None:
                yield readable
        for pair, one in self.converted:
            if one.failed is None:
                yield self.names.clip(clip_of(self.files, pair, one), pair.language)

    def _named(self, path: Path, language: str) -> ObservedClip | None:
        try:
            return self.names.clip(path, language)
        except AudioError:  # its pairs have failed and say so
            return None

    def _seen(self, key: str, pair: Pair, one: ConversionRecord) -> Seen:
        paths = {"source": pair.source, "reference": pair.reference, "converted": clip_of(self.files, pair, one),
                 "parallel": pair.parallel}
        return Seen(**{role: None if path is None else self.stores[key].get(self.names.clip(path, pair.language))
                       for role, path in paths.items()})

    def _measure_natural(self, observers: Mapping[str, Observer], seed: int) -> NaturalReference:
        """What natural speech scores; what other observers measured before is kept in marks.json."""
        def look(name: str, natural: NaturalClip) -> Any:
            clip = self._named(natural.path, natural.language)
            return None if clip is None else self.stores[name].get(clip)

        keys = {name: observers[name].key for name in self.stores if name.partition("@")[0] in KINDS}
        natural = measure_natural_reference(clips_of_pairs(self.pairs), look, keys, seed)
        before, now = self.files.natural_reference() or {}, natural.document()
        document = {part: before.get(part, {}) | now[part] for part in now}
        document["missing"] = {name: why for name, why in document["missing"].items()
                               if name in now["missing"] or name not in keys}
        if document != before:
            self.files.write_json(self.files.natural_reference_file, document)
        return natural

    def _able(self, metrics: Sequence[Metric], natural: NaturalReference, info: dict[str, Any]) -> Iterator[tuple[str, Metric]]:
        """Metrics that can be scored, with the natural reference that they need."""
        for metric in metrics:
            name = metric.info.name
            if metric.observer not in self.stores:
                continue
            try:
                yield name, metric.with_natural_reference(natural) if isinstance(metric, NeedsNaturalReference) else metric
            except ZestError as error:
                info["metrics"][name]["not_measured"] = str(error)


def _tell(about: dict[str, Any], listened: Listened) -> None:
    about["not_measured"] = listened.missing
    about.pop("note", None)
    if listened.note:
        about["note"] = listened.note


def _unavailable(observer: Observer) -> str | None:
    """Observers may say beforehand why they cannot."""
    return observer.unavailable() if hasattr(observer, "unavailable") else None
