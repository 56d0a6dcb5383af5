"""What difference between two systems a study will find, by simulation of its own design and its own intervals.

Every simulated study has the sets of the real one, each listener a whole set, and votes after the model of variances.py. A
difference is found where its 95 % interval (intervals.py, as the results will have it) leaves out no difference, on the right
side. Anchors, checks and other comparisons are not simulated: the number is that of one comparison of two systems.

The smallest difference that is found with 80 % probability: simulated studies with a difference d have intervals with lower ends
e. Where the fifth part of these ends lies at q above no difference, d - q is taken next. Two rounds of few studies come near, and
the last round of many studies says what is left. Its error is that of the quantile (binomial order statistics).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from evaluation.listening.analysis.couples import BOUNDS
from evaluation.listening.analysis.intervals import HIGHEST, LOWEST, Interval, Ratings, bounded_mean, mean_difference
from evaluation.listening.analysis.variances import VarianceComponents, mean_vote
from evaluation.listening.design.questions import ABX, COMPARISON, COUPLES, HIGHEST_GRADE, PREFERENCE, QUESTIONS, SCALE, SLIDERS
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import RATED
from evaluation.listening.errors import StudyError

PROBABILITY = 0.8
SIMULATIONS = 100
DRAWS = 200  # of each interval
LEVEL = 0.95  # of errors
NEAR = 0.98  # of the largest difference that the scale allows
SCALES = {SCALE: (int(LOWEST), int(HIGHEST)), SLIDERS: (0, HIGHEST_GRADE), COMPARISON: (-3, 3)}
EASE, LEAST = 10_000, 30  # listeners times items up to which all simulations are made; the fewest of larger studies
MOST_LISTENERS = 1000  # of whom a simulation takes seconds


@dataclass(frozen=True)
class Power:
    """What a study will find on one question.

    Attributes:
        smallest: difference that is found with 80 % probability; None where not even the largest is. In points of the scale; of a
            preference, and of right answers of ABX, in percentage points above 50. error: half its 95 % interval.
        named, probability: a difference that was asked for and with which probability it is found, None where none was.
        probability_error: half its 95 % interval.
        ratings: of each of the two systems; of couples, of the couple. simulations: studies for each number.
    """

    question: str
    smallest: float | None
    error: float | None
    ratings: int
    simulations: int
    named: float | None = None
    probability: float | None = None
    probability_error: float | None = None


@dataclass(frozen=True)
class _Layout:
    """Who judges what: by vote (n,) the listener, the item, the system (0 or 1), and the order (1: the first comes second)."""

    listeners: np.ndarray
    items: np.ndarray
    systems: np.ndarray
    orders: np.ndarray


def question_power(study: Study, question: str, components: VarianceComponents, level: float = 3.5, named: float | None = None,
                   simulations: int = SIMULATIONS, seed: int = 0) -> Power | None:
    """Of the first two systems; the design treats every two alike.

    Args:
        level: mean vote of the two systems, of scales and sliders. named: a difference to give the probability of.
    Returns:
        None where the study has no two systems, fewer than two listeners or items, or more than 1,000 listeners.
    Raises:
        StudyError: the named difference is not above 0, or more than the scale allows.
    """
    kind = QUESTIONS[question].kind
    layout = _layout(study, question, kind)
    if layout is None:
        return None
    most = NEAR * _room(kind, level)
    if named is not None and not 0 < named <= most:
        raise StudyError(f"A difference of {named:g} cannot be on {question}; name one above 0 and up to {most:.3g}.")
    size = (layout.listeners.max() + 1) * (layout.items.max() + 1)
    simulations = max(min(LEAST, simulations), int(simulations * min(1.0, EASE / size)))
    begun = seed * 1_000_003

    def ends(difference: float, count: int) -> np.ndarray:
        """(count,) lower ends of intervals, as seen from no difference."""
        votes = _voting(kind, layout, components, level, difference)
        found = [_interval(kind, layout, votes(begun + number), begun + number) for number in range(count)]
        return np.array([-np.inf if one.low is None else one.low for one in found]) - BOUNDS.get(kind, (0, 0.0, 0))[1]

    difference = most / 4
    for _ in range(2):
        difference = _next(difference, ends(difference, max(20, simulations // 5)), most)
    last = ends(difference, simulations)
    smallest = difference - np.quantile(last, 1 - PROBABILITY)
    found = (None, None) if smallest > most or not np.isfinite(smallest) else (float(smallest), _error(last))
    ratings = int(np.sum(layout.systems == 0))
    if named is None:
        return Power(question, *found, ratings, simulations)
    hits = int(np.sum(ends(named, simulations) > 0))
    ci = stats.binomtest(hits, simulations).proportion_ci(LEVEL, method="wilson")
    return Power(question, *found, ratings, simulations, named, hits / simulations, float(ci.high - ci.low) / 2)


def _next(difference: float, ends: np.ndarray, most: float) -> float:
    quantile = np.quantile(ends, 1 - PROBABILITY)
    return float(np.clip(difference - quantile, most / 1000, most)) if np.isfinite(quantile) else most


def _error(ends: np.ndarray) -> float:
    """Half the 95 % interval of the quantile of lower ends."""
    count = len(ends)
    ranks = stats.binom.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], count, 1 - PROBABILITY).astype(int)
    low, high = np.sort(ends)[np.clip(ranks, 0, count - 1)]
    return float(high - low) / 2


def _room(kind: str, level: float) -> float:
    """The largest difference of mean votes around a level."""
    if kind in (PREFERENCE, ABX):
        return 50.0
    lowest, highest = SCALES[kind]
    return float(highest) if kind == COMPARISON else 2 * min(level - lowest, highest - level)


def _layout(study: Study, question: str, kind: str) -> _Layout | None:
    """As the sets are dealt: listener after listener gets the next set, as listeners that all finish do."""
    if len(study.systems) < 2 or study.info["listeners"] > MOST_LISTENERS:
        return None
    first, second = study.systems[:2]
    rows = []
    for listener in range(study.info["listeners"]):
        for trial in study.design.cells[listener % len(study.design.cells)]:
            if trial.question != question or trial.kind != RATED:
                continue
            if kind in COUPLES or kind == SLIDERS:
                if {first, second} <= set(trial.conditions):
                    rows.append((listener, trial.pair, 0, trial.conditions[0] != first))
            elif trial.conditions[0] in (first, second):
                rows.append((listener, trial.pair, int(trial.conditions[0] == second), False))
    if not rows:
        return None
    listeners, pairs, systems, orders = (np.array(column) for column in zip(*rows, strict=True))
    items = np.unique(pairs, return_inverse=True)[1]
    if min(len(np.unique(listeners)), items.max() + 1) < 2:
        return None
    return _Layout(listeners, items, systems, np.where(orders, 1.0, -1.0))


def _voting(kind: str, layout: _Layout, spread: VarianceComponents, level: float,
            difference: float) -> Callable[[int], np.ndarray]:
    """A function that gives (n,) votes by a seed; of sliders (2, n)."""
    if kind in COUPLES:
        gap = _gap(kind, spread, difference)
        return lambda seed: _couple_votes(kind, layout, spread, gap, np.random.default_rng(seed))
    lowest, highest = SCALES[kind]
    opinions = [_opinion(level + side * difference / 2, spread.spread, lowest, highest) for side in (1, -1)]
    return lambda seed: _single_votes(kind, layout, spread, opinions, np.random.default_rng(seed))


def _couple_votes(kind: str, layout: _Layout, spread: VarianceComponents, gap: float, dice: np.random.Generator) -> np.ndarray:
    """Seen from the first system."""
    leans = (dice.normal(0, spread.listener_by_system, layout.listeners.max() + 1)[layout.listeners]
             + dice.normal(0, spread.item_by_system, layout.items.max() + 1)[layout.items])
    felt = gap + leans + spread.order * layout.orders + dice.normal(0, spread.residual, len(leans))
    return np.clip(np.rint(felt), *SCALES[COMPARISON]) if kind == COMPARISON else 100.0 * (felt > 0)


def _single_votes(kind: str, layout: _Layout, spread: VarianceComponents, opinions: list[float],
                  dice: np.random.Generator) -> np.ndarray:
    listeners, items = layout.listeners.max() + 1, layout.items.max() + 1
    bias = dice.normal(0, spread.listener, listeners) + dice.normal(0, spread.listener_by_system, (2, listeners))
    effect = dice.normal(0, spread.item, items) + dice.normal(0, spread.item_by_system, (2, items))
    noise = dice.normal(0, spread.residual, (2, len(layout.items)))
    felt = np.array(opinions)[:, None] + bias[:, layout.listeners] + effect[:, layout.items] + noise
    votes = np.clip(np.rint(felt), *SCALES[kind])
    return votes if kind == SLIDERS else votes[layout.systems, np.arange(len(layout.systems))]


def _interval(kind: str, layout: _Layout, votes: np.ndarray, seed: int) -> Interval:
    """As results.py, couples.py and levels.py compare two systems."""

    def ratings(which: np.ndarray, values: np.ndarray = votes) -> Ratings:
        return Ratings(values[which], layout.listeners[which], layout.items[which])

    if kind == SCALE:
        return mean_difference(ratings(layout.systems == 0), ratings(layout.systems == 1), DRAWS, seed)
    if kind == SLIDERS:
        everything = np.ones(len(layout.items), dtype=bool)
        return bounded_mean([ratings(everything, votes[0] - votes[1])], -HIGHEST_GRADE, HIGHEST_GRADE, DRAWS, seed)
    orders = [ratings(layout.orders == order) for order in np.unique(layout.orders)]
    return bounded_mean(orders, BOUNDS[kind][0], BOUNDS[kind][2], DRAWS, seed)


def _opinion(vote: float, spread: float, lowest: int, highest: int) -> float:
    """The opinion whose votes have this mean."""
    ends = lowest - 9 * spread, highest + 9 * spread
    return float(brentq(lambda opinion: mean_vote(opinion, spread, lowest, highest) - vote, *ends))  # pyright: ignore


def _gap(kind: str, spread: VarianceComponents, difference: float) -> float:
    """How much the first is preferred, so that votes differ by this on average over both orders."""
    wide = float(np.sqrt(spread.listener_by_system**2 + spread.item_by_system**2 + spread.residual**2))

    def above(gap: float) -> float:
        both = gap + spread.order, gap - spread.order
        if kind == COMPARISON:
            return float(np.mean([mean_vote(one, wide, *SCALES[kind]) for one in both])) - difference
        return float(np.mean(stats.norm.cdf(both, scale=wide))) * 100 - 50 - difference

    return float(brentq(above, -1.0, 12 + 12 * wide))  # pyright: ignore[reportArgumentType]
