"""A study from the values of a form: of a finished evaluation, or of conversions that were gathered one by one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evaluation.listening.design.best_worst import FEWEST
from evaluation.listening.design.create import CAP, create_study, expected_ratings, useful_pairs
from evaluation.listening.design.listening_checks import parse_checks
from evaluation.listening.design.questions import BEST_WORST, QUESTIONS, Question, anchors_of, askable
from evaluation.listening.design.recruitment import Recruitment, read_recruitment
from evaluation.listening.design.study import Study
from evaluation.listening.design.wording import LANGUAGES, read_texts
from evaluation.listening.errors import StudyError
from evaluation.run.folder import EvaluationRun
from pipelines.counting import agreeing, counted, sentence_start
from workbench.listening import admin_text as text
from workbench.listening.studies import studies_folder

LISTENERS = 20
FIRST = ("naturalness", "emotion-similarity")  # ticked where they can be asked
MOST_LISTENERS, MOST_TRIALS = 10_000, 500  # as zest study create


@dataclass(frozen=True)
class StudyRequest:
    """What the form asks for, checked.

    Attributes:
        systems, questions: names. listeners: whole sets to be answered. cap: trials a listener answers at most.
        sign_in: with Hugging Face, one set each. recruitment: None for a plain link. languages: codes, the first for browsers
        that like none of them. texts: of one language, the study's own; None for the usual ones.
        checks: of room, device and hearing.
    """

    systems: tuple[str, ...]
    questions: tuple[str, ...]
    listeners: int = LISTENERS
    cap: int = CAP
    seed: int = 0
    sign_in: bool = False
    recruitment: Recruitment | None = None
    languages: tuple[str, ...] = tuple(LANGUAGES)
    texts: dict[str, Any] | None = None
    checks: tuple[str, ...] = ()


def form_problems(systems: object, questions: object, listeners: object, cap: object, seed: object) -> dict[str, str]:
    """A sentence for each part of the form that keeps it from being a study: 'systems', 'questions', 'numbers'."""
    people, trials, drawn = (_whole(value) for value in (listeners, cap, seed))
    numbers = (people is not None and trials is not None and drawn is not None
               and 1 <= people <= MOST_LISTENERS and 1 <= trials <= MOST_TRIALS and drawn >= 0)
    found = {"systems": "" if systems and isinstance(systems, (list, tuple)) else text.NO_SYSTEMS,
             "questions": "" if questions and isinstance(questions, (list, tuple)) else text.NO_QUESTIONS,
             "numbers": "" if numbers else text.NO_NUMBER}
    return {name: sentence for name, sentence in found.items() if sentence}


def parse_request(systems: Any, questions: Any, listeners: Any, cap: Any, seed: Any, sign_in: bool = False,
                  recruitment: object = "", languages: Sequence[str] = tuple(LANGUAGES), texts: object = "",
                  checks: Sequence[str] = ()) -> StudyRequest:
    """From the values of the form.

    Raises:
        StudyError: nothing chosen, a number that is none, or a wrong recruitment file or wrong texts.
    """
    for sentence in form_problems(systems, questions, listeners, cap, seed).values():
        raise StudyError(sentence)
    return StudyRequest(tuple(map(str, systems)), tuple(map(str, questions)), int(listeners), int(cap), int(seed), bool(sign_in),
                        read_recruitment(str(recruitment)) if str(recruitment or "").strip() else None,
                        tuple(map(str, languages or ())), read_texts(str(texts)) if str(texts or "").strip() else None,
                        parse_checks(map(str, checks or ())))


def gathered_folder() -> Path:
    """Where single conversions are gathered; it holds no study, so no list of studies shows it."""
    return studies_folder() / "gathered"


def offered(run: EvaluationRun) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Systems with a conversion, and questions that can be asked."""
    systems = tuple(name for name in run.systems if any(run.wav(name, pair.id) is not None for pair in run.pairs))
    return systems, tuple(name for name in askable(run.pairs) if _enough(QUESTIONS[name], systems, run))


def _enough(question: Question, systems: tuple[str, ...], run: EvaluationRun) -> bool:
    """Whether so many recordings stand side by side as the question needs."""
    return question.kind != BEST_WORST or len(systems) + len(anchors_of(question, run.pairs)) >= FEWEST


def ticked(systems: Sequence[str], questions: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is chosen at first: what converts, not the natural source and its copy, which are hidden anchors anyway."""
    converting = [name for name in systems if name not in ("source", "copy")]
    return converting or list(systems), [name for name in FIRST if name in questions] or list(questions[:1])


def make_study(run: EvaluationRun, requested: StudyRequest, progress: Callable[[int, int], Any] | None = None,
               told: Callable[[str], Any] = lambda note: None) -> Study:
    """Write a new study into the folder of studies. Raises StudyError, OutputError as `create_study`."""
    name = f"{datetime.now(UTC):%Y-%m-%d}-{secrets.token_hex(4)}"
    return create_study(run, requested.systems, requested.questions, studies_folder() / name, requested.listeners,
                        requested.seed, requested.cap, progress=progress, sign_in=requested.sign_in,
                        recruitment=requested.recruitment, languages=requested.languages,
                        texts=[requested.texts] if requested.texts else [], told=told, checks=requested.checks)


def study_sentence(study: Study) -> str:
    """What the study consists of, and whether it will be enough."""
    cells, least = study.design.cells, min(expected_ratings(study).values())
    said = (f"{counted(len(cells), 'set')} of {counted(len(cells[0]), 'trial')}; a system gets {counted(least, 'rating')} a "
            "question.")
    if study.info["left_out"]:
        lost = len(study.info["left_out"])
        said += f" {counted(lost, 'pair')} {agreeing(lost, 'was', 'were')} left out, because a system failed there."
    if least < study.rules.preliminary_below:
        said += (f" Below {study.rules.preliminary_below}, results are called preliminary: ask more listeners or fewer questions "
                 "if that matters.")
    return said


def enough_sentence(run: EvaluationRun, requested: StudyRequest) -> str:
    """How many pairs there are, and how many such a study can use. Raises StudyError."""
    usable, useful = useful_pairs(run, requested.systems, requested.questions, requested.listeners, requested.cap)
    have = sentence_start(f"{counted(usable, 'pair')} can be used")
    if usable >= useful:
        return f"{have}; enough for {counted(requested.listeners, 'listener')}."
    interval = " One pair makes a study without intervals; two give the first." if usable < 2 else ""
    return f"{have}; up to {useful} would help: with fewer pairs, more listeners hear the same ones.{interval}"


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value or int(value) != value:
        return None
    return int(value)
