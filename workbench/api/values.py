"""Values that programs give: read as what a parameter takes, or refused in one sentence that names the parameter.

JSON and Python programs write one thing in several ways: 44100 or "44100", true or "true", None for what is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pipelines.errors import ZestError

FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
LONGEST_SAID = 40  # letters of a wrong value that a sentence repeats


def words(name: str, value: Any) -> str:
    """A text, without blanks around it; a number counts as one. Raises ZestError: it is neither."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:.15g}"
    raise ZestError(f"Give {name} as text, not {said(value)}.")


def choice(name: str, value: Any) -> str:
    """A name of a list of names, in lower case. Raises ZestError: it is no text."""
    return words(name, value).casefold()


def number(name: str, value: Any) -> float:
    """A finite number, also written as text. Raises ZestError: it is none."""
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise ZestError(f"Give {name} as a number, not {said(value)}.")
    return found


def flag(name: str, value: Any) -> bool:
    """True or false, also written as text or as 1 and 0. Raises ZestError: it is neither."""
    found = value if isinstance(value, bool) else FLAGS.get(str(value).strip().casefold())
    if found is None:
        raise ZestError(f"Give {name} as true or false, not {said(value)}.")
    return found


READERS: dict[str, Callable[[str, Any], Any]] = {
    "emotion": words, "strength": number, "tempo": flag, "decoder": choice, "seed": number, "f0": choice, "rate": choice,
    "subtype": choice, "denoise": flag, "mark": flag, "said": words, "language": words}


def said(value: Any) -> str:
    """A wrong value as a sentence names it."""
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    text = str(value)
    return f"'{text[:LONGEST_SAID]}…'" if len(text) > LONGEST_SAID else f"'{text}'"


def read(name: str, value: Any, default: Any) -> Any:
    """The value of a parameter of READERS; None and "" are the default, as if left out. Others stay as they are."""
    if name not in READERS:
        return value
    return default if value is None or value == "" else READERS[name](name, value)
