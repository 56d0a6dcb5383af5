"""How far a study is, in a few counts: quick enough to list many."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from evaluation.listening.store.database import reading
from evaluation.listening.store.schema import ANSWERS, LISTENERS, STUDIES
from evaluation.listening.store.store import AnswerStore


@dataclass(frozen=True)
class StudyProgress:
    """Attributes:
        completed, begun: listeners who did not withdraw, with the whole set answered, and all of them. withdrawn: who did.
        wanted: listeners the study was made for. answers: of everybody. closed: seconds since 1970, None while it is open.
    """

    completed: int
    begun: int
    withdrawn: int
    wanted: int
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
