"""An imported study: answers of another tool as the table of answers that every study is analysed from.

It stays apart from the studies of this project: it has no folder, no clips and no database, and its id begins with "import-".
Listeners get numbers; what told them apart (ids of workers, e-mail addresses, age) and remarks are not kept.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

from evaluation.instruments.needs import version
from evaluation.listening.analysis.answers import COLUMNS
from evaluation.listening.analysis.intervals import DRAWS
from evaluation.listening.analysis.results import StudyResults, results_of_table
from evaluation.listening.design.create import PACKAGES
from evaluation.listening.design.questions import ANCHORS, LOW, MIDDLE
from evaluation.listening.design.rules import ScreeningRules
from evaluation.listening.design.study import FORMAT, Study
from evaluation.listening.design.trials import RATED, Design
from evaluation.listening.errors import StudyError
from evaluation.listening.importing.p808 import is_votes, read_p808
from evaluation.listening.importing.ratings import ForeignFile, ForeignRating, Names, check_once
from evaluation.listening.importing.webmushra import layout_of, read_webmushra
from evaluation.listening.store.collected import Collected, Listener
from pipelines.tables import Table, read_table

MOST_BYTES = 100_000_000
ANCHOR_RULES = {"3.5": LOW, "7": MIDDLE}  # kHz: which anchor the post-screening of BS.1534 goes by
QUESTIONS_IMPORTED = ("quality", "naturalness", "emotion-similarity", "speaker-similarity", "degradation", "comparison", "abx",
                      "mushra", "mushra-no-reference", "signal", "background", "overall", "impairment")


@dataclass(frozen=True)
class ImportOptions:
    """What a file does not say by itself.

    Attributes:
        question: of QUESTIONS_IMPORTED; '' for what the file's columns say.
        pattern: for names of clips, see p808.py; '' for none. renamed: new names of systems by those in the file; a system
            that is renamed to reference, anchor35 or anchor70 is that.
        left_out: trials or clips that do not count, such as those for training.
        anchor: '3.5' or '7', in kHz: by which anchor listeners are screened; '' for 7 (ITU-R BS.1534) where the file has it.
    """

    question: str = ""
    pattern: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    left_out: Sequence[str] = ()
    anchor: str = ""


@dataclass(frozen=True)
class ImportedStudy:
    """study: its settings, without a folder. table: see answers.answer_table. listeners: by number. notes: what was guessed."""

    study: Study
    table: pd.DataFrame
    collected: Collected
    notes: tuple[str, ...]


def import_answers(path: Path | str, options: ImportOptions = ImportOptions()) -> ImportedStudy:
    """Read a file that webMUSHRA or the P.808 toolkit wrote; which of them, its columns say.

    Raises:
        StudyError, TableError: it is no such file, cannot be read, or has ratings that cannot be used; the sentence says which.
    """
    path = Path(path)
    _check(path, options)
    table = read_table(path, what="file of results", of="ratings")
    names = Names(dict(options.renamed), frozenset(options.left_out))
    found = _read(table, options, names)
    if not found.ratings:
        raise StudyError(f"{path.name} has no rating that counts; leave out fewer trials.")
    check_once(path, found.ratings, found.told_by)
    rows, listeners = _table(found)
    study = _study(path, options, found, rows, len(listeners))
    entered = tuple(Listener(name, 0, {}, 0.0, 0.0) for name in listeners)
    return ImportedStudy(study, rows, Collected(entered, (), 0.0), found.notes)


def imported_results(imported: ImportedStudy, draws: int = DRAWS, seed: int = 0) -> StudyResults:
    """The analysis of a study's own answers, of imported ones. draws, seed: of the bootstrap."""
    return results_of_table(imported.study, imported.collected, imported.table, draws, seed)


def renames(texts: Iterable[str]) -> dict[str, str]:
    """Of 'old=new'. Raises StudyError: one is not so, or a name is given twice."""
    found: dict[str, str] = {}
    for text in texts:
        old, sign, new = (part.strip() for part in text.partition("="))
        if not (old and sign and new) or old in found:
            raise StudyError(f"'{text}' renames nothing; write OLD=NEW, with each old name once.")
        found[old] = new
    return found


