"""What the files of other tools have in common: one rating of one listener, and the checks that every file goes through."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from evaluation.listening.design.questions import LOW, MIDDLE, NATURAL
from evaluation.listening.errors import StudyError
from pipelines.tables import Table, TableRow, lines

ANCHOR_NAMES = {"reference": NATURAL, "anchor35": LOW, "anchor70": MIDDLE}  # webMUSHRA's names of stimuli
T = TypeVar("T")


@dataclass(frozen=True)
class ForeignRating:
    """One rating, as a file of another tool has it.

    Attributes:
        line: of the file. person: by what the file tells listeners apart; it is numbered at once and kept nowhere.
        trial: the page or clip that was rated. item: what the systems have in common there, such as the sentence.
        condition: the system or anchor; against: what it was compared with, '' for none.
        vote: on the scale of the question, NaN where none is given. question: its name. right: of ABX, else None.
        seconds: NaN where unknown.
    """

    line: int
    person: tuple[str, ...]
    trial: str
    item: str
    condition: str
    vote: float
    against: str = ""
    right: bool | None = None
    seconds: float = math.nan
    question: str = field(kw_only=True)


@dataclass(frozen=True)
class ForeignFile:
    """Attributes:
        tool: that wrote it. told_by: what tells its listeners apart, in words.
        notes: sentences on what was left out or guessed.
    """

    tool: str
    told_by: str
    ratings: tuple[ForeignRating, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Names:
    """How names of a file are read. renamed: new names by those of the file. left_out: trials that do not count."""

    renamed: Mapping[str, str]
    left_out: frozenset[str]

    def condition(self, name: str) -> str:
        """The system, or the anchor that a name of ANCHOR_NAMES stands for, after renaming."""
        called = self.renamed.get(name, name)
        return ANCHOR_NAMES.get(called, called)


def checked(table: Table, read: Callable[[TableRow], T | None], problem: str) -> list[T]:
    """What `read` makes of every row.

    Args:
        read: gives None where a row cannot be used. problem: is said then; {path} and {lines} are filled in.
    Raises:
        StudyError: a row cannot be used.
    """
    found = [(row.line, read(row)) for row in table.rows]
    wrong = [line for line, value in found if value is None]
    if wrong:
        raise StudyError(problem.format(path=table.path.name, lines=lines(wrong)))
    return [value for _, value in found if value is not None]


def numbers(table: Table, column: str, lowest: float, highest: float, is_whole: bool = False) -> list[float]:
    """The numbers of a column, one a row. Raises StudyError: one is absent, no number, or out of range."""
    kind = "a whole number" if is_whole else "a number"
    return checked(table, lambda row: _number(row.cells[column], lowest, highest, is_whole),
                   f"{{path}} has a {column} that is not {kind} from {lowest:g} to {highest:g} ({{lines}}); correct it, or "
                   "choose the question that was asked.")


def names(table: Table, column: str) -> list[str]:
    """The cells of a column, one a row. Raises StudyError: one is empty."""
    return checked(table, lambda row: row.cells[column] or None, f"{{path}} has an empty {column} ({{lines}}); fill it in.")


def seconds_of(text: str) -> float:
    """Of a cell with milliseconds; NaN where it is none: times are told, and nothing depends on them."""
    milliseconds = _number(text, 0, math.inf, False)
    return math.nan if milliseconds is None else milliseconds / 1000


def check_once(path: Path, ratings: Iterable[ForeignRating], told_by: str) -> None:
    """Raises StudyError: a listener has rated one clip twice."""
    seen: dict[tuple[tuple[str, ...], str, str, str], int] = {}
    for one in ratings:
        key = (one.person, one.trial, one.condition, one.question)
        first = seen.setdefault(key, one.line)
        if first != one.line:
            raise StudyError(f"{path.name} has two ratings of one clip by one listener ({lines([first, one.line])}); delete the "
                             f"one that should not count. Listeners are told apart by {told_by}.")


def listed(found: Sequence[str], most: int = 5) -> str:
    """Names for a sentence: 'a, b and 3 more'."""
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")


def _number(text: str, lowest: float, highest: float, is_whole: bool) -> float | None:
    try:
        value = float(text.replace(",", "."))  # a spreadsheet may write 4,5
    except ValueError:
        return None
    if not lowest <= value <= highest or is_whole and value != int(value):
        return None
    return value
