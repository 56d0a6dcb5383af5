"""The tables of the store, how an older file becomes a newer one, and the statements that every request uses.

Migrations are plain SQL that SQLite and PostgreSQL both understand, numbered from 1; the database remembers the last one done.
They only ever add: no statement deletes a table, a column or a row. Answers are inserted and never updated.
Statements are built once: putting one together costs more than running it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from evaluation.listening.errors import StoreError

FIRST = (
    "CREATE TABLE studies (study TEXT PRIMARY KEY, hash TEXT NOT NULL, opened DOUBLE PRECISION NOT NULL, "
    "closed DOUBLE PRECISION)",
    "CREATE TABLE listeners (listener TEXT PRIMARY KEY, study TEXT NOT NULL REFERENCES studies (study), cell INTEGER NOT NULL, "
    "setup TEXT NOT NULL, code TEXT NOT NULL, entered DOUBLE PRECISION NOT NULL, completed DOUBLE PRECISION, "
    "withdrawn DOUBLE PRECISION)",
    "CREATE INDEX listeners_of_study ON listeners (study)",
    "CREATE TABLE sessions (token_hash TEXT PRIMARY KEY, listener TEXT NOT NULL REFERENCES listeners (listener), "
    "created DOUBLE PRECISION NOT NULL)",
    "CREATE TABLE openings (listener TEXT NOT NULL REFERENCES listeners (listener), trial TEXT NOT NULL, "
    "opened DOUBLE PRECISION NOT NULL, PRIMARY KEY (listener, trial))",
    "CREATE TABLE plays (listener TEXT NOT NULL, trial TEXT NOT NULL, clip TEXT NOT NULL, count INTEGER NOT NULL, "
    "PRIMARY KEY (listener, trial, clip), FOREIGN KEY (listener, trial) REFERENCES openings (listener, trial))",
    "CREATE TABLE answers (listener TEXT NOT NULL, trial TEXT NOT NULL, place INTEGER NOT NULL, value TEXT NOT NULL, "
    "remark TEXT NOT NULL, plays TEXT NOT NULL, opened DOUBLE PRECISION NOT NULL, answered DOUBLE PRECISION NOT NULL, "
    "study_hash TEXT NOT NULL, PRIMARY KEY (listener, trial), "
    "FOREIGN KEY (listener, trial) REFERENCES openings (listener, trial))",
)
SECOND = (
    "CREATE TABLE people (study TEXT NOT NULL REFERENCES studies (study), salt TEXT NOT NULL, person TEXT NOT NULL, "
    "listener TEXT NOT NULL REFERENCES listeners (listener), PRIMARY KEY (study, person))",
)
THIRD = (
    "ALTER TABLE listeners ADD COLUMN lapsed DOUBLE PRECISION",
    "ALTER TABLE listeners ADD COLUMN failed DOUBLE PRECISION",
    "CREATE TABLE arrivals (arrival TEXT PRIMARY KEY, study TEXT NOT NULL REFERENCES studies (study), salt TEXT NOT NULL, "
    "person TEXT NOT NULL, arrived DOUBLE PRECISION NOT NULL, outcome TEXT, decided DOUBLE PRECISION)",
    "CREATE INDEX arrivals_of_person ON arrivals (study, person)",
    "CREATE TABLE identities (arrival TEXT PRIMARY KEY REFERENCES arrivals (arrival), worker TEXT NOT NULL, "
    "session TEXT NOT NULL, task TEXT NOT NULL, submit TEXT NOT NULL)",
    "CREATE TABLE places (place TEXT PRIMARY KEY, study TEXT NOT NULL REFERENCES studies (study), "
    "reserved DOUBLE PRECISION NOT NULL, ended DOUBLE PRECISION)",
    "CREATE TABLE payments (listener TEXT NOT NULL REFERENCES listeners (listener), kind TEXT NOT NULL, amount TEXT NOT NULL, "
    "reason TEXT NOT NULL, number INTEGER NOT NULL, written DOUBLE PRECISION NOT NULL, PRIMARY KEY (listener, kind))",
)
MIGRATIONS: tuple[tuple[str, ...], ...] = (FIRST, SECOND, THIRD)

_tables = sa.MetaData()
STUDIES = sa.Table("studies", _tables, *(sa.Column(name, kind) for name, kind in (
    ("study", sa.Text), ("hash", sa.Text), ("opened", sa.Double), ("closed", sa.Double))))
LISTENERS = sa.Table("listeners", _tables, *(sa.Column(name, kind) for name, kind in (
    ("listener", sa.Text), ("study", sa.Text), ("cell", sa.Integer), ("setup", sa.Text), ("code", sa.Text),
    ("entered", sa.Double), ("completed", sa.Double), ("withdrawn", sa.Double), ("lapsed", sa.Double), ("failed", sa.Double))))
SESSIONS = sa.Table("sessions", _tables, *(sa.Column(name, kind) for name, kind in (
    ("token_hash", sa.Text), ("listener", sa.Text), ("created", sa.Double))))
PEOPLE = sa.Table("people", _tables, *(sa.Column(name, kind) for name, kind in (
    ("study", sa.Text), ("salt", sa.Text), ("person", sa.Text), ("listener", sa.Text))))
ARRIVALS = sa.Table("arrivals", _tables, *(sa.Column(name, kind) for name, kind in (
    ("arrival", sa.Text), ("study", sa.Text), ("salt", sa.Text), ("person", sa.Text), ("arrived", sa.Double),
    ("outcome", sa.Text), ("decided", sa.Double))))
IDENTITIES = sa.Table("identities", _tables, *(sa.Column(name, sa.Text) for name in (
    "arrival", "worker", "session", "task", "submit")))
PLACES = sa.Table("places", _tables, *(sa.Column(name, kind) for name, kind in (
    ("place", sa.Text), ("study", sa.Text), ("reserved", sa.Double), ("ended", sa.Double))))
PAYMENTS = sa.Table("payments", _tables, *(sa.Column(name, kind) for name, kind in (
    ("listener", sa.Text), ("kind", sa.Text), ("amount", sa.Text), ("reason", sa.Text), ("number", sa.Integer),
    ("written", sa.Double))))
OPENINGS = sa.Table("openings", _tables, *(sa.Column(name, kind) for name, kind in (
    ("listener", sa.Text), ("trial", sa.Text), ("opened", sa.Double))))
PLAYS = sa.Table("plays", _tables, *(sa.Column(name, kind) for name, kind in (
    ("listener", sa.Text), ("trial", sa.Text), ("clip", sa.Text), ("count", sa.Integer))))
ANSWERS = sa.Table("answers", _tables, *(sa.Column(name, kind) for name, kind in (
    ("listener", sa.Text), ("trial", sa.Text), ("place", sa.Integer), ("value", sa.Text), ("remark", sa.Text), ("plays", sa.Text),
    ("opened", sa.Double), ("answered", sa.Double), ("study_hash", sa.Text))))


def migrate(connection: Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> int:
    """Bring a database to the newest schema inside the caller's transaction, so that it is done wholly or not at all.

    Returns:
        how many migrations were done.
    Raises:
        StoreError: the database was written by a newer version.
    """
    connection.execute(sa.text("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, applied TEXT NOT NULL)"))
    done = connection.execute(sa.text("SELECT max(version) FROM schema_version")).scalar() or 0
    if done > len(migrations):
        raise StoreError(f"The answers were stored by a newer version of zest (schema {done}, this one knows {len(migrations)}); "
                         "update zest.")
    for number in range(done + 1, len(migrations) + 1):
        for statement in migrations[number - 1]:
            connection.execute(sa.text(statement))
        connection.execute(sa.text("INSERT INTO schema_version VALUES (:version, :applied)"),
                           {"version": number, "applied": datetime.now(UTC).isoformat(timespec="seconds")})
    return len(migrations) - done


def _same(table: sa.Table, *names: str) -> list[sa.ColumnElement[bool]]:
    """Conditions that choose rows by these columns. Parameters are called of_x: x alone names the column in an UPDATE."""
    return [table.c[name] == bindparam(f"of_{name}") for name in names]


def keys(**values: object) -> dict[str, object]:
    """Parameters of the statements below."""
    return {f"of_{name}": value for name, value in values.items()}


FIND_LISTENER = sa.select(LISTENERS, STUDIES.c.closed).join(SESSIONS, SESSIONS.c.listener == LISTENERS.c.listener).join(
    STUDIES, STUDIES.c.study == LISTENERS.c.study).where(*_same(SESSIONS, "token_hash"), *_same(LISTENERS, "study"))
FIND_LISTENER_LOCKED = FIND_LISTENER.with_for_update(of=LISTENERS)
ANSWERED_TRIALS = sa.select(ANSWERS.c.trial).where(*_same(ANSWERS, "listener"))
FIND_ANSWER = sa.select(ANSWERS).where(*_same(ANSWERS, "listener", "trial"))
ADD_ANSWER = ANSWERS.insert()
OPENED_AT = sa.select(OPENINGS.c.opened).where(*_same(OPENINGS, "listener", "trial"))
ADD_OPENING = OPENINGS.insert()
PLAY_COUNTS = sa.select(PLAYS.c.clip, PLAYS.c.count).where(*_same(PLAYS, "listener", "trial"))
ADD_PLAY = PLAYS.insert()
PLAY_AGAIN = PLAYS.update().where(*_same(PLAYS, "listener", "trial", "clip")).values(
    count=PLAYS.c.count + 1).returning(PLAYS.c.count)
COMPLETE = LISTENERS.update().where(*_same(LISTENERS, "listener")).values(completed=bindparam("at"))
WITHDRAW = LISTENERS.update().where(*_same(LISTENERS, "listener")).values(withdrawn=bindparam("at"))
FAIL = LISTENERS.update().where(*_same(LISTENERS, "listener")).values(failed=bindparam("at"))
REGAIN = LISTENERS.update().where(*_same(LISTENERS, "listener")).values(lapsed=bindparam("at"))
ANSWERS_OF = sa.select(ANSWERS.c.trial, ANSWERS.c.value).where(*_same(ANSWERS, "listener"))
FIND_STUDY = sa.select(STUDIES).where(*_same(STUDIES, "study"))
CLOSE = STUDIES.update().where(*_same(STUDIES, "study"), STUDIES.c.closed.is_(None)).values(closed=bindparam("at"))
