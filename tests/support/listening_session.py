"""A listener at the store, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

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
    return shown.options[0][0]


def careful(study: Study) -> Callable[[ShownTrial], str]:
    """What somebody chooses who passes the screening: checks are answered right, votes vary."""
    right, turn = {trial.id: trial.accepted for trial in study.design.trials().values()}, count()
    return lambda shown: (right[shown.trial] or [value for value, _ in shown.options[next(turn) % 3:]])[0]


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
