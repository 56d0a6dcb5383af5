"""Who came from a platform: what the platform says of a worker, in a table of its own that one command empties.

Answers know a random id only. A worker is known again by HMAC-SHA256 with the study's salt, as a sign-in is (listeners.py). The
platform's own ids are needed to pay, so `identities` keeps them until they are forgotten. They are in no log, no export of
answers and no journal.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evaluation.listening.design.study import Study
from evaluation.listening.store import listeners
from evaluation.listening.store.schema import ARRIVALS, IDENTITIES, LISTENERS, PEOPLE
from evaluation.listening.store.validation import token_hash


@dataclass(frozen=True)
class Identity:
    """What a platform tells of a worker: ids of the worker, of this visit and of the task; where MTurk takes the work."""

    worker: str
    session: str = ""
    task: str = ""
    submit: str = ""

    def __repr__(self) -> str:
        return "Identity(...)"  # a log or a traceback names nobody


@dataclass(frozen=True)
class Arrival:
    """A worker at the study's door.

    Attributes:
        arrival: hash of the token that the page holds. salt, person: as in PEOPLE. outcome: 'screened', 'full' or ''.
        reason: why, as a key of the wording's "refusals". listener: row of the listener whom this worker became, None before.
        identity: None once it was forgotten.
    """

    arrival: str
    salt: str
    person: str
    outcome: str
    reason: str
    listener: Mapping[Any, Any] | None
    identity: Identity | None


def platform_user(study: Study, worker: str) -> str:
    """The name by which a worker is known in this and other studies of the same platform."""
    platform = study.recruitment.platform if study.recruitment else ""
    return f"{platform}\n{worker}"


def arrive(connection: Connection, study: Study, identity: Identity, now: float) -> tuple[Mapping[Any, Any], str]:
    """A worker comes; the same visit is one arrival, however often the link is opened. `lock_study` was called.

    Returns:
        the row of ARRIVALS, and the token for the worker's page: the same for the same visit, and stored as a hash.
    """
    user = platform_user(study, identity.worker)
    known = listeners.person_row(connection, study, user)
    salt = known["salt"] if known else listeners.salt_of(connection, study)
    token = _token(salt, study, user, identity.session)
    row = _row(connection, study, token)
    if row is None:
        row = {"arrival": token_hash(token), "study": study.id, "salt": salt, "person": listeners.person_hash(salt, study, user),
               "arrived": now, "outcome": None, "decided": None}
        connection.execute(ARRIVALS.insert().values(row))
    kept = connection.execute(IDENTITIES.update().where(IDENTITIES.c.arrival == row["arrival"]).values(**asdict(identity)))
    if not kept.rowcount:
        connection.execute(IDENTITIES.insert().values(arrival=row["arrival"], **asdict(identity)))
    return row, token


def find(connection: Connection, study: Study, token: object) -> Arrival | None:
    """The arrival whose token this is. A worker who was turned away as not asked for stays so on every later visit."""
    row = _row(connection, study, token)
    if row is None:
        return None
    same = ARRIVALS.c.study == study.id, ARRIVALS.c.person == row["person"]
    listener = connection.execute(sa.select(LISTENERS).join(PEOPLE, PEOPLE.c.listener == LISTENERS.c.listener).where(
        PEOPLE.c.study == study.id, PEOPLE.c.person == row["person"])).mappings().first()
    reason = row["outcome"] or connection.execute(
        sa.select(ARRIVALS.c.outcome).where(*same, ARRIVALS.c.outcome.in_(("screened", "elsewhere")))).scalars().first() or ""
    identity = connection.execute(sa.select(IDENTITIES).where(IDENTITIES.c.arrival == row["arrival"])).mappings().first()
    found = Identity(*(identity[name] for name in ("worker", "session", "task", "submit"))) if identity else None
    return Arrival(row["arrival"], row["salt"], row["person"], _outcome(reason), reason, listener, found)


def decide(connection: Connection, arrival: str, reason: str, now: float) -> Mapping[Any, Any]:
    """Remember why a worker got no place; what was decided first stays."""
    connection.execute(ARRIVALS.update().where(ARRIVALS.c.arrival == arrival, ARRIVALS.c.outcome.is_(None))
                       .values(outcome=reason, decided=now))
    return connection.execute(sa.select(ARRIVALS).where(ARRIVALS.c.arrival == arrival)).mappings().one()


def forget(connection: Connection, study: Study, pseudonyms: bool) -> int:
    """Delete what the platform told; no rating is touched.

    Args:
        pseudonyms: the hashes, too, by which a worker is known again.
    Returns:
        how many workers were forgotten.
    """
    ours = sa.select(ARRIVALS.c.arrival).where(ARRIVALS.c.study == study.id)
    count = connection.execute(sa.select(sa.func.count(sa.distinct(IDENTITIES.c.worker))).where(IDENTITIES.c.arrival.in_(ours))
                               ).scalar_one()
    connection.execute(IDENTITIES.delete().where(IDENTITIES.c.arrival.in_(ours)))
    if pseudonyms:
        connection.execute(ARRIVALS.delete().where(ARRIVALS.c.study == study.id))
        connection.execute(PEOPLE.delete().where(PEOPLE.c.study == study.id))
    return count


def identities(connection: Connection, study: Study) -> list[tuple[Identity, str | None]]:
    """(identity, id of the listener whom the worker became or None), the latest visit of each worker last."""
    query = sa.select(IDENTITIES, ARRIVALS.c.arrived, PEOPLE.c.listener).join(
        ARRIVALS, ARRIVALS.c.arrival == IDENTITIES.c.arrival).outerjoin(
        PEOPLE, sa.and_(PEOPLE.c.study == ARRIVALS.c.study, PEOPLE.c.person == ARRIVALS.c.person)).where(
        ARRIVALS.c.study == study.id).order_by(ARRIVALS.c.arrived, IDENTITIES.c.arrival)
    return [(Identity(row.worker, row.session, row.task, row.submit), row.listener) for row in connection.execute(query)]


def _row(connection: Connection, study: Study, token: object) -> Mapping[Any, Any] | None:
    query = sa.select(ARRIVALS).where(ARRIVALS.c.arrival == token_hash(token), ARRIVALS.c.study == study.id)
    return connection.execute(query).mappings().one_or_none()


def _token(salt: str, study: Study, user: str, session: str) -> str:
    """Unguessable without the salt, and the same each time."""
    return hmac.new(bytes.fromhex(salt), f"arrival\n{study.id}\n{user}\n{session}".encode(), hashlib.sha256).hexdigest()


def _outcome(reason: str) -> str:
    return {"": "", "screened": "screened", "elsewhere": "screened"}.get(reason, "full")
