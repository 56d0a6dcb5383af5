"""The store of one study: what the page of a listener and an administrator may do, and nothing else.

Every method is one transaction: when it returns, what it did is on the disk; when it raises, nothing was acknowledged.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.engine import Connection, Engine

from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import Trial
from evaluation.listening.design.wording import sentence
from evaluation.listening.errors import Refused, StoreError
from evaluation.listening.store import events, people, queries
from evaluation.listening.store.database import plain, reading, writing
from evaluation.listening.store.events import line, replay
from evaluation.listening.store.journal import Journal
from evaluation.listening.store.listeners import KnownListener, answered, come_back, enter, is_closed, lock_study, recognise
from evaluation.listening.store.queries import of
from evaluation.listening.store.shown import ShownTrial, shown
from evaluation.listening.store.validation import (
    AnswerRequest,
    check_answer,
    check_entry,
    check_play,
    own_trial,
    place_of,
    refuse,
)

Note = Callable[[str, events.Values], None]


@dataclass(frozen=True)
class ListenerSession:
    """A listener who may begin or go on. token: unguessable, opens the session; whoever has it is the listener."""

    listener: str
    token: str


@dataclass(frozen=True)
class StoredAnswer:
    """An answer that is on the disk. again: it was already. code: the completion code once all is answered, else ''."""

    again: bool
    done: int
    of: int
    code: str


class AnswerStore:
    """Args:
        study: as opened. engine: of its database. clock: seconds since 1970 (tests give one).
        journal: where everything acknowledged is written once more, for disks that do not last.
    """

    def __init__(self, study: Study, engine: Engine, clock: Callable[[], float] = time.time, journal: Journal | None = None):
        self.study, self.engine, self.clock = study, engine, clock
        self._journal = journal

    def enter(self, consent: bool, setup: dict[str, str], user: str = "") -> ListenerSession:
        """A new listener; where the study asks for a sign-in and knows the user, the one who came before.

        Args:
            setup: answers to wording['setup']. user: whom the sign-in names, for good and uniquely; '' where nobody signed in.
        Raises:
            Refused, StoreError.
        """
        if not self.study.sign_in:
            user = ""
        elif not user:
            raise refuse(self.study, "sign_in")
        checked = None if user else check_entry(self.study, consent, setup)
        with self._writing() as (connection, note):
            lock_study(connection, self.study)
            entered = self._come_back(connection, user) if user else None
            new = entered is None
            if new:
                checked = checked or check_entry(self.study, consent, setup)
                entered = enter(connection, self.study, checked, self.clock())
            row, token = entered
            note(events.ENTERED, row)
            if user and new:
                people.remember(connection, self.study, user, row["listener"])
            if user:
                note(events.RECOGNISED, people.person_of(connection, self.study, row["listener"]))
        return ListenerSession(row["listener"], token)

    def knows(self, user: str) -> bool:
        """Whether this user has entered before, so that consent and setup are there already. Raises StoreError."""
        with reading(self.engine, self.study.wording) as connection:
            return people.listener_of(connection, self.study, user) is not None

    def next_trial(self, token: str) -> ShownTrial | None:
        """The first trial without an answer, None at the end; it counts as shown from the first call on.

        Raises:
            Refused: no such session, withdrawn, closed. StoreError.
        """
        with reading(self.engine, self.study.wording) as connection:
            known = self._open_to(connection, token)
            done = answered(connection, known.listener)
            trial = next((one for one in known.order if one.id not in done), None)
            opened = None if trial is None else _opening(connection, known.listener, trial.id)
            played = {} if trial is None else _plays(connection, known.listener, trial.id)
        if trial is None:
            return None
        if opened is None:
            self._open(token, trial.id)
        return shown(self.study, trial, place_of(known.order, trial), len(known.order), tuple(played))

    def completion(self, token: str) -> str:
        """The completion code of a listener who has answered everything, also after the study was closed, else ''.

        Raises:
            Refused: no such session, withdrawn. StoreError.
        """
        with reading(self.engine, self.study.wording) as connection:
            known = self._recognise(connection, token)
            return known.code if known.completed else ""

    def played(self, token: str, trial: str, clip: str) -> int:
        """A clip of the trial was played to its end; returns how often so far. Raises Refused, StoreError."""
        with self._writing() as (connection, note):
            known = self._open_to(connection, token, lock=True)
            own = own_trial(known.order, trial)
            opened = None if own is None else _opening(connection, known.listener, own.id)
            check_play(self.study, known.listener, own, clip, opened, self.clock())
            keys = {"listener": known.listener, "trial": trial, "clip": clip}
            count = connection.execute(queries.PLAY_AGAIN, of(**keys)).scalar_one_or_none()
            if count is None:
                count = 1
                connection.execute(queries.ADD_PLAY, {**keys, "count": count})
            note(events.PLAYED, {**keys, "count": count, "opened": opened})
        return count

    def answer(self, token: str, trial: str, value: str, remark: str = "") -> StoredAnswer:
        """Store one answer. Sending it again does nothing and says so; another answer to the same trial is refused.

        Raises:
            Refused: by a rule of validation.py. StoreError: not stored; send it again.
        """
        now = self.clock()
        with self._writing() as (connection, note):
            known = self._open_to(connection, token, lock=True)
            own = own_trial(known.order, trial)
            facts = self._facts(connection, known.listener, own) if own else (None, {}, None)
            asked = AnswerRequest(trial, value, remark, *facts)
            new = check_answer(self.study, known.listener, own, asked, now)
            if new:
                row = {"listener": known.listener, "trial": own.id, "place": place_of(known.order, own), "value": value,
                       "remark": remark, "plays": json.dumps(dict(asked.plays), sort_keys=True), "opened": asked.opened,
                       "answered": now, "study_hash": self.study.hash}
                connection.execute(queries.ADD_ANSWER, row)
            else:
                row = connection.execute(queries.ANSWER, of(listener=known.listener, trial=own.id)).mappings().one()
            note(events.ANSWERED, row)
            done = answered(connection, known.listener)
            whole = len(done) == len(known.order)
            if whole:
                self._complete(connection, note, known, now)
        return StoredAnswer(not new, len(done), len(known.order), known.code if whole else "")

    def withdraw(self, token: str) -> None:
        """Mark all of the listener's answers as withdrawn; they stay, and are not counted. Raises Refused, StoreError."""
        with self._writing() as (connection, note):
            known = self._recognise(connection, token, withdrawn=True, lock=True)
            at = known.withdrawn or self.clock()
            connection.execute(queries.WITHDRAW, {**of(listener=known.listener), "at": at})
            note(events.WITHDRAWN, {"listener": known.listener, "withdrawn": at})

    def close(self) -> bool:
        """Take no more answers; returns whether it was open. Raises StoreError."""
        ours = of(study=self.study.id)
        with self._writing() as (connection, note):
            was_open = connection.execute(queries.CLOSE, {**ours, "at": self.clock()}).rowcount == 1
            note(events.CLOSED, connection.execute(queries.STUDY, ours).mappings().one())
        return was_open

    def is_closed(self) -> bool:
        """Raises StoreError."""
        with reading(self.engine, self.study.wording) as connection:
            return is_closed(connection, self.study)

    def replay(self, lines: Iterable[str]) -> None:
        """Take in what was acknowledged elsewhere, as lines of a journal. Raises StoreError."""
        with writing(self.engine, self.study.wording) as connection:
            replay(connection, self.study, lines)

    def _facts(self, connection: Connection, listener: str, trial: Trial) -> tuple[float | None, dict[str, int], str | None]:
        """When the trial was shown, how often its clips were played, and what was answered before."""
        before = connection.execute(queries.ANSWER, of(listener=listener, trial=trial.id)).one_or_none()
        return (_opening(connection, listener, trial.id), _plays(connection, listener, trial.id),
                None if before is None else before.value)

    def _open_to(self, connection: Connection, token: str, lock: bool = False) -> KnownListener:
        """The listener, while the study is open."""
        known = self._recognise(connection, token, lock=lock)
        if known.closed:
            raise refuse(self.study, "closed", known.listener)
        return known

    def _recognise(self, connection: Connection, token: str, withdrawn: bool = False, lock: bool = False) -> KnownListener:
        """As in listeners.py; but while lines of earlier sessions have not been fetched, nobody is told to be unknown."""
        try:
            return recognise(connection, self.study, token, withdrawn, lock)
        except Refused as refused:
            if refused.reason == "session" and self._journal is not None and not self._journal.is_whole(self.study.id):
                raise StoreError(sentence(self.study.wording, "lost")) from refused
            raise

    def _come_back(self, connection: Connection, user: str) -> tuple[dict, str] | None:
        """As in listeners.py; but while lines of earlier sessions have not been fetched, nobody is taken to be new."""
        entered = come_back(connection, self.study, user, self.clock())
        if entered is None and self._journal is not None and not self._journal.is_whole(self.study.id):
            raise StoreError(sentence(self.study.wording, "lost"))
        return entered

    @staticmethod
    def _complete(connection: Connection, note: Note, known: KnownListener, now: float) -> None:
        """All is answered; when that was so first stays."""
        at = known.completed or now
        connection.execute(queries.COMPLETE, {**of(listener=known.listener), "at": at})
        note(events.COMPLETED, {"listener": known.listener, "completed": at})

    def _open(self, token: str, trial: str) -> None:
        """Remember when a trial was first shown; a second page of the same listener changes nothing."""
        with self._writing() as (connection, note):
            listener = self._open_to(connection, token, lock=True).listener
            opened = _opening(connection, listener, trial)
            if opened is None:
                opened = self.clock()
                connection.execute(queries.ADD_OPENING, {"listener": listener, "trial": trial, "opened": opened})
            note(events.OPENED, {"listener": listener, "trial": trial, "opened": opened})

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, Note]]:
        """A transaction, and where to note what it did: the journal is given that after the commit, before the call returns.

        A call whose note was cut off was not acknowledged; sent again it notes what the database holds.
        """
        lines: list[str] = []
        with writing(self.engine, self.study.wording) as connection:
            yield connection, lambda kind, values: lines.append(line(self.study, kind, values))
        if self._journal is not None:
            try:
                self._journal.write(self.study.id, lines)
            except OSError as error:
                raise plain(error, self.study.wording) from error


def _opening(connection: Connection, listener: str, trial: str) -> float | None:
    return connection.execute(queries.OPENING, of(listener=listener, trial=trial)).scalar_one_or_none()


def _plays(connection: Connection, listener: str, trial: str) -> dict[str, int]:
    return {row.clip: row.count for row in connection.execute(queries.PLAYED, of(listener=listener, trial=trial))}
