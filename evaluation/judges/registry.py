"""All emotion judges by name: the three that ship with this repository and those of the hub."""

from __future__ import annotations

from evaluation.judges.base import EmotionJudge
from evaluation.judges.hub import EMOTION2VEC, EMOTION2VEC_LARGE, IEMOCAP, SUPERB
from evaluation.judges.mini import ACOUSTIC, EGEMAPS, WHISPER
from pipelines.errors import ZestError

JUDGES: tuple[EmotionJudge, ...] = (ACOUSTIC, WHISPER, EGEMAPS, SUPERB, IEMOCAP, EMOTION2VEC, EMOTION2VEC_LARGE)


def names() -> tuple[str, ...]:
    """Of all judges."""
    return tuple(one.name for one in JUDGES)


def default_names() -> tuple[str, ...]:
    """Of the judges that are asked unless others are named."""
    return tuple(one.name for one in JUDGES if one.default)


def aliases() -> dict[str, str]:
    """Other names of judges, such as hub ids, to their short names."""
    return {alias: one.name for one in JUDGES for alias in one.aliases}


def judge(name: str) -> EmotionJudge:
    """A judge by its short name or an alias. Raises ZestError where there is none."""
    short = aliases().get(name, name)
    for one in JUDGES:
        if one.name == short:
            return one
    raise ZestError(f"There is no judge called '{name}'; choose one of {', '.join(names())}.")
