"""The listening tests of this workbench: a folder of studies, and one open store for each."""

from __future__ import annotations

import logging
import os
import threading
from functools import lru_cache
from pathlib import Path

from evaluation.listening.design.study import Study, find_study, studies_of_group, study_folders
from evaluation.listening.errors import StoreError, StudyError
from evaluation.listening.importing.kept import import_folders
from evaluation.listening.publish.hub import hub_journal
from evaluation.listening.publish.links import STUDIES_VARIABLE
from evaluation.listening.store import AnswerStore, open_store

VARIABLE = STUDIES_VARIABLE
LOG = logging.getLogger("zest.listening")
_OPEN_LOCK = threading.Lock()  # two who come at once get one store, not two


def studies_folder() -> Path:
    """Where studies lie and new ones are written."""
    return Path(os.environ.get(VARIABLE) or "studies")


def store_of(study_id: str) -> AnswerStore:
    """The store of a study by its id, opened once and kept. Raises StudyError: no such study; StoreError: no database."""
    with _OPEN_LOCK:
        return _open(studies_folder(), study_id)


def fetch_studies() -> None:
    """At the start: studies that WORKBENCH_DATASET holds and this disk lacks. Where that fails, what is on the disk works."""
    try:
        journal = hub_journal(studies_folder())
        if journal is not None:
            journal.first_round()
    except (StoreError, OSError) as error:
        LOG.warning("Studies cannot be fetched: %s", error)


def study_ids() -> list[str]:
    """Ids of all studies in the folder, the newest first."""
    return list(study_folders(studies_folder()))


def import_of(name: str | None) -> Path | None:
    """Folder of an import by its id; None where there is none."""
    return import_folders(studies_folder()).get(name) if isinstance(name, str) else None


@lru_cache(maxsize=64)
def _open(folder: Path, study_id: str) -> AnswerStore:
    try:
        study = find_study(folder, study_id)
    except StudyError as error:
        journal = hub_journal(folder)
        if journal is not None and study_id in journal.studies.refused:
            raise StudyError(journal.studies.refused[study_id]) from error
        raise
    return open_store(study, journal=hub_journal(folder), others=lambda: _group_of(folder, study))


def _group_of(folder: Path, study: Study) -> list[AnswerStore]:
    """The stores of the other studies of the same group. Raises StoreError: one of them has no database now."""
    group = study.recruitment.group if study.recruitment else ""
    names = studies_of_group(folder, group) if group else []
    found = []
    for name in names:
        if name == study.id:
            continue
        try:
            found.append(_open(folder, name))
        except StudyError as error:
            LOG.warning("study %s of the same group cannot be opened and is left out: %s", name, error)
    return found
