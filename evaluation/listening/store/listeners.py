"""Listeners in the store: who a token or a sign-in belongs to, and which set the next listener gets.

Of a sign-in only a hash is stored: enough to know somebody again, and nothing that names anybody.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import TRAP, Trial, order_for
from evaluation.listening.store import places, schema
from evaluation.listening.store.schema import ARRIVALS, LISTENERS, PEOPLE, SESSIONS, STUDIES, keys
from evaluation.listening.store.validation import refuse, token_hash

TOKEN_BYTES, ID_BYTES, CODE_BYTES, SALT_BYTES = 32, 8, 5, 32  # random


@dataclass(frozen=True)
class KnownListener:
    """A listener whose token was recognised.

    Attributes:
        order: practice and the set, in this listener's order. completed, withdrawn: seconds since 1970, None if never.
        closed: whether the study is. lapsed: the place was given to another after a time-out. failed: the checks were.
    """

    listener: str
    order: tuple[Trial, ...]
    code: str
    completed: float | None
    withdrawn: float | None
    closed: bool
    cell: int = 0
    setup: Mapping[str, str] = field(default_factory=dict)
    lapsed: bool = False
    failed: bool = False


def recognise(connection: Connection, study: Study, token: object, withdrawn: bool = False, lock: bool = False) -> KnownListener:
    """Who holds this token.

    Args:
        withdrawn: whether somebody who has withdrawn is still known.
        lock: until the transaction ends, no other one of the same listener goes on (SQLite lets only one write anyway).
    Raises:
        Refused: nobody in this study, or somebody who has withdrawn.
    """
    row = connection.execute(schema.FIND_LISTENER_LOCKED if lock else schema.FIND_LISTENER,
                             keys(token_hash=token_hash(token), study=study.id)).one_or_none()
    if row is None:
        raise refuse(study, "session")
    if row.withdrawn is not None and not withdrawn:
        raise refuse(study, "withdrawn", row.listener)
    order = order_for(study.design, row.cell, study.info["seed"], row.listener)
    return KnownListener(row.listener, order, row.code, row.completed, row.withdrawn, row.closed is not None,
                         row.cell, json.loads(row.setup), lapsed=row.lapsed is not None and row.completed is None,
                         failed=row.failed is not None)


def lock_study(connection: Connection, study: Study) -> None:
    """Until the transaction ends nobody else enters: two who come at once get two sets, one who comes twice gets one."""
    connection.execute(sa.select(STUDIES).where(STUDIES.c.study == study.id).with_for_update()).one()


def lock_group(connection: Connection, group: str) -> None:
    """Until the transaction ends nobody enters another study of the group in the same PostgreSQL database."""
    if group and connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:lock))"), {"lock": f"zest group {group}"})


def enter(connection: Connection, study: Study, setup: dict[str, str], now: float, place: str = "",
          up_since: float = 0.0) -> tuple[dict[str, Any], str]:
    """A new listener with a random id, a set and a session; `lock_study` was called.

    Args:
        place: that was reserved at consent, '' for none. up_since: see places.room.
    Returns:
        what is stored, and the token that only the listener has: the store keeps its hash.
    Raises:
        Refused: the study is closed, has all the whole sets it needs, or has no place for such a listener.
    """
    cell = _cell_for(connection, study, setup, now, place, up_since)
    listener = secrets.token_hex(ID_BYTES)
    row = {"listener": listener, "study": study.id, "cell": cell, "setup": json.dumps(setup, sort_keys=True),
           "code": secrets.token_hex(CODE_BYTES), "entered": now}
    connection.execute(LISTENERS.insert().values(row))
    return session(connection, row, now)


def _cell_for(connection: Connection, study: Study, setup: Mapping[str, str], now: float, place: str, up_since: float) -> int:
    """Raises Refused."""
    if study.recruitment is None:
        reason = refusal(connection, study, now)
        cell = -1 if reason else next_cell(connection, study)
    elif is_closed(connection, study):
        cell, reason = -1, "closed"
    else:
        cell, reason = places.take(connection, study, setup, place, now, up_since)
    if reason:
        raise refuse(study, reason)
    return cell


def come_back(connection: Connection, study: Study, user: str, now: float) -> tuple[dict[str, Any], str] | None:
    """A further session of the listener whom the sign-in names, as `enter` returns it; None where this one is new.

    Raises:
        Refused: this one has withdrawn.
    """
    row = listener_of(connection, study, user)
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

    Counting begun sets alone would starve a set whose listeners all left.
    """
    counts = _counts(connection, study)
    return min(range(len(study.design.cells)), key=lambda cell: (*counts.get(cell, (0, 0)), cell))


