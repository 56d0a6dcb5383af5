"""The door of a study for listeners of a platform: they arrive, get a place, enter once, and are told how to leave."""

from __future__ import annotations

import re
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evaluation.listening.design.leaving import Leaving, leaving
from evaluation.listening.design.recruitment import DONE, FAILED, FULL, WITHDRAWN, Recruitment
from evaluation.listening.design.trials import Trial
from evaluation.listening.design.values import answer_text
from evaluation.listening.errors import Refused
from evaluation.listening.store import arrivals, events, listeners, places
from evaluation.listening.store.arrivals import Arrival, Identity, platform_user
from evaluation.listening.store.database import reading
from evaluation.listening.store.replies import ListenerSession
from evaluation.listening.store.schema import ARRIVALS, IDENTITIES, LISTENERS, PEOPLE
from evaluation.listening.store.store import AnswerStore
from evaluation.listening.store.validation import check_entry, refuse

NO_PLACE = ("taken", "enough", "group", "screened", "closed")  # reasons that are remembered of an arrival
_GROUP_LOCK = threading.Lock()  # one who enters two studies of a group at once enters one


@dataclass(frozen=True)
class Door:
    """What a worker finds.

    Attributes:
        session: a token for who has begun and may go on, '' for others. leaving: for whom the study is over, else None.
    """

    session: str
    leaving: Leaving | None


