"""The store of one study: what the page of a listener and an administrator may do, and nothing else.

Every method is one transaction: when it returns, what it did is on the disk; when it raises, nothing of it is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from evaluation.listening.errors import StoreError
from evaluation.listening.store.database import connect, lock_schema, reading, writing
from evaluation.listening.store.listeners import Known, answered, enter, is_closed, recognise
from evaluation.listening.store.schema import ANSWERS, LISTENERS, OPENINGS, PLAYS, STUDIES, migrate
from evaluation.listening.store.validation import Asked, check_answer, check_entry, check_play, own_trial, place_of, refuse
from evaluation.listening.study import Study
from evaluation.listening.trials import TRAINING, TRAP, Trial


@dataclass(frozen=True)
class Entry:
    """A new listener. token: unguessable, opens the session; whoever has it is the listener."""

    listener: str
    token: str


@dataclass(frozen=True)
class Shown:
    """A trial as the page needs it: nothing in it tells what is judged.

    Attributes:
        clips: (what the listener is told it is, clip id), in order. options: (value, label), as in the wording.
        check: of a trap the sentence that asks for an answer, else ''. place, of: 'place of of'. played: clips played so far.
    """

    trial: str
    prompt: str
    hint: str
    clips: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]
    check: str
    training: bool
    place: int
    of: int
    played: tuple[str, ...]


@dataclass(frozen=True)
class Stored:
    """An answer that is on the disk. again: it was already. code: the completion code once all is answered, else ''."""

    again: bool
    done: int
    of: int
    code: str


class Store:
    """Args:
        study: as opened. engine: of its database. clock: seconds since 1970 (tests give one).
    """

    def __init__(self, study: Study, engine: Engine, clock: Callable[[], float] = time.time):
        self.study, self.engine, self.clock = study, engine, clock

    def enter(self, consent: bool, setup: dict[str, str]) -> Entry:
        """A new listener. setup: answers to wording['setup']. Raises Refused, StoreError."""
        checked = check_entry(self.study, consent, setup)
        with self._writing() as connection:
            return Entry(*enter(connection, self.study, checked, self.clock()))

    def next_trial(self, token: str) -> Shown | None:
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
        return self._shown(trial, place_of(known.order, trial), len(known.order), tuple(played))

    def completion(self, token: str) -> str:
        """The completion code of a listener who has answered everything, also after the study was closed, else ''.

        Raises:
            Refused: no such session, withdrawn. StoreError.
        """
        with reading(self.engine, self.study.wording) as connection:
            known = recognise(connection, self.study, token)
            return known.code if known.completed else ""

    def played(self, token: str, trial: str, clip: str) -> int:
        """A clip of the trial was played to its end; returns how often so far. Raises Refused, StoreError."""
        with self._writing() as connection:
            known = self._open_to(connection, token, lock=True)
            own = own_trial(known.order, trial)
            opened = None if own is None else _opening(connection, known.listener, own.id)
            check_play(self.study, known.listener, own, clip, opened, self.clock())
            keys = {"listener": known.listener, "trial": trial, "clip": clip}
            here = sa.and_(*(PLAYS.c[name] == value for name, value in keys.items()))
            if connection.execute(PLAYS.update().where(here).values(count=PLAYS.c.count + 1)).rowcount == 0:
                connection.execute(PLAYS.insert().values(**keys, count=1))
            return connection.execute(sa.select(PLAYS.c.count).where(here)).scalar_one()

    def answer(self, token: str, trial: str, value: str, remark: str = "") -> Stored:
        """Store one answer. Sending it again does nothing and says so; another answer to the same trial is refused.

        Raises:
            Refused: by a rule of validation.py. StoreError: not stored; send it again.
        """
        now = self.clock()
        with self._writing() as connection:
            known = self._open_to(connection, token, lock=True)
            own = own_trial(known.order, trial)
            asked = Asked(trial, value, remark, *(self._facts(connection, known.listener, own) if own else (None, {}, None)))
            new = check_answer(self.study, known.listener, own, asked, now)
            if new:
                connection.execute(ANSWERS.insert().values(
                    listener=known.listener, trial=own.id, place=place_of(known.order, own), value=value, remark=remark,
                    plays=json.dumps(dict(asked.plays), sort_keys=True), opened=asked.opened, answered=now,
                    study_hash=self.study.hash))
            done = answered(connection, known.listener)
            whole = len(done) == len(known.order)
            if whole and not known.completed:
                mark = LISTENERS.update().where(LISTENERS.c.listener == known.listener)
                connection.execute(mark.values(completed=now))
        return Stored(not new, len(done), len(known.order), known.code if whole else "")

    def withdraw(self, token: str) -> None:
        """Mark all of the listener's answers as withdrawn; they stay, and are not counted. Raises Refused, StoreError."""
        with self._writing() as connection:
            known = recognise(connection, self.study, token, withdrawn=True, lock=True)
            mark = LISTENERS.update().where(LISTENERS.c.listener == known.listener, LISTENERS.c.withdrawn.is_(None))
            connection.execute(mark.values(withdrawn=self.clock()))

    def close(self) -> bool:
        """Take no more answers; returns whether it was open. Raises StoreError."""
        with self._writing() as connection:
            mark = STUDIES.update().where(STUDIES.c.study == self.study.id, STUDIES.c.closed.is_(None))
            return connection.execute(mark.values(closed=self.clock())).rowcount == 1

    def is_closed(self) -> bool:
        """Raises StoreError."""
        with reading(self.engine, self.study.wording) as connection:
            return is_closed(connection, self.study)

    def _facts(self, connection: Connection, listener: str, trial: Trial) -> tuple[float | None, dict[str, int], str | None]:
        """When the trial was shown, how often its clips were played, and what was answered before."""
        before = sa.select(ANSWERS.c.value).where(ANSWERS.c.listener == listener, ANSWERS.c.trial == trial.id)
        return (_opening(connection, listener, trial.id), _plays(connection, listener, trial.id),
                connection.execute(before).scalar_one_or_none())

    def _open_to(self, connection: Connection, token: str, lock: bool = False) -> Known:
        """The listener, while the study is open."""
        known = recognise(connection, self.study, token, lock=lock)
        if is_closed(connection, self.study):
            raise refuse(self.study, "closed", known.listener)
        return known

    def _open(self, token: str, trial: str) -> None:
        """Remember when a trial was first shown; a second page of the same listener changes nothing."""
        with self._writing() as connection:
            listener = self._open_to(connection, token, lock=True).listener
            if _opening(connection, listener, trial) is None:
                connection.execute(OPENINGS.insert().values(listener=listener, trial=trial, opened=self.clock()))

    def _shown(self, trial: Trial, place: int, of: int, played: tuple[str, ...]) -> Shown:
        texts = self.study.wording
        question = texts["questions"][trial.question]
        options = tuple((value, question["options"][value]) for value in self.study.answers_to(trial))
        check = texts["trap"].format(answer=dict(options)[trial.accepted[0]]) if trial.kind == TRAP else ""
        clips = tuple((texts["roles"][role], clip) for role, clip in trial.clips)
        return Shown(trial.id, question["prompt"], question["hint"], clips, options, check, trial.kind == TRAINING, place, of,
                     played)

    def _writing(self) -> Any:
        return writing(self.engine, self.study.wording)


