"""The store of one study: what the page of a listener and an administrator may do, and nothing else.

Every method is one transaction: when it returns, what it did is on the disk; when it raises, nothing was acknowledged.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from evaluation.listening.design.study import Study
from evaluation.listening.design.wording import sentence
from evaluation.listening.errors import Refused, StoreError
from evaluation.listening.store import events, listeners, places, schema
from evaluation.listening.store.database import connect, lock_schema, reading, store_error, writing
from evaluation.listening.store.journal import Journal
from evaluation.listening.store.listeners import KnownListener
from evaluation.listening.store.replies import ListenerSession, ShownTrial, StoredAnswer, checked, shown_trial
from evaluation.listening.store.schema import keys
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


@dataclass
class Uptime:
    """since: when answers could last not be stored, or the start; nobody is idle for a time before it. Seconds since 1970."""

    since: float


class _PlaceLost(Exception):
    """The listener's place was given to another; see AnswerStore.regain."""


def _keeping_place(method: Callable) -> Callable:
    """What a listener asks for is done after the place was got back, where it was lost."""
    @wraps(method)
    def done(self: AnswerStore, token: str, *given: Any, **named: Any) -> Any:
        try:
            return method(self, token, *given, **named)
        except _PlaceLost:
            self.regain(token)
            return method(self, token, *given, **named)

    return done


def open_store(study: Study, url: str | None = None, clock: Callable[[], float] = time.time,
               journal: Journal | None = None, others: Callable[[], Iterable[AnswerStore]] = tuple) -> AnswerStore:
    """The store of a study, migrated to the newest schema; created if it is not there.

    Args:
        url: of a database; WORKBENCH_DATABASE_URL, or the study's own file, if None.
        journal: its lines are replayed first, and it is given what the database holds and they lack.
        others: gives the stores of the other studies of the same group.
    Raises:
        StoreError: it cannot be opened, was written by a newer zest, or holds answers to another version of this study.
    """
    engine = connect(study.database, url)
    with writing(engine, study.wording) as connection:
        lock_schema(connection)
        schema.migrate(connection)
        studies = schema.STUDIES
        stored = connection.execute(sa.select(studies.c.hash).where(studies.c.study == study.id)).scalar_one_or_none()
        if stored is None:
            connection.execute(studies.insert().values(study=study.id, hash=study.hash, opened=clock()))
        elif stored != study.hash:
            raise StoreError(f"The answers to this study were given to another version of it ({stored[:12]}, this one is "
                             f"{study.hash[:12]}); restore the study they belong to.")
    store = AnswerStore(study, engine, clock, journal, others)
    if journal is not None:
        _level(store, journal)
    return store


