"""The connection to the answers: SQLite beside the study, or PostgreSQL; what goes wrong there becomes one plain sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, IntegrityError, InterfaceError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from evaluation.listening.design.wording import ENGLISH, sentence
from evaluation.listening.errors import StoreError
from evaluation.listening.store.shared_commit import SharedCommit
from pipelines.packages import install_command, is_installed

VARIABLE = "WORKBENCH_DATABASE_URL"
WAIT = 10  # seconds for another writer, or for a server to answer
READING = "zest_reading"  # execution option of connections that only read
SHARED = "zest_shared"  # execution option of SQLite's engine: its SharedCommit
LOCK = 0x7A657374  # PostgreSQL advisory lock of migrations: 'zest'
FULL = ("53100", "53200")  # PostgreSQL: disk full, out of memory
BUSY = ("53300", "55P03", "40001", "40P01", "57014")  # too many connections, no lock in time, another went first, cancelled
DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


def connect(file: Path, url: str | None = None) -> Engine:
    """An engine for SQLite in `file`, or for what the URL or WORKBENCH_DATABASE_URL names.

    Nothing is opened yet, except that the URL is understood.

    Raises:
        StoreError: the URL is not understood, or names neither SQLite nor PostgreSQL.
    """
    given = url or os.environ.get(VARIABLE) or ""
    if not given:
        return _sqlite(sa.URL.create("sqlite", database=str(file)))
    try:
        address = sa.make_url(given)
        address = address.set(drivername=DRIVERS.get(address.drivername, address.drivername))
        return _engine(address)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        raise _misunderstood() from error


def has_store(file: Path, url: str | None = None) -> bool:
    """Whether answers can be there already: SQLite's file exists, or a database is named, which is not asked."""
    return bool(url or os.environ.get(VARIABLE)) or file.exists()


@contextmanager
def writing(engine: Engine, wording: Mapping[str, Any] = ENGLISH) -> Iterator[Connection]:
    """A transaction that is durable once the block has ended: committed and synced, or StoreError and nothing stored.

    Raises:
        StoreError: full disk, lock not given in time, connection lost.
    """
    try:
        shared = engine.get_execution_options().get(SHARED)  # SQLite's; PostgreSQL does the same by itself
        with shared.writing(engine) if shared else engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, OSError) as error:
        raise store_error(error, wording) from error


@contextmanager
def reading(engine: Engine, wording: Mapping[str, Any] = ENGLISH) -> Iterator[Connection]:
    """A view of the answers that does not change while it is read, and holds nobody up. Raises StoreError as `writing`."""
    snapshot = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}  # SQLite has no other
    try:
        with engine.connect().execution_options(**{READING: True}, **snapshot) as connection, connection.begin():
            yield connection
    except (SQLAlchemyError, OSError) as error:
        raise store_error(error, wording) from error


def lock_schema(connection: Connection) -> None:
    """Until the transaction ends, nobody else migrates (SQLite's write lock does that by itself)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def store_error(error: Exception, wording: Mapping[str, Any]) -> StoreError:
    """What a listener is told; the database's own words stay in the error's cause."""
    words = str(getattr(error, "orig", error)).lower()
    state = getattr(getattr(error, "orig", None), "sqlstate", None)  # its words may be in any language
    if state in FULL or any(sign in words for sign in ("disk is full", "no space left", "disk i/o error")):
        return StoreError(sentence(wording, "full"))
    if state in BUSY or isinstance(error, PoolTimeout) or "locked" in words or "busy" in words:
        return StoreError(sentence(wording, "busy"))
    if "not a database" in words or "malformed" in words:
        return StoreError("The file with the answers is damaged or is no file of answers; restore it from a copy.")
    if "readonly" in words or "read-only" in words or "unable to open" in words or "permission" in words:
        return StoreError("The answers cannot be stored: no permission to write there, or there is no such folder.")
    if isinstance(error, (OperationalError, InterfaceError, IntegrityError, OSError)):
        return StoreError(sentence(wording, "lost"))
    raise error  # a mistake in zest


def _engine(address: sa.URL) -> Engine:
    if address.get_backend_name() == "sqlite":
        return _sqlite(address)
    if address.get_backend_name() != "postgresql":
        raise _misunderstood()
    if not is_installed("psycopg"):
        raise StoreError(f"PostgreSQL needs the package psycopg, which is not installed; run '{install_command('postgres')}'.")
    options = f"-c lock_timeout={WAIT}s -c synchronous_commit=on"  # whatever the server's setting: a commit is on the disk
    # client_encoding: without it, text of a database made with SQL_ASCII comes as bytes
    # hide_parameters: what a platform tells of a worker stands in no log, also where a statement fails
    return sa.create_engine(address, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=20, pool_timeout=WAIT,
                            connect_args={"connect_timeout": WAIT, "tcp_user_timeout": 1000 * WAIT, "options": options,
                                          "client_encoding": "utf8"})


def _sqlite(address: sa.URL) -> Engine:
    engine = sa.create_engine(address, hide_parameters=True, pool_size=10, max_overflow=20, pool_timeout=WAIT,
                              connect_args={"timeout": WAIT}, execution_options={SHARED: SharedCommit(WAIT)})
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection, _record) -> None:
    """WAL: readers and the writer do not wait for each other. FULL: a commit is on the disk when it returns."""
    connection.isolation_level = None  # transactions begin where `_begin` says, not where the driver guesses
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """A writer takes its lock at once: a reader that becomes a writer midway could be refused without waiting."""
    reads = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _misunderstood() -> StoreError:
    return StoreError(f"The address of the database in {VARIABLE} is not understood; it looks like "
                      "postgresql://user:password@host/database or sqlite:////folder/answers.sqlite.")
