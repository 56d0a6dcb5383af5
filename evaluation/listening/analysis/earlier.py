"""Votes of an earlier study, from its folder, export or archive: their variances, and how many listeners were excluded."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from evaluation.listening.analysis.answers import answer_table
from evaluation.listening.analysis.screening import screen
from evaluation.listening.analysis.variances import ESTIMATED, QuestionVariances, question_variances
from evaluation.listening.design.questions import COUPLES, QUESTIONS
from evaluation.listening.design.study import Study, open_study
from evaluation.listening.design.trials import RATED
from evaluation.listening.errors import StudyError
from evaluation.listening.store import Collected, collect, open_store

COLUMNS = ("listener", "question", "kind", "pair", "condition", "against", "order", "vote", "right", "counted")
FILES = ("study.json", "answers.csv", "listeners.csv")


@dataclass(frozen=True)
class EarlierStudy:
    """What an earlier study says.

    Attributes:
        name: of its file or folder. questions: by question, variances of votes that counted. finished: listeners who finished and
            did not withdraw. excluded: those of them who did not count.
    """

    name: str
    questions: Mapping[str, QuestionVariances] = field(default_factory=dict)
    finished: int = 0
    excluded: int = 0

    @property
    def excluded_percent(self) -> float:
        """Of those who finished; at most the 90 that a budget takes."""
        return round(min(90.0, 100 * self.excluded / self.finished), 1) if self.finished else 0.0


def read_earlier(source: Path | str, database: str | None = None) -> EarlierStudy:
    """Read an earlier study.

    Args:
        source: a study's folder, the folder of zest study export, or the zip of zest study archive, packed or unpacked.
        database: of a study's folder; that of its own if None.
    Raises:
        StudyError: it is none of these, is damaged, or has too few votes that count. StoreError: the database cannot be read.
    """
    source = Path(source)
    if source.is_file():
        return _exported(source.name, _from_zip(source))
    for folder in (source, source / "export"):
        if all((folder / name).is_file() for name in FILES):
            return _exported(source.name, {name: (folder / name).read_bytes() for name in FILES})
    if (source / "design.json").is_file():
        study = open_study(source)
        return earlier_study(source.name, study, collect(open_store(study, database)))
    raise StudyError(f"{source} is no study, no export and no archive; name the folder of a study, or what zest study export or "
                     "zest study archive wrote.")


def earlier_study(name: str, study: Study, collected: Collected) -> EarlierStudy:
    """From what a study has collected. Raises StudyError: too few votes that count."""
    table = answer_table(study, collected)
    verdicts = {verdict.listener: verdict for verdict in screen(study.rules, collected, table)}
    finished = [one for one in collected.listeners if one.completed is not None and one.withdrawn is None]
    excluded = sum(not verdicts[one.listener].counts for one in finished)
    counts = np.array([verdicts[one].counts for one in table.listener], dtype=bool)
    return _earlier(name, table[counts], study.systems, len(finished), excluded)


def _from_zip(source: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(source) as archive:
            named = {Path(name).name: name for name in archive.namelist() if Path(name).name in FILES}
            return {name: archive.read(named[name]) for name in FILES}
    except (OSError, zipfile.BadZipFile, KeyError, RuntimeError) as error:
        raise StudyError(f"{source} is no archive of a study; name what zest study archive wrote.") from error


def _exported(name: str, files: Mapping[str, bytes]) -> EarlierStudy:
    try:
        systems = tuple(map(str, json.loads(files["study.json"])["systems"]))
        text = {column: str for column in COLUMNS if column not in ("vote", "right", "counted")}
        answers = pd.read_csv(io.BytesIO(files["answers.csv"]), dtype=text, keep_default_na=False, na_values={"vote": [""]})
        listeners = pd.read_csv(io.BytesIO(files["listeners.csv"]), dtype=str, keep_default_na=False)
        is_done = (listeners.completed != "") & (listeners.withdrawn == "")
        counts = (listeners.counted == "True")[is_done]
        table = answers[list(COLUMNS)].assign(right=answers.right.astype(str) == "True", vote=answers.vote.astype(float))
        table = table[table.counted.astype(str) == "True"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(f"The export in {name} is damaged; export that study again.") from error
    return _earlier(name, table, systems, int(is_done.sum()), int((~counts).sum()))


def _earlier(name: str, counted: pd.DataFrame, systems: tuple[str, ...], finished: int, excluded: int) -> EarlierStudy:
    """counted: rows of listeners who count."""
    found = {}
    for question, rows in counted[counted.kind == RATED].groupby("question", sort=False):
        if str(question) in QUESTIONS and QUESTIONS[str(question)].kind in ESTIMATED:
            votes = rows if QUESTIONS[str(question)].kind in COUPLES else rows[rows.vote.notna()]
            one = question_variances(str(question), votes, systems)
            found |= {str(question): one} if one else {}
    if not found:
        raise StudyError(f"{name} has too few ratings that count: variances need three listeners and three pairs; name another "
                         "study, or none for the usual variances.")
    return EarlierStudy(name, found, finished, excluded)
