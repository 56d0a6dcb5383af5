"""A pair of the protocol: which source is given which reference's emotion; and the CSV that pairs are kept in."""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import RecipeError
from pipelines.files import PATH_BYTES, write_whole

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("source", "reference", "emotion")
TOO_MANY = "*"  # key of a row that has more cells than the header
UNREADABLE = "cannot be read as a CSV file with a header line and no row longer than it."
NO_REFERENCE = "no-reference"  # file name of the reference where there is none: the emotion was a stored one
FILE_NAME = re.compile(r"\w([\w.,+=~@() -]{0,78}[\w)])?")  # what an id may be: a file name on every system


class PairsError(RecipeError):
    """A list of pairs that cannot be used."""


@dataclass(frozen=True)
class Pair:
    """One conversion of a list: a source, and the reference whose emotion it takes.

    Attributes:
        id: unique in its set, safe as a file name.
        source, reference: recordings; emotion: the target, which is the reference's.
        setting: ssst, ssdt, dsst, dsdt, uss, ute, or '' where nobody said.
        text: what the source says, '' where nobody wrote it down. language: two letters.
        source_emotion, source_speaker, reference_speaker: names, '' where unknown.
        parallel: the source's speaker saying the source's sentence in the target emotion, for comparison only.
    """

    id: str
    source: Path
    reference: Path
    emotion: str
    setting: str = ""
    text: str = ""
    language: str = "en"
    source_emotion: str = ""
    source_speaker: str = ""
    reference_speaker: str = ""
    parallel: Path | None = None

    @property
    def has_reference(self) -> bool:
        return self.reference.name != NO_REFERENCE


def write_pairs(path: Path, pairs: Sequence[Pair]) -> None:
    """Write a protocol; paths become relative to the CSV's folder where they lie under it or beside it.

    Raises:
        OutputError: the file cannot be written.
    """
    write_whole(path, pairs_csv(path, pairs))


def pairs_csv(path: Path, pairs: Sequence[Pair]) -> bytes:
    """What `write_pairs` writes to a path."""
    import pandas as pd

    folder = path.resolve().parent
    rows = [{**asdict(pair), "source": _relative(pair.source, folder), "reference": _relative(pair.reference, folder),
             "parallel": "" if pair.parallel is None else _relative(pair.parallel, folder)} for pair in pairs]
    return pd.DataFrame(rows, columns=[field.name for field in fields(Pair)]).to_csv(index=False).encode(errors=PATH_BYTES)


def read_pairs(path: Path, required: tuple[str, ...] = REQUIRED) -> list[Pair]:
    """Read a protocol, or any CSV with the columns source, reference and emotion; other columns of Pair are optional.

    Args:
        required: columns that must be filled; without 'emotion' a pair may say nothing about it (scoring others' audio).

    Raises:
        PairsError: the file is missing, empty, not a CSV, lacks a column, or has two pairs of one id; or a row lacks a
            required cell or has an id that cannot be a file name.
    """
    pairs = pairs_of(read_table(path, required), path.resolve().parent, required)
    ids = [pair.id for pair in pairs]
    twice = sorted(name for name, times in Counter(ids).items() if times > 1)
    if twice:
        raise PairsError(f"{path} has two pairs with the id '{twice[0]}'; ids must differ.")
    return pairs


def read_rows(path: Path, unreadable: str = UNREADABLE) -> tuple[list[str], list[dict[str, str]]]:
    """Header and rows of a CSV as text, '' where a cell is empty; blank lines are left out.

    A row that is longer than the header has the key TOO_MANY. unreadable: what is said of a file that is no CSV.
    Raises:
        PairsError: the file is missing or not a CSV.
    """
    if not path.is_file():
        raise PairsError(f"There is no list of pairs at {path}; check the path.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            names, *rows = [cells for cells in csv.reader(file, strict=True) if len(cells) > 1 or "".join(cells).strip()] or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PairsError(f"{path} {unreadable}") from error
    surplus = [{TOO_MANY: "yes"} if len(cells) > len(names) else {} for cells in rows]
    return names, [dict(zip_longest(names, cells[:len(names)], fillvalue="")) | more for cells, more in zip(rows, surplus)]


def read_table(path: Path, required: tuple[str, ...] = REQUIRED) -> pd.DataFrame:
    """The rows of a list of pairs as text, '' where a cell is empty.

    Raises:
        PairsError: the file is missing, empty, not a CSV, or lacks a required column.
    """
    import pandas as pd  # imported late: whoever reads rows alone need not wait for it

    names, rows = read_rows(path)
    if not names or any(TOO_MANY in row for row in rows):
        raise PairsError(f"{path} {UNREADABLE}")
    table = pd.DataFrame(rows, columns=names, dtype=str)
    missing = [column for column in required if column not in table.columns]
    if missing:
        raise PairsError(f"{path} has no column '{missing[0]}'; it needs {', '.join(required)}.")
    if table.empty:
        raise PairsError(f"{path} has no pairs.")
    return table


def pairs_of(table: pd.DataFrame, folder: Path, required: tuple[str, ...] = REQUIRED) -> list[Pair]:
    """One pair a row of a table that `read_table` read; paths in it are relative to `folder`.

    Raises:
        PairsError: a required cell is empty, or an id cannot be a file name.
    """
    return [_pair(index, row, folder, required) for index, row in enumerate(table.to_dict("records"))]


def read_paths(pairs: Iterable[Pair]) -> list[Path]:
    """Every recording that pairs name, once."""
    named = (path for pair in pairs for path in (pair.source, pair.reference if pair.has_reference else None, pair.parallel))
    return list(dict.fromkeys(path for path in named if path is not None))


def pairs_hash(pairs: list[Pair]) -> str:
    """Twelve hex digits that name this set: ids, settings, emotions, speakers and file names, wherever the recordings lie.

    The speakers are named because some corpora (TIMIT) give every speaker files of the same names.
    """
    lines = ["|".join((pair.id, pair.setting, pair.emotion, pair.source_speaker, pair.source.name, pair.reference_speaker,
                       pair.reference.name, pair.parallel.name if pair.parallel else "")) for pair in pairs]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def _pair(index: int, row: Mapping[Any, str], folder: Path, required: tuple[str, ...]) -> Pair:
    known = {field.name for field in fields(Pair)}
    given: dict[str, Any] = {name: value for name, value in row.items() if name in known and value != ""}
    for name in ("source", "reference", "parallel"):
        if name in given:
            given[name] = folder / given[name]
    for name in required:
        if name not in given:
            raise PairsError(f"Line {index + 2} of the list of pairs has no {name}.")
    given.setdefault("id", f"{index:05d}")
    given.setdefault("emotion", "")
    if not FILE_NAME.fullmatch(given["id"]):
        raise PairsError(f"The id '{given['id'][:80]}' in line {index + 2} of the list cannot be a file name; "
                         "use at most 80 letters, digits, - and _.")
    return Pair(**given)


def _relative(path: Path, folder: Path) -> str:
    """Relative to the CSV's folder while few steps lead there, absolute otherwise."""
    relative = os.path.relpath(path.resolve(), folder)
    return relative if relative.count("..") <= 3 else str(path.resolve())
