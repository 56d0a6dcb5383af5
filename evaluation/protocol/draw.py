"""Pairs of one setting in a balanced, seeded order, drawn one at a time, so that a large corpus costs only what is asked for.

The order is that of SHA-256 hashes, not of a random generator whose stream may change with a library's version: the same
manifest and seed give the same pairs on any machine.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from evaluation.protocol.settings import ClipPool, PairSetting
from pipelines.files import PATH_BYTES
from pipelines.training.data.corpus import Clip

Item = TypeVar("Item")


def draw(setting: PairSetting, pool: ClipPool, sources: Sequence[Clip], seed: int) -> Iterator[tuple[Clip, Clip]]:
    """Every allowed (source, reference) exactly once. However many are taken from the beginning, source speakers come
    equally often and so do emotions, as far as the corpus goes; within one speaker and emotion so do source sentences,
    and for one source so do the reference's speakers.

    Args:
        sources: those of `pool.sources(setting)` that may be used. seed: another seed, another order.
    """
    own: dict[str, list[Clip]] = defaultdict(list)
    for clip in sources:
        own[clip.speaker].append(clip)
    speakers = _shuffled(own, seed, setting.name)
    emotions = _shuffled(pool.targets(setting), seed, setting.name)
    cells = [(speaker, (turn + place) % len(emotions))  # a Latin square: both are spread at any length
             for turn in range(len(emotions)) for place, speaker in enumerate(speakers)]
    return _in_turn([_cell(setting, pool, own[speaker], emotions, which, seed) for speaker, which in cells])


def take_of(pool: ClipPool, source: Clip, emotion: str, seed: int) -> Clip | None:
    """One seeded take of the source's speaker and sentence in an emotion, None where there is none."""
    takes = pool.takes(source, emotion)
    return _shuffled(takes, seed, "take", _name(source))[0] if takes else None


def _cell(setting: PairSetting, pool: ClipPool, sources: list[Clip], emotions: list[str], which: int,
          seed: int) -> Iterator[tuple[Clip, Clip]]:
    """The pairs of one source speaker and one emotion, source after source in turn; each emotion begins as far from the
    others' first source as it can."""
    ordered = _shuffled(sources, seed, setting.name)
    ordered = _rotated(ordered, which * -(-len(ordered) // len(emotions)))
    yield from _in_turn([_of_source(setting, pool, source, emotions[which], place, seed) for place, source in enumerate(ordered)])


def _of_source(setting: PairSetting, pool: ClipPool, source: Clip, emotion: str, place: int,
               seed: int) -> Iterator[tuple[Clip, Clip]]:
    """The pairs of one source and one emotion, reference speaker after reference speaker; each source of a speaker begins
    with another reference speaker."""
    by_speaker: dict[str, list[Clip]] = defaultdict(list)
    for clip in pool.references(setting, source, emotion):
        by_speaker[clip.speaker].append(clip)
    names = _shuffled(by_speaker, seed, setting.name, source.speaker, emotion)
    each = [iter(_shuffled(by_speaker[name], seed, setting.name, _name(source))) for name in _rotated(names, place)]
    for reference in _in_turn(each):
        yield source, reference


def _in_turn(streams: Iterable[Iterator[Item]]) -> Iterator[Item]:
    """One item of each stream, then the next of each, until all are used up."""
    waiting = list(streams)
    while waiting:
        going_on = []
        for stream in waiting:
            for item in stream:
                yield item
                going_on.append(stream)
                break
        waiting = going_on


def _rotated(items: list[Item], steps: int) -> list[Item]:
    first = steps % max(len(items), 1)
    return items[first:] + items[:first]


def _shuffled(items: Iterable[Item], seed: int, *words: str) -> list[Item]:
    """The items in an order that depends on the seed, on what they are shuffled for and on nothing else."""
    start = hashlib.sha256("|".join((str(seed), *words, "")).encode(errors=PATH_BYTES))

    def place(item: Item) -> bytes:
        hasher = start.copy()
        hasher.update((_name(item) if isinstance(item, Clip) else str(item)).encode(errors=PATH_BYTES))
        return hasher.digest()

    return sorted(items, key=place)


def _name(clip: Clip) -> str:
    return f"{clip.speaker}|{clip.path.name}"
