"""One sync for all who write at the same time: SQLite has one writer and syncs for each, which on a slow disk makes a queue.

The writers of this process work one after another in savepoints of one transaction. Who finds others waiting leaves the
transaction to them; the last one commits; and nobody goes on before that commit is on the disk.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy.engine import Connection, Engine, Transaction
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoTurn


class SharedCommit:
    """The writers of one SQLite file in this process. wait: seconds that one stands in line."""

    def __init__(self, wait: float):
        self._wait = wait
        self._line = threading.Condition()
        self._busy, self._waiting = False, 0
        self._connection: Connection | None = None  # its transaction is open between turns, too
        self._members: list[Future[None]] = []  # whose work is in the transaction

    @contextmanager
    def writing(self, engine: Engine) -> Iterator[Connection]:
        """A transaction as far as the block can tell; committed and synced when the block has ended.

        Raises:
            SQLAlchemyError: no turn in time, or what the database says; the block's work is not stored.
        """
        self._take_turn()
        try:
            with self._savepoint(engine) as connection:
                yield connection
            done: Future[None] = Future()
            self._members.append(done)
        finally:
            self._end_turn()
        done.result()

    def _take_turn(self) -> None:
        with self._line:
            self._waiting += 1
            free = self._line.wait_for(lambda: not self._busy, self._wait)
            self._waiting -= 1
            if not free:
                raise NoTurn("many are writing")
            self._busy = True

    def _end_turn(self) -> None:
        """Leave the transaction to the next in line, or commit it. Who is counted as waiting will look and find it free."""
        with self._line:
            if self._waiting and self._connection is not None:
                self._free()
                return
        try:
            self._commit()
        finally:
            with self._line:
                self._free()

    def _free(self) -> None:
        self._busy = False
        self._line.notify()

    @contextmanager
    def _savepoint(self, engine: Engine) -> Iterator[Connection]:
        """The block's own part of the transaction; undone alone where the block fails."""
        if self._connection is None:
            self._connection = _begun(engine)
        own = self._connection.begin_nested()
        try:
            yield self._connection
            own.commit()
        except BaseException as error:
            self._undo(own, error)
            raise

    def _undo(self, own: Transaction, error: BaseException) -> None:
        """The block's part; or all of it, where the database has undone that already, as on a full disk."""
        driver: Any = None if self._connection is None else self._connection.connection.dbapi_connection
        if driver is not None and driver.in_transaction:
            with suppress(SQLAlchemyError):
                own.rollback()
                return
        self._give_up(error)

    def _commit(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.commit()
        except (SQLAlchemyError, OSError) as error:
            self._give_up(error)
            return
        self._connection.close()
        self._settle(None)

    def _give_up(self, error: BaseException) -> None:
        """Nothing of the transaction is stored, and all who took part are told."""
        if self._connection is not None:
            with suppress(SQLAlchemyError, OSError):
                self._connection.invalidate()
                self._connection.close()
        self._settle(error)

    def _settle(self, error: BaseException | None) -> None:
        members, self._members, self._connection = self._members, [], None
        for one in members:
            one.set_exception(error) if error else one.set_result(None)


def _begun(engine: Engine) -> Connection:
    """A connection whose transaction has begun: SQLite's write lock is held."""
    connection = engine.connect()
    try:
        connection.begin()
    except BaseException:
        connection.close()
        raise
    return connection
