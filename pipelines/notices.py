"""Notices that hold for several things are said once, with all their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

NOT_MEASURED = (": not measured", ": not measured")  # on pages, for one metric and for several


def listing(names: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def told_once(said: Mapping[str, str]) -> dict[str, list[str]]:
    """By sentence, the names that it is said of; both in the order they come."""
    found: dict[str, list[str]] = {}
    for name, sentence in said.items():
        found.setdefault(sentence, []).append(name)
    return found


def not_measured(reasons: Mapping[str, str], words: tuple[str, str] = (" was not measured", " were not measured")) -> list[str]:
    """A sentence for each reason why metrics have no value, such as a model that is not installed.

    Args:
        reasons: by metric, the sentence. words: for one metric and for several.
    """
    return [f"{listing(names)}{words[len(names) > 1]}: {reason}" for reason, names in told_once(reasons).items()]