def _check(path: Path, options: ImportOptions) -> None:
    if options.question and options.question not in QUESTIONS_IMPORTED:
        raise StudyError(f"Answers to '{options.question}' cannot be imported; choose from {', '.join(QUESTIONS_IMPORTED)}.")
    if options.anchor and options.anchor not in ANCHOR_RULES:
        raise StudyError(f"There is no anchor of '{options.anchor}' kHz; choose from {', '.join(ANCHOR_RULES)}.")
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        raise StudyError(f"{path.name} is larger than {MOST_BYTES // 1_000_000} MB; import a part of it.")


def _read(table: Table, options: ImportOptions, names: Names) -> ForeignFile:
    layout, columns = layout_of(table), table.columns
    if layout is not None:
        return read_webmushra(table, layout, options.question, names)
    if is_votes(table):
        return read_p808(table, options.question, options.pattern, names)
    if "vote_1" in columns:
        raise StudyError(f"{table.path.name} has the votes of a clip without their workers; import the file of the P.808 toolkit "
                         "that ends in votes_per_worker_.csv.")
    if any(name.startswith("answer.") for name in columns):
        raise StudyError(f"{table.path.name} is a batch file of Mechanical Turk; run the P.808 toolkit's result parser on it, "
                         "and import the votes_per_worker_.csv that it writes.")
    raise StudyError(f"{table.path.name} has the columns {', '.join(columns[:8])}, which are of no file that can be imported; it "
                     "needs webMUSHRA's trial_id, rating_stimulus and rating_score, or P.808's workerid, file and vote.")


def _table(found: ForeignFile) -> tuple[pd.DataFrame, list[str]]:
    """The table of answers, and the listeners in the order of the file."""
    numbers = {person: number + 1 for number, person in enumerate(dict.fromkeys(one.person for one in found.ratings))}
    width = len(str(len(numbers)))
    named = {person: f"listener-{number:0{width}d}" for person, number in numbers.items()}
    rows = [_row(one, named[one.person]) for one in found.ratings]
    return pd.DataFrame(rows, columns=list(COLUMNS)), list(named.values())


def _row(one: ForeignRating, listener: str) -> tuple[object, ...]:
    """As COLUMNS; what a file does not say is empty."""
    value = f"{one.vote:g}" if one.right is None else ("right" if one.right else "wrong")
    return (listener, one.trial, one.question, RATED, one.item, one.condition, one.against, "", value, one.vote, one.right, True,
            0, one.seconds, float("nan"), "", False, "{}")


def _study(path: Path, options: ImportOptions, found: ForeignFile, rows: pd.DataFrame, listeners: int) -> Study:
    conditions = {*rows.condition, *rows.against} - {""}
    systems = sorted(conditions - set(ANCHORS))
    if not systems:
        raise StudyError(f"{path.name} has ratings of the reference and of anchors only; there is no system to analyse.")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    rules = asdict(_rules(options, conditions))
    questions = [name for name in QUESTIONS_IMPORTED if (rows.question == name).any()]
    about = {"tool": found.tool, "sha256": sha256, "questions": questions, "options": asdict(options),
             "notes": list(found.notes), "has_anchor": rules["mushra_anchor"] in conditions}
    digest = hashlib.sha256(json.dumps([about, rules], sort_keys=True).encode()).hexdigest()
    info = {"format": FORMAT, "id": f"import-{digest[:16]}", "hash": digest, "systems": systems, "questions": questions,
            "emotions": [], "listeners": listeners, "seed": 0, "rules": rules, "clips": {}, "pairs": {}, "imported": about,
            "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}}
    return Study(Path(), info, Design({}, (), ()), {})


def _rules(options: ImportOptions, conditions: set[str]) -> ScreeningRules:
    """Those of a study of this project that do not ask for what another tool does not tell: sets, plays and checks."""
    anchor = ANCHOR_RULES.get(options.anchor) or (MIDDLE if MIDDLE in conditions else LOW)
    return ScreeningRules(whole_set=False, all_played=False, mushra_anchor=anchor)
