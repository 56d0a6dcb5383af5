"""Which emotions were heard, per system; and how often each vote was given."""

from __future__ import annotations

import pandas as pd
from scipy import stats

from evaluation.listening.analysis.intervals import LEVEL
from evaluation.listening.design.questions import FLOOR, VOTES
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import RATED


def confusion(study: Study, table: pd.DataFrame) -> dict[str, dict[str, dict[str, int]]]:
    """By system or anchor, wanted emotion and chosen emotion: how often. Of the floor, wanted is the source's own emotion."""
    rows = _choices(study, table)
    options = [*study.info["emotions"], "other"]
    return {condition: {wanted: {name: int((chosen.value == name).sum()) for name in options}
                        for wanted, chosen in own.groupby("wanted")}
            for condition, own in rows.groupby("condition", sort=True)}


def recognised(study: Study, table: pd.DataFrame) -> dict[str, tuple[float, float, float, int]]:
    """By system or anchor: percent of choices that are the wanted emotion, 95 % interval (Clopper & Pearson's, over answers,
    so it is somewhat narrow where listeners differ), and how many answers."""
    found = {}
    for condition, own in _choices(study, table).groupby("condition", sort=True):
        test = stats.binomtest(int((own.value == own.wanted).sum()), len(own))
        interval = test.proportion_ci(LEVEL, method="exact")
        found[condition] = (100 * float(test.statistic), 100 * float(interval.low), 100 * float(interval.high), len(own))
    return found


def distribution(votes: pd.Series) -> dict[str, int]:
    """How often each vote from 1 to 5 was given."""
    return {vote: int((votes == float(vote)).sum()) for vote in VOTES}


def _choices(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Rated choices whose wanted emotion is known, with a column `wanted`."""
    rows = table[(table.kind == RATED) & (table.question == "emotion-choice")]
    pairs = study.info["pairs"]
    wanted = [pairs[pair]["source_emotion" if condition == FLOOR else "emotion"]
              for pair, condition in zip(rows.pair, rows.condition, strict=True)]
    rows = rows.assign(wanted=wanted)
    return rows[rows.wanted != ""]
