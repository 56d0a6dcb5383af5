"""Two systems or anchors judged against each other: comparison (CMOS, -3 to 3) and preference (A or B).

Which clip comes first sways listeners (ITU-T P.800, annex E). So both orders have the same weight in a score, and the effect of
the order is reported by itself. Intervals are those of intervals.py, over listeners and items. p is Wilcoxon's signed-rank test
against no difference (rank_tests.py), with Holm's correction for the couples of a question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from evaluation.listening.analysis.answers import asks
from evaluation.listening.analysis.intervals import Interval, bounded_mean, ratings_of
from evaluation.listening.analysis.rank_tests import holm, signed_rank_of_both
from evaluation.listening.design.questions import ANCHORS, COMPARED, COMPARISON, COUPLES, PREFERENCE, QUESTIONS
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import RATED

BOUNDS = {COMPARISON: (-3.0, 0.0, 3.0), PREFERENCE: (0.0, 50.0, 100.0)}  # lowest, no difference, highest


@dataclass(frozen=True)
class CoupleScore:
    """What listeners said of two systems or anchors side by side.

    Attributes:
        kind: of the question. first, second: systems before anchors, in the study's order.
        score: of a comparison the mean vote for the first against the second, -3 to 3; of a preference the percentage that
            prefers the first.
        p: adjusted (Holm); None where no listener leans to either side.
        votes: how often each vote was given, seen from the first: '-3' to '3', or the names of both.
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


def couple_scores(study: Study, table: pd.DataFrame, draws: int, seed: int) -> tuple[CoupleScore, ...]:
    """Every couple that was judged, by question. draws, seed: of the bootstrap."""
    rated = table[(table.kind == RATED) & asks(table, *COUPLES)]
    ranks = {name: rank for rank, name in enumerate((*study.systems, *ANCHORS))}
    found: list[CoupleScore] = []
    for question, rows in rated.groupby("question", sort=False):
        first = [min(couple, key=ranks.__getitem__) for couple in zip(rows.condition, rows.against, strict=True)]
        second = [max(couple, key=ranks.__getitem__) for couple in zip(rows.condition, rows.against, strict=True)]
        rows = _seen_from(rows.assign(first=first, second=second), QUESTIONS[str(question)].kind)
        groups = {couple: own for couple, own in rows.groupby(["first", "second"])}
        names = sorted(groups, key=lambda couple: (ranks[couple[0]], ranks[couple[1]]))
        kind = QUESTIONS[str(question)].kind
        tests = holm([_test(groups[name], kind) for name in names])
        found += [_score(study, str(question), groups[name], p, draws, seed) for name, p in zip(names, tests, strict=True)]
    return tuple(found)


def order_effects(table: pd.DataFrame, draws: int, seed: int) -> dict[str, Interval]:
    """By question of comparisons, the mean vote for whatever came second: 0 where the order does not matter."""
    rated = table[(table.kind == RATED) & asks(table, COMPARISON)]
    return {str(question): bounded_mean([ratings_of(rows)], *_ends(COMPARISON), draws, seed)
            for question, rows in rated.groupby("question", sort=False)}


def _seen_from(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """With votes for the first of each couple: -3 to 3, or 100 where it is preferred and 0 where it is not."""
    is_condition = rows.condition == rows["first"]
    return rows.assign(vote=rows.vote.where(is_condition, -rows.vote) if kind == COMPARISON else 100.0 * is_condition)


def _score(study: Study, question: str, rows: pd.DataFrame, p: float | None, draws: int, seed: int) -> CoupleScore:
    kind, first, second = QUESTIONS[question].kind, rows["first"].iloc[0], rows["second"].iloc[0]
    orders = [ratings_of(own) for _, own in rows.groupby("order")]
    votes = ({vote: int((rows.vote == float(vote)).sum()) for vote in COMPARED} if kind == COMPARISON
             else {first: int((rows.vote == 100).sum()), second: int((rows.vote == 0).sum())})
    return CoupleScore(question, kind, first, second, bounded_mean(orders, *_ends(kind), draws, seed), p,
                       rows.listener.nunique(), len(rows), len(rows) < study.rules.preliminary_below, votes)


def _test(rows: pd.DataFrame, kind: str) -> float | None:
    return signed_rank_of_both(rows.assign(vote=rows.vote - BOUNDS[kind][1]))


def _ends(kind: str) -> tuple[float, float]:
    return BOUNDS[kind][0], BOUNDS[kind][2]
