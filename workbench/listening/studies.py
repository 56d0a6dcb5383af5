"""The listening tests of this workbench: a folder of studies, and one open store for each."""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from pathlib import Path

from evaluation.listening.hub import hub_journal
from evaluation.listening.store import Store, open_store
from evaluation.listening.study import find_study, study_folders

VARIABLE = "WORKBENCH_STUDIES"  # the folder of studies, if it is not ./studies
_OPENING = threading.Lock()  # two who come at once get one store, not two


def studies_folder() -> Path:
    """Where studies lie and new ones are written."""
    return Path(os.environ.get(VARIABLE) or "studies")


def store_of(study_id: str) -> Store:
    """The store of a study by its id, opened once and kept. Raises StudyError: no such study; StoreError: no database."""
    with _OPENING:
        return _open(studies_folder(), study_id)


def study_ids() -> list[str]:
    """Ids of all studies in the folder, the newest first."""
    return list(study_folders(studies_folder()))


@lru_cache(maxsize=64)
def _open(folder: Path, study_id: str) -> Store:
    study = find_study(folder, study_id)
    return open_store(study, journal=hub_journal(folder))