class AnswerStore:
    """Args:
        study: as opened. engine: of its database. clock: seconds since 1970 (tests give one).
        journal: where everything acknowledged is written once more, for disks that do not last.
        others: see open_store.
    """

    def __init__(self, study: Study, engine: Engine, clock: Callable[[], float] = time.time, journal: Journal | None = None,
                 others: Callable[[], Iterable[AnswerStore]] = tuple):
        self.study, self.engine, self.clock, self.others = study, engine, clock, others
        self._uptime = Uptime(clock())
        self._in_languages: dict[str, AnswerStore] = {}
        self._journal = journal

    @property
    def up_since(self) -> float:
        """See Uptime."""
        return self._uptime.since

    @up_since.setter
    def up_since(self, since: float) -> None:
        self._uptime.since = since

    def in_language(self, language: str) -> AnswerStore:
        """The same store, whose trials and sentences are in one of the study's languages."""
        if language == self.study.wording["language"]:
            return self
        if language not in self._in_languages:
            other = copy.copy(self)
            other.study = self.study.in_language(language)
            self._in_languages[language] = other
        return self._in_languages[language]

    def enter(self, consent: bool, setup: dict[str, str], user: str = "", place: str = "") -> ListenerSession:
        """A new listener; where the study asks for a sign-in and knows the user, the one who came before.

        Listeners of a platform enter by `reception.Reception`.

        Args:
            setup: answers to wording['setup']. user: whom the sign-in names, for good and uniquely; '' where nobody signed in.
            place: that was reserved, '' for none.
        Raises:
            Refused, StoreError.
        """
        if self.study.recruitment and self.study.recruitment.platform:
            raise refuse(self.study, "arrival")
        if not self.study.sign_in:
            user = ""
        elif not user:
            raise refuse(self.study, "sign_in")
        try:
            return self._enter(consent, setup, user, place)
        except Refused as refused:
            if place and refused.reason in ("screened", "group"):
                with self.writing() as (connection, _):
                    places.give_up(connection, self.study, place, self.clock())
            raise

    def _enter(self, consent: bool, setup: dict[str, str], user: str, place: str) -> ListenerSession:
        checked = None if user else check_entry(self.study, consent, setup)
        with self.writing() as (connection, note):
            listeners.lock_study(connection, self.study)
            entered = listeners.come_back(connection, self.study, user, self.clock()) if user else None
            new = entered is None
            if new and user:
                self.refuse_before_all_lines_came()
            if new:
                checked = checked or check_entry(self.study, consent, setup)
                entered = self.new_listener(connection, note, checked, place)
            row, token = entered
            note(events.ENTERED, row)
            if user and new:
                listeners.remember(connection, self.study, user, row["listener"])
            if user:
                note(events.RECOGNISED, listeners.person_of(connection, self.study, row["listener"]))
        return ListenerSession(row["listener"], token)

    def new_listener(self, connection: Connection, note: Note, setup: dict[str, str], place: str) -> tuple[dict[str, Any], str]:
        """As `listeners.enter`; those whose places were taken away for it are noted. Raises Refused."""
        now = self.clock()
        entered = listeners.enter(connection, self.study, setup, now, place, self.up_since)
        self.note_lapsed(connection, note, now)
        return entered

    def note_lapsed(self, connection: Connection, note: Note, now: float) -> None:
        query = sa.select(schema.LISTENERS).where(schema.LISTENERS.c.study == self.study.id, schema.LISTENERS.c.lapsed == now)
        for row in connection.execute(query).mappings():
            note(events.LAPSED, row)

    def knows(self, user: str) -> bool:
        """Whether this user has entered before, so that consent and setup are there already. Raises StoreError."""
        with reading(self.engine, self.study.wording) as connection:
            return listeners.listener_of(connection, self.study, user) is not None

    @_keeping_place
    def next_trial(self, token: str) -> ShownTrial | None:
        """The first trial without an answer, None at the end; it counts as shown from the first call on.

        Raises:
            Refused: no such session, withdrawn, closed. StoreError.
        """
        with reading(self.engine, self.study.wording) as connection:
            known = self._open_to(connection, token)
            done = listeners.answered(connection, known.listener)
            trial = next((one for one in known.order if one.id not in done), None)
            if trial is None:
                return None
            opened = _opened_at(connection, known.listener, trial.id)
            played = _play_counts(connection, known.listener, trial.id)
            place, checks = place_of(known.order, trial), len(self.study.design.checks)
            results = self._checked(connection, known.listener) if checks and place == checks + 1 else ()
        if opened is None:
            self._open(token, trial.id)
        return shown_trial(self.study, trial, place, len(known.order), tuple(played), results)

    def completion(self, token: str) -> str:
        """The completion code of a listener who has answered everything, also after the study was closed, else ''.

        Raises:
            Refused: no such session, withdrawn. StoreError.
        """
        with reading(self.engine, self.study.wording) as connection:
            known = self._recognise(connection, token)
            return known.code if known.completed else ""

    @_keeping_place
    def played(self, token: str, trial: str, clip: str) -> int:
        """A clip of the trial was played to its end; returns how often so far. Raises Refused, StoreError."""
        with self.writing() as (connection, note):
            known = self._open_to(connection, token, lock=True)
            own = own_trial(known.order, trial)
            opened = None if own is None else _opened_at(connection, known.listener, own.id)
            check_play(self.study, known.listener, own, clip, opened, self.clock())
            play = {"listener": known.listener, "trial": trial, "clip": clip}
            count = connection.execute(schema.PLAY_AGAIN, keys(**play)).scalar_one_or_none()
            if count is None:
                count = 1
                connection.execute(schema.ADD_PLAY, {**play, "count": count})
            note(events.PLAYED, {**play, "count": count, "opened": opened})
        return count

    @_keeping_place
    def answer(self, token: str, trial: str, value: str, remark: str = "") -> StoredAnswer:
        """Store one answer. Sending it again does nothing and says so; another answer to the same trial is refused.

        Raises:
            Refused: by a rule of validation.py. StoreError: not stored; send it again.
        """
        now = self.clock()
        with self.writing() as (connection, note):
            known = self._open_to(connection, token, lock=True)
            own = own_trial(known.order, trial)
            facts = self._facts(connection, known.listener, own.id) if own else (None, {}, None)
            sent = AnswerRequest(trial, value, remark, *facts)
            new = check_answer(self.study, known.listener, own, sent, now)
            assert own is not None  # a trial of nobody's was refused
            if new:
                row = {"listener": known.listener, "trial": own.id, "place": place_of(known.order, own), "value": value,
                       "remark": remark, "plays": json.dumps(dict(sent.plays), sort_keys=True), "opened": sent.opened,
                       "answered": now, "study_hash": self.study.hash}
                connection.execute(schema.ADD_ANSWER, row)
            else:
                row = connection.execute(schema.FIND_ANSWER, keys(listener=known.listener, trial=own.id)).mappings().one()
            note(events.ANSWERED, row)
            done = len(listeners.answered(connection, known.listener))
            if done == len(known.order):
                completed = known.completed or now  # when all was answered first stays
                connection.execute(schema.COMPLETE, {**keys(listener=known.listener), "at": completed})
                note(events.COMPLETED, {"listener": known.listener, "completed": completed})
                self._judge(connection, note, known, completed)
        return StoredAnswer(not new, done, len(known.order), known.code if done == len(known.order) else "")

    def _judge(self, connection: Connection, note: Note, known: KnownListener, at: float) -> None:
        """Mark a listener who has failed as many instruction checks as the study's rules say."""
        rules = self.study.recruitment
        if rules and len(listeners.failed_checks(connection, known)) >= rules.failures(self.study.minutes):
            connection.execute(schema.FAIL, {**keys(listener=known.listener), "at": at})
            note(events.FAILED, {"listener": known.listener, "failed": at})

    def regain(self, token: str) -> None:
        """A place for a listener whose own was given to another after the time-out. Raises Refused: there is none. StoreError."""
        now = self.clock()
        with self.writing() as (connection, note):
            listeners.lock_study(connection, self.study)
            known = self._recognise(connection, token, lock=True)
            if not known.lapsed:
                return
            if not places.may_return(connection, self.study, known.cell, known.setup, now, self.up_since):
                raise refuse(self.study, "place", known.listener)
            connection.execute(schema.REGAIN, {**keys(listener=known.listener), "at": None})
            self.note_lapsed(connection, note, now)

    def withdraw(self, token: str) -> None:
        """Mark all of the listener's answers as withdrawn; they stay, and are not counted. Raises Refused, StoreError."""
        with self.writing() as (connection, note):
            known = self._recognise(connection, token, withdrawn=True, lock=True)
            at = known.withdrawn or self.clock()
            connection.execute(schema.WITHDRAW, {**keys(listener=known.listener), "at": at})
            note(events.WITHDRAWN, {"listener": known.listener, "withdrawn": at})

    def close(self) -> bool:
        """Take no more answers; returns whether it was open. Raises StoreError."""
        study = keys(study=self.study.id)
        with self.writing() as (connection, note):
            was_open = connection.execute(schema.CLOSE, {**study, "at": self.clock()}).rowcount == 1
            note(events.CLOSED, connection.execute(schema.FIND_STUDY, study).mappings().one())
        return was_open

    def is_closed(self) -> bool:
        """Raises StoreError."""
        with reading(self.engine, self.study.wording) as connection:
            return listeners.is_closed(connection, self.study)

    def refusal(self) -> str:
        """Why nobody new may enter now, as a key of the wording's "refusals"; '' where somebody may. Raises StoreError."""
        with reading(self.engine, self.study.wording) as connection:
            return listeners.refusal(connection, self.study, self.clock(), self.up_since)

    def replay(self, lines: Iterable[str]) -> None:
        """Take in what was acknowledged elsewhere, as lines of a journal. Raises StoreError."""
        with writing(self.engine, self.study.wording) as connection:
            events.replay(connection, self.study, lines)

    def _checked(self, connection: Connection, listener: str) -> tuple[tuple[str, int, int, bool], ...]:
        """How the listener did in the checks of room, device and hearing."""
        given = connection.execute(schema.ANSWERS_OF, keys(listener=listener))
        return checked(self.study, {row.trial: row.value for row in given})

    @staticmethod
    def _facts(connection: Connection, listener: str, trial: str) -> tuple[float | None, dict[str, int], str | None]:
        """When the trial was shown, how often its clips were played, and what was answered before."""
        before = connection.execute(schema.FIND_ANSWER, keys(listener=listener, trial=trial)).one_or_none()
        return (_opened_at(connection, listener, trial), _play_counts(connection, listener, trial),
                None if before is None else before.value)

    def _open_to(self, connection: Connection, token: str, lock: bool = False) -> KnownListener:
        """The listener, while the study is open."""
        known = self._recognise(connection, token, lock=lock)
        if known.closed:
            raise refuse(self.study, "closed", known.listener)
        if known.lapsed:
            raise _PlaceLost
        return known

    def _recognise(self, connection: Connection, token: str, withdrawn: bool = False, lock: bool = False) -> KnownListener:
        """As in listeners.py; but while lines of earlier sessions have not been fetched, nobody is told to be unknown."""
        try:
            return listeners.recognise(connection, self.study, token, withdrawn, lock)
        except Refused as refused:
            if refused.reason == "session":
                self.refuse_before_all_lines_came(refused)
            raise

    def refuse_before_all_lines_came(self, cause: Exception | None = None) -> None:
        """Raises StoreError while the journal's lines of earlier sessions are missing: the listener may stand in them."""
        if self._journal is not None and not self._journal.is_whole(self.study.id):
            raise StoreError(sentence(self.study.wording, "lost")) from cause

    def _open(self, token: str, trial: str) -> None:
        """Remember when a trial was first shown; a second page of the same listener changes nothing."""
        with self.writing() as (connection, note):
            listener = self._open_to(connection, token, lock=True).listener
            opened = _opened_at(connection, listener, trial)
            if opened is None:
                opened = self.clock()
                connection.execute(schema.ADD_OPENING, {"listener": listener, "trial": trial, "opened": opened})
            note(events.OPENED, {"listener": listener, "trial": trial, "opened": opened})

    @contextmanager
    def writing(self) -> Iterator[tuple[Connection, Note]]:
        """A transaction, and where to note what it did: the journal is given that after the commit, before the call returns.

        A call whose note was cut off was not acknowledged; sent again it notes what the database holds.
        """
        lines: list[str] = []
        try:
            with writing(self.engine, self.study.wording) as connection:
                yield connection, lambda kind, values: lines.append(events.line(self.study, kind, values))
        except StoreError:
            self.up_since = self.clock()
            raise
        if self._journal is not None:
            _write_lines(self.study, self._journal, lines)


def _level(store: AnswerStore, journal: Journal) -> None:
    """Afterwards the database and the journal hold the same, whichever of the two was lost or cut off."""
    known = journal.attach(store.study.id, store.replay)
    with reading(store.engine, store.study.wording) as connection:
        stored = events.events_of(connection, store.study)
    _write_lines(store.study, journal, [one for one in stored if one not in known])


def _write_lines(study: Study, journal: Journal, lines: Iterable[str]) -> None:
    try:
        journal.write(study.id, lines)
    except OSError as error:
        raise store_error(error, study.wording) from error


def _opened_at(connection: Connection, listener: str, trial: str) -> float | None:
    return connection.execute(schema.OPENED_AT, keys(listener=listener, trial=trial)).scalar_one_or_none()


def _play_counts(connection: Connection, listener: str, trial: str) -> dict[str, int]:
    rows = connection.execute(schema.PLAY_COUNTS, keys(listener=listener, trial=trial)).mappings()
    return {row["clip"]: row["count"] for row in rows}
