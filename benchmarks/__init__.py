"""Measurements of speed and quality, one command a file (`python -m benchmarks.NAME`); here, the plain-text tables they print."""

from __future__ import annotations

import math
from collections.abc import Sequence


def cell(value: float | None, digits: int) -> str:
    """A number with fixed digits; a dash where it was not measured."""
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned first column, right-aligned others, a rule under the heads."""
    widths = [max(len(row[index]) for row in (heads, *rows)) for index in range(len(heads))]
    lines = ["  ".join(text.ljust(width) if index == 0 else text.rjust(width)
                       for index, (text, width) in enumerate(zip(row, widths, strict=True))) for row in (heads, *rows)]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
