"""A listener at the store, with a clock that tests move."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from evaluation.listening.design.questions import BEST_WORST, LOW, NATURAL, SETS, SLIDERS
from evaluation.listening.design.study import Study
from evaluation.listening.store import AnswerStore, ShownTrial, StoredAnswer

SETUP = {"device": "headphones", "place": "quiet", "hearing": "none"}


@dataclass
class Clock:
    """Seconds since 1970, as told."""

    now: float = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


def first_option(shown: ShownTrial) -> str:
    """The first answer; the middle of every slider, the first two of several recordings."""
    judged = [clip for _, clip in shown.clips[-shown.judged:]]
    several = {SLIDERS: json.dumps(dict.fromkeys(judged, 50)), BEST_WORST: " ".join(judged[:2])}
    return several.get(shown.kind) or shown.options[0][0]


def careful(study: Study) -> Callable[[ShownTrial], str]:
    """What somebody chooses who passes the screening: checks are answered right, votes vary, grades are those of the anchors."""
    trials, turn = study.design.trials(), count()

    def choose(shown: ShownTrial) -> str:
        trial = trials[shown.trial]
        if shown.kind == SLIDERS and trial.conditions:
            clips = [clip for _, clip in trial.clips[-shown.judged:]]
            return json.dumps({clip: {NATURAL: 100, LOW: 20}.get(name, 60)
                               for name, clip in zip(trial.conditions, clips, strict=True)})
        if shown.kind in SETS:
            return (*trial.accepted, first_option(shown))[0]
        return (trial.accepted or [value for value, _ in shown.options[next(turn) % 3:]])[0]

    return choose


def listen(store: AnswerStore, token: str, shown: ShownTrial) -> None:
    """Play every clip of a trial to its end."""
    for _, clip in shown.clips:
        store.clock.now += store.study.seconds(clip) + 0.2
        store.played(token, shown.trial, clip)


def answer_next(store: AnswerStore, token: str, choose: Callable[[ShownTrial], str] = first_option) -> StoredAnswer | None:
    """Listen to the next trial and answer it; None at the end."""
    shown = store.next_trial(token)
    if shown is None:
        return None
    listen(store, token, shown)
    return store.answer(token, shown.trial, choose(shown))


def whole_set(store: AnswerStore, choose: Callable[[ShownTrial], str] = first_option) -> str:
    """Somebody enters and answers everything; returns the token."""
    token = store.enter(True, SETUP).token
    while answer_next(store, token, choose):
        pass
    return token
