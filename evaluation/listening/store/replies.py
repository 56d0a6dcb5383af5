"""What the store returns to a listener's page: a session, a trial, a stored answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.listening.design.questions import question_called
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import CHECK, TRAINING, TRAP, Trial
from evaluation.listening.design.values import answer_text, judged_clips


@dataclass(frozen=True)
class ListenerSession:
    """A listener who may begin or go on. token: unguessable, opens the session; whoever has it is the listener."""

    listener: str
    token: str


@dataclass(frozen=True)
class ShownTrial:
    """A trial as the page needs it: nothing in it tells what is judged.

    Attributes:
        kind: of the question, which says how it is answered. judged: so many clips, the last ones, are judged.
        clips: (what the listener is told it is, clip id), in order. options: (value, label), as in the wording.
        check: of a trap the sentence that asks for an answer, else ''.
        listening: of a check of room, device or hearing its question, else ''. checked: (question, right answers, tasks, whether
            that is enough) of each check, with the first trial after them.
        place, of: this is the place-th trial of so many. played: clips played so far.
    """

    trial: str
    kind: str
    prompt: str
    hint: str
    judged: int
    clips: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]
    check: str
    training: bool
    place: int
    of: int
    played: tuple[str, ...]
    listening: str = ""
    checked: tuple[tuple[str, int, int, bool], ...] = ()


@dataclass(frozen=True)
class StoredAnswer:
    """An answer that is on the disk.

    Attributes:
        again: the same answer was stored before. done, of: trials answered so far, and all of the listener's.
        code: the completion code once all is answered, else ''.
    """

    again: bool
    done: int
    of: int
    code: str


def emotion_name(texts: Mapping[str, Any], emotion: str) -> str:
    """As the choice of emotions calls it, else its own name."""
    return texts["questions"].get("emotion-choice", {}).get("options", {}).get(emotion, emotion).lower()


def checked(study: Study, answers: Mapping[str, str]) -> tuple[tuple[str, int, int, bool], ...]:
    """See ShownTrial.checked. answers: of a listener by trial."""
    found = []
    for name in dict.fromkeys(trial.question for trial in study.design.checks):
        tasks = [trial for trial in study.design.checks if trial.question == name]
        right = sum(answers.get(trial.id) in trial.accepted for trial in tasks)
        found.append((name, right, len(tasks), len(tasks) - right <= study.rules.allowed(study.rules.check_failures, len(tasks))))
    return tuple(found)


def shown_trial(study: Study, trial: Trial, place: int, of: int, played: tuple[str, ...],
                results: tuple[tuple[str, int, int, bool], ...] = ()) -> ShownTrial:
    """The trial with texts in the study's own wording and clips by their opaque ids. results: of the checks before it."""
    texts = study.wording
    question = texts["questions"][trial.question]
    options = tuple((value, question["options"][value]) for value in study.answers_to(trial))
    asked, emotion = question_called(trial.question), study.info["pairs"].get(trial.pair, {}).get("emotion", "")
    prompt = question["prompt"].replace("{emotion}", emotion_name(texts, emotion))
    labels = {**texts["roles"], **question.get("roles", {})}  # a question may call a recording otherwise than the others do
    return ShownTrial(
        trial.id, asked.kind, prompt, question["hint"],
        judged=len(judged_clips(asked, trial)),
        clips=tuple((labels.get(role, role), clip) for role, clip in trial.clips),
        options=options,
        check=texts["trap"].format(answer=answer_text(trial, trial.accepted[0], dict(options))) if trial.kind == TRAP else "",
        training=trial.kind == TRAINING, place=place, of=of, played=played,
        listening=trial.question if trial.kind == CHECK else "", checked=results)
