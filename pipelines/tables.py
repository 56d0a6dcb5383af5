"""One way to read a list that a user wrote: pairs, batches, manifests. It takes what spreadsheets of any system export.

Understood: UTF-8 with or without a byte order mark, UTF-16, and Windows' own letters; commas, semicolons or tabs; any line
ends; capitals and blanks in the header. Ignored: empty rows, and empty cells behind the last column.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import RecipeError
from pipelines.files import PATH_BYTES, is_byte

DELIMITERS = ",;\t"
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16",
         b"\xfe\xff": "utf-16"}  # byte order marks
ENDED = "\x1a"  # how old programs end a text
UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")  # no width; come with copied text
PACKED = b"PK\x03\x04"  # how a spreadsheet's own file begins, which is a zip
OLD_SPREADSHEET = b"\xd0\xcf\x11\xe0"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
SHOWN = 3  # lines that a sentence names


class TableError(RecipeError):
    """A list that cannot be used."""


@dataclass(frozen=True)
class TableRow:
    """line: in the file, from 1, the header included. cells: by column, stripped, '' where empty. surplus: there are filled
    cells behind the last column."""

    line: int
    cells: dict[str, str]
    surplus: bool = False


@dataclass(frozen=True)
class Table:
    """columns: names in lower case, in order. rows: those with at least one filled cell."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]


def read_table(path: Path | str, required: Sequence[str] = (), what: str = "list", of: str = "rows") -> Table:
    """Read a CSV list with a header line.

    Args:
        required: columns that it must have. what: it is called in sentences. of: what a row is.
    Raises:
        TableError: the file is missing or is no CSV text, two columns share a name, a row has filled cells behind the last
            column, a required column is missing, or there are no rows.
    """
    table = read_any_table(path, what)
    if not table.columns:
        raise _unreadable(table.path, "it is empty")
    missing = [column for column in required if column not in table.columns]
    if missing:
        raise TableError(f"{path} has no column '{missing[0]}'; it needs {', '.join(required)}.")
    wide = [row.line for row in table.rows if row.surplus]
    if wide:
        raise TableError(f"{path} cannot be read as a CSV file with a header line and no row longer than it "
                         f"({lines(wide)}); quote cells that contain commas.")
    if not table.rows:
        raise TableError(f"{path} has no {of} under its header; add one a line.")
    return table


def read_any_table(path: Path | str, what: str = "list") -> Table:
    """Read a CSV list, whatever its columns are; a row may be longer than the header, and there may be no rows.

    Raises:
        TableError: the file is missing or is no CSV text, or two columns share a name.
    """
    path = Path(path)
    text = _text(path, what)
    try:
        names, rows = _rows(text)
    except csv.Error as error:
        raise _unreadable(path, "a quotation mark or a cell is not closed") from error
    columns = _columns(path, names)
    return Table(path, tuple(name for name in columns if name), tuple(_row(columns, line, cells) for line, cells in rows))


def lines(numbers: Sequence[int]) -> str:
    """'line 3', or 'lines 3, 5, 8 and 40 more'."""
    shown = ", ".join(map(str, numbers[:SHOWN]))
    if len(numbers) > SHOWN:
        return f"lines {shown} and {len(numbers) - SHOWN} more"
    return f"line {shown}" if len(numbers) == 1 else f"lines {shown}"


def _text(path: Path, what: str) -> str:
    if not path.is_file():
        raise TableError(f"There is no {what} at {path}; check the path.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}.") from error
    if content.startswith((PACKED, OLD_SPREADSHEET)):
        raise _unreadable(path, "it is a spreadsheet's own file or a zip; export the sheet as CSV")
    text = _decoded(content)
    text = text and text.rstrip(ENDED)
    if text is None or CONTROL.search(text):
        raise _unreadable(path, "it is not text")
    return text


def _decoded(content: bytes) -> str | None:
    """None where it is no text. Without a mark it is UTF-8, or else in the letters of western Windows.

    Lists that are written here keep the bytes of file names, whatever they are, among text that is UTF-8 (files.PATH_BYTES). So
    UTF-8 with single bytes that are none is read as such, and they stay what they are.
    """
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), None) or _wide(content)
    for one in (encoding,) if encoding else ("utf-8", "cp1252"):
        if one == "cp1252" and _has_letters(content):
            break
        with suppress(UnicodeError):
            return content.decode(one)
    return None if encoding else _with_bytes(content)


def _wide(content: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of a header in plain letters is zero."""
    head = content[:64]
    if len(head) < 8 or len(content) % 2:
        return None
    zeros = [not any(head[start::2]) for start in (0, 1)]
    return None if zeros[0] == zeros[1] else ("utf-16-be" if zeros[0] else "utf-16-le")


def _has_letters(content: bytes) -> bool:
    """Whether letters beyond ASCII in it are UTF-8, though other bytes are not."""
    return any(letter > "\x7f" and not is_byte(letter) for letter in content.decode(errors=PATH_BYTES))


def _with_bytes(content: bytes) -> str | None:
    """UTF-8 with the bytes of file names in it; None where it has too many of them for a text, or has one in its header."""
    text = content.decode(errors=PATH_BYTES)
    header = next((line for line in text.splitlines() if line.strip()), "")
    return text if 4 * sum(map(is_byte, text)) <= len(text) and not any(map(is_byte, header)) else None


def _rows(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header, and each filled row with its line. Raises csv.Error."""
    delimiter, skipped = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    filled, line = [], 1
    for cells in reader:
        if line > skipped and any(_trimmed(cell) for cell in cells):
            filled.append((line, [_trimmed(cell) for cell in cells]))
        line = reader.line_num + 1
    return (filled[0][1], filled[1:]) if filled else ([], [])


def _trimmed(cell: str) -> str:
    """Without what nobody sees at its ends; joiners within words of some scripts stay."""
    before = None
    while before != cell:
        before, cell = cell, cell.strip()
        cell = cell[1:] if UNSEEN.match(cell) else cell
        cell = cell[:-1] if cell and UNSEEN.match(cell[-1]) else cell
    return cell


def _delimiter(text: str) -> tuple[str, int]:
    """What separates cells, and how many lines only say so ('sep=;', which spreadsheets write)."""
    first, *rest = [line for line in text.splitlines()[:50] if line.strip()] or [""]
    said = re.fullmatch(r'"?sep=(.)"?', first.strip(" \r\n"), re.IGNORECASE)
    if said and rest:
        return said[1], text[:text.find(first)].count("\n") + 1
    header = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=header.count), 0


def _columns(path: Path, names: list[str]) -> list[str]:
    columns = [name.casefold() for name in names]
    while columns and not columns[-1]:
        columns.pop()
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    if twice:
        raise TableError(f"{path} has two columns '{twice}'; name each column once.")
    return columns


def _row(columns: list[str], line: int, cells: list[str]) -> TableRow:
    named = {name: cells[place] if place < len(cells) else "" for place, name in enumerate(columns) if name}
    nameless = [cell for place, cell in enumerate(cells) if cell and (place >= len(columns) or not columns[place])]
    return TableRow(line, named, bool(nameless))


def _unreadable(path: Path, why: str) -> TableError:
    return TableError(f"{path} cannot be read as a CSV file: {why}; save it as UTF-8 text with commas, a header line first.")
