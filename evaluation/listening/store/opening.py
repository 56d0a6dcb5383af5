"""Opening the store of a study: its tables are made or migrated, its answers are its own, and its journal is level with it."""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa

from evaluation.listening.design.study import Study
from evaluation.listening.errors import StoreError
from evaluation.listening.store.database import connect, lock_schema, plain, reading, writing
from evaluation.listening.store.events import events_of
from evaluation.listening.store.journal import Journal
from evaluation.listening.store.schema import STUDIES, migrate
from evaluation.listening.store.store import AnswerStore


def open_store(study: Study, url: str | None = None, clock: Callable[[], float] = time.time,
               journal: Journal | None = None) -> AnswerStore:
    """The store of a study, migrated to the newest schema; made if it is not there.

    Args:
        url: of a database; WORKBENCH_DATABASE_URL, or the study's own file, if None.
        journal: its lines are replayed first, and it is given what the database holds and they lack.
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
    store = AnswerStore(study, engine, clock, journal)
    if journal is not None:
        _level(store, journal)
    return store


def _level(store: AnswerStore, journal: Journal) -> None:
    """Afterwards the database and the journal hold the same, whichever of the two was lost or cut off."""
    known = journal.attach(store.study.id, store.replay)
    with reading(store.engine, store.study.wording) as connection:
        held = events_of(connection, store.study)
    try:
        journal.write(store.study.id, [one for one in held if one not in known])
    except OSError as error:
        raise plain(error, store.study.wording) from error
