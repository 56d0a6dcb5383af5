"""Numbers as text, the same in every table."""

from __future__ import annotations

from evaluation.listening.analysis.intervals import Interval


def interval_text(interval: Interval) -> str:
    """'3.71 (3.50 to 3.92)', or the value alone where there is no interval."""
    if interval.low is None or interval.high is None:
        return f"{interval.value:.2f}"
    return f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def number(value: float | None, places: int = 2) -> str:
    """'-' for None."""
    return "-" if value is None else f"{value:.{places}f}"
