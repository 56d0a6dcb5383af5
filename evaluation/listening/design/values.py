"""What may be answered to a trial, and what an answer says of each clip.

    scale, choice, couples   one of the options, as text
    sliders (MUSHRA)         JSON, by the id of every graded clip a whole number from 0 to 100
    best-worst               the ids of the strongest and of the weakest clip, with a space between
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from evaluation.listening.design.questions import BEST_WORST, HIGHEST_GRADE, SLIDERS, Question, answers_to, question_called
from evaluation.listening.design.trials import Trial


def judged_clips(question: Question, trial: Trial) -> tuple[str, ...]:
    """Ids of the clips that are judged, without the one that is played beside them."""
    return tuple(clip for _, clip in trial.clips[bool(question.given):])


def is_answer(trial: Trial, value: object, emotions: Sequence[str]) -> bool:
    """Whether a value that was sent is one of the possible answers. emotions: of the study."""
    question = question_called(trial.question)
    if not isinstance(value, str):
        return False
    if question.kind == SLIDERS:
        return _are_grades(judged_clips(question, trial), value)
    if question.kind == BEST_WORST:
        named = value.split(" ")
        return len(named) == 2 and named[0] != named[1] and set(named) <= set(judged_clips(question, trial))
    return value in answers_to(question, emotions)


def grades(value: str) -> dict[str, int]:
    """By clip, of an answer to sliders."""
    return json.loads(value)


def answer_text(trial: Trial, value: str, options: Mapping[str, str]) -> str:
    """An answer in words. trial: in the order in which the listener saw it. options: their labels."""
    question = question_called(trial.question)
    if question.kind != BEST_WORST:
        return options[value]
    place = {clip: index + 1 for index, clip in enumerate(judged_clips(question, trial))}
    return ", ".join(f"{options[end]} {place[clip]}" for end, clip in zip(("best", "worst"), value.split(" "), strict=True))


def _are_grades(clips: Sequence[str], value: str) -> bool:
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return False
    if not isinstance(document, dict) or set(document) != set(clips):
        return False
    return all(type(grade) is int and 0 <= grade <= HIGHEST_GRADE for grade in document.values())
