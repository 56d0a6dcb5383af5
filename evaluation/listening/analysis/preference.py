"""Which system is preferred: Bradley-Terry scores (package choix) with intervals over listeners and items."""

from __future__ import annotations

from dataclasses import dataclass

import choix
import numpy as np
import pandas as pd
from scipy import stats

from evaluation.listening.analysis.intervals import LEVEL
from evaluation.listening.design.trials import RATED

DRAWS = 300  # resamples, each a fit
ALPHA = 0.01  # regularisation: keeps the score of a system finite that never lost


@dataclass(frozen=True)
class PreferenceScore:
    """Attributes:
        score: Bradley-Terry, in log odds, mean 0 over all compared. low, high: 95 % interval, None with one listener or item.
        wins, of: how often it was preferred, of how many comparisons.
    """

    condition: str
    score: float
    low: float | None
    high: float | None
    wins: int
    of: int


def preferences(table: pd.DataFrame, draws: int = DRAWS, seed: int = 0) -> list[PreferenceScore]:
    """Of every system and anchor that was compared, the best lower bound first.

    Listeners and items are resampled independently (as intervals.py), so intervals are on the wide side.
    """
    rows = table[(table.kind == RATED) & (table.question == "preference")]
    if rows.empty:
        return []
    names = sorted(set(rows.condition) | set(rows.against))
    won, lost = (rows[column].map(names.index).to_numpy() for column in ("condition", "against"))
    scores = _scores(won, lost, np.ones(len(rows)), len(names))
    lows, highs = _interval(rows, won, lost, len(names), draws, seed)
    wins, all_ = np.bincount(won, minlength=len(names)), np.bincount(np.concatenate([won, lost]), minlength=len(names))
    found = [PreferenceScore(name, float(scores[index]), None if lows is None else float(lows[index]),
                             None if highs is None else float(highs[index]), int(wins[index]), int(all_[index]))
             for index, name in enumerate(names)]
    return sorted(found, key=lambda one: -(one.score if one.low is None else one.low))


def _interval(rows: pd.DataFrame, won: np.ndarray, lost: np.ndarray, count: int, draws: int, seed: int):
    """(count,) lower and upper ends; None, None with one listener or one item."""
    listener, item = (np.unique(rows[column], return_inverse=True)[1] for column in ("listener", "pair"))
    people, things = np.arange(listener.max() + 1), np.arange(item.max() + 1)
    if min(len(people), len(things)) < 2:
        return None, None

    def scores(drawn_people, drawn_things):
        by_listener = np.bincount(drawn_people, minlength=len(people))
        by_item = np.bincount(drawn_things, minlength=len(things))
        return _scores(won, lost, by_listener[listener] * by_item[item], count)

    made = stats.bootstrap((people, things), scores, n_resamples=draws, vectorized=False, method="percentile",
                           confidence_level=LEVEL, rng=np.random.default_rng(seed))
    return made.confidence_interval.low, made.confidence_interval.high


def _scores(won: np.ndarray, lost: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    """(count,) maximum likelihood, mean 0."""
    matrix = np.zeros((count, count))
    np.add.at(matrix, (won, lost), weights)
    return choix.ilsr_pairwise_dense(matrix, alpha=ALPHA)
