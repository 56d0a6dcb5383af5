"""The last stage: metrics read what was observed and write one line per system and pair."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from evaluation.metrics.base import Metric, Seen, Value
from evaluation.pair import Pair
from evaluation.run.folder import ConversionRecord, RunFolder
from evaluation.run.lines import appending
from evaluation.run.shards import WorkerPool
from pipelines.hooks import Event, Hook

SHARD = 16  # pairs; scoring is arithmetic, so a shard must hold some of it to be worth sending
Look = Callable[[str, Pair, ConversionRecord], Seen]  # observer key, pair, conversion -> what was observed


@dataclass(frozen=True)
class ScoringItem:
    """One conversion to score. seen: per observer; failed: the sentence, then nothing was seen."""

    system: str
    pair: Pair
    seen: Mapping[str, Seen]
    failed: str | None


@dataclass(frozen=True)
class ScoredItem:
    """One line of scores.jsonl. broke: per metric that crashed on this pair, the sentence; its value is None then."""

    item: ScoringItem
    values: dict[str, tuple[float, float] | None]
    broke: dict[str, str]


def score_pairs(metrics: Mapping[str, Metric], converted: Sequence[tuple[Pair, ConversionRecord]], look: Look, files: RunFolder,
                pool: WorkerPool, hook: Hook) -> tuple[int, dict[str, str]]:
    """Score what has no value yet; values of other metrics that a line already holds are kept.

    Args:
        metrics: by name, those whose observer could observe.
    Returns:
        how many lines were written; and per metric that crashed on a pair, the sentence of the first.
    """
    known = files.score_lines()
    todo = [(pair, one) for pair, one in converted
            if not set(metrics) <= set(known.get((one.system, pair.id), {"values": ()})["values"])]
    done, broke = len(converted) - len(todo), {}
    hook(Event("progress", "score", value=(done, len(converted))))
    with appending(files.scores_file) as lines:
        for count, scored in pool.map(partial(_score_shard, metrics), _items(metrics, todo, look)):
            for one in scored:
                before = known.get((one.item.system, one.item.pair.id), {"values": {}})["values"]
                lines.add(_line(one.item, {**before, **one.values}))
                broke = one.broke | broke
            done += count
            hook(Event("progress", "score", value=(done, len(converted))))
    return len(todo), broke


def _items(metrics: Mapping[str, Metric], todo: Sequence[tuple[Pair, ConversionRecord]],
           look: Look) -> Iterator[list[ScoringItem]]:
    """Shards, each filled with observations only when its turn comes."""
    observers = sorted({metric.observer for metric in metrics.values()})
    for start in range(0, len(todo), SHARD):
        yield [ScoringItem(one.system, pair, {} if one.failed else {key: look(key, pair, one) for key in observers}, one.failed)
               for pair, one in todo[start:start + SHARD]]


def _score_shard(metrics: Mapping[str, Metric], items: Sequence[ScoringItem]) -> list[ScoredItem]:
    return [_score(metrics, item) for item in items]


def _score(metrics: Mapping[str, Metric], item: ScoringItem) -> ScoredItem:
    values, broke = {}, {}
    for name, metric in metrics.items():
        try:
            value = metric.failed(item.pair) if item.failed else metric.score(item.pair, item.seen[metric.observer])
            values[name] = _plain(value)
        except Exception as error:  # noqa: BLE001 - one metric's crash must not cost the others' hours
            values[name] = None
            broke[name] = f"The metric broke on the pair {item.pair.id} ({type(error).__name__}: {error})."
    return ScoredItem(item, values, broke)


def _plain(value: Value | None) -> tuple[float, float] | None:
    """As JSON; a value that is not a number is no value."""
    return None if value is None or not math.isfinite(value.value) else (float(value.value), float(value.weight))


def _line(item: ScoringItem, values: dict[str, Any]) -> dict[str, Any]:
    pair = item.pair
    return {"system": item.system, "pair": pair.id, "setting": pair.setting, "emotion": pair.emotion,
            "source_speaker": pair.source_speaker, "failed": item.failed, "values": values}
