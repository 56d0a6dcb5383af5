"""Places of a study: reserved at consent, held while somebody listens, given to others after a time-out, never more than planned.

All of these run inside a transaction that holds `listeners.lock_study`, so two listeners who come at once are counted one after
the other. A place is taken away only when somebody else needs it; whoever comes back may go on while there is room.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evaluation.listening.design.recruitment import Recruitment
from evaluation.listening.design.study import Study
from evaluation.listening.store.schema import LISTENERS, OPENINGS, PLACES, SESSIONS

HOLD_MINUTES = 15.0  # from consent to the first trial
PLACE_BYTES = 16


@dataclass(frozen=True)
class Room:
    """Who holds a place at one moment.

    Attributes:
        planned, held, finished: by set, listeners planned, with a place, and done. A listener who withdrew, failed the checks or
            lost the place to another holds none.
        groups: by question and answer, listeners with a place. reserved: places between consent and the first trial.
        idle: listeners with a place who have not answered for the time-out.
    """

    planned: tuple[int, ...]
    held: tuple[int, ...]
    finished: tuple[int, ...]
    groups: Mapping[tuple[str, str], int]
    reserved: int
    idle: tuple[str, ...]

    @property
    def free(self) -> int:
        """Places for somebody new."""
        return sum(max(0, planned - held) for planned, held in zip(self.planned, self.held, strict=True)) - self.reserved

    @property
    def over(self) -> int:
        """Listeners beyond the planned ones of their sets."""
        return sum(max(0, held - planned) for planned, held in zip(self.planned, self.held, strict=True))

    @property
    def full(self) -> str:
        """Why there is no place: 'enough' where all have finished, else 'taken'."""
        return "enough" if all(done >= planned for done, planned in zip(self.finished, self.planned, strict=True)) else "taken"

    def emptiest(self) -> int:
        """The set that lacks most listeners; of equals the one with the fewest done."""
        return min(range(len(self.planned)), key=lambda cell: (self.held[cell] - self.planned[cell], self.finished[cell], cell))


def planned_cells(study: Study) -> tuple[int, ...]:
    """By set, how many listeners it shall have: as even as can be."""
    cells, listeners = len(study.design.cells), study.info["listeners"]
    return tuple(listeners // cells + (cell < listeners % cells) for cell in range(cells))


def room(connection: Connection, study: Study, now: float, up_since: float = 0.0, without_idle: bool = False) -> Room:
    """The places of a study.

    Args:
        up_since: since when answers could be stored without a break; nobody is idle for a time when that was impossible.
        without_idle: as if places of idle listeners were taken away.
    """
    rules = study.recruitment or Recruitment()
    rows = connection.execute(sa.select(LISTENERS).where(
        LISTENERS.c.study == study.id, LISTENERS.c.withdrawn.is_(None), LISTENERS.c.failed.is_(None),
        sa.or_(LISTENERS.c.lapsed.is_(None), LISTENERS.c.completed.is_not(None)))).all()
    seen = _seen(connection, study)
    idle = tuple(row.listener for row in rows if row.completed is None
                 and now - max(seen.get(row.listener, 0.0), row.entered, up_since) > 60 * rules.time_out)
    holding = [row for row in rows if not (without_idle and row.listener in idle)]
    sizes = range(len(study.design.cells))
    groups: dict[tuple[str, str], int] = {}
    for row in holding if rules.quotas else ():
        for answer in json.loads(row.setup).items():
            groups[answer] = groups.get(answer, 0) + 1
    return Room(planned_cells(study), tuple(sum(row.cell == cell for row in holding) for cell in sizes),
                tuple(sum(row.cell == cell and row.completed is not None for row in holding) for cell in sizes),
                groups, _reserved(connection, study, now), idle)


def reserve(connection: Connection, study: Study, place: str, now: float, up_since: float) -> str:
    """Hold a place from consent to the first trial; the same one again stays one place.

    Args:
        place: that the listener has already, or a name for it; '' for a new one.
    Returns:
        the place, '' where there is none.
    """
    name = place or secrets.token_hex(PLACE_BYTES)
    row = connection.execute(sa.select(PLACES.c.study).where(PLACES.c.place == name)).one_or_none()
    if not is_kept(connection, name, now) and _room_made(connection, study, now, up_since).free < 1:
        return ""
    if row is None:
        connection.execute(PLACES.insert().values(place=name, study=study.id, reserved=now))
    else:
        connection.execute(PLACES.update().where(PLACES.c.place == name, PLACES.c.study == study.id)
                           .values(reserved=now, ended=None))
    return name


def is_kept(connection: Connection, place: str, now: float) -> bool:
    """Whether a place is reserved and not yet taken."""
    query = sa.select(PLACES.c.place).where(PLACES.c.place == place, PLACES.c.ended.is_(None),
                                            PLACES.c.reserved > now - 60 * HOLD_MINUTES)
    return connection.execute(query).first() is not None


def give_up(connection: Connection, study: Study, place: str, now: float) -> None:
    """Free a reserved place at once: of somebody who was turned away. Nothing where there is none."""
    connection.execute(PLACES.update().where(PLACES.c.place == place, PLACES.c.study == study.id, PLACES.c.ended.is_(None))
                       .values(ended=now))


def take(connection: Connection, study: Study, setup: Mapping[str, str], place: str, now: float,
         up_since: float) -> tuple[int, str]:
    """The set that a new listener gets, and '' ; or -1 and the reason why there is none, as a key of the wording's "refusals"."""
    rules = study.recruitment or Recruitment()
    own = PLACES.update().where(PLACES.c.place == place, PLACES.c.study == study.id, PLACES.c.ended.is_(None),
                                PLACES.c.reserved > now - 60 * HOLD_MINUTES).values(ended=now)
    reserved = bool(place) and connection.execute(own).rowcount == 1
    found = room(connection, study, now, up_since)
    reason = _refusal(found, rules, study, setup, reserved)
    if reason in ("taken", "group"):
        found = _room_made(connection, study, now, up_since, always=True)
        reason = _refusal(found, rules, study, setup, reserved)
    return (-1, reason) if reason else (found.emptiest(), "")


