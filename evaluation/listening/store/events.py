"""What happened in a study as lines of JSON, and from those lines back into the tables.

A line says how things are ("this clip was played twice"), not what to do, so any line may come twice, late, or in another
order: replaying all of them gives the same tables. Lines are written by `journal.py`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from evaluation.listening.design.study import Study
from evaluation.listening.errors import StoreError
from evaluation.listening.store.schema import ANSWERS, ARRIVALS, LISTENERS, OPENINGS, PEOPLE, PLAYS, SESSIONS, STUDIES

LOG = logging.getLogger("zest.listening")
(ENTERED, RECOGNISED, ARRIVED, DECIDED, OPENED, PLAYED, ANSWERED, COMPLETED, WITHDRAWN, LAPSED, FAILED, CLOSED) = KINDS = (
    "entered", "recognised", "arrived", "decided", "opened", "played", "answered", "completed", "withdrawn", "lapsed", "failed",
    "closed")  # in the order of replaying
Values = Mapping[Any, Any]  # keys are names of columns; SQLAlchemy's rows have a wider type of key


def _types(*columns: sa.Column) -> dict[str, type]:
    return {column.name: column.type.python_type for column in columns}


FIELDS: dict[str, dict[str, type]] = {
    ENTERED: _types(*(LISTENERS.c[name] for name in ("listener", "cell", "setup", "code", "entered")), SESSIONS.c.token_hash),
    RECOGNISED: _types(*(PEOPLE.c[name] for name in ("listener", "salt", "person"))),
    ARRIVED: _types(*(ARRIVALS.c[name] for name in ("arrival", "salt", "person", "arrived"))),
    DECIDED: _types(*(ARRIVALS.c[name] for name in ("arrival", "outcome", "decided"))),
    OPENED: _types(*OPENINGS.c),
    PLAYED: _types(*PLAYS.c, OPENINGS.c.opened),
    ANSWERED: {name: kind for name, kind in _types(*ANSWERS.c).items() if name != "study_hash"},
    COMPLETED: _types(LISTENERS.c.listener, LISTENERS.c.completed),
    WITHDRAWN: _types(LISTENERS.c.listener, LISTENERS.c.withdrawn),
    LAPSED: _types(LISTENERS.c.listener, LISTENERS.c.lapsed),
    FAILED: _types(LISTENERS.c.listener, LISTENERS.c.failed),
    CLOSED: _types(STUDIES.c.closed),
}


def line(study: Study, kind: str, values: Values) -> str:
    """One event without a line break. The same event gives the same line, wherever it is written."""
    chosen = {name: values[name] for name in FIELDS[kind]}
    return json.dumps({"kind": kind, "study": study.id, "hash": study.hash, **chosen}, sort_keys=True)


def parse(study: Study, lines: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Values of the study's events by kind.

    A line that is no event is left out with a warning: one damaged line must not keep all others from being read.

    Raises:
        StoreError: the lines are of another version of this study.
    """
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    damaged = 0
    for text in lines:
        event = _event(text)
        if event is None or event["study"] != study.id:
            damaged += 1
        elif event["hash"] != study.hash:
            raise StoreError(f"The dataset holds answers to another version of this study ({event['hash'][:12]}, this one is "
                             f"{study.hash[:12]}); restore the study they belong to.")
        else:
            found[event["kind"]].append({name: event[name] for name in FIELDS[event["kind"]]})
    if damaged:
        LOG.warning("study %s: %d lines of its journal are damaged or of another study and were left out", study.id, damaged)
    return found


def replay(connection: Connection, study: Study, lines: Iterable[str]) -> None:
    """Bring the tables to what the lines say, inside the caller's transaction. What is stored already stays as it is.

    Raises:
        StoreError: the lines are of another version of this study.
    """
    events = parse(study, lines)
    _add(connection, LISTENERS, [{**one, "study": study.id} for one in events[ENTERED]])
    _add(connection, SESSIONS, [{**one, "created": one["entered"]} for one in events[ENTERED]])
    ours = set(connection.execute(sa.select(LISTENERS.c.listener).where(LISTENERS.c.study == study.id)).scalars())
    _add(connection, PEOPLE, [{**one, "study": study.id} for one in events[RECOGNISED] if one["listener"] in ours])
    _add(connection, ARRIVALS, [{**one, "study": study.id} for one in events[ARRIVED]])
    for column in (ARRIVALS.c.decided, ARRIVALS.c.outcome):
        _set_once(connection, column, ARRIVALS.c.arrival, [(one["arrival"], one[column.name]) for one in events[DECIDED]])
    played, answered = ([one for one in events[kind] if one["listener"] in ours] for kind in (PLAYED, ANSWERED))
    _add(connection, OPENINGS, [one for one in (*events[OPENED], *played, *answered) if one["listener"] in ours])
    _add(connection, PLAYS, played)
    _at_least(connection, played)
    _add(connection, ANSWERS, [{**one, "study_hash": study.hash} for one in sorted(answered, key=lambda one: one["answered"])])
    for kind in (COMPLETED, WITHDRAWN, LAPSED, FAILED):
        _set_once(connection, LISTENERS.c[kind], LISTENERS.c.listener, [(one["listener"], one[kind]) for one in events[kind]])
    _set_once(connection, STUDIES.c.closed, STUDIES.c.study, [(study.id, one["closed"]) for one in events[CLOSED]])


