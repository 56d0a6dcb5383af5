"""A trial as the page of a listener is given it."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import TRAINING, TRAP, Trial


@dataclass(frozen=True)
class ShownTrial:
    """A trial as the page needs it: nothing in it tells what is judged.

    Attributes:
        clips: (what the listener is told it is, clip id), in order. options: (value, label), as in the wording.
        check: of a trap the sentence that asks for an answer, else ''. place, of: 'place of of'. played: clips played so far.
    """

    trial: str
    prompt: str
    hint: str
    clips: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]
    check: str
    training: bool
    place: int
    of: int
    played: tuple[str, ...]


def shown(study: Study, trial: Trial, place: int, of: int, played: tuple[str, ...]) -> ShownTrial:
    """Texts in the study's own wording, clips by their opaque ids."""
    texts = study.wording
    question = texts["questions"][trial.question]
    options = tuple((value, question["options"][value]) for value in study.answers_to(trial))
    check = texts["trap"].format(answer=dict(options)[trial.accepted[0]]) if trial.kind == TRAP else ""
    clips = tuple((texts["roles"][role], clip) for role, clip in trial.clips)
    return ShownTrial(trial.id, question["prompt"], question["hint"], clips, options, check, trial.kind == TRAINING, place, of,
                      played)
