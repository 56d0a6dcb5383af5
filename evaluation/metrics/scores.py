"""Arithmetic that metrics share: percent, logarithms, cosine, and what counts as a value."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from evaluation.metrics.base import Value


def percent(hit: bool) -> Value:
    """100 or 0; the mean over a set is a share in percent."""
    return Value(100.0 if hit else 0.0)


def plain(value: float | None) -> Value | None:
    """A value of weight 1, None where it is missing or not a number."""
    return None if value is None or not math.isfinite(value) else Value(float(value))


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Cosine of two embeddings, -1 to 1."""
    a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
