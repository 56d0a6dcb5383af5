"""Dominated points of a frontier, and the area under it.

Both look at points (kept, moved) that are scaled from 0, the worst, to 1, the best. `moved` is the share of pairs whose
target emotion a judge recognises. `kept` is the voice, the words or the naturalness that is left.

The area is the hypervolume in two dimensions (Zitzler and Thiele 1998): the part of the unit square that lies below and left
of at least one point. Its reference point is REFERENCE_POINT, the corner where nothing is kept and nothing moved. So it is
the mean, over every demand on `kept` from 0 to 1, of the most emotion that a system reaches while it meets the demand.
Between two strengths nothing is assumed: the bound is a staircase, and more strengths can only enlarge the area.
"""

from __future__ import annotations

import numpy as np

from evaluation.report.statistics import ROUNDING

REFERENCE_POINT = (0.0, 0.0)  # (kept, moved): the worst of both


def area(kept: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Area from REFERENCE_POINT to the staircase over the points, 0 to 1.

    Args:
        kept, moved: (points, ...) from 0 to 1; NaN where a point was not measured, which then counts nothing.
    Returns:
        (...) one area for every set of points; NaN where no point of a set was measured.
    """
    missing = np.isnan(kept) | np.isnan(moved)
    kept, moved = (np.where(missing, worst, axis) for worst, axis in zip(REFERENCE_POINT, (kept, moved), strict=True))
    order = np.argsort(-kept, axis=0, kind="stable")
    kept, moved = np.take_along_axis(kept, order, 0), np.take_along_axis(moved, order, 0)
    reached = np.maximum.accumulate(moved, axis=0)  # the most emotion of any point that keeps at least as much
    widths = kept - np.concatenate([kept[1:], np.full_like(kept[:1], REFERENCE_POINT[0])])
    return np.where(missing.all(axis=0), np.nan, (widths * reached).sum(axis=0))


def dominated(kept: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Which points are dominated: another one keeps and moves at least as much, and more of one of them.

    Args:
        kept, moved: (points,) higher is better; NaN where a point was not measured, which neither dominates nor is dominated.
    Returns:
        (points,) of bool. Equal points do not dominate each other.
    """
    points = np.stack([kept, moved], axis=1)
    gains: np.ndarray = points[None, :, :] - points[:, None, :]  # [i, j]: what j has more than i
    with np.errstate(invalid="ignore"):
        as_good, better = np.all(gains >= -ROUNDING, axis=2), np.any(gains > ROUNDING, axis=2)
    return np.any(as_good & better, axis=1)
