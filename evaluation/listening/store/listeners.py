"""Listeners in the store: who a token belongs to, and which set the next one gets."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import Trial, order_for
from evaluation.listening.store import people, queries
from evaluation.listening.store.queries import of
from evaluation.listening.store.schema import LISTENERS, SESSIONS, STUDIES
from evaluation.listening.store.validation import refuse, token_hash

TOKEN_BYTES, ID_BYTES, CODE_BYTES = 32, 8, 5  # random


@dataclass(frozen=True)
class KnownListener:
    """A listener whose token was recognised.

    Attributes:
        order: practice and the set, as this listener hears them. completed, withdrawn: seconds since 1970, None if never.
        closed: whether the study is.
    """

    listener: str
    order: tuple[Trial, ...]
    code: str
    completed: float | None
    withdrawn: float | None
    closed: bool


def recognise(connection: Connection, study: Study, token: object, withdrawn: bool = False, lock: bool = False) -> KnownListener:
    """Who holds this token.

    Args:
        withdrawn: whether somebody who has withdrawn is still known.
        lock: until the transaction ends, no other one of the same listener goes on (SQLite lets only one write anyway).
    Raises:
        Refused: nobody in this study, or somebody who has withdrawn.
    """
    row = connection.execute(queries.KNOWN_LOCKED if lock else queries.KNOWN,
                             of(token_hash=token_hash(token), study=study.id)).one_or_none()
    if row is None:
        raise refuse(study, "session")
    if row.withdrawn is not None and not withdrawn:
        raise refuse(study, "withdrawn", row.listener)
    order = order_for(study.design, row.cell, study.info["seed"], row.listener)
    return KnownListener(row.listener, order, row.code, row.completed, row.withdrawn, row.closed is not None)


def lock_study(connection: Connection, study: Study) -> None:
    """Until the transaction ends nobody else enters: two who come at once get two sets, one who comes twice gets one."""
    connection.execute(sa.select(STUDIES).where(STUDIES.c.study == study.id).with_for_update()).one()


def enter(connection: Connection, study: Study, setup: dict[str, str], now: float) -> tuple[dict[str, Any], str]:
    """A new listener with a random id, a set and a session; `lock_study` was called.

    Returns:
        what is stored, and the token that only the listener has: the store keeps its hash.
    Raises:
        Refused: the study is closed, or has all the whole sets it needs.
    """
    if is_closed(connection, study):
        raise refuse(study, "closed")
    cell = next_cell(connection, study)
    listener = secrets.token_hex(ID_BYTES)
    row = {"listener": listener, "study": study.id, "cell": cell, "setup": json.dumps(setup, sort_keys=True),
           "code": secrets.token_hex(CODE_BYTES), "entered": now}
    connection.execute(LISTENERS.insert().values(row))
    return session(connection, row, now)


def come_back(connection: Connection, study: Study, user: str, now: float) -> tuple[dict[str, Any], str] | None:
    """A further session of the listener whom the sign-in names, as `enter` returns it; None where this one is new.

    Raises:
        Refused: this one has withdrawn.
    """
    row = people.listener_of(connection, study, user)
    if row is None:
        return None
    if row["withdrawn"] is not None:
        raise refuse(study, "withdrawn", row["listener"])
    return session(connection, row, now)


def session(connection: Connection, row: Mapping[str, Any], now: float) -> tuple[dict[str, Any], str]:
    """A new token for a listener, and the listener's row with its hash."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    connection.execute(SESSIONS.insert().values(token_hash=token_hash(token), listener=row["listener"], created=now))
    return {**row, "token_hash": token_hash(token)}, token


def next_cell(connection: Connection, study: Study) -> int:
    """The set with the fewest completed answers; of equals the one that fewest have begun.

    Counting begun sets alone would starve a set whose listeners all left. Raises Refused: enough listeners have finished.
    """
    whole = sa.func.count(LISTENERS.c.completed)
    query = sa.select(LISTENERS.c.cell, whole.label("whole"), sa.func.count().label("begun")).where(
        LISTENERS.c.study == study.id, LISTENERS.c.withdrawn.is_(None)).group_by(LISTENERS.c.cell)
    counts = {row.cell: (row.whole, row.begun) for row in connection.execute(query)}
    if sum(whole for whole, _ in counts.values()) >= study.info["listeners"]:
        raise refuse(study, "enough")
    return min(range(len(study.design.cells)), key=lambda cell: (*counts.get(cell, (0, 0)), cell))


def answered(connection: Connection, listener: str) -> set[str]:
    """Trials that this listener has answered."""
    return set(connection.execute(queries.ANSWERED, of(listener=listener)).scalars())


def is_closed(connection: Connection, study: Study) -> bool:
    return connection.execute(queries.STUDY, of(study=study.id)).one().closed is not None