def events_of(connection: Connection, study: Study) -> list[str]:
    """Everything that the tables hold of the study, as lines."""
    def read(query: sa.Select) -> Iterable[Values]:
        return connection.execute(query.where(LISTENERS.c.study == study.id)).mappings()

    both = sa.and_(OPENINGS.c.listener == PLAYS.c.listener, OPENINGS.c.trial == PLAYS.c.trial)
    sessions = list(read(sa.select(LISTENERS, SESSIONS.c.token_hash).join(SESSIONS, SESSIONS.c.listener == LISTENERS.c.listener)))
    rows = {ENTERED: sessions,  # those of one listener differ in nothing but the token
            RECOGNISED: connection.execute(sa.select(PEOPLE).where(PEOPLE.c.study == study.id)).mappings(),
            ARRIVED: connection.execute(sa.select(ARRIVALS).where(ARRIVALS.c.study == study.id)).mappings(),
            DECIDED: connection.execute(sa.select(ARRIVALS).where(ARRIVALS.c.study == study.id,
                                                                  ARRIVALS.c.outcome.is_not(None))).mappings(),
            OPENED: read(sa.select(OPENINGS).join(LISTENERS, LISTENERS.c.listener == OPENINGS.c.listener)),
            PLAYED: read(sa.select(PLAYS, OPENINGS.c.opened).join(OPENINGS, both)
                         .join(LISTENERS, LISTENERS.c.listener == PLAYS.c.listener)),
            ANSWERED: read(sa.select(ANSWERS).join(LISTENERS, LISTENERS.c.listener == ANSWERS.c.listener)),
            **{kind: [one for one in sessions if one[kind] is not None] for kind in (COMPLETED, WITHDRAWN, LAPSED, FAILED)},
            CLOSED: connection.execute(sa.select(STUDIES).where(STUDIES.c.study == study.id,
                                                                STUDIES.c.closed.is_not(None))).mappings()}
    return list(dict.fromkeys(line(study, kind, values) for kind, found in rows.items() for values in found))


def _event(text: str) -> dict[str, Any] | None:
    """None where the line is no event of these kinds with values of the columns' types."""
    try:
        event = json.loads(text)
    except ValueError:
        return None
    kind = event.get("kind") if isinstance(event, dict) else None
    fields = FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None or set(event) != {"kind", "study", "hash", *fields}:
        return None
    typed = all(type(event[name]) is kind for name, kind in fields.items())
    return event if typed and isinstance(event["study"], str) and isinstance(event["hash"], str) else None


def _add(connection: Connection, table: sa.Table, rows: Sequence[Values]) -> None:
    """Rows that are not there yet, by the table's key."""
    if rows:
        insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
        names = [column.name for column in table.columns if column.name in rows[0]]
        connection.execute(insert(table).on_conflict_do_nothing(), [{name: row[name] for name in names} for row in rows])


def _at_least(connection: Connection, played: Sequence[Values]) -> None:
    """Counts only grow."""
    if played:
        keys = {name: sa.bindparam(f"of_{name}") for name in ("listener", "trial", "clip", "count")}
        here = [PLAYS.c[name] == keys[name] for name in ("listener", "trial", "clip")]
        connection.execute(PLAYS.update().where(*here, PLAYS.c.count < keys["count"]).values(count=keys["count"]),
                           [{f"of_{name}": one[name] for name in keys} for one in played])


def _set_once(connection: Connection, column: sa.Column, key: sa.Column, times: list[tuple[str, Any]]) -> None:
    """Times and outcomes that are set once and stay."""
    if times:
        update = sa.update(column.table).where(key == sa.bindparam("of"), column.is_(None))
        connection.execute(update.values({column.name: sa.bindparam("at")}), [{"of": of, "at": at} for of, at in times])
