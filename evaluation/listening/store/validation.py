"""The rules by which a listener's requests are accepted or refused, each with its reason. No database is touched here."""

from __future__ import annotations

import hashlib
import logging
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.listening.design.recruitment import NATIVE
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import Trial
from evaluation.listening.design.values import is_answer
from evaluation.listening.design.wording import sentence
from evaluation.listening.errors import Refused

LANGUAGE = "language"  # in which a listener entered, beside the answers about listening
MOST_LETTERS = 500  # of a remark
EARLY = 0.9  # share of a clip's length that must have passed; clocks and players are not exact
LOG = logging.getLogger("zest.listening")


@dataclass(frozen=True)
class AnswerRequest:
    """An answer that a listener sent, and what the store knows of its trial.

    Attributes:
        trial: id as sent. opened: when it was first shown, None if it never was. plays: by clip, how often it was played to
            its end. before: the answer that is stored already, None where there is none.
    """

    trial: str
    value: object
    remark: object
    opened: float | None
    plays: Mapping[str, int]
    before: str | None


def refuse(study: Study, reason: str, listener: str = "", **values: object) -> Refused:
    """The exception to raise; it is logged, with the listener's random id and without what was sent."""
    LOG.warning("study %s: refused (%s) listener %s", study.id, reason, listener or "unknown")
    return Refused(reason, sentence(study.wording, reason, **values))


def check_entry(study: Study, consent: object, setup: object) -> dict[str, str]:
    """Consent was given and every question about listening has one of its answers. Raises Refused.

    Returns:
        the answers, and the language in which they were given where the study has several.
    """
    if consent is not True:
        raise refuse(study, "consent")
    asked = {name: setup_question(study, name)["options"] for name in study.setup}
    if not isinstance(setup, Mapping) or set(setup) != set(asked):
        raise refuse(study, "setup")
    if not all(isinstance(setup[name], str) and setup[name] in options for name, options in asked.items()):
        raise refuse(study, "setup")
    spoken = {LANGUAGE: study.wording["language"]} if len(study.languages) > 1 else {}
    return {name: setup[name] for name in asked} | spoken


def setup_question(study: Study, name: str) -> Mapping[str, Any]:
    """The label and the options of a question about the listener."""
    return study.wording["recruitment"][NATIVE] if name == NATIVE else study.wording["setup"][name]


def check_play(study: Study, listener: str, trial: Trial | None, clip: object, opened: float | None, now: float) -> None:
    """A clip of a trial that was shown, and long enough ago to have been played. Raises Refused."""
    if trial is None or opened is None:
        raise refuse(study, "trial", listener)
    if not isinstance(clip, str) or clip not in {name for _, name in trial.clips}:
        raise refuse(study, "clip", listener)
    if _too_soon(opened, now, study.seconds(clip)):
        raise refuse(study, "unplayed", listener)


def check_answer(study: Study, listener: str, trial: Trial | None, sent: AnswerRequest, now: float) -> bool:
    """Whether an answer may be stored.

    Returns:
        False where the same answer is stored already: a replay, nothing to do.
    Raises:
        Refused: the trial is not this listener's or was not shown yet, another answer is stored, the value is none of those
            shown, a clip was not played to its end, or less time has passed than playing takes; a remark that is too long.
    """
    if trial is None or sent.opened is None:
        raise refuse(study, "trial", listener)
    if not is_answer(trial, sent.value, study.info["emotions"]):
        raise refuse(study, "value", listener)
    if sent.before is not None:
        if sent.before != sent.value:
            raise refuse(study, "answered", listener)
        return False
    clips = {name for _, name in trial.clips}
    if any(sent.plays.get(clip, 0) < 1 for clip in clips):
        raise refuse(study, "unplayed", listener)
    if _too_soon(sent.opened, now, sum(study.seconds(clip) for clip in clips)):
        raise refuse(study, "unplayed", listener)
    check_remark(study, listener, sent.remark)
    return True


def _too_soon(opened: float, now: float, seconds: float) -> bool:
    """Less time has passed than so many seconds of sound take. A clock that was set back, or another replica's, says nothing."""
    return 0 <= now - opened < EARLY * seconds


def check_remark(study: Study, listener: str, remark: object) -> None:
    """Free text is kept as it was written, so it is bounded here and escaped wherever it is shown. Raises Refused."""
    if not isinstance(remark, str) or len(remark) > MOST_LETTERS or any(_unprintable(letter) for letter in remark):
        raise refuse(study, "comment", listener, most=MOST_LETTERS)


def token_hash(token: object) -> str:
    """What is stored of a session's token: 256 random bits need no slow hash. Anything that is no token has no session."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest() if isinstance(token, str) else ""


def own_trial(order: Sequence[Trial], trial: object) -> Trial | None:
    """The listener's trial of this id, None where it is someone else's or nobody's."""
    return next((one for one in order if one.id == trial), None)


def place_of(order: Sequence[Trial], trial: Trial) -> int:
    """1 for the first."""
    return list(order).index(trial) + 1


def _unprintable(letter: str) -> bool:
    """Control characters and halves of surrogate pairs, which PostgreSQL cannot store; line breaks and tabs are text."""
    return letter not in "\n\t" and unicodedata.category(letter) in ("Cc", "Cs")
