"""Imports that were written, opened again, and the list of all studies of a folder, own and imported."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.listening.analysis.answers import COLUMNS
from evaluation.listening.design.rules import rules_from
from evaluation.listening.design.study import FORMAT, Study, study_folders
from evaluation.listening.design.trials import RATED, Design
from evaluation.listening.errors import StudyError
from evaluation.listening.importing.imported import ImportedStudy
from evaluation.listening.importing.writing import ABOUT, FREE
from evaluation.listening.publish.export import FORMULA
from evaluation.listening.store import AnswerStore
from evaluation.listening.store.collected import Collected, Listener, study_progress
from pipelines.errors import ZestError

IMPORT_ID = re.compile("import-[0-9a-f]{16}")
IMPORTED, OPEN, CLOSED, BROKEN = "imported", "open", "closed", "broken"
RIGHT = {"True": True, "False": False}  # of ABX; nothing where nothing can be right


@dataclass(frozen=True)
class ListedStudy:
    """What a list says of a study.

    Attributes:
        state: imported, open, closed or broken. tool: from which an import came, else ''. finished: listeners; of an import all.
        planned: places, 0 of an import. begun: listeners who came and did not withdraw. problem: why it is broken, else ''.
    """

    id: str
    folder: str
    state: str
    systems: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    finished: int = 0
    planned: int = 0
    begun: int = 0
    created: str = ""
    tool: str = ""
    problem: str = ""


def open_import(folder: Path | str) -> ImportedStudy:
    """What `write_import` wrote, with its rules as they were. Raises StudyError: it is no such folder, or damaged."""
    folder = Path(folder)
    about = _about(folder)
    try:
        table = pd.read_csv(folder / "answers.csv", dtype=str, keep_default_na=False)
        listeners = tuple(Listener(name, 0, {}, 0.0, 0.0) for name in dict.fromkeys(table.listener))
        rules_from(about["rules"])
        info = {**about, "format": FORMAT, "emotions": [], "seed": 0, "clips": {}, "pairs": {}}
        study = Study(Path(), info, Design({}, (), ()), {})
        return ImportedStudy(study, _table(table), Collected(listeners, (), 0.0), tuple(about["imported"]["notes"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(f"The import in {folder} is damaged; import the file again.") from error


def import_folders(studies: Path) -> dict[str, Path]:
    """Folders of imports by their id, the newest first; nothing but the id is checked yet."""
    files = sorted(studies.glob("*/import.json"), key=lambda file: file.stat().st_mtime, reverse=True) if studies.is_dir() else []
    found: dict[str, Path] = {}
    for file in files:
        try:
            name = str(_about(file.parent)["id"])
        except StudyError:
            continue
        if IMPORT_ID.fullmatch(name):
            found.setdefault(name, file.parent)
    return found


def list_studies(studies: Path, store_of: Callable[[str], AnswerStore]) -> tuple[ListedStudy, ...]:
    """Every study of a folder, the newest first, then imports. store_of: opens the answers of a study by its id."""
    own = [_own(name, folder, store_of) for name, folder in study_folders(studies).items()]
    return (*own, *(_imported(name, folder) for name, folder in import_folders(studies).items()))


def _own(name: str, folder: Path, store_of: Callable[[str], AnswerStore]) -> ListedStudy:
    try:
        store = store_of(name)
        progress, info = study_progress(store), store.study.info
    except ZestError as error:
        return ListedStudy(name, str(folder), BROKEN, problem=str(error))
    return ListedStudy(name, str(folder), CLOSED if progress.closed else OPEN, tuple(info["systems"]), tuple(info["questions"]),
                       progress.completed, progress.planned, progress.begun, info["created"])


def _imported(name: str, folder: Path) -> ListedStudy:
    about = _about(folder)
    try:
        return ListedStudy(name, str(folder), IMPORTED, tuple(about["systems"]), tuple(about["questions"]), about["listeners"],
                           begun=about["listeners"], tool=str(about["imported"]["tool"]))
    except (KeyError, TypeError):
        return ListedStudy(name, str(folder), BROKEN, problem=f"The import in {folder} is damaged; import the file again.")


def _about(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / "import.json").read_text())
    except (OSError, ValueError) as error:
        raise StudyError(f"{folder} holds no import; name the folder that zest study import wrote with -o.") from error
    if not isinstance(about, dict) or not set(ABOUT) <= set(about):
        raise StudyError(f"The import in {folder} is damaged; import the file again.")
    return about


def _table(told: pd.DataFrame) -> pd.DataFrame:
    """A table of answers as imported.py has it; what a file did not say is empty."""
    names = {column: [_name(text) for text in told[column]] for column in FREE}
    numbers = {column: pd.to_numeric(told[column]).astype(float) for column in ("vote", "seconds")}
    right = pd.Series([RIGHT.get(text) for text in told.right], dtype=object)
    return told.assign(**names, **numbers, right=right, kind=RATED, order="", played=True, place=0, answered=float("nan"),
                       remark="", withdrawn=False, plays="{}")[list(COLUMNS)]


def _name(text: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from running it."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text