def open_store(study: Study, url: str | None = None, clock: Callable[[], float] = time.time) -> Store:
    """The store of a study, migrated to the newest schema; made if it is not there.

    Args:
        url: of a database; WORKBENCH_DATABASE_URL, or the study's own file, if None.
    Raises:
        StoreError: it cannot be opened, was made by a newer zest, or holds answers to another version of this study.
    """
    engine = connect(study.database, url)
    with writing(engine, study.wording) as connection:
        lock_schema(connection)
        migrate(connection)
        known = connection.execute(sa.select(STUDIES.c.hash).where(STUDIES.c.study == study.id)).scalar_one_or_none()
        if known is None:
            connection.execute(STUDIES.insert().values(study=study.id, hash=study.hash, opened=clock()))
        elif known != study.hash:
            raise StoreError(f"The answers to this study were given to another version of it ({known[:12]}, this one is "
                             f"{study.hash[:12]}); restore the study they belong to.")
    return Store(study, engine, clock)


def _opening(connection: Connection, listener: str, trial: str) -> float | None:
    query = sa.select(OPENINGS.c.opened).where(OPENINGS.c.listener == listener, OPENINGS.c.trial == trial)
    return connection.execute(query).scalar_one_or_none()


def _plays(connection: Connection, listener: str, trial: str) -> dict[str, int]:
    query = sa.select(PLAYS.c.clip, PLAYS.c.count).where(PLAYS.c.listener == listener, PLAYS.c.trial == trial)
    return {row.clip: row.count for row in connection.execute(query)}
