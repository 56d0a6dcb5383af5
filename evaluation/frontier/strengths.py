"""Lists of strengths as a user writes them: 0:1.5:0.25, or 0,0.5,1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from pipelines.errors import ZestError
from pipelines.settings import about

STRENGTHS = "0:1.5:0.25"  # what is measured unless others are asked for
MOST = 31  # strengths of one curve: the whole range in steps of the page's slider
EXAMPLE = "write them as 0:1.5:0.25 (first, last, step) or as 0,0.5,1"
ROUNDING = 1e-9  # a last strength that a sum of steps misses by so little is reached


def read_strengths(text: str) -> tuple[float, ...]:
    """Strengths from 'first:last:step', both ends included, or from numbers between commas.

    Raises:
        ZestError: as `check_strengths`; or a part is no number, or the step is not above 0.
    """
    parts = text.strip().split(":")
    if len(parts) == 1:
        entries = [entry.strip() for entry in text.split(",")] if text.strip(" ,") else []
        return check_strengths([_number(entry, text) for entry in entries])
    if len(parts) != 3:
        raise ZestError(f"'{text}' is no list of strengths; {EXAMPLE}.")
    first, last, step = (_number(part.strip(), text) for part in parts)
    check_strengths([first])
    check_strengths([last])
    if not 0 < step < math.inf:
        raise ZestError(f"The step of '{text}' must be above 0, not {step:g}; {EXAMPLE}.")
    count = math.floor((last - first) / step + ROUNDING) + 1
    if count > MOST:
        raise ZestError(_too_many(count))
    if count < 1:
        raise ZestError(f"The strengths '{text}' do not ascend: {first:g} is more than {last:g}; {EXAMPLE}.")
    return check_strengths([round(first + index * step, 6) for index in range(count)])


def check_strengths(strengths: Sequence[float]) -> tuple[float, ...]:
    """The same strengths, if they can be one curve.

    Raises:
        ZestError: there is none, there are more than MOST, they do not ascend, or one is no number or out of range.
    """
    bounds, found = about("strength"), tuple(strengths)
    if not found:
        raise ZestError(f"The list of strengths is empty; {EXAMPLE}.")
    wrong = next((one for one in found if not (math.isfinite(one) and bounds.allows(one))), None)
    if wrong is not None:
        raise ZestError(f"Strengths must lie between {bounds.low:g} and {bounds.high:g}, not {wrong:g}.")
    if len(found) > MOST:
        raise ZestError(_too_many(len(found)))
    down = next(((one, after) for one, after in pairwise(found) if after <= one), None)
    if down is not None:
        raise ZestError(f"Strengths must ascend, and {down[1]:g} stands behind {down[0]:g}; {EXAMPLE}.")
    return found


def _number(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ZestError(f"'{text[:40]}' in the strengths '{whole[:80]}' is not a number; {EXAMPLE}.") from error


def _too_many(count: int) -> str:
    return f"{count} strengths are too many for a curve; take at most {MOST}, in larger steps."
