"""What every request asks the database, built once: putting a query together costs more than running it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import bindparam

from evaluation.listening.store.schema import ANSWERS, LISTENERS, OPENINGS, PLAYS, SESSIONS, STUDIES


def _here(table: sa.Table, *names: str) -> list[sa.ColumnElement[bool]]:
    """Rows that have the given values. Parameters are called of_x, because x alone names the column in an UPDATE."""
    return [table.c[name] == bindparam(f"of_{name}") for name in names]


def of(**values: object) -> dict[str, object]:
    """Parameters of the queries below."""
    return {f"of_{name}": value for name, value in values.items()}


KNOWN = sa.select(LISTENERS, STUDIES.c.closed).join(SESSIONS, SESSIONS.c.listener == LISTENERS.c.listener).join(
    STUDIES, STUDIES.c.study == LISTENERS.c.study).where(*_here(SESSIONS, "token_hash"), *_here(LISTENERS, "study"))
KNOWN_LOCKED = KNOWN.with_for_update(of=LISTENERS)
ANSWERED = sa.select(ANSWERS.c.trial).where(*_here(ANSWERS, "listener"))
ANSWER = sa.select(ANSWERS).where(*_here(ANSWERS, "listener", "trial"))
ADD_ANSWER = ANSWERS.insert()
OPENING = sa.select(OPENINGS.c.opened).where(*_here(OPENINGS, "listener", "trial"))
ADD_OPENING = OPENINGS.insert()
PLAYED = sa.select(PLAYS.c.clip, PLAYS.c.count).where(*_here(PLAYS, "listener", "trial"))
ADD_PLAY = PLAYS.insert()
PLAY_AGAIN = PLAYS.update().where(*_here(PLAYS, "listener", "trial", "clip")).values(
    count=PLAYS.c.count + 1).returning(PLAYS.c.count)
COMPLETE = LISTENERS.update().where(*_here(LISTENERS, "listener")).values(completed=bindparam("at"))
WITHDRAW = LISTENERS.update().where(*_here(LISTENERS, "listener")).values(withdrawn=bindparam("at"))
STUDY = sa.select(STUDIES).where(*_here(STUDIES, "study"))
CLOSE = STUDIES.update().where(*_here(STUDIES, "study"), STUDIES.c.closed.is_(None)).values(closed=bindparam("at"))
