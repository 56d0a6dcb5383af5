"""Who signed in, as a hash: enough to know somebody again, and nothing that names anybody."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evaluation.listening.design.study import Study
from evaluation.listening.store.schema import LISTENERS, PEOPLE

SALT_BYTES = 32


def person_hash(salt: str, study: Study, user: str) -> str:
    """What is stored of a user: the same user is somebody else in another study. salt: secret, kept beside the answers only."""
    return hmac.new(bytes.fromhex(salt), f"{study.id}\n{user}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def listener_of(connection: Connection, study: Study, user: str) -> Mapping[str, Any] | None:
    """The row of the listener who is this user, None where the user is new."""
    hashes = [person_hash(salt, study, user) for salt in _salts(connection, study)]
    query = sa.select(LISTENERS).join(PEOPLE, PEOPLE.c.listener == LISTENERS.c.listener).where(
        PEOPLE.c.study == study.id, PEOPLE.c.person.in_(hashes)).order_by(LISTENERS.c.entered)
    return connection.execute(query).mappings().first()


def remember(connection: Connection, study: Study, user: str, listener: str) -> None:
    """Know the user again as this listener; `lock_study` was called."""
    salt = next(iter(_salts(connection, study)), None) or secrets.token_hex(SALT_BYTES)
    person = person_hash(salt, study, user)
    connection.execute(PEOPLE.insert().values(study=study.id, salt=salt, person=person, listener=listener))


def person_of(connection: Connection, study: Study, listener: str) -> Mapping[str, Any]:
    """What is stored of a listener who signed in."""
    query = sa.select(PEOPLE).where(PEOPLE.c.study == study.id, PEOPLE.c.listener == listener)
    return connection.execute(query).mappings().one()


def _salts(connection: Connection, study: Study) -> list[str]:
    """One, made with the study's first listener; more only where answers of two databases were brought together."""
    return list(connection.execute(sa.select(PEOPLE.c.salt).where(PEOPLE.c.study == study.id).distinct()).scalars())
