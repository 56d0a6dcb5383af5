"""Mean opinion scores and their differences with 95 % intervals over listeners and items.

Listeners differ (by over two points, Rosenberg 2017) and items differ, so both are resampled with replacement, independently,
by scipy.stats.bootstrap. A resample is the mean of the ratings of drawn listeners on drawn items (Owen 2007, "The pigeonhole
bootstrap"). That distribution has the right shape and never leaves the scale. It is known to be too wide, since it counts the
noise of single ratings three times; on simulated studies it covered 97 to 100 %. So it is narrowed around the mean to the
two-way clustered variance, V(listeners) + V(items) - V(ratings). Each term has its correction for few clusters (Cameron,
Gelbach & Miller 2011). The width is multiplied by Student's t over the normal quantile, with (fewer of listeners and items) - 1
degrees of freedom. benchmarks/listening_statistics.py measures what is then covered.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

DRAWS = 2000
LEVEL = 0.95
LOWEST, HIGHEST = 1.0, 5.0
BATCH = 500  # resamples worked on at a time
TINY = 1e-9  # an interval that is narrower has no width


@dataclass(frozen=True)
class Ratings:
    """Of one system and question. votes: (n,) float 1 to 5. listeners, items: (n,) names."""

    votes: np.ndarray
    listeners: np.ndarray
    items: np.ndarray


def ratings_of(rows: pd.DataFrame) -> Ratings:
    """Of rows of a table of answers, with the column vote."""
    return Ratings(rows.vote.to_numpy(), rows.listener.to_numpy(), rows.pair.to_numpy())


@dataclass(frozen=True)
class Interval:
    """value with its 95 % interval; low and high are None where there is none (one listener or one item)."""

    value: float
    low: float | None = None
    high: float | None = None


def mean_opinion(ratings: Ratings, draws: int = DRAWS, seed: int = 0) -> Interval:
    """The mean of the votes; its interval lies within 1 to 5.

    Where all votes are equal there is no spread to resample: the interval is then that of a share of listeners who vote
    otherwise (Clopper & Pearson's exact binomial interval), with their votes at the far end of the scale.
    """
    return bounded_mean([ratings], LOWEST, HIGHEST, draws, seed)


def bounded_mean(groups: Sequence[Ratings], lowest: float, highest: float, draws: int = DRAWS, seed: int = 0) -> Interval:
    """The mean of the groups' means, each group with the same weight; its interval lies within lowest to highest.

    Equal weights keep an effect that has the opposite sign in the other group out of the mean, such as that of the order.
    """
    share = 1 / len(groups)
    low, high = _resampled([(share, group) for group in groups], draws, seed)
    value = float(np.mean([group.votes.mean() for group in groups]))
    if low is None or high is None:
        return Interval(value)
    if high - low < TINY:
        listeners = len(np.unique(np.concatenate([np.asarray(group.listeners, dtype=str) for group in groups])))
        sure = float(stats.binomtest(listeners, listeners).proportion_ci(LEVEL, method="exact").low)
        return Interval(value, sure * value + (1 - sure) * lowest, sure * value + (1 - sure) * highest)
    return Interval(value, max(low, lowest), min(high, highest))


def median_grade(ratings: Ratings, lowest: float, highest: float, draws: int = DRAWS, seed: int = 0) -> Interval:
    """The median of the votes; its interval is that of a mean (above) with medians of the resamples in place of means."""
    value = float(np.median(ratings.votes))
    counts, numbers = zip(*(_numbered([side]) for side in (ratings.listeners, ratings.items)), strict=True)
    if min(counts) < 2:
        return Interval(value)
    order, dice = np.argsort(ratings.votes, kind="stable"), np.random.default_rng(seed)
    votes = ratings.votes[order]
    by_listener, by_item = (dice.multinomial(count, np.full(count, 1 / count), draws)[:, number[0][order]]
                            for count, number in zip(counts, numbers, strict=True))
    single = dice.multinomial(len(votes), np.full(len(votes), 1 / len(votes)), draws)
    both, ones, twos, threes = (_weighted_medians(votes, weights)
                                for weights in (by_listener * by_item, by_listener, by_item, single))
    narrowed = _narrowed(both, _clustered_variance(ones, counts[0], twos, counts[1], float(threes.var())), counts)
    low, high = np.quantile(value + narrowed * (both - value), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    if high - low < TINY:
        return bounded_mean([ratings], lowest, highest, draws, seed)
    return Interval(value, float(max(low, lowest)), float(min(high, highest)))


def _weighted_medians(votes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(at most draws,) of (n,) sorted votes with (draws, n) whole weights; resamples without any vote are left out."""
    sums = weights.cumsum(axis=1)
    total = sums[:, -1:]
    lower, upper = (sums * 2 >= total).argmax(axis=1), (sums * 2 > total).argmax(axis=1)
    return ((votes[lower] + votes[upper]) / 2)[total[:, 0] > 0]


def _narrowed(spread: np.ndarray, variance: float, counts: Sequence[int]) -> float:
    """By which a resampled distribution is narrowed around the value, see the top."""
    student = stats.t.ppf((1 + LEVEL) / 2, min(counts) - 1) / stats.norm.ppf((1 + LEVEL) / 2)
    return 0.0 if spread.var() == 0 else float(student * np.sqrt(variance / spread.var()))


def mean_difference(first: Ratings, second: Ratings, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Mean of the first minus mean of the second, the same resampled listeners and items for both."""
    low, high = _resampled([(1.0, first), (-1.0, second)], draws, seed)
    return Interval(float(first.votes.mean() - second.votes.mean()), low, high)


def _resampled(sides: Sequence[tuple[float, Ratings]], draws: int, seed: int) -> tuple[float | None, float | None]:
    """Interval of the signed sum of means."""
    listeners, listener_of = _numbered([side.listeners for _, side in sides])
    items, item_of = _numbered([side.items for _, side in sides])
    if min(listeners, items) < 2:
        return None, None
    tables = [(sign, *_tables(side.votes, by, on, (listeners, items)))
              for (sign, side), by, on in zip(sides, listener_of, item_of, strict=True)]

    def both(drawn_listeners, drawn_items, axis=-1):
        return _signed_means(tables, _counts(drawn_listeners, listeners), _counts(drawn_items, items))

    def by_listener(drawn, axis=-1):
        return both(drawn, np.arange(items))

    def by_item(drawn, axis=-1):
        return both(np.arange(listeners), drawn)

    value = float(by_item(np.arange(items)))
    every = np.arange(listeners), np.arange(items)
    spread = _distribution(every, both, draws, seed)
    variance = _clustered_variance(_distribution(every[:1], by_listener, draws, seed + 1), listeners,
                                   _distribution(every[1:], by_item, draws, seed + 2), items,
                                   sum((sign * stats.sem(side.votes)) ** 2 for sign, side in sides if len(side.votes) > 1))
    if len(spread) < draws / 2:
        return None, None
    narrowed = _narrowed(spread, variance, (listeners, items))
    low, high = np.quantile(value + narrowed * (spread - value), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _clustered_variance(by_listener: np.ndarray, listeners: int, by_item: np.ndarray, items: int, ratings: float) -> float:
    """Two-way; where the subtraction leaves next to nothing (a difference, of which biases cancel), the smaller one-way one."""
    first = by_listener.var() * listeners / (listeners - 1)
    second = by_item.var() * items / (items - 1)
    return max(first + second - ratings, min(first, second))


def _distribution(data: tuple[np.ndarray, ...], statistic, draws: int, seed: int) -> np.ndarray:
    """(at most draws,) resampled values; resamples without any rating are left out."""
    with warnings.catch_warnings(action="ignore", category=stats.DegenerateDataWarning):  # for those resamples
        values = stats.bootstrap(data, statistic, n_resamples=draws, batch=BATCH, vectorized=True, method="percentile",
                                 rng=np.random.default_rng(seed)).bootstrap_distribution
    return values[np.isfinite(values)]


def _signed_means(tables, listener_counts: np.ndarray, item_counts: np.ndarray) -> np.ndarray:
    """(draws,) from (draws or 1, listeners) and (draws or 1, items) counts."""
    total: Any = 0.0
    for sign, votes, numbers in tables:
        count = ((listener_counts @ numbers) * item_counts).sum(axis=-1)
        summed = ((listener_counts @ votes) * item_counts).sum(axis=-1)
        total = total + sign * np.divide(summed, count, out=np.full(count.shape, np.nan), where=count > 0)
    return total


def _counts(drawn: np.ndarray, size: int) -> np.ndarray:
    """How often each of `size` is among the drawn: (..., n) indices to (..., size) float."""
    drawn = np.asarray(drawn)
    rows = drawn.reshape(-1, drawn.shape[-1])
    places = rows + size * np.arange(len(rows))[:, None]
    return np.bincount(places.ravel(), minlength=size * len(rows)).reshape(*drawn.shape[:-1], size).astype(float)


def _tables(votes: np.ndarray, listeners: np.ndarray, items: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """(listeners, items) sums and numbers of votes."""
    sums, numbers = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (listeners, items), votes)
    np.add.at(numbers, (listeners, items), 1)
    return sums, numbers


def _numbered(names: Sequence[np.ndarray]) -> tuple[int, list[np.ndarray]]:
    """How many different names, and per side which each is."""
    known, numbers = np.unique(np.concatenate([np.asarray(side, dtype=str) for side in names]), return_inverse=True)
    return len(known), np.split(numbers, np.cumsum([len(side) for side in names])[:-1])
