"""Answers that are choices: which emotions were chosen, and which system is preferred.

Preference is scored after Bradley and Terry (package choix), with intervals over listeners and items.
"""

from __future__ import annotations

from dataclasses import dataclass

import choix
import numpy as np
import pandas as pd
from scipy import stats

from evaluation.listening.analysis.answers import asks
from evaluation.listening.analysis.intervals import LEVEL
from evaluation.listening.design.questions import FLOOR, PREFERENCE, VOTES
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import RATED

FITS = 300  # resamples, each a fit
ALPHA = 0.01  # regularisation: keeps the score of a system finite that never lost


def confusion(study: Study, table: pd.DataFrame) -> dict[str, dict[str, dict[str, int]]]:
    """By system or anchor, target emotion and chosen emotion: how often. Of the floor, the target is the source's own emotion."""
    rows = _choices(study, table)
    options = [*study.info["emotions"], "other"]
    return {str(condition): {str(target): {name: int((chosen.value == name).sum()) for name in options}
                             for target, chosen in own.groupby("target")}
            for condition, own in rows.groupby("condition", sort=True)}


def recognised(study: Study, table: pd.DataFrame) -> dict[str, tuple[float, float, float, int]]:
    """By system or anchor: percent of choices that are the target emotion, low and high end of its 95 % interval, answers.

    The interval is Clopper and Pearson's over answers, so it is somewhat narrow where listeners differ.
    """
    found = {}
    for condition, own in _choices(study, table).groupby("condition", sort=True):
        test = stats.binomtest(int((own.value == own.target).sum()), len(own))
        interval = test.proportion_ci(LEVEL, method="exact")
        found[condition] = (100 * float(test.statistic), 100 * float(interval.low), 100 * float(interval.high), len(own))
    return found


def distribution(votes: pd.Series) -> dict[str, int]:
    """How often each vote from 1 to 5 was given."""
    return {vote: int((votes == float(vote)).sum()) for vote in VOTES}


def _choices(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Rated choices whose target emotion is known, with a column `target`."""
    rows = table[(table.kind == RATED) & (table.question == "emotion-choice")]
    pairs = study.info["pairs"]
    target = [pairs[pair]["source_emotion" if condition == FLOOR else "emotion"]
              for pair, condition in zip(rows.pair, rows.condition, strict=True)]
    rows = rows.assign(target=target)
    return rows[rows.target != ""]


@dataclass(frozen=True)
class PreferenceScore:
    """How often a system or anchor was preferred.

    Attributes:
        score: Bradley-Terry, in log odds, mean 0 over all compared. low, high: 95 % interval, None with one listener or item.
        wins, of: how often it was preferred, of how many comparisons.
    """

    question: str
    condition: str
    score: float
    low: float | None
    high: float | None
    wins: int
    of: int


def preferences(table: pd.DataFrame, draws: int = FITS, seed: int = 0) -> list[PreferenceScore]:
    """Of every system and anchor that was compared, question by question and the best lower bound first.

    Listeners and items are resampled independently (as intervals.py), so intervals are on the wide side.
    """
    rated = table[(table.kind == RATED) & asks(table, PREFERENCE)]
    return [score for question, rows in rated.groupby("question", sort=False)
            for score in _preferences_of(str(question), rows, draws, seed)]


def _preferences_of(question: str, rows: pd.DataFrame, draws: int, seed: int) -> list[PreferenceScore]:
    names = sorted(set(rows.condition) | set(rows.against))
    won, lost = (rows[column].map(names.index).to_numpy() for column in ("condition", "against"))
    scores = _scores(won, lost, np.ones(len(rows)), len(names))
    lows, highs = _interval(rows, won, lost, len(names), draws, seed)
    wins, all_ = np.bincount(won, minlength=len(names)), np.bincount(np.concatenate([won, lost]), minlength=len(names))
    found = [PreferenceScore(question, name, float(scores[index]), None if lows is None else float(lows[index]),
                             None if highs is None else float(highs[index]), int(wins[index]), int(all_[index]))
             for index, name in enumerate(names)]
    return sorted(found, key=lambda one: -(one.score if one.low is None else one.low))


def _interval(rows: pd.DataFrame, won: np.ndarray, lost: np.ndarray, count: int, draws: int,
              seed: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """(count,) lower and upper ends; None, None with one listener or one item."""
    listener, item = (np.unique(rows[column], return_inverse=True)[1] for column in ("listener", "pair"))
    listeners, items = np.arange(listener.max() + 1), np.arange(item.max() + 1)
    if min(len(listeners), len(items)) < 2:
        return None, None

    def scores(drawn_listeners, drawn_items):
        by_listener = np.bincount(drawn_listeners, minlength=len(listeners))
        by_item = np.bincount(drawn_items, minlength=len(items))
        return _scores(won, lost, by_listener[listener] * by_item[item], count)

    interval = stats.bootstrap((listeners, items), scores, n_resamples=draws, vectorized=False, method="percentile",
                               confidence_level=LEVEL, rng=np.random.default_rng(seed)).confidence_interval
    return interval.low, interval.high


def _scores(won: np.ndarray, lost: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    """(count,) Bradley-Terry scores of greatest likelihood, mean 0; won, lost and weights: (n,) comparisons."""
    matrix = np.zeros((count, count))
    np.add.at(matrix, (won, lost), weights)
    return choix.ilsr_pairwise_dense(matrix, alpha=ALPHA)
