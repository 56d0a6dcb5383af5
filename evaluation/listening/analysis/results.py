"""A study's results, before and after screening, from the answers collected so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import pandas as pd
from scipy import stats

from evaluation.listening.analysis.answers import alphas, answer_table, asks, correlations
from evaluation.listening.analysis.choices import FITS, PreferenceScore, confusion, distribution, preferences, recognised
from evaluation.listening.analysis.couples import CoupleScore, couple_scores, order_effects
from evaluation.listening.analysis.intervals import DRAWS, Interval, mean_difference, mean_opinion, ratings_of
from evaluation.listening.analysis.levels import LevelScore, level_comparisons, level_scores
from evaluation.listening.analysis.rank_tests import SystemComparison, signed_rank
from evaluation.listening.analysis.screening import Verdict, screen
from evaluation.listening.design.questions import SCALE
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import RATED
from evaluation.listening.store.collected import Collected


@dataclass(frozen=True)
class OpinionScore:
    """Mean opinion score of a system or anchor for one question. preliminary: fewer ratings than the study's rules ask."""

    question: str
    condition: str
    mos: Interval
    listeners: int
    ratings: int
    preliminary: bool
    votes: Mapping[str, int]


@dataclass(frozen=True)
class Analysis:
    """One way of counting: everybody who did not withdraw, or only who passed screening.

    Attributes:
        opinions: of every question the best lower bound first. agreement: alpha by question. correlations: by listener.
        couples: two systems or anchors that were judged against each other. order_effects: by question, see couples.py.
        levels, level_differences: systems and anchors that were graded side by side, see levels.py.
        confusion: by system, target emotion and chosen emotion. recognised: by system (percent, low, high, answers).
    """

    listeners: int
    ratings: int
    opinions: tuple[OpinionScore, ...]
    compared: tuple[SystemComparison, ...]
    agreement: Mapping[str, float | None]
    correlations: Mapping[str, float | None]
    preferred: tuple[PreferenceScore, ...]
    confusion: Mapping[str, Mapping[str, Mapping[str, int]]]
    recognised: Mapping[str, tuple[float, float, float, int]]
    couples: tuple[CoupleScore, ...] = ()
    order_effects: Mapping[str, Interval] = field(default_factory=dict)
    levels: tuple[LevelScore, ...] = ()
    level_differences: tuple[SystemComparison, ...] = ()


@dataclass(frozen=True)
class StudyResults:
    """All that a study says.

    Attributes:
        verdicts: one a listener. devices: by counted listener, with what they listened.
        before, after: screening. closed: the study takes no more answers.
        draws, seed: of the bootstrap.
    """

    study: Study
    verdicts: tuple[Verdict, ...]
    devices: Mapping[str, str]
    before: Analysis
    after: Analysis
    closed: bool
    draws: int
    seed: int

    def document(self) -> dict[str, Any]:
        """JSON-able, everything."""
        info = self.study.info
        return {"study": self.study.id, "hash": self.study.hash, "closed": self.closed, "rules": info["rules"],
                "systems": list(info["systems"]), "questions": list(info["questions"]), "draws": self.draws, "seed": self.seed,
                "versions": info["versions"],
                **({"imported": self.study.imported} if self.study.imported else {}),
                "before": asdict(self.before), "after": asdict(self.after),
                "listeners": [asdict(verdict) | {"counts": verdict.counts} for verdict in self.verdicts]}


def results_of(study: Study, collected: Collected, draws: int = DRAWS, seed: int = 0) -> StudyResults:
    """Analyse what was collected, finished or not. draws, seed: of the bootstrap: same seed, same intervals."""
    return results_of_table(study, collected, answer_table(study, collected), draws, seed)


def results_of_table(study: Study, collected: Collected, table: pd.DataFrame, draws: int = DRAWS, seed: int = 0) -> StudyResults:
    """Of a table of answers, see answers.answer_table, which may also come from another tool. collected: for its listeners."""
    verdicts = screen(study.rules, collected, table)
    stayed = [verdict.listener for verdict in verdicts if not verdict.withdrawn]
    counted = [verdict.listener for verdict in verdicts if verdict.counts]
    before, after = (_analysis(study, table[table.listener.isin(group)], len(group), draws, seed) for group in (stayed, counted))
    devices = {who.listener: who.setup.get("device", "unknown") for who in collected.listeners if who.listener in counted}
    return StudyResults(study, verdicts, devices, before, after, collected.closed is not None, draws, seed)


def opinions_of(study: Study, table: pd.DataFrame, draws: int, seed: int) -> tuple[OpinionScore, ...]:
    """Mean opinion scores of a table of answers, by question and then by the interval's lower bound."""
    rated = table[(table.kind == RATED) & table.vote.notna() & asks(table, SCALE)]
    found = [OpinionScore(str(question), str(condition), mean_opinion(ratings_of(rows), draws, seed), rows.listener.nunique(),
                          len(rows), len(rows) < study.rules.preliminary_below, distribution(rows.vote))
             for (question, condition), rows in rated.groupby(["question", "condition"])]
    order = [question.name for question in study.questions]
    return tuple(sorted(found, key=lambda one: (order.index(one.question), one.mos.low is None, -(one.mos.low or one.mos.value))))


def comparisons_of(study: Study, table: pd.DataFrame, draws: int, seed: int) -> tuple[SystemComparison, ...]:
    """Every two systems on every scale; anchors are not tested."""
    compared = []
    votes = table[(table.kind == RATED) & table.vote.notna() & asks(table, SCALE)]
    for question, rows in votes.groupby("question", sort=False):
        sides = {system: rows[rows.condition == system] for system in study.systems if (rows.condition == system).any()}
        couples = list(combinations(sides, 2))
        tests = _adjusted([_signed_rank(sides[first], sides[second]) for first, second in couples])
        differences = [mean_difference(ratings_of(sides[first]), ratings_of(sides[second]), draws, seed)
                       for first, second in couples]
        compared += [SystemComparison(str(question), *couple, difference, p)
                     for couple, difference, p in zip(couples, differences, tests, strict=True)]
    return tuple(compared)


def _analysis(study: Study, table: pd.DataFrame, listeners: int, draws: int, seed: int) -> Analysis:
    rated = table[table.kind == RATED]
    return Analysis(
        listeners, len(rated), opinions_of(study, table, draws, seed), comparisons_of(study, table, draws, seed), alphas(table),
        correlations(table), tuple(preferences(table, min(draws, FITS), seed)), confusion(study, table), recognised(study, table),
        couple_scores(study, table, draws, seed), order_effects(table, draws, seed), level_scores(study, table, draws, seed),
        level_comparisons(study, table, draws, seed))


def _signed_rank(first: pd.DataFrame, second: pd.DataFrame) -> float | None:
    """Over listeners' mean votes; None where nobody rated both, or nobody differed."""
    means = pd.concat([side.groupby("listener").vote.mean() for side in (first, second)], axis=1, join="inner").to_numpy()
    return signed_rank(means[:, 0] - means[:, 1])


def _adjusted(tests: list[float | None]) -> list[float | None]:
    """The same tests, adjusted for their number after Benjamini and Hochberg."""
    known = [p for p in tests if p is not None]
    adjusted = iter(stats.false_discovery_control(known)) if known else iter(())
    return [None if p is None else float(next(adjusted)) for p in tests]
