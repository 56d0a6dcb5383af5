"""Systems and anchors that were graded side by side: MUSHRA (0 to 100) and best-worst scaling (-1 to 1).

Of MUSHRA the median, the quartiles and the mean. Of best-worst scaling how often a condition was the strongest minus how often it
was the weakest, as a share of the pages it stood on (Kiritchenko & Mohammad, ACL 2017). Intervals are those of intervals.py, over
listeners and items. Every two systems, and each with the hidden reference, are compared by Wilcoxon's signed-rank test
(rank_tests.py), with Holm's correction for the comparisons of a question.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from evaluation.listening.analysis.answers import asks
from evaluation.listening.analysis.intervals import Interval, bounded_mean, median_grade, ratings_of
from evaluation.listening.analysis.rank_tests import SystemComparison, holm, signed_rank_of_both
from evaluation.listening.design.questions import BEST_WORST, HIGHEST_GRADE, IMPAIRMENT, NATURAL, SETS, SLIDERS, question_called
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import RATED

ENDS = {SLIDERS: (0.0, float(HIGHEST_GRADE)), BEST_WORST: (-1.0, 1.0), IMPAIRMENT: (-4.0, 4.0)}


@dataclass(frozen=True)
class LevelScore:
    """Where a system or anchor stands on one question.

    Attributes:
        kind: of the question. mean: of the grades, or of the votes 1, 0 and -1. median: of the grades, None of best-worst.
        quartiles: of the grades, lower and upper. strongest, weakest: times it was chosen so, 0 of sliders.
    """

    question: str
    kind: str
    condition: str
    mean: Interval
    median: Interval | None
    quartiles: tuple[float, float]
    strongest: int
    weakest: int
    listeners: int
    ratings: int
    preliminary: bool


def level_scores(study: Study, table: pd.DataFrame, draws: int, seed: int) -> tuple[LevelScore, ...]:
    """By question, the best lower bound first. draws, seed: of the bootstrap."""
    rated = table[(table.kind == RATED) & asks(table, *SETS)]
    found = [_level(study, str(question), str(condition), rows, draws, seed)
             for (question, condition), rows in rated.groupby(["question", "condition"])]
    order = [question.name for question in study.questions]
    return tuple(sorted(found, key=lambda one: (order.index(one.question), -_lower(one))))


def level_comparisons(study: Study, table: pd.DataFrame, draws: int, seed: int) -> tuple[SystemComparison, ...]:
    """Every two systems, and each with the hidden reference, by their differences on pages on which both stood.

    Two difference grades (BS.1116) are compared where one listener gave both on one item.
    """
    rated = table[(table.kind == RATED) & asks(table, *SETS, IMPAIRMENT)]
    rated = rated.assign(trial=rated.trial.where(~asks(rated, IMPAIRMENT), rated.pair))
    found: list[SystemComparison] = []
    for question, rows in rated.groupby("question", sort=False):
        names = [name for name in (*study.systems, NATURAL) if (rows.condition == name).any()]
        couples = [(one, other, _differences(rows, one, other)) for one, other in combinations(names, 2)]
        couples = [couple for couple in couples if len(couple[2])]
        tests = holm([signed_rank_of_both(gaps) for _, _, gaps in couples])
        lowest, highest = ENDS[question_called(str(question)).kind]
        for (one, other, gaps), p in zip(couples, tests, strict=True):
            gap = bounded_mean([ratings_of(gaps)], lowest - highest, highest - lowest, draws, seed)
            found.append(SystemComparison(str(question), one, other, gap, p))
    return tuple(found)


def _level(study: Study, question: str, condition: str, rows: pd.DataFrame, draws: int, seed: int) -> LevelScore:
    kind, ratings = question_called(question).kind, ratings_of(rows)
    lower, upper = (float(end) for end in np.quantile(ratings.votes, (0.25, 0.75)))
    is_graded = kind == SLIDERS
    return LevelScore(
        question, kind, condition, bounded_mean([ratings], *ENDS[kind], draws, seed),
        median_grade(ratings, *ENDS[kind], draws, seed) if is_graded else None, (lower, upper),
        0 if is_graded else int((rows.vote == 1).sum()), 0 if is_graded else int((rows.vote == -1).sum()),
        rows.listener.nunique(), len(rows), len(rows) < study.rules.preliminary_below)


def _differences(rows: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    """One row a page on which both were graded; vote: the first minus the second."""
    sides = [rows.loc[rows.condition == name, ["listener", "trial", "pair", "vote"]] for name in (one, other)]
    both = sides[0].merge(sides[1], on=["listener", "trial", "pair"], suffixes=("", "_other"))
    return both.assign(vote=both.vote - both.vote_other)


def _lower(one: LevelScore) -> float:
    best = one.median or one.mean
    return best.value if best.low is None else best.low