class Reception:
    """What the page of a study asks before and after the trials. Every method is one transaction, as in AnswerStore.

    Args:
        store: of the study.
    """

    def __init__(self, store: AnswerStore):
        self.store, self.study = store, store.study

    def arrive(self, identity: Identity) -> str:
        """A worker follows the platform's link; returns the token for the page. Raises Refused, StoreError."""
        self._rules()
        user = platform_user(self.study, identity.worker)
        with self.store.writing() as (connection, note):
            listeners.lock_study(connection, self.study)
            row, token = arrivals.arrive(connection, self.study, identity, self.store.clock())
            note(events.ARRIVED, row)
        if not self.store.knows(user) and self._is_elsewhere(user):
            self._decide(token, "elsewhere")
        return token

    def door(self, token: str) -> Door:
        """Where a worker who arrived goes on: to the trials, to the consent (neither session nor leaving), or away.

        Raises:
            Refused: nobody arrived with this token. StoreError.
        """
        with self.store.writing() as (connection, note):
            listeners.lock_study(connection, self.study)
            found = self._found(connection, token)
            row = found.listener
            if row is None and not found.reason:
                reason = self._full(connection, found)
                if reason:
                    note(events.DECIDED, arrivals.decide(connection, found.arrival, reason, self.store.clock()))
                    return Door("", self._leaving(connection, FULL, found.identity))
            if row is None:
                return Door("", self._leaving(connection, found.outcome, found.identity) if found.outcome else None)
            if row["withdrawn"] is not None:
                return Door("", self._leaving(connection, WITHDRAWN, found.identity))
            entered, session = listeners.session(connection, row, self.store.clock())
            note(events.ENTERED, entered)
            return Door(session, None)

    def reserve(self, consent: object, arrival: str = "", place: str = "") -> str:
        """A place for who agrees to take part, kept until the first trial.

        Args:
            arrival: token of who comes from a platform. place: that is kept already, of a plain link.
        Returns:
            the place; '' in a study that keeps none, and for who has begun already.
        Raises:
            Refused: no consent, or no place, which is remembered of an arrival. StoreError.
        """
        if consent is not True:
            raise refuse(self.study, "consent")
        rules = self.study.recruitment
        if rules is None:
            return ""
        now = self.store.clock()
        try:
            with self.store.writing() as (connection, note):
                listeners.lock_study(connection, self.study)
                worker = self._new_worker(connection, arrival) if rules.platform else None
                if worker and worker.listener is not None:
                    return ""
                if listeners.is_closed(connection, self.study):
                    raise refuse(self.study, "closed")
                place = worker.arrival if worker else _place_name(place)  # a worker has one place, in however many windows
                kept = places.reserve(connection, self.study, place, now, self.store.up_since)
                self.store.note_lapsed(connection, note, now)
                if not kept:
                    raise refuse(self.study, listeners.refusal(connection, self.study, now, self.store.up_since) or "taken")
            return kept
        except Refused as refused:
            self._remember(arrival, refused)
            raise

    def enter(self, consent: object, setup: Any, arrival: str) -> ListenerSession:
        """The worker becomes a listener; who is one already goes on, on whatever device.

        Raises:
            Refused: no arrival, no place (which is remembered), withdrawn, in another study of the group. StoreError.
        """
        rules = self._rules()
        try:
            with self._one_of_group(rules):
                return self._enter(rules, consent, setup, arrival)
        except Refused as refused:
            self._remember(arrival, refused)
            raise

    def leaving(self, token: str) -> Leaving | None:
        """How the listener of a session leaves: done, failed or withdrawn; None while trials are left, and for a plain link.

        Raises:
            Refused: no such session. StoreError.
        """
        if not (self.study.recruitment and self.study.recruitment.platform):
            return None
        with reading(self.store.engine, self.study.wording) as connection:
            known = listeners.recognise(connection, self.study, token, withdrawn=True)
            identity = _identity_of(connection, self.study.id, known.listener)
            if known.withdrawn is not None:
                return self._leaving(connection, WITHDRAWN, identity)
            if known.completed is None:
                return self._leaving(connection, FULL, identity) if known.lapsed or known.closed else None
            if not known.failed:
                return self._leaving(connection, DONE, identity)
            checks = [self._check_text(trial, given)
                      for trial, given in listeners.failed_checks(connection, known)]
            return self._leaving(connection, FAILED, identity, checks)

    def leaving_of_arrival(self, token: str) -> Leaving | None:
        """How a worker leaves who got no place; None for others. Raises StoreError."""
        with reading(self.store.engine, self.study.wording) as connection:
            found = arrivals.find(connection, self.study, token)
            return self._leaving(connection, found.outcome, found.identity) if found and found.outcome else None

    def forget(self, pseudonyms: bool = True) -> int:
        """Delete what the platform told of workers, without touching a rating; returns how many workers. Raises StoreError."""
        with self.store.writing() as (connection, _):
            listeners.lock_study(connection, self.study)
            return arrivals.forget(connection, self.study, pseudonyms)

    def _enter(self, rules: Recruitment, consent: object, setup: Any, arrival: str) -> ListenerSession:
        with self.store.writing() as (connection, note):
            listeners.lock_group(connection, rules.group)
            listeners.lock_study(connection, self.study)
            found = self._new_worker(connection, arrival)
            row = found.listener
            if row is not None and row["withdrawn"] is not None:
                raise refuse(self.study, "withdrawn", row["listener"])
            if row is not None:
                entered, token = listeners.session(connection, row, self.store.clock())
            else:
                self.store.refuse_before_all_lines_came()
                if found.identity and self._is_elsewhere(platform_user(self.study, found.identity.worker)):
                    raise refuse(self.study, "elsewhere")
                entered, token = self.store.new_listener(connection, note, check_entry(self.study, consent, setup), found.arrival)
                person = {"study": self.study.id, "salt": found.salt, "person": found.person, "listener": entered["listener"]}
                connection.execute(PEOPLE.insert().values(person))
            note(events.ENTERED, entered)
            note(events.RECOGNISED, listeners.person_of(connection, self.study, entered["listener"]))
        return ListenerSession(entered["listener"], token)

    def _rules(self) -> Recruitment:
        rules = self.study.recruitment
        if rules is None or not rules.platform:
            raise refuse(self.study, "nowhere")
        return rules

    def _found(self, connection: Connection, token: str) -> Arrival:
        found = arrivals.find(connection, self.study, token)
        if found is None:
            self.store.refuse_before_all_lines_came()
            raise refuse(self.study, "arrival")
        return found

    def _full(self, connection: Connection, found: Arrival) -> str:
        """Why there is no place for a new worker, '' where there is one, or one is kept already."""
        now = self.store.clock()
        if places.is_kept(connection, found.arrival, now):
            return ""
        return listeners.refusal(connection, self.study, now, self.store.up_since)

    def _new_worker(self, connection: Connection, arrival: str) -> Arrival:
        """Who arrived. Raises Refused: nobody, or somebody who was turned away and has not begun."""
        found = self._found(connection, arrival)
        if found.reason and found.listener is None:
            raise refuse(self.study, found.reason)
        return found

    def _remember(self, arrival: str, refused: Refused) -> None:
        if arrival and refused.reason in (*NO_PLACE, "elsewhere"):
            self._decide(arrival, refused.reason)

    def _decide(self, token: str, reason: str) -> None:
        with self.store.writing() as (connection, note):
            found = arrivals.find(connection, self.study, token)
            if found is not None and found.listener is None:
                places.give_up(connection, self.study, found.arrival, self.store.clock())
                note(events.DECIDED, arrivals.decide(connection, found.arrival, reason, self.store.clock()))

    def _is_elsewhere(self, user: str) -> bool:
        rules = self.study.recruitment
        return bool(rules and rules.group) and any(other.knows(user) for other in self.store.others()
                                                   if other.study.id != self.study.id)

    @staticmethod
    def _one_of_group(rules: Recruitment) -> AbstractContextManager[Any]:
        return _GROUP_LOCK if rules.group else nullcontext()

    def _leaving(self, connection: Connection, outcome: str, identity: Identity | None,
                 checks: list[tuple[str, str]] | None = None) -> Leaving:
        known = {"worker": identity.worker, "session": identity.session, "study": identity.task,
                 "submit": identity.submit} if identity else {}
        return leaving(self._rules(), outcome, known, checks or [])

    def _check_text(self, trial: Trial, given: str) -> tuple[str, str]:
        """What was asked for and what was chosen. trial: as the listener saw it."""
        options = self.study.wording["questions"][trial.question]["options"]
        return answer_text(trial, trial.accepted[0], options), answer_text(trial, given, options)


def _place_name(place: str) -> str:
    """What a page may call its place; anything else gets a new one."""
    return place if re.fullmatch(r"[0-9a-f]{32}", place) else ""


def _identity_of(connection: Connection, study: str, listener: str) -> Identity | None:
    """Of the listener's latest visit."""
    query = sa.select(IDENTITIES).join(ARRIVALS, ARRIVALS.c.arrival == IDENTITIES.c.arrival).join(
        PEOPLE, sa.and_(PEOPLE.c.study == ARRIVALS.c.study, PEOPLE.c.person == ARRIVALS.c.person)).join(
        LISTENERS, LISTENERS.c.listener == PEOPLE.c.listener).where(
        ARRIVALS.c.study == study, LISTENERS.c.listener == listener).order_by(ARRIVALS.c.arrived.desc())
    row = connection.execute(query).first()
    return None if row is None else Identity(row.worker, row.session, row.task, row.submit)
