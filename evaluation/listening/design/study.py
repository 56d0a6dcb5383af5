"""A study's folder: frozen when it is written, read-only afterwards.

    study.json      systems and questions, from which run, rules, loudness, versions, and the hash over everything
    design.json     which clip holds what, and the sets of trials: the key, never shown to a listener
    wording.json    every text that a listener sees, in every language of the study
    clips/<id>.wav  16 kHz, 16 bit, one loudness, opaque names
    answers.sqlite  the answers, unless a database is named elsewhere; the only file that changes
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from evaluation.listening.design.questions import (
    CHECK_QUESTIONS,
    SETS,
    SLIDERS,
    Question,
    answers_to,
    parse_questions,
    question_called,
)
from evaluation.listening.design.recruitment import NATIVE, Recruitment, check_fair, recruitment_from
from evaluation.listening.design.rules import ScreeningRules, rules_from
from evaluation.listening.design.trials import RATED, Design, Trial, design_from
from evaluation.listening.design.values import is_answer
from evaluation.listening.design.wording import NO_SUCH_STUDY, TRANSLATIONS, missing_texts, texts_of, with_todays_texts
from evaluation.listening.errors import StudyError
from pipelines.counting import counted

STUDY_ID = re.compile(r"[0-9a-f]{16}")
FORMAT = 1
SETUP = ("device", "place", "hearing")  # questions about listening
ANSWERING = 4.0  # seconds to think and click, beside playing every clip once
SETTING_UP = 60.0  # seconds for consent, questions about listening and the volume
SETTINGS = ("format", "id", "created", "systems", "questions", "emotions", "listeners", "cap", "seed", "rules", "loudness_lufs",
            "clips", "run", "pairs", "left_out", "versions", "hash")


@dataclass(frozen=True)
class Study:
    """A listening test as it was created.

    Attributes:
        folder: where it lies. info: study.json. design: clips and trials.
        wording: its texts, and today's for those of the page that are younger than the study; under TRANSLATIONS those of
            further languages by their codes.
    """

    folder: Path
    info: dict[str, Any]
    design: Design
    wording: dict[str, Any]

    @property
    def id(self) -> str:
        return self.info["id"]

    @property
    def hash(self) -> str:
        return self.info["hash"]

    @property
    def systems(self) -> tuple[str, ...]:
        return tuple(self.info["systems"])

    @property
    def questions(self) -> tuple[Question, ...]:
        names = self.info["questions"]
        return tuple(map(question_called, names)) if self.imported else parse_questions(names)

    @property
    def checks(self) -> tuple[str, ...]:
        """Names of the checks of room, device and hearing (listening_checks.CHECKS); older studies have none."""
        return tuple(self.info.get("checks", ()))

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of everything that listeners are asked, those of the checks too."""
        return (*self.info["questions"], *dict.fromkeys(trial.question for trial in self.design.checks))

    @property
    def rules(self) -> ScreeningRules:
        return rules_from(self.info["rules"])

    @property
    def imported(self) -> dict[str, Any] | None:
        """From where the answers came, of a study of another tool (importing/); None for a study of this project."""
        return self.info.get("imported")

    @property
    def sign_in(self) -> bool:
        """Whether listeners have to sign in; older studies have no such setting, and their listeners do not."""
        return self.info.get("sign_in", False)

    @cached_property
    def recruitment(self) -> Recruitment | None:
        """How listeners are recruited; None where nobody said: then everybody with the link may begin until enough are done."""
        document = self.info.get("recruitment")
        return None if document is None else recruitment_from(document)

    @property
    def languages(self) -> dict[str, str]:
        """What each language of the study is called, by its code; the language of the study itself comes first."""
        translated = self.wording.get(TRANSLATIONS, {})
        return {texts["language"]: texts["page"]["language_name"] for texts in (self.wording, *translated.values())}

    def in_language(self, language: str) -> Study:
        """The same study with its texts in one of its languages; as it is where it has no such language."""
        translated = self.wording.get(TRANSLATIONS, {})
        if language not in translated:
            return self
        own = {name: text for name, text in self.wording.items() if name != TRANSLATIONS}
        others = {code: texts for code, texts in translated.items() if code != language}
        return replace(self, wording={**translated[language], TRANSLATIONS: {own["language"]: own, **others}})

    @property
    def setup(self) -> tuple[str, ...]:
        """Names of the questions about the listener."""
        rules = self.recruitment
        return (*SETUP, NATIVE) if rules and NATIVE in rules.quotas else SETUP

    @cached_property
    def minutes(self) -> int:
        """How long the longest set takes, checks, practice and setting up included."""
        longest = max(self._listening(cell) for cell in self.design.cells)
        before = self._listening((*self.design.checks, *self.design.training))
        return math.ceil((SETTING_UP + before + longest) / 60)

    def _listening(self, trials: Sequence[Trial]) -> float:
        """Seconds; where several clips are graded, each takes its time."""
        graded = [len(trial.clips) if question_called(trial.question).kind == SLIDERS else 1 for trial in trials]
        return sum(ANSWERING * count + sum(self.seconds(clip) for _, clip in trial.clips)
                   for trial, count in zip(trials, graded, strict=True))

    @property
    def database(self) -> Path:
        return self.folder / "answers.sqlite"

    def clip(self, name: str) -> Path:
        return self.folder / "clips" / f"{name}.wav"

    def seconds(self, name: str) -> float:
        """How long a clip plays."""
        return self.info["clips"][name]["seconds"]

    def answers_to(self, trial: Trial) -> tuple[str, ...]:
        """What may be answered."""
        return answers_to(question_called(trial.question), self.info["emotions"])


