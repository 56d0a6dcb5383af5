"""What was collected for a study, read at one moment: everything, or a few counts."""

from __future__ import annotations

import json
from dataclasses import dataclass

import sqlalchemy as sa

from evaluation.listening.store.database import reading
from evaluation.listening.store.schema import ANSWERS, LISTENERS, STUDIES
from evaluation.listening.store.store import AnswerStore


@dataclass(frozen=True)
class Listener:
    """One who entered.

    Attributes:
        listener: random id. setup: how they listened. entered, completed, withdrawn: seconds since 1970, None if never.
        lapsed: when the place was given to another after a time-out. failed: when too many instruction checks were failed.
    """

    listener: str
    cell: int
    setup: dict[str, str]
    entered: float
    completed: float | None = None
    withdrawn: float | None = None
    lapsed: float | None = None
    failed: float | None = None


@dataclass(frozen=True)
class GivenAnswer:
    """One answer as it is stored.

    Attributes:
        place: 1 for the listener's first trial. plays: by clip id, times played to the end.
        opened, answered: when the trial was shown and answered, seconds since 1970.
    """

    listener: str
    trial: str
    place: int
    value: str
    remark: str
    plays: dict[str, int]
    opened: float
    answered: float
    study_hash: str


@dataclass(frozen=True)
class Collected:
    """Everything that was collected.

    Attributes:
        closed: when the study was closed, seconds since 1970, None while it is open.
    """

    listeners: tuple[Listener, ...]
    answers: tuple[GivenAnswer, ...]
    closed: float | None = None


def collect(store: AnswerStore) -> Collected:
    """All listeners and answers of the study, in the order they came, withdrawn ones too. Raises StoreError."""
    ours = LISTENERS.c.study == store.study.id
    with reading(store.engine, store.study.wording) as connection:
        listeners = connection.execute(sa.select(LISTENERS).where(ours).order_by(LISTENERS.c.entered, LISTENERS.c.listener))
        listeners = tuple(Listener(row.listener, row.cell, json.loads(row.setup), row.entered, row.completed, row.withdrawn,
                                   row.lapsed, row.failed)
                          for row in listeners)
        query = sa.select(ANSWERS).join(LISTENERS, LISTENERS.c.listener == ANSWERS.c.listener).where(ours)
        rows = connection.execute(query.order_by(ANSWERS.c.answered, ANSWERS.c.listener, ANSWERS.c.place))
        answers = tuple(GivenAnswer(**{**row._asdict(), "plays": json.loads(row.plays)}) for row in rows)
        closed = connection.execute(sa.select(STUDIES.c.closed).where(STUDIES.c.study == store.study.id)).scalar_one()
    return Collected(listeners, answers, closed)


@dataclass(frozen=True)
class StudyProgress:
    """How far a study is, in a few counts: quick enough to list many studies.

    Attributes:
        completed, begun: listeners who did not withdraw, with the whole set answered, and all of them. withdrawn: who did.
        planned: listeners the study was created for. answers: of everybody. closed: seconds since 1970, None while it is open.
    """

    completed: int
    begun: int
    withdrawn: int
    planned: int
    answers: int
    closed: float | None


def study_progress(store: AnswerStore) -> StudyProgress:
    """Raises StoreError."""
    ours = LISTENERS.c.study == store.study.id
    stayed = LISTENERS.c.withdrawn.is_(None)
    with reading(store.engine, store.study.wording) as connection:
        query = sa.select(sa.func.count().filter(stayed & LISTENERS.c.completed.is_not(None)), sa.func.count().filter(stayed),
                          sa.func.count(LISTENERS.c.withdrawn)).select_from(LISTENERS).where(ours)
        completed, begun, withdrawn = connection.execute(query).one()
        answers = connection.execute(sa.select(sa.func.count()).select_from(
            ANSWERS.join(LISTENERS, LISTENERS.c.listener == ANSWERS.c.listener)).where(ours)).scalar_one()
        closed = connection.execute(sa.select(STUDIES.c.closed).where(STUDIES.c.study == store.study.id)).scalar_one()
    return StudyProgress(completed, begun, withdrawn, store.study.info["listeners"], answers, closed)
