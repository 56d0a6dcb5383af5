"""What the store returns to a listener's page: a session, a trial, a stored answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.listening.design.questions import QUESTIONS
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import TRAINING, TRAP, Trial
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


def shown_trial(study: Study, trial: Trial, place: int, of: int, played: tuple[str, ...]) -> ShownTrial:
    """The trial with texts in the study's own wording and clips by their opaque ids."""
    texts = study.wording
    question = texts["questions"][trial.question]
    options = tuple((value, question["options"][value]) for value in study.answers_to(trial))
    asked, emotion = QUESTIONS[trial.question], study.info["pairs"][trial.pair]["emotion"]
    prompt = question["prompt"].replace("{emotion}", emotion_name(texts, emotion))
    labels = {**texts["roles"], **question.get("roles", {})}  # a question may call a recording otherwise than the others do
    return ShownTrial(
        trial.id, asked.kind, prompt, question["hint"],
        judged=len(judged_clips(asked, trial)),
        clips=tuple((labels.get(role, role), clip) for role, clip in trial.clips),
        options=options,
        check=texts["trap"].format(answer=answer_text(trial, trial.accepted[0], dict(options))) if trial.kind == TRAP else "",
        training=trial.kind == TRAINING, place=place, of=of, played=played)