def may_return(connection: Connection, study: Study, cell: int, setup: Mapping[str, str], now: float, up_since: float) -> bool:
    """Whether a listener whose place was given away gets one back: into a set that lacks somebody, or as one of few too many."""
    rules = study.recruitment or Recruitment()
    found = _room_made(connection, study, now, up_since, always=True)
    lacks = found.held[cell] < found.planned[cell] and found.free > 0
    return lacks and not full_group(found, rules, setup) or found.over < rules.most_over(study.info["listeners"])


def refusal(connection: Connection, study: Study, now: float, up_since: float) -> str:
    """Why nobody new gets a place now, as a key of the wording's "refusals"; '' where somebody may."""
    found = room(connection, study, now, up_since, without_idle=True)
    return "" if found.free > 0 else found.full


def full_group(found: Room, rules: Recruitment, setup: Mapping[str, str]) -> str:
    """Why listeners with these answers get no place: 'screened' (such listeners are not asked for), 'group' (enough); or ''."""
    answers = [(question, setup.get(question, "")) for question in rules.quotas]
    limits = {(question, answer): rules.quotas[question].get(answer) for question, answer in answers}
    if 0 in limits.values():
        return "screened"
    return "group" if any(most is not None and found.groups.get(answer, 0) >= most for answer, most in limits.items()) else ""


def _refusal(found: Room, rules: Recruitment, study: Study, setup: Mapping[str, str], reserved: bool) -> str:
    group = full_group(found, rules, setup)
    if group or found.free > 0:
        return group
    return "" if reserved and found.over < rules.most_over(study.info["listeners"]) else found.full


def _room_made(connection: Connection, study: Study, now: float, up_since: float, always: bool = False) -> Room:
    """The places after those of idle listeners were taken away, where there is none otherwise."""
    found = room(connection, study, now, up_since)
    if not found.idle or found.free > 0 and not always:
        return found
    connection.execute(LISTENERS.update().where(LISTENERS.c.listener.in_(found.idle), LISTENERS.c.completed.is_(None))
                       .values(lapsed=now))
    return room(connection, study, now, up_since)


def _reserved(connection: Connection, study: Study, now: float) -> int:
    live = PLACES.c.study == study.id, PLACES.c.ended.is_(None), PLACES.c.reserved > now - 60 * HOLD_MINUTES
    return connection.execute(sa.select(sa.func.count()).select_from(PLACES).where(*live)).scalar_one()


def _seen(connection: Connection, study: Study) -> dict[str, float]:
    """By listener who is not done, when a trial was shown last, or the page opened on another device."""
    going = LISTENERS.c.study == study.id, LISTENERS.c.completed.is_(None)
    found: dict[str, float] = {}
    for table, column in ((OPENINGS, OPENINGS.c.opened), (SESSIONS, SESSIONS.c.created)):
        query = sa.select(table.c.listener, sa.func.max(column)).join(LISTENERS, LISTENERS.c.listener == table.c.listener)
        for listener, at in connection.execute(query.where(*going).group_by(table.c.listener)):
            found[listener] = max(found.get(listener, 0.0), at)
    return found
