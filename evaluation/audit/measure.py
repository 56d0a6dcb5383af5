"""An audit from labelled clips to numbers: change, observe, compare. Killed anywhere, the same call does what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from evaluation.audit.clips import some_of_each_speaker
from evaluation.audit.conditions import Condition
from evaluation.audit.distances import Distance
from evaluation.audit.found import Audit, DistanceAudit, Estimates, JudgeAudit
from evaluation.audit.measures import Sample, calibration, change, decision, kappa, nearer, rights, share
from evaluation.audit.observed import Observed
from evaluation.audit.thresholds import verdicts_of
from evaluation.audit.triplets import DISTRACTORS, Triplet, draw_triplets
from evaluation.judges.base import EmotionJudge
from evaluation.report.statistics import DRAWS, FEW_SPEAKERS, Difference
from pipelines.counting import counted
from pipelines.training.data.corpus import Clip

CHANGED = 4  # clips of each speaker and emotion that are also changed


@dataclass(frozen=True)
class Draw:
    """draws, seed: of the bootstrap, of the clips that are changed and of triplets."""

    draws: int = DRAWS
    seed: int = 0

    def sample(self, speakers: Sequence[str] | np.ndarray) -> Sample:
        return Sample.of(speakers, self.draws, self.seed)


@dataclass(frozen=True)
class _Speech:
    """clips: all of them. changed: indices of those that are also changed. conditions: that could be had."""

    clips: Sequence[Clip]
    changed: Sequence[int]
    conditions: Sequence[Condition]
    draw: Draw

    def column(self, name: str) -> np.ndarray:
        return np.array([getattr(clip, name) for clip in self.clips], dtype=str)


def measure_audit(clips: Sequence[Clip], observed: Observed, judges: Sequence[EmotionJudge], distances: Sequence[Distance],
                  conditions: Sequence[Condition], most_changed: int = CHANGED, draw: Draw | None = None,
                  command: str = "") -> Audit:
    """Observe and compare.

    Args:
        clips: labelled, see clips.py. judges: those that cannot be loaded are told in `not_measured`.
        most_changed: clips of every speaker and emotion that are also changed.
    """
    draw = draw or Draw()
    able = [one for one in conditions if not observed.missing(one)]
    speech = _Speech(clips, some_of_each_speaker(clips, most_changed, draw.seed), able, draw)
    names = [*(f"emotion@{one.name}" for one in judges), *(one.observer for one in distances)]
    observed.observe(clips, speech.changed, able, names)
    triplets = draw_triplets(clips, range(len(clips)), seed=draw.seed)
    loaded = [one for one in judges if observed.has(f"emotion@{one.name}")]
    found = tuple(_judge(one, speech, observed) for one in loaded)
    metrics = tuple(_distance(one, speech, triplets, observed) for one in distances if observed.has(one.observer))
    corpora, speakers = (Counter(getattr(clip, name) for clip in clips) for name in ("corpus", "speaker"))
    about = (f"{counted(len(clips), 'natural clip')} of {counted(len(speakers), 'speaker')} ({', '.join(sorted(corpora))}); "
             f"{len(speech.changed)} of them also changed")
    notes = [f"The judge {one.name} has no card in this repository: what it was trained on is not known here, and these "
             "recordings may be part of it." for one in loaded if one.card is None]
    if len(speakers) < FEW_SPEAKERS:
        notes.append(f"The clips come from {counted(len(speakers), 'speaker')}: intervals over so few are too narrow.")
    return Audit(about, dict(corpora), dict(speakers), draw.draws, draw.seed, command, found, metrics,
                 _agreement(loaded, speech, observed), {}, {one.name: one.about for one in able}, verdicts_of(found, metrics),
                 observed.not_measured, tuple(notes))


def with_listeners(audit: Audit, found: Estimates, note: str) -> Audit:
    """The same with the agreement of judges and listeners."""
    return replace(audit, listeners=found, notes=(*audit.notes, note))


def _judge(judge: EmotionJudge, speech: _Speech, observed: Observed) -> JudgeAudit:
    name, emotions, speakers = f"emotion@{judge.name}", speech.column("emotion"), speech.column("speaker")
    natural = observed.natural(name, range(len(speech.clips)))
    right, sample = rights(natural, emotions), speech.draw.sample(speakers)
    known = tuple(one for one in judge.emotions if one in emotions[np.isfinite(right)])
    conditions, changes = {}, {}
    chosen = np.asarray(speech.changed, dtype=int)
    some = speech.draw.sample(speakers[chosen])
    for one in speech.conditions:
        now = rights(observed.changed(name, one, speech.changed), emotions[chosen])
        conditions[one.name] = share(now, some, emotions[chosen])
        changes[one.name] = change(now, right[chosen], some, emotions[chosen])
    corpora, each = _by(speech, speech.column("corpus"), right), _by(speech, emotions, right, known)
    return JudgeAudit(judge.name, observed.key(name), judge.described_models(), known, share(right, sample, emotions),
                      corpora, _by(speech, speakers, right), each, conditions, changes,
                      _calibration(natural, right, speech), _confusion(natural, emotions), judge.card is not None)


def _by(speech: _Speech, column: np.ndarray, right: np.ndarray, among: Sequence[str] | None = None) -> Estimates:
    """Shares by the values of a column, every emotion alike."""
    emotions, speakers = speech.column("emotion"), speech.column("speaker")
    found = {}
    for value in among or sorted(set(column)):
        rows = np.flatnonzero(column == value)
        found[value] = share(right[rows], speech.draw.sample(speakers[rows]), emotions[rows])
    return found


def _calibration(observed: Sequence[Mapping[str, float] | None], right: np.ndarray, speech: _Speech) -> Any:
    rows = np.flatnonzero(np.isfinite(right))
    confidence = np.array([max((observed[row] or {"": 0.0}).values()) for row in rows.tolist()])
    return calibration(confidence, right[rows] > 0, speech.draw.sample(speech.column("speaker")[rows]))


def _confusion(observed: Sequence[Mapping[str, float] | None], emotions: np.ndarray) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for one, emotion in zip(observed, emotions, strict=True):
        judged = decision(one)
        if judged is not None:
            row = found.setdefault(str(emotion), {})
            row[judged] = row.get(judged, 0) + 1
    return found


def _agreement(judges: Sequence[EmotionJudge], speech: _Speech, observed: Observed) -> Estimates:
    """Kappa of every two judges, on natural clips of an emotion that both know."""
    found = {}
    for one, other in combinations(judges, 2):
        both = set(one.emotions) & set(other.emotions)
        rows = [index for index, clip in enumerate(speech.clips) if clip.emotion in both]
        sides = [[decision(found) for found in observed.natural(f"emotion@{judge.name}", rows)] for judge in (one, other)]
        kept = [k for k in range(len(rows)) if sides[0][k] is not None and sides[1][k] is not None]
        first, second = ([str(side[k]) for k in kept] for side in sides)
        speakers = [speech.clips[rows[k]].speaker for k in kept]
        found[f"{one.name} and {other.name}"] = kappa(first, second, speech.draw.sample(speakers)) if kept else None
    return found


def _distance(one: Distance, speech: _Speech, triplets: Sequence[Triplet], observed: Observed) -> DistanceAudit:
    asked = [triplet for triplet in triplets if triplet.about == one.about]
    natural = observed.natural(one.observer, range(len(speech.clips)))
    values = _asked(one, asked, natural, natural, speech)
    speakers, corpora = (np.array([column[triplet.anchor] for triplet in asked], dtype=str)
                         for column in (speech.column("speaker"), speech.column("corpus")))
    conditions, changes = {}, {}
    chosen = set(speech.changed)
    rows = np.array([k for k, triplet in enumerate(asked) if triplet.anchor in chosen], dtype=int)
    for condition in speech.conditions if one.changes else ():
        moved = dict(zip(speech.changed, observed.changed(one.observer, condition, speech.changed), strict=True))
        now = _asked(one, [asked[k] for k in rows], moved, natural, speech)
        conditions[condition.name] = _shares(one, [asked[k] for k in rows], now, speakers[rows], speech)
        changes[condition.name] = _fall(now, values[rows], speakers[rows], speech)
    return DistanceAudit(one.name, observed.key(one.observer), one.about, one.words,
                         _shares(one, asked, values, speakers, speech),
                         _grouped(one, asked, values, corpora, speakers, speech),
                         _grouped(one, asked, values, speakers, speakers, speech), conditions, changes)


def _fall(now: np.ndarray, before: np.ndarray, speakers: np.ndarray, speech: _Speech) -> Difference | None:
    return change(now, before, speech.draw.sample(speakers)) if len(now) else None


def _asked(one: Distance, triplets: Sequence[Triplet], anchors: Any, natural: Sequence[Any], speech: _Speech) -> np.ndarray:
    """(triplets,) 100 where the right one is nearer. anchors: observations by index of the clip, changed or not."""
    known: dict[tuple[int, int], float | None] = {}

    def distance(anchor: int, other: int) -> float | None:
        if (anchor, other) not in known:
            first, second = anchors[anchor], natural[other]
            known[anchor, other] = None if not first or not second else one.between(first, second, speech.clips[anchor].emotion)
        return known[anchor, other]

    return np.array([nearer(distance(each.anchor, each.right), distance(each.anchor, each.wrong)) for each in triplets])


def _shares(one: Distance, triplets: Sequence[Triplet], values: np.ndarray, speakers: np.ndarray, speech: _Speech) -> Estimates:
    found = {}
    for distractor in DISTRACTORS[one.about]:
        rows = np.array([k for k, triplet in enumerate(triplets) if triplet.distractor == distractor], dtype=int)
        found[distractor] = share(values[rows], speech.draw.sample(speakers[rows])) if len(rows) else None
    return found


def _grouped(one: Distance, triplets: Sequence[Triplet], values: np.ndarray, column: np.ndarray, speakers: np.ndarray,
             speech: _Speech) -> dict[str, Estimates]:
    found = {}
    for value in sorted(set(column)):
        rows = np.flatnonzero(column == value)
        found[str(value)] = _shares(one, [triplets[k] for k in rows.tolist()], values[rows], speakers[rows], speech)
    return found
