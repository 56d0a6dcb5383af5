"""What a study consists of: clips, trials and sets of trials; and in which order a listener gets them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

TRAINING, RATED, TRAP, KNOWN, CHECK = "training", "rated", "trap", "known", "check"
KINDS = (TRAINING, RATED, TRAP, KNOWN, CHECK)


@dataclass(frozen=True)
class ClipContent:
    """What a clip holds: a recording of a pair, a copy-synthesis or damaged version of one, or a system's conversion.

    kind: 'source', 'reference', 'parallel', 'copy-of-source', 'copy-of-reference', 'damaged', 'low-pass-3500', 'low-pass-7000'
    or 'system'; of a check before the test what listening_checks.py renders.
    """

    kind: str
    pair: str
    system: str = ""


@dataclass(frozen=True)
class Trial:
    """One thing to answer.

    Attributes:
        id: says nothing of what it is. kind: 'training', 'rated', 'trap', 'known' or 'check' (of room, device and hearing).
        clips: (role, clip id) in the order they are played.
        conditions: what is judged: a system or an anchor; of a couple those of a and b; of several clips that of each, in the
            order of clips; () for training and checks.
        accepted: the answers that pass a check, and of ABX the right one; () where every answer is right.
    """

    id: str
    question: str
    kind: str
    pair: str
    clips: tuple[tuple[str, str], ...]
    conditions: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Design:
    """The clips and trials of a study.

    Attributes:
        clips: what each clip id holds. training: the same for everyone.
        cells: sets of trials; a listener answers one. Every rated clip is in exactly one.
        checks: of room, device and hearing, before the practice; () without.
    """

    clips: dict[str, ClipContent]
    training: tuple[Trial, ...]
    cells: tuple[tuple[Trial, ...], ...]
    checks: tuple[Trial, ...] = ()

    def document(self) -> dict[str, Any]:
        """JSON-able; `design_from` reads it again."""
        return {"clips": {name: asdict(content) for name, content in self.clips.items()},
                "training": [asdict(trial) for trial in self.training],
                "cells": [[asdict(trial) for trial in cell] for cell in self.cells],
                **({"checks": [asdict(trial) for trial in self.checks]} if self.checks else {})}

    def trials(self) -> dict[str, Trial]:
        """By id, checks and training too."""
        return {trial.id: trial for trial in (*self.checks, *self.training, *(trial for cell in self.cells for trial in cell))}


def design_from(document: dict[str, Any]) -> Design:
    """Raises KeyError, TypeError or ValueError where the document is no design."""
    return Design({name: ClipContent(**content) for name, content in document["clips"].items()},
                  tuple(_trial(one) for one in document["training"]),
                  tuple(tuple(_trial(one) for one in cell) for cell in document["cells"]),
                  tuple(_trial(one) for one in document.get("checks", ())))


def opaque(salt: str, *values: object) -> str:
    """Sixteen hex digits; they tell nothing to anybody who does not know the salt."""
    return hashlib.sha256("|".join((salt, *map(str, values))).encode()).hexdigest()[:16]


def order_for(design: Design, cell: int, seed: int, listener: str) -> tuple[Trial, ...]:
    """A listener's trials: checks of room, device and hearing, practice, then question by question, in an order of their own.

    One question's trials stay together, so that nobody has to change the task all the time. The same seed and listener
    give the same order on every machine.
    """
    dice = random.Random(f"{seed}|{listener}")
    trials = list(design.cells[cell])
    dice.shuffle(trials)
    questions = sorted({trial.question for trial in trials})
    dice.shuffle(questions)
    ordered = (*design.training, *(trial for question in questions for trial in _checks_not_first(trials, question)))
    return (*_checks_in_order(design, f"{seed}|{listener}|checks"),
            *(_shuffled(trial, f"{seed}|{listener}") for trial in ordered))


def _checks_in_order(design: Design, seed: str) -> list[Trial]:
    """One check after the other, the tasks of each in an order of the listener's own."""
    found = []
    for question in dict.fromkeys(trial.question for trial in design.checks):
        tasks = [trial for trial in design.checks if trial.question == question]
        random.Random(f"{seed}|{question}").shuffle(tasks)
        found += tasks
    return found


def _shuffled(trial: Trial, seed: str) -> Trial:
    """Several clips that are judged side by side, in the listener's own order, whose places are the roles '1', '2', ..."""
    first = next((place for place, (role, _) in enumerate(trial.clips) if role == "1"), None)
    if first is None:
        return trial
    clips = [clip for _, clip in trial.clips[first:]]
    random.Random(f"{seed}|{trial.id}").shuffle(clips)
    roles = [role for role, _ in trial.clips[first:]]
    return replace(trial, clips=(*trial.clips[:first], *zip(roles, clips, strict=True)))


def _checks_not_first(trials: Sequence[Trial], question: str) -> list[Trial]:
    """The question's trials; a trap in first place would be understood as the task."""
    own = [trial for trial in trials if trial.question == question]
    first = next((index for index, trial in enumerate(own) if trial.kind == RATED), 0)
    return [own[first], *own[:first], *own[first + 1:]]


def _trial(document: dict[str, Any]) -> Trial:
    trial = Trial(**{**document, "clips": tuple((role, clip) for role, clip in document["clips"]),
                     "conditions": tuple(document["conditions"]), "accepted": tuple(document["accepted"])})
    if trial.kind not in KINDS or not trial.clips:
        raise ValueError(trial.id)
    return trial
