"""How much votes vary, and from what: listeners, items, both with the system, and the rest.

A listener's opinion of a system on an item is a sum of normal terms: the system's level, the listener's bias, the item's effect,
the listener's taste for this system, how well the item suits it, and the rest. Of two clips side by side only what differs is
left: a lean of the listener, a lean of the item, and the rest. The vote is the nearest whole number on the scale.

Variances are estimated by MINQUE(0) with the systems as fixed effects (Rao 1972; Searle, Casella & McCulloch 1992, chapter 11).
It has no bias in any unbalanced design and needs no iteration. Negative estimates are 0. The rounding of a vote adds 1/12, which
is taken off again (Sheppard).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse, stats

from evaluation.listening.analysis.couples import seen_from_first
from evaluation.listening.design.questions import ABX, ANCHORS, COMPARISON, COUPLES, PREFERENCE, QUESTIONS, SCALE, SLIDERS

ESTIMATED = (SCALE, SLIDERS, COMPARISON, PREFERENCE, ABX)  # kinds of questions of which two systems can be told apart by a vote
POINT = 25  # grades of a slider that make one of five points
ROUNDING = 1 / 12
LEAST_RESIDUAL = 0.05
FEWEST = 3  # listeners and items below which a variance says nothing


@dataclass(frozen=True)
class VarianceComponents:
    """Standard deviations in points of the scale; of a preference and of ABX in units of the residual of a normal opinion.

    Attributes:
        listener, item: of votes on one system; they cancel where two are judged side by side.
        listener_by_system, item_by_system: what a listener, or an item, adds for one system. Of two side by side, their leans.
        order: what the second of two clips gains.
    """

    listener: float = 0.5
    item: float = 0.4
    listener_by_system: float = 0.2
    item_by_system: float = 0.2
    residual: float = 0.7
    order: float = 0.2

    @property
    def spread(self) -> float:
        """Standard deviation of one opinion."""
        return float(np.sqrt(self.listener**2 + self.item**2 + self.listener_by_system**2 + self.item_by_system**2
                             + self.residual**2))


POINTS = VarianceComponents()  # of opinions on five points, where nothing is known
_LEAN = float(np.sqrt(2)) * POINTS.listener_by_system, float(np.sqrt(2)) * POINTS.item_by_system
_BINARY = VarianceComponents(0, 0, _LEAN[0] / POINTS.residual, _LEAN[1] / POINTS.residual, 1, POINTS.order / POINTS.residual)
USUAL: Mapping[str, VarianceComponents] = {
    SCALE: POINTS,
    SLIDERS: VarianceComponents(*(POINT * value for value in (0.5, 0.4, 0.2, 0.2, 0.7)), order=0),
    COMPARISON: VarianceComponents(0, 0, *_LEAN, POINTS.residual, POINTS.order),
    PREFERENCE: _BINARY,
    ABX: VarianceComponents(0, 0, _BINARY.listener_by_system, _BINARY.item_by_system, 1, 0),
}
USUAL_LEVEL = {SCALE: 3.5, SLIDERS: 62.5}  # the mean vote of two systems, where nothing is known


@dataclass(frozen=True)
class QuestionVariances:
    """What an earlier study says of one question. level: mean vote of its systems, 0 of couples."""

    question: str
    components: VarianceComponents
    level: float
    listeners: int
    ratings: int


def question_variances(question: str, rows: pd.DataFrame, systems: tuple[str, ...]) -> QuestionVariances | None:
    """Of the rated and counted rows of one question, as answer_table has them; None where there are too few.

    Anchors are left out where two systems are left: their votes crowd at the ends of the scale.
    """
    kind = QUESTIONS[question].kind
    if kind in COUPLES:
        rows = seen_from_first(rows, kind, systems)
    own = rows[~rows.condition.isin(ANCHORS) & ~rows.against.isin(ANCHORS)]
    rows = own if len(own) and (kind in COUPLES or own.condition.nunique() > 1) else rows
    listeners, items = rows.listener.nunique(), rows.pair.nunique()
    if min(listeners, items) < FEWEST:
        return None
    found = _side_by_side(rows, kind) if kind in COUPLES else _alone(rows, kind)
    return QuestionVariances(question, found, 0.0 if kind in COUPLES else float(rows.vote.mean()), listeners, len(rows))


def mean_vote(opinion: float, spread: float, lowest: int, highest: int) -> float:
    """Of votes that are the nearest whole number to a normal opinion, within lowest to highest."""
    edges = np.array([-np.inf, *(np.arange(lowest, highest) + 0.5), np.inf])
    return float(np.arange(lowest, highest + 1) @ np.diff(stats.norm.cdf(edges, opinion, spread)))


def variances(votes: np.ndarray, fixed: np.ndarray, groups: Mapping[str, np.ndarray]) -> dict[str, float]:
    """By name of a group, and of "residual", the variance that it adds to (n,) votes, by MINQUE(0); at least 0.

    Args:
        fixed: (n,) names, whose means are taken off. groups: by name, (n,) of which level a vote is.
    """
    levels = {name: _incidence(one) for name, one in groups.items()} | {"residual": sparse.identity(len(votes), format="csr")}
    means, names = _incidence(fixed), list(levels)
    per_mean = np.asarray(means.sum(axis=0)).ravel()
    left = votes - means @ ((means.T @ votes) / per_mean)
    sides = {name: np.asarray((level.T @ means).todense()) for name, level in levels.items()}
    left_sides = [float(np.sum((levels[name].T @ left) ** 2)) for name in names]
    equations = [[_norm((levels[one].T @ levels[other]).tocoo(), sides[one] / per_mean, sides[other]) for other in names]
                 for one in names]
    solved = np.linalg.lstsq(np.array(equations), np.array(left_sides), rcond=None)[0]
    return {name: max(0.0, float(value)) for name, value in zip(names, solved, strict=True)}


def _alone(rows: pd.DataFrame, kind: str) -> VarianceComponents:
    found = variances(rows.vote.to_numpy(float), _names(rows, "condition"), {
        "listener": _names(rows, "listener"), "item": _names(rows, "pair"),
        "listener_by_system": _names(rows, "listener", "condition"), "item_by_system": _names(rows, "pair", "condition")})
    return VarianceComponents(**_deviations(found), order=0)


def _side_by_side(rows: pd.DataFrame, kind: str) -> VarianceComponents:
    """Of couples: the listener's and the item's lean to one of the two. What comes first is a fixed effect."""
    found = variances(rows.vote.to_numpy(float), _names(rows, "order"), {
        "listener_by_system": _names(rows, "listener", "first", "second"),
        "item_by_system": _names(rows, "pair", "first", "second")})
    if kind == COMPARISON:
        return VarianceComponents(0, 0, **_deviations(found), order=_order(rows))
    # Two normal opinions of correlation r are on the same side of their mean in 1/4 + asin(r)/(2 pi) of the cases.
    shares = {name: np.sin(2 * np.pi * min(found[name] / 100**2, 0.2)) for name in ("listener_by_system", "item_by_system")}
    rest = max(0.1, 1 - sum(shares.values()))
    return VarianceComponents(0, 0, *(float(np.sqrt(share / rest)) for share in shares.values()), residual=1, order=0)


def _names(rows: pd.DataFrame, *columns: str) -> np.ndarray:
    """(n,) one name for each combination."""
    return np.array(["|".join(map(str, one)) for one in zip(*(rows[column] for column in columns), strict=True)])


def _order(rows: pd.DataFrame) -> float:
    """What the second clip gains: half the difference of both orders, where there are both."""
    swapped = rows.order == rows["second"] + "|" + rows["first"]
    return float((rows.vote[swapped].mean() - rows.vote[~swapped].mean()) / 2) if swapped.nunique() > 1 else 0.0


def _deviations(found: Mapping[str, float]) -> dict[str, float]:
    rest = max(LEAST_RESIDUAL**2, found["residual"] - ROUNDING)
    return {name: float(np.sqrt(value)) for name, value in (dict(found) | {"residual": rest}).items()}


def _incidence(names: np.ndarray) -> sparse.csr_matrix:
    """(n, levels) of ones."""
    known, codes = np.unique(names, return_inverse=True)
    return sparse.csr_matrix((np.ones(len(codes)), (np.arange(len(codes)), codes)), shape=(len(codes), len(known)))


def _norm(counts: sparse.coo_matrix, left: np.ndarray, right: np.ndarray) -> float:
    """Squared Frobenius norm of counts - left @ right.T, which is never written out."""
    crossed = float(np.sum(counts.data * np.einsum("np,np->n", left[counts.row], right[counts.col])))
    return float(np.sum(counts.data**2)) - 2 * crossed + float(np.sum((left.T @ left) * (right.T @ right)))
