"""The pairs that went worst, to be heard and seen.

The rule: every pair gets three ranks among the pairs of its system (CER, voice cosine to the source, posterior that the judges
give to the wanted emotion, their mean), each as a share from 0, the best, to 1, the worst; ties share the mean rank. The pairs
with the highest mean of their ranks are shown. A failed conversion has nothing to hear and stands in the table of failures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from evaluation.metrics.base import MetricInfo
from evaluation.metrics.subjects import CHARACTER_ERRORS
from evaluation.pair import Pair
from evaluation.report.catalogue import Catalogue
from evaluation.report.matrix import Matrix

RULE = ("Rule: each pair is ranked among all pairs of the system by CER, by voice cosine to the source, and by the posterior "
        "that the judges give to the wanted emotion (mean over judges); the pairs with the worst mean rank are shown. "
        "Failed conversions have nothing to hear; they stand in the table of failures.")
PLAIN = ("source", "copy", "copy-neural", "f0-swap")


@dataclass(frozen=True)
class Worst:
    """badness: mean rank, 0 (best in everything) to 1. values: (metric, value) that it was ranked by."""

    pair: Pair
    badness: float
    values: tuple[tuple[MetricInfo, float], ...]


def focus_of(systems: Sequence[str]) -> str:
    """The system whose worst pairs are shown unless another is asked for: the first that is no baseline, else the last."""
    return next((system for system in systems if system not in PLAIN), systems[-1])


def ranked_by(catalogue: Catalogue) -> tuple[tuple[MetricInfo, ...], ...]:
    """Groups of metrics; within a group, values are averaged before they are ranked."""
    groups = (catalogue.with_role(CHARACTER_ERRORS), catalogue.to_source()[:1], catalogue.posteriors())
    return tuple(group for group in groups if group)


def worst_pairs(matrix: Matrix, catalogue: Catalogue, system: str, count: int = 10) -> list[Worst]:
    """The `count` worst pairs of a system, the worst first; empty where none of the three was measured."""
    groups = ranked_by(catalogue)
    there = np.flatnonzero(matrix.converted[matrix.systems.index(system)])
    if not groups or not there.size:
        return []
    badness = np.array([_ranks(matrix, system, group, there) for group in groups])
    known = np.isfinite(badness).any(axis=0)
    there, badness = there[known], np.nanmean(badness[:, known], axis=0)
    order = np.argsort(-badness, kind="stable")[:count]
    infos = [info for group in groups for info in group]
    return [Worst(matrix.pairs[there[k]], float(badness[k]), _values(matrix, system, infos, int(there[k]))) for k in order]


def _ranks(matrix: Matrix, system: str, group: Sequence[MetricInfo], rows: np.ndarray) -> np.ndarray:
    """(pairs,) 0 best to 1 worst, NaN where not measured."""
    values = np.array([_measured(matrix, system, info, rows) for info in group])
    known = np.isfinite(values).any(axis=0)
    ranks = np.full(len(rows), np.nan)
    if known.any():
        mean = np.nanmean(values[:, known], axis=0)
        bad = mean if group[0].better == "lower" else -mean
        ranks[known] = (rankdata(bad) - 1) / max(1, known.sum() - 1)
    return ranks


def _measured(matrix: Matrix, system: str, info: MetricInfo, rows: np.ndarray) -> np.ndarray:
    scores = matrix.scores(system, info.name, rows)
    return np.where(scores.weights > 0, scores.values, np.nan)


def _values(matrix: Matrix, system: str, infos: Sequence[MetricInfo], row: int) -> tuple[tuple[MetricInfo, float], ...]:
    found = [(info, float(_measured(matrix, system, info, np.array([row]))[0])) for info in infos]
    return tuple((info, value) for info, value in found if np.isfinite(value))
