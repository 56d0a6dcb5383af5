"""Many conversions from one list: read the CSV of pairs, convert row by row, keep going past a failed row."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import AudioError, ZestError

COLUMNS = ("source", "reference", "emotion", "output")


@dataclass(frozen=True)
class Pair:
    """One row. `number` counts from 1 as in the file, without the header; exactly one of reference and emotion is set."""

    number: int
    source: Path
    reference: Path | None
    emotion: str | None
    output: Path


@dataclass(frozen=True)
class BadRow:
    """A row that says nothing that could be converted, with the sentence why."""

    number: int
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What became of one row: `document` where it worked, `error` (one sentence) where it did not."""

    number: int
    document: dict[str, Any] | None = None
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"row": self.number, "error": self.error, **(self.document or {})}


def read_pairs(path: Path, folder: Path) -> list[Pair | BadRow]:
    """Read a CSV of pairs; paths inside it are relative to the CSV's folder, outputs to `folder`.

    Raises:
        AudioError: the list is missing, is not CSV text, lacks a column, or has no rows.
    """
    rows = _rows(path)
    pairs: list[Pair | BadRow] = []
    taken: dict[Path, int] = {}
    for number, row in enumerate(rows, start=1):
        pair = _pair(number, row, path.parent, folder)
        first = taken.setdefault(pair.output, number) if isinstance(pair, Pair) else number
        if first != number:
            pair = BadRow(number, f"Rows {first} and {number} have the same output; give each its own.")
        pairs.append(pair)
    return pairs


def by_source(pairs: list[Pair | BadRow]) -> list[Pair | BadRow]:
    """Rows of one source one after the other, so that it is taken apart once; what cannot be converted first."""
    return sorted(pairs, key=lambda pair: str(pair.source) if isinstance(pair, Pair) else "")


def run(pairs: list[Pair | BadRow], convert: Callable[[Pair], dict[str, Any]]) -> Iterator[Outcome]:
    """Convert one pair after the other; an error that a user can mend ends its row, not the batch."""
    for pair in pairs:
        if isinstance(pair, BadRow):
            yield Outcome(pair.number, error=pair.reason)
            continue
        try:
            yield Outcome(pair.number, document=convert(pair))
        except ZestError as error:
            yield Outcome(pair.number, error=str(error))


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise AudioError(f"There is no list of pairs at {path}; check the path.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows, names = list(reader), reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AudioError(f"{path.name} cannot be read as CSV; save it as UTF-8 text with commas.") from error
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        raise AudioError(f"{path.name} has a column '{unknown[0]}'; it may have {', '.join(COLUMNS)}.")
    if "source" not in names or not {"reference", "emotion"} & set(names):
        raise AudioError(f"{path.name} needs a column 'source' and a column 'reference' or 'emotion'.")
    if not rows:
        raise AudioError(f"{path.name} has no rows under its header; add a pair a line.")
    return rows


def _pair(number: int, row: dict[str, str], base: Path, folder: Path) -> Pair | BadRow:
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if None in row:
        return BadRow(number, "The row has more cells than the header; quote cells that contain commas.")
    if not cells["source"]:
        return BadRow(number, "The row names no source.")
    if bool(cells["reference"]) == bool(cells["emotion"]):
        return BadRow(number, "The row needs either a reference or an emotion.")
    target = cells["emotion"] or Path(cells["reference"]).stem
    output = Path(cells["output"] or f"{number:03d}-{Path(cells['source']).stem}-{target}.wav")
    if output.is_absolute() or ".." in output.parts:
        return BadRow(number, f"The output {output} leaves the output folder; name a file inside it.")
    if output.suffix.lower() != ".wav":
        return BadRow(number, f"The output {output} must end in .wav.")
    reference = base / cells["reference"] if cells["reference"] else None
    return Pair(number, base / cells["source"], reference, cells["emotion"] or None, folder / output)
