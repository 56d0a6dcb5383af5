"""All answers of a study as one table, and whether listeners agree.

Agreement is Krippendorff's alpha (package krippendorff), and each listener's correlation with the rest.
"""

from __future__ import annotations

import json
from typing import Any

import krippendorff
import numpy as np
import pandas as pd
from scipy import stats

from evaluation.listening.design.questions import (
    BEST_WORST,
    COMPARISON,
    COUPLES,
    FOREIGN_QUESTIONS,
    IMPAIRMENT,
    PREFERENCE,
    QUESTIONS,
    SCALE,
    SETS,
    SLIDERS,
    question_called,
)
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import RATED, Trial
from evaluation.listening.design.values import grades, judged_clips
from evaluation.listening.store.collected import Collected

COLUMNS = ("listener", "trial", "question", "kind", "pair", "condition", "against", "order", "value", "vote", "right", "played",
           "place", "seconds", "answered", "remark", "withdrawn", "plays")
# Kinds whose votes say something of one system or anchor, whatever it stands beside.
RATED_ALONE = (SCALE, SLIDERS, BEST_WORST, IMPAIRMENT)
GRADED = (SCALE, COMPARISON, IMPAIRMENT, *SETS)
ASKED = QUESTIONS | FOREIGN_QUESTIONS
FEWEST = 4  # conditions below which a correlation says nothing


def answer_table(study: Study, collected: Collected) -> pd.DataFrame:
    """One row an answer, of several clips side by side one row a clip; columns COLUMNS, in the order the answers came.

    condition: the system or anchor that was judged; of a preference the preferred one, of a comparison the second one, and
    `against` the other. '' for practice and checks. order: of a couple, what was played first and second, with '|' between.
    vote: 1 to 5; of a comparison -3 to 3 for the second one against the first; of sliders 0 to 100; of best-worst 1 for the
    strongest, -1 for the weakest, 0 for others; NaN where nothing is graded. value: as it was sent; of sliders the grade.
    right: of a check, and of ABX, whether the answer was right, else None. played: every clip was played to its end.
    seconds: from showing to answering. withdrawn: the listener withdrew.
    """
    trials = study.design.trials()
    left = {listener.listener for listener in collected.listeners if listener.withdrawn is not None}
    rows = []
    for answer in collected.answers:
        trial = trials[answer.trial]
        order = "|".join(trial.conditions) if question_called(trial.question).kind in COUPLES else ""
        rows += [(answer.listener, trial.id, trial.question, trial.kind, trial.pair, condition, against, order, value, vote,
                  answer.value in trial.accepted if trial.accepted else None,
                  all(answer.plays.get(clip, 0) >= 1 for _, clip in trial.clips), answer.place,
                  round(answer.answered - answer.opened, 3), answer.answered, answer.remark, answer.listener in left,
                  json.dumps(answer.plays, sort_keys=True))
                 for condition, against, value, vote in _ratings(trial, answer.value)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def five_points(table: pd.DataFrame) -> pd.Series:
    """Votes brought to 1 to 5, whatever their scale; NaN where nothing is graded."""
    points = table.vote.where(~asks(table, COMPARISON), 3 + table.vote * 2 / 3)
    points = points.where(~asks(table, SLIDERS), 1 + points / 25)
    points = points.where(~asks(table, IMPAIRMENT), 5 + table.vote)  # above 5 where the reference was taken for the system
    return points.where(~asks(table, BEST_WORST))  # everybody gives each of its votes equally often


def asks(table: pd.DataFrame, *kinds: str) -> pd.Series:
    """Which rows are of questions of these kinds."""
    return table.question.isin([name for name, question in ASKED.items() if question.kind in kinds])


def alphas(table: pd.DataFrame) -> dict[str, float | None]:
    """By question: ordinal alpha of votes, nominal alpha of choices; 1 is agreement, 0 chance.

    None where no clip has two answers, or all answers are the same, which leaves nothing to agree about.
    """
    rated = table[table.kind == RATED]
    return {str(question): _alpha(rows, ASKED[str(question)].kind in GRADED)
            for question, rows in rated.groupby("question", sort=False)}


def correlations(table: pd.DataFrame) -> dict[str, float | None]:
    """By listener: Spearman's correlation of the listener's mean votes per question and condition with everybody else's.

    None below four conditions, or where either side never varies.
    """
    votes = table[(table.kind == RATED) & table.vote.notna() & asks(table, *RATED_ALONE)]
    # Any: pandas' types do not know columns in two levels.
    means: Any = votes.pivot_table(index=["question", "condition"], columns="listener", values="vote", aggfunc=["sum", "count"])
    if means.empty:
        return dict.fromkeys(table.listener.unique())
    sums, numbers = means["sum"].fillna(0), means["count"].fillna(0)
    all_, all_count = sums.sum(axis=1), numbers.sum(axis=1)
    found = {listener: _correlation(sums[listener], numbers[listener], all_, all_count) for listener in sums}
    return {listener: found.get(listener) for listener in table.listener.unique()}


def _ratings(trial: Trial, value: str) -> list[tuple[str, str, str, float]]:
    """Condition, what it was judged against, value and vote, of each clip that was judged by itself."""
    question = question_called(trial.question)
    kind = question.kind
    if kind in SETS:
        clips = judged_clips(question, trial)
        names = trial.conditions or ("",) * len(clips)
        votes = grades(value) if kind == SLIDERS else dict(zip(value.split(" "), (1, -1), strict=True))
        return [(name, "", str(votes[clip]) if kind == SLIDERS else value, float(votes.get(clip, 0)))
                for name, clip in zip(names, clips, strict=True)]
    is_second = kind == COMPARISON or (kind == PREFERENCE and value == "b")
    condition, against = (*(trial.conditions[::-1] if is_second else trial.conditions), "", "")[:2]
    return [(condition, against, value, float(value) if kind in (SCALE, COMPARISON) else float("nan"))]


def _alpha(rows: pd.DataFrame, is_scale: bool) -> float | None:
    codes = rows.vote if is_scale else pd.Series(pd.factorize(rows.value, sort=True)[0].astype(float), rows.index)
    unit = rows.trial + "|" + rows.condition if rows.duplicated(["listener", "trial"]).any() else rows.trial
    matrix = rows.assign(code=codes, unit=unit).pivot(index="listener", columns="unit", values="code")
    twice = matrix.loc[:, matrix.count() > 1]
    if twice.shape[1] == 0 or len(np.unique(twice.to_numpy()[twice.notna().to_numpy()])) < 2:
        return None
    return float(krippendorff.alpha(reliability_data=twice.to_numpy(), level_of_measurement="ordinal" if is_scale else "nominal"))


def _correlation(own: pd.Series, own_count: pd.Series, all_: pd.Series, all_count: pd.Series) -> float | None:
    shared = (own_count > 0) & (all_count > own_count)
    mine = (own / own_count)[shared].to_numpy()
    theirs = ((all_ - own) / (all_count - own_count))[shared].to_numpy()
    if len(mine) < FEWEST or np.ptp(mine) == 0 or np.ptp(theirs) == 0:
        return None
    found: Any = stats.spearmanr(mine, theirs)
    return float(found.statistic)
