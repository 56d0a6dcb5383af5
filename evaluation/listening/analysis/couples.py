"""Two systems or anchors judged against each other: comparison (CMOS, -3 to 3), preference (A or B), ABX (which one is X), and of
imported answers the grade of a system minus that of the hidden reference (ITU-R BS.1116, -4 to 4; above 0 where a listener took
one for the other).

Which clip comes first sways listeners (ITU-T P.800, annex E). So both orders have the same weight in a score, and the effect of
the order is reported by itself. Intervals are those of intervals.py, over listeners and items. p is Wilcoxon's signed-rank test
against no difference (rank_tests.py), with Holm's correction for the couples of a question.

d' of ABX is that of the differencing model, which fits items that change from trial to trial (Macmillan & Creelman 2005, chapter
9): right in Phi(d'/sqrt 2) Phi(d'/sqrt 6) + Phi(-d'/sqrt 2) Phi(-d'/sqrt 6) of the trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from evaluation.listening.analysis.answers import asks
from evaluation.listening.analysis.intervals import Interval, bounded_mean, ratings_of
from evaluation.listening.analysis.rank_tests import holm, signed_rank_of_both
from evaluation.listening.design.questions import (
    ABX,
    ANCHORS,
    COMPARED,
    COMPARISON,
    COUPLES,
    IMPAIRMENT,
    PREFERENCE,
    question_called,
)
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import RATED

BOUNDS = {COMPARISON: (-3.0, 0.0, 3.0), PREFERENCE: (0.0, 50.0, 100.0), ABX: (0.0, 50.0, 100.0),
          IMPAIRMENT: (-4.0, 0.0, 4.0)}  # lowest, no difference, highest
FOUND, TIED, MISSED = "found", "tied", "missed"  # the hidden reference, by which of two grades is higher


@dataclass(frozen=True)
class CoupleScore:
    """What listeners said of two systems or anchors side by side.

    Attributes:
        kind: of the question. first, second: systems before anchors, in the study's order.
        score: of a comparison the mean vote for the first against the second, -3 to 3; of a preference the percentage that
            prefers the first; of ABX the percentage of right answers; of BS.1116 the mean difference grade, -4 to 4.
        p: adjusted (Holm); None where no listener leans to either side.
        votes: how often each vote was given, seen from the first: '-3' to '3', the names of both, 'right' and 'wrong', or of
            BS.1116 how often the hidden reference was found, missed or graded like the system.
        ordered: whether it is known which clip came first; of imported answers it is not.
        sensitivity: d' of ABX with the ends that the score's interval gives; None elsewhere, and where all answers are right.
    """

    question: str
    kind: str
    first: str
    second: str
    score: Interval
    p: float | None
    listeners: int
    ratings: int
    preliminary: bool
    votes: Mapping[str, int]
    sensitivity: Interval | None = None
    ordered: bool = True


def couple_scores(study: Study, table: pd.DataFrame, draws: int, seed: int) -> tuple[CoupleScore, ...]:
    """Every couple that was judged, by question. draws, seed: of the bootstrap."""
    rated = table[(table.kind == RATED) & asks(table, *COUPLES)]
    ranks = _ranks(study.systems)
    found: list[CoupleScore] = []
    for question, rows in rated.groupby("question", sort=False):
        rows = seen_from_first(rows, question_called(str(question)).kind, study.systems)
        groups = {couple: own for couple, own in rows.groupby(["first", "second"])}
        names = sorted(groups, key=lambda couple: tuple(ranks[str(name)] for name in couple))
        kind = question_called(str(question)).kind
        tests = holm([_test(groups[name], kind) for name in names])
        found += [_score(study, str(question), groups[name], p, draws, seed) for name, p in zip(names, tests, strict=True)]
    return tuple(found)


def order_effects(table: pd.DataFrame, draws: int, seed: int) -> dict[str, Interval]:
    """By question of comparisons, the mean vote for whatever came second: 0 where the order does not matter.

    Imported answers do not say what came second, so they have none.
    """
    rated = table[(table.kind == RATED) & asks(table, COMPARISON) & (table.order != "")]
    return {str(question): bounded_mean([ratings_of(rows)], *_ends(COMPARISON), draws, seed)
            for question, rows in rated.groupby("question", sort=False)}


def seen_from_first(rows: pd.DataFrame, kind: str, systems: Sequence[str]) -> pd.DataFrame:
    """With columns first and second (systems before anchors), and votes for the first of each couple.

    Votes are -3 to 3, of BS.1116 -4 to 4, or 100 where it is preferred (of ABX: the answer is right), else 0.
    """
    ranks = _ranks(systems)
    couples = [sorted(couple, key=ranks.__getitem__) for couple in zip(rows.condition, rows.against, strict=True)]
    rows = rows.assign(first=[first for first, _ in couples], second=[second for _, second in couples])
    if kind == ABX:
        return rows.assign(vote=100.0 * rows.right.astype(bool))
    is_condition = rows.condition == rows["first"]
    is_graded = kind in (COMPARISON, IMPAIRMENT)
    return rows.assign(vote=rows.vote.where(is_condition, -rows.vote) if is_graded else 100.0 * is_condition)


def _ranks(systems: Sequence[str]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate((*systems, *ANCHORS))}


def _score(study: Study, question: str, rows: pd.DataFrame, p: float | None, draws: int, seed: int) -> CoupleScore:
    kind, first, second = question_called(question).kind, rows["first"].iloc[0], rows["second"].iloc[0]
    orders = [ratings_of(own) for _, own in rows.groupby("order")]
    score = bounded_mean(orders, *_ends(kind), draws, seed)
    return CoupleScore(question, kind, first, second, score, p, rows.listener.nunique(), len(rows),
                       len(rows) < study.rules.preliminary_below, _votes(rows, kind),
                       _sensitivity(score) if kind == ABX else None, bool((rows.order != "").any()))


def _votes(rows: pd.DataFrame, kind: str) -> dict[str, int]:
    """As CoupleScore.votes."""
    if kind == COMPARISON:
        return {vote: int((rows.vote == float(vote)).sum()) for vote in COMPARED}
    if kind == IMPAIRMENT:
        signs = np.sign(rows.vote)
        return {name: int((signs == sign).sum()) for name, sign in ((FOUND, -1), (TIED, 0), (MISSED, 1))}
    names = ("right", "wrong") if kind == ABX else (rows["first"].iloc[0], rows["second"].iloc[0])
    return {name: int((rows.vote == value).sum()) for name, value in zip(names, (100, 0), strict=True)}


def sensitivity(percent: float) -> float | None:
    """d' of so many percent of right answers; 0 at chance and below, None where every answer is right."""
    if percent <= 50 or percent >= 100:
        return 0.0 if percent <= 50 else None
    return float(brentq(lambda d: 100 * right_share(d) - percent, 0, 40))  # pyright: ignore[reportArgumentType]


def right_share(d: float) -> float:
    """Share of right answers at d', see above."""
    wide, narrow = d / np.sqrt(2), d / np.sqrt(6)
    return float(stats.norm.cdf(wide) * stats.norm.cdf(narrow) + stats.norm.cdf(-wide) * stats.norm.cdf(-narrow))


def _sensitivity(score: Interval) -> Interval | None:
    value = sensitivity(score.value)
    if value is None or score.low is None or score.high is None:
        return None if value is None else Interval(value)
    return Interval(value, sensitivity(score.low), sensitivity(score.high))


def _test(rows: pd.DataFrame, kind: str) -> float | None:
    return signed_rank_of_both(rows.assign(vote=rows.vote - BOUNDS[kind][1]))


def _ends(kind: str) -> tuple[float, float]:
    return BOUNDS[kind][0], BOUNDS[kind][2]