def open_study(folder: Path | str) -> Study:
    """Read a study that is as it was created.

    Raises:
        StudyError: it is missing, damaged, or anything in it was changed; the sentence says what.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise StudyError(f"There is no folder {folder}; name the folder that zest study create wrote with -o.")
    info, design, wording = (_read(folder, name) for name in ("study.json", "design.json", "wording.json"))
    if info.get("format") != FORMAT:
        raise StudyError(f"{folder / 'study.json'} is of another version of zest than this one.")
    lacking = [key for key in SETTINGS if key not in info]
    if lacking:
        raise StudyError(f"{folder / 'study.json'} has no {lacking[0]}, so it is no complete study; create it again.")
    try:
        parsed = design_from(design)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StudyError(f"{folder / 'design.json'} is damaged; restore it, or make a new study.") from error
    study = Study(folder, info, parsed, with_todays_texts(wording))
    _check_clips(study)
    if study_hash(info, design, wording) != info["hash"]:
        raise StudyError(f"{folder} was changed after it was created: its settings, design or wording no longer have the hash "
                         f"{str(info['hash'])[:12]}; restore it, or make a new study.")
    _check_sense(study)
    return study


def find_study(studies: Path, study_id: str) -> Study:
    """A study by the id that stands in its address, among the folders of `studies`.

    Raises:
        StudyError: no such id; whatever is not an id (paths, too) is none.
    """
    folder = study_folders(studies).get(study_id)
    if folder is not None:
        return open_study(folder)
    raise StudyError(NO_SUCH_STUDY)


def study_folders(studies: Path) -> dict[str, Path]:
    """Folders of studies by their id, the newest first; nothing is checked yet."""
    found = {file.parent: _info_or_nothing(file) for file in studies.glob("*/study.json")} if studies.is_dir() else {}
    named = [(info, folder) for folder, info in found.items() if STUDY_ID.fullmatch(str(info.get("id", "")))]
    return {info["id"]: folder for info, folder in sorted(named, key=lambda one: str(one[0].get("created")), reverse=True)}


def studies_of_group(studies: Path, group: str) -> list[str]:
    """Ids of the studies of which a listener may take only one; nothing else is checked."""
    folders = study_folders(studies)
    recruitments = {name: _info_or_nothing(folder / "study.json").get("recruitment") for name, folder in folders.items()}
    return [name for name, rules in recruitments.items() if isinstance(rules, dict) and rules.get("group") == group]


def study_hash(info: dict[str, Any], design: dict[str, Any], wording: dict[str, Any]) -> str:
    """SHA-256 over settings (which hold the clips' own hashes), design and wording."""
    bare = {key: value for key, value in info.items() if key != "hash"}
    text = json.dumps([bare, design, wording], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _info_or_nothing(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        document = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StudyError(f"{folder} has no {name}, so it is no complete study.") from error
    except (OSError, ValueError) as error:
        raise StudyError(f"{folder / name} cannot be read; restore it, or make a new study.") from error
    if not isinstance(document, dict):
        raise StudyError(f"{folder / name} is damaged; restore it, or make a new study.")
    return document


def _check_clips(study: Study) -> None:
    """Every clip is there and holds what it held. Unknown files are refused too: they may be served by mistake."""
    known = study.info["clips"]
    if set(known) != set(study.design.clips):
        raise StudyError(f"{study.folder} was changed: its settings and its design name different clips.")
    for name, about in known.items():
        try:
            content = study.clip(name).read_bytes()
        except OSError as error:
            raise StudyError(f"The clip {name}.wav of {study.folder} is missing or cannot be read.") from error
        if hashlib.sha256(content).hexdigest() != about["sha256"]:
            raise StudyError(f"The clip {name}.wav of {study.folder} was changed after the study was created.")
    extra = sorted(path.name for path in (study.folder / "clips").iterdir() if path.stem not in known)
    if extra:
        raise StudyError(f"{study.folder / 'clips'} holds {extra[0]}, which is no clip of this study; take it out.")


def _check_sense(study: Study) -> None:
    """What a hash cannot tell: that the study makes sense."""
    if not isinstance(study.sign_in, bool):
        raise StudyError(f"{study.folder / 'study.json'} says neither true nor false to sign_in; restore it, or make a new one.")
    if study.info.get("recruitment") is not None:
        _check_recruitment(study)
    _check_wording(study)
    trials = [*study.design.checks, *study.design.training, *(trial for cell in study.design.cells for trial in cell)]
    if len({trial.id for trial in trials}) < len(trials) or not study.design.cells or not all(study.design.cells):
        raise StudyError(f"The design of {study.folder} has empty sets, or two trials of one id.")
    for trial in trials:
        _check_trial(study, trial)
    longest = max(len(cell) for cell in study.design.cells)
    if longest > study.info["cap"]:
        raise StudyError(f"A set of {study.folder} has {counted(longest, 'trial')}, more than its cap of {study.info['cap']}.")


def _check_wording(study: Study) -> None:
    """Every language of the study has every text."""
    translated = study.wording.get(TRANSLATIONS, {})
    if not isinstance(translated, dict) or not all(isinstance(texts, dict) for texts in translated.values()):
        raise StudyError(f"The translations of {study.folder} are damaged; restore the study, or make a new one.")
    pattern = texts_of(study.asked)
    for code, texts in {"": study.wording, **translated}.items():
        lacking = missing_texts(texts, pattern)
        if lacking:
            which = f" in the language '{code}'" if code else ""
            raise StudyError(f"The wording of {study.folder} has no text for {lacking[0]}{which}.")


def _check_recruitment(study: Study) -> None:
    document = study.info["recruitment"]
    if not isinstance(document, dict):
        raise StudyError(f"{study.folder / 'study.json'} has no table as its recruitment; restore it, or make a new one.")
    check_fair(recruitment_from(document), study.minutes)
    if study.sign_in and document.get("platform"):
        raise StudyError("Listeners from a platform are known by it and cannot sign in as well; leave out --sign-in or the "
                         "platform.")


def _fits(question: Question, trial: Trial) -> bool:
    judged = len(trial.clips) - bool(question.given)
    rated = trial.kind != RATED or question.kind not in SETS or len(trial.conditions) == judged
    return rated and tuple(role for role, _ in trial.clips) == question.roles(judged)


def _check_trial(study: Study, trial: Trial) -> None:
    names = {question.name: question for question in study.questions} | (CHECK_QUESTIONS if trial in study.design.checks else {})
    question = names.get(trial.question)
    if question is None or not _fits(question, trial):
        raise StudyError(f"The trial {trial.id} of {study.folder} does not fit its question.")
    if not {clip for _, clip in trial.clips} <= set(study.design.clips):
        raise StudyError(f"The trial {trial.id} of {study.folder} plays a clip that is not there.")
    options = study.answers_to(trial)
    accepted = all(is_answer(trial, value, study.info["emotions"]) for value in trial.accepted)
    if not accepted or not set(options) <= set(study.wording["questions"][question.name]["options"]):
        raise StudyError(f"The trial {trial.id} of {study.folder} has an answer without a text.")
