"""Counts as a reader says them: "1 set", "2 sets", "no sets"."""

from __future__ import annotations

SIBILANTS = ("s", "x", "ch", "sh")  # a noun that ends so takes -es


def counted(count: float, noun: str, plural: str = "") -> str:
    """A number and its noun: '1 set', '12,000 sets'; 'no sets' for 0.

    Args:
        count: how many; a float is rounded. noun: of one; of several words the last changes.
        plural: of several, where -s, -es and -ies are wrong.
    """
    number = round(count)
    if number == 1:
        return f"1 {noun}"
    many = plural or _plural(noun)
    return f"{_digits(number)} {many}" if number else f"no {many}"


def agreeing(count: float, one: str, many: str) -> str:
    """The word that agrees with a count, such as 'was' and 'were'."""
    return one if round(count) == 1 else many


def sentence_start(words: str) -> str:
    """The same with a capital letter at its beginning."""
    return words[:1].upper() + words[1:]


def _digits(number: int) -> str:
    return f"{number:,}" if number >= 10_000 else str(number)


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(SIBILANTS) else f"{noun}s"