def refusal(connection: Connection, study: Study, now: float, up_since: float = 0.0) -> str:
    """Why nobody new may enter now, as a key of the wording's "refusals"; '' where the study is open to listeners."""
    if is_closed(connection, study):
        return "closed"
    if study.recruitment is not None:
        return places.refusal(connection, study, now, up_since)
    finished = sum(completed for completed, _ in _counts(connection, study).values())
    return "enough" if finished >= study.info["listeners"] else ""


def _counts(connection: Connection, study: Study) -> dict[int, tuple[int, int]]:
    """By set, how many who did not withdraw have completed and begun it."""
    completed = sa.func.count(LISTENERS.c.completed)
    query = sa.select(LISTENERS.c.cell, completed.label("completed"), sa.func.count().label("begun")).where(
        LISTENERS.c.study == study.id, LISTENERS.c.withdrawn.is_(None)).group_by(LISTENERS.c.cell)
    return {row.cell: (row.completed, row.begun) for row in connection.execute(query)}


def answered(connection: Connection, listener: str) -> set[str]:
    """Trials that this listener has answered."""
    return set(connection.execute(schema.ANSWERED_TRIALS, keys(listener=listener)).scalars())


def failed_checks(connection: Connection, known: KnownListener) -> list[tuple[Trial, str]]:
    """Instruction checks that the listener answered otherwise than asked, with the answer."""
    given = {row.trial: row.value for row in connection.execute(schema.ANSWERS_OF, keys(listener=known.listener))}
    return [(trial, given[trial.id]) for trial in known.order
            if trial.kind == TRAP and trial.id in given and given[trial.id] not in trial.accepted]


def is_closed(connection: Connection, study: Study) -> bool:
    return connection.execute(schema.FIND_STUDY, keys(study=study.id)).one().closed is not None


def person_hash(salt: str, study: Study, user: str) -> str:
    """What is stored of a user: the same user is somebody else in another study. salt: secret, kept beside the answers only."""
    return hmac.new(bytes.fromhex(salt), f"{study.id}\n{user}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def listener_of(connection: Connection, study: Study, user: str) -> Mapping[Any, Any] | None:
    """The row of the listener who is this user, None where the user is new."""
    person = person_row(connection, study, user)
    if person is None:
        return None
    return connection.execute(sa.select(LISTENERS).where(LISTENERS.c.listener == person["listener"])).mappings().one()


def person_row(connection: Connection, study: Study, user: str) -> Mapping[Any, Any] | None:
    """What is stored of a user who has entered: the row of the first time."""
    hashes = [person_hash(salt, study, user) for salt in salts(connection, study)]
    query = sa.select(PEOPLE).join(LISTENERS, PEOPLE.c.listener == LISTENERS.c.listener).where(
        PEOPLE.c.study == study.id, PEOPLE.c.person.in_(hashes)).order_by(LISTENERS.c.entered)
    return connection.execute(query).mappings().first()


def remember(connection: Connection, study: Study, user: str, listener: str) -> None:
    """Know the user again as this listener; `lock_study` was called."""
    salt = salt_of(connection, study)
    person = person_hash(salt, study, user)
    connection.execute(PEOPLE.insert().values(study=study.id, salt=salt, person=person, listener=listener))


def person_of(connection: Connection, study: Study, listener: str) -> Mapping[Any, Any]:
    """What is stored of a listener who signed in."""
    query = sa.select(PEOPLE).where(PEOPLE.c.study == study.id, PEOPLE.c.listener == listener)
    return connection.execute(query).mappings().one()


def salts(connection: Connection, study: Study) -> list[str]:
    """One, drawn with the study's first listener; more only where answers of two databases were brought together."""
    found = [connection.execute(sa.select(table.c.salt).where(table.c.study == study.id).distinct()).scalars()
             for table in (PEOPLE, ARRIVALS)]
    return list(dict.fromkeys(salt for one in found for salt in one))


def salt_of(connection: Connection, study: Study) -> str:
    """The study's salt; a new one for its first listener."""
    return next(iter(salts(connection, study)), None) or secrets.token_hex(SALT_BYTES)
