"""A pair of the protocol: which source is given which reference's emotion; and the CSV that pairs are kept in."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.texts import why_no_text
from pipelines import tables
from pipelines.errors import RecipeError
from pipelines.files import PATH_BYTES, write_whole
from pipelines.labels import folded, language_code, why_unknown
from pipelines.names import find_file, forget_folders

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("source", "reference", "emotion")
LABELS = ("emotion", "source_emotion")
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
    table = pd.DataFrame(rows, columns=[field.name for field in fields(Pair)], dtype=object)  # pandas' own strings know no bytes
    return table.to_csv(index=False).encode(errors=PATH_BYTES)


def read_pairs(path: Path, required: tuple[str, ...] = REQUIRED, checked: bool = True) -> list[Pair]:
    """Read a protocol, or any CSV with the columns source, reference and emotion; other columns of Pair are optional.

    Args:
        required: columns that must be filled; without 'emotion' a pair may say nothing about it (scoring others' audio).
        checked: labels, settings and languages are folded to lower case, and unknown labels refused. A run's own list stands as
            it was written.

    Raises:
        PairsError: the file is missing, empty, not a CSV, lacks a column, or has two pairs of one id; or a row lacks a
            required cell, has an id that cannot be a file name, or an unknown emotion.
    """
    pairs = pairs_of(read_table(path, required), path.resolve().parent, required, checked)
    ids = [pair.id for pair in pairs]
    twice = sorted(name for name, times in Counter(ids).items() if times > 1)
    if twice:
        raise PairsError(f"{path} has two pairs with the id '{twice[0]}'; ids must differ.")
    return pairs


def read_table(path: Path, required: tuple[str, ...] = REQUIRED) -> pd.DataFrame:
    """The rows of a list of pairs as text, '' where a cell is empty; the index has their lines in the file.

    Raises:
        PairsError: the file is missing, empty, not a CSV, or lacks a required column.
    """
    import pandas as pd  # imported late: whoever reads rows alone need not wait for it

    try:
        table = tables.read_table(path, required, "list of pairs", "pairs")
    except tables.TableError as error:
        raise PairsError(str(error)) from error
    return pd.DataFrame([row.cells for row in table.rows], columns=list(table.columns), index=[row.line for row in table.rows],
                        dtype=object)


def pairs_of(table: pd.DataFrame, folder: Path, required: tuple[str, ...] = REQUIRED, checked: bool = True) -> list[Pair]:
    """One pair a row of a table that `read_table` read; paths in it are relative to `folder`. checked: as `read_pairs`.

    Raises:
        PairsError: a required cell is empty, an id cannot be a file name, or an emotion is unknown.
    """
    forget_folders()
    if checked:
        table = _with_known_labels(table)
        _refuse_wordless(table)
    rows = zip(table.index, table.to_dict("records"), strict=True)
    return [_pair(place, int(str(line)), row, folder, required) for place, (line, row) in enumerate(rows)]


def _with_known_labels(table: pd.DataFrame) -> pd.DataFrame:
    """Labels, settings and languages in lower case. Raises PairsError: a label is unknown."""
    import pandas as pd

    for name in LABELS:
        if name in table.columns:
            reason = why_unknown(table[name])
            if reason:
                wrong = [int(str(line)) for line, label in table[name].items() if why_unknown([label])]
                raise PairsError(f"{reason} It stands in the column '{name}', {tables.lines(wrong)}.")
            table = table.assign(**{name: [folded(label) for label in table[name]]})
    for name, plain in (("setting", folded), ("language", language_code)):
        if name in table.columns:
            table = table.assign(**{name: pd.Series([plain(cell) for cell in table[name]], table.index, object)})
    return table


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
    return hashlib.sha256("\n".join(lines).encode(errors=PATH_BYTES)).hexdigest()[:12]


def _refuse_wordless(table: pd.DataFrame) -> None:
    reasons = {int(str(line)): reason for line, text in table["text"].items() if (reason := why_no_text(text))} \
        if "text" in table.columns else {}
    if reasons:
        raise PairsError(f"{next(iter(reasons.values()))} It stands in {tables.lines(list(reasons))}.")


def _pair(place: int, line: int, row: Mapping[Any, str], folder: Path, required: tuple[str, ...]) -> Pair:
    known = {field.name for field in fields(Pair)}
    given: dict[str, Any] = {name: value for name, value in row.items() if name in known and value != ""}
    for name in ("source", "reference", "parallel"):
        if name in given:
            given[name] = find_file(folder, given[name])
    for name in required:
        if name not in given:
            raise PairsError(f"Line {line} of the list of pairs has no {name}.")
    given.setdefault("id", f"{place:05d}")
    given.setdefault("emotion", "")
    if not FILE_NAME.fullmatch(given["id"]):
        raise PairsError(f"The id '{given['id'][:80]}' in line {line} of the list cannot be a file name; "
                         "use at most 80 letters, digits, - and _.")
    return Pair(**given)


def _relative(path: Path, folder: Path) -> str:
    """Relative to the CSV's folder while few steps lead there, absolute otherwise."""
    relative = os.path.relpath(path.resolve(), folder)
    return relative if relative.count("..") <= 3 else str(path.resolve())
