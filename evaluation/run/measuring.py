"""From conversions to scores: observe every clip, measure natural speech, score every pair."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
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
from evaluation.run.folder import ConversionRecord, RunFolder, ScoreRecord
from evaluation.run.json_files import appending, write_json
from evaluation.run.observing import ClipNames, ObservationStore, ObservedClip, observe_clips
from evaluation.run.record import RunRecord
from evaluation.run.shards import WorkerPool
from pipelines.errors import AudioError, OutputError, WorkerError, ZestError
from pipelines.hooks import Event, Hook

SHARD = 16  # pairs sent to a worker at once, because scoring one pair is little work


@dataclass(frozen=True)
class ObserverOutcome:
    """The result of one observer in this call.

    Attributes:
        new: clips that it observed now. missing: why it could not observe anything, None where it could.
        note: why it could not observe some clips, None where it could.
    """

    new: int = 0
    missing: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class ScoringItem:
    """One conversion to score. seen: by observer; failed: the sentence, then nothing was observed."""

    system: str
    pair: Pair
    seen: Mapping[str, Seen]
    failed: str | None


@dataclass(frozen=True)
class ScoredItem:
    """values: by metric. broke: by metric that crashed on this pair, the sentence; its value is None then."""

    item: ScoringItem
    values: dict[str, tuple[float, float] | None]
    broke: dict[str, str]


@dataclass
class Measuring:
    """The second half of an evaluation, in one RUN/ folder: observations, natural reference, scores.

    systems: names; every pair of each is converted or has failed.
    """

    files: RunFolder
    pairs: Sequence[Pair]
    systems: Sequence[str]
    pool: WorkerPool
    hook: Hook
    names: ClipNames = field(default_factory=ClipNames)
    stores: dict[str, ObservationStore] = field(default_factory=dict)

    def __post_init__(self):
        known = self.files.conversions()
        self.conversions = [(pair, known[system, pair.id]) for system in self.systems for pair in self.pairs]

    def run(self, metrics: Sequence[Metric], observers: Mapping[str, Observer], record: RunRecord) -> tuple[int, RunRecord]:
        """Measure what is not measured yet.

        Returns:
            how many clips were observed and conversions scored; and the run's record with what was not measured, and why.
        """
        if self._is_done(metrics, record):
            return 0, record
        outcomes = {key: self._observe(observers[key], key) for key in dict.fromkeys(metric.observer for metric in metrics)}
        for metric in metrics:
            outcome = outcomes[metric.observer]
            record = record.with_metric(metric.info.name, not_measured=outcome.missing, note=outcome.note or None)
        natural, able = self._measure_natural(observers, record.seed or 0), {}
        for metric in metrics:
            name = metric.info.name
            if metric.observer in self.stores:
                try:
                    able[name] = metric.with_natural_reference(natural) if isinstance(metric, NeedsNaturalReference) else metric
                except ZestError as error:
                    record = record.with_metric(name, not_measured=str(error))
        scored, broke = self._score(able)
        for name, sentence in broke.items():
            record = record.with_metric(name, note=sentence)
        return scored + sum(outcome.new for outcome in outcomes.values()), record

    def _is_done(self, metrics: Sequence[Metric], record: RunRecord) -> bool:
        names = {metric.info.name for metric in metrics}
        if names & set(record.not_measured):
            return False  # its model may have been installed since
        return self.files.natural_reference_file.is_file() and not self._to_score(names, self.files.scores())

    def _to_score(self, names: set[str], known: Mapping[tuple[str, str], ScoreRecord]) -> list[tuple[Pair, ConversionRecord]]:
        """Conversions of which one of these metrics has no value yet, or that had failed when they were scored."""
        return [(pair, one) for pair, one in self.conversions
                if (line := known.get((one.system, one.pair))) is None or not names <= set(line.values)
                or (line.failed is not None and one.failed is None)]

    def _observe(self, observer: Observer, key: str) -> ObserverOutcome:
        try:
            missing = observer.unavailable() if hasattr(observer, "unavailable") else None
            if missing:
                return ObserverOutcome(missing=missing)
            observed = observe_clips(observer, self._clips(), self.files.observations, self.pool, self.hook)
        except (OutputError, WorkerError):
            raise
        except ZestError as error:
            return ObserverOutcome(missing=str(error))
        except Exception as error:  # noqa: BLE001 - a model that crashes must not cost the other metrics
            return ObserverOutcome(missing=f"{key} broke ({type(error).__name__}: {error}).")
        self.stores[key] = observed.store
        return ObserverOutcome(observed.new, None, observed.note)

    def _clips(self) -> Iterator[ObservedClip]:
        """All clips to observe: natural recordings, then conversions. Those of failed pairs are observed too, because the natural
        reference must not depend on the systems."""
        for clip in clips_of_pairs(self.pairs):
            readable = self._named(clip.path, clip.language)
            if readable is not None:
                yield readable
        for pair, one in self.conversions:
            path = self.files.clip(pair, one)
            if path is not None:
                yield self.names.clip(path, pair.language)

    def _named(self, path: Path, language: str) -> ObservedClip | None:
        try:
            return self.names.clip(path, language)
        except AudioError:  # its pairs have failed and say so
            return None

    def _measure_natural(self, observers: Mapping[str, Observer], seed: int) -> NaturalReference:
        """The scores of natural speech; marks.json keeps those that other observers gave before."""
        def look(name: str, recording: NaturalClip) -> Any:
            clip = self._named(recording.path, recording.language)
            return None if clip is None else self.stores[name].get(clip)

        keys = {name: observers[name].key for name in self.stores if name.partition("@")[0] in KINDS}
        natural = measure_natural_reference(clips_of_pairs(self.pairs), look, keys, seed)
        before, now = self.files.natural_reference() or {}, natural.document()
        document = {part: before.get(part, {}) | now[part] for part in now}
        document["missing"] = {name: why for name, why in document["missing"].items()
                               if name in now["missing"] or name not in keys}
        if document != before:
            write_json(self.files.natural_reference_file, document)
        return natural

    def _score(self, metrics: Mapping[str, Metric]) -> tuple[int, dict[str, str]]:
        """Score conversions without values; values of other metrics stay in their lines.

        Args:
            metrics: by name, those whose observer could observe.
        Returns:
            how many lines were written; and per metric that crashed on a pair, the sentence of the first.
        """
        known = self.files.scores()
        todo, broke = self._to_score(set(metrics), known), {}
        done = len(self.conversions) - len(todo)
        self._tell_scored(done)
        with appending(self.files.scores_file) as lines:
            for count, shard in self.pool.map(partial(_score_shard, metrics), self._items(metrics, todo)):
                for one in shard:
                    pair, before = one.item.pair, known.get((one.item.system, one.item.pair.id))
                    values = {**(before.values if before else {}), **one.values}
                    lines.add(asdict(ScoreRecord(one.item.system, pair.id, pair.setting, pair.emotion, pair.source_speaker,
                                                 one.item.failed, values)))
                    broke = one.broke | broke
                done += count
                self._tell_scored(done)
        return len(todo), broke

    def _tell_scored(self, done: int) -> None:
        self.hook(Event("progress", "score", value=(done, len(self.conversions)), label="Scoring the pairs"))

    def _items(self, metrics: Mapping[str, Metric], todo: Sequence[tuple[Pair, ConversionRecord]]) -> Iterator[list[ScoringItem]]:
        """Shards, each filled with observations only when its turn comes."""
        observers = sorted({metric.observer for metric in metrics.values()})
        for start in range(0, len(todo), SHARD):
            yield [ScoringItem(one.system, pair, {} if one.failed else {key: self._seen(key, pair, one) for key in observers},
                               one.failed) for pair, one in todo[start:start + SHARD]]

    def _seen(self, key: str, pair: Pair, one: ConversionRecord) -> Seen:
        paths = (pair.source, pair.reference, self.files.clip(pair, one), pair.parallel)
        return Seen(*(None if path is None else self.stores[key].get(self.names.clip(path, pair.language)) for path in paths))


def _score_shard(metrics: Mapping[str, Metric], items: Sequence[ScoringItem]) -> list[ScoredItem]:
    return [_score_item(metrics, item) for item in items]


def _score_item(metrics: Mapping[str, Metric], item: ScoringItem) -> ScoredItem:
    values, broke = {}, {}
    for name, metric in metrics.items():
        try:
            value = metric.failed(item.pair) if item.failed else metric.score(item.pair, item.seen[metric.observer])
            if value is not None and not math.isfinite(value.value):
                value = None  # a value that is not a number is no value
            values[name] = None if value is None else (float(value.value), float(value.weight))
        except Exception as error:  # noqa: BLE001 - one metric's crash must not cost the others' hours
            values[name] = None
            broke[name] = f"The metric broke on the pair {item.pair.id} ({type(error).__name__}: {error})."
    return ScoredItem(item, values, broke)
