"""Many conversions from one list: read the CSV of pairs, convert row by row, keep going past a failed row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Any

from pipelines.affect import target_name
from pipelines.errors import AudioError, ZestError
from pipelines.features.writing import FORMATS
from pipelines.labels import folded
from pipelines.names import find_file, forget_folders
from pipelines.outputs import same_output
from pipelines.tables import TableRow, read_any_table
from workbench.cli.names import plot_names

COLUMNS = ("source", "reference", "emotion", "output")


@dataclass(frozen=True)
class BatchRow:
    """One conversion of a list.

    `number` counts from 1 as in the file, without the header; exactly one of reference and emotion is set.
    `named` says whether the list names the output. `plot` is a picture to write beside it, None without one.
    `mixed` are references with weights, where there are several, or one beside an emotion.
    """

    number: int
    source: Path
    reference: Path | None
    emotion: str | None
    output: Path
    named: bool = True
    plot: Path | None = None
    mixed: tuple[tuple[Path, float], ...] = ()

    @property
    def recordings(self) -> list[Path]:
        """All that are read."""
        return [path for path in (self.source, self.reference, *(one for one, _ in self.mixed)) if path is not None]


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


def read_batch(path: Path, folder: Path, plots: Path | None = None,
               name: Callable[[Path, str], str] = lambda source, target: f"{source.stem}-{target}",
               ending: str = ".wav", target: Callable[[str], str] = target_name) -> list[BatchRow | BadRow]:
    """Read a CSV of pairs; paths inside it are relative to the CSV's folder, outputs to `folder`.

    Args:
        plots: folder of the pictures. name: of an output that the list does not name, from the source and the target.
        ending: of such a name. target: the canonical name of an emotion, or ZestError where it cannot be.
    Raises:
        TableError: the list is missing or is not CSV text. AudioError: it lacks a column, or has no rows.
    """
    rows = [_row(number, cells, path.parent, folder, name, ending, target)
            for number, cells in enumerate(_read_rows(path), start=1)]
    good = [row for row in rows if isinstance(row, BatchRow)]
    twice = {good[index].number: good[first].number for index, first in same_output([row.output for row in good]).items()}
    rows = [BadRow(row.number, f"Rows {twice[row.number]} and {row.number} have the same output; give each its own.")
            if row.number in twice else row for row in rows]
    return rows if plots is None else _with_plots(rows, folder, plots)


def by_source(rows: list[BatchRow | BadRow]) -> list[BatchRow | BadRow]:
    """Rows of one source one after the other, so that it is taken apart once; what cannot be converted first."""
    return sorted(rows, key=lambda row: str(row.source) if isinstance(row, BatchRow) else "")


def run(rows: list[BatchRow | BadRow], convert: Callable[[BatchRow], dict[str, Any]]) -> Iterator[Outcome]:
    """Convert one row after the other; an error that a user can mend ends its row, not the batch."""
    for row in rows:
        if isinstance(row, BadRow):
            yield Outcome(row.number, error=row.reason)
            continue
        try:
            yield Outcome(row.number, document=convert(row))
        except ZestError as error:
            yield Outcome(row.number, error=str(error))


def _read_rows(path: Path) -> list[TableRow]:
    table = read_any_table(path, "list of pairs")
    unknown = [name for name in table.columns if name not in COLUMNS]
    if unknown:
        raise AudioError(f"{path.name} has a column '{unknown[0]}'; it may have {', '.join(COLUMNS)}.")
    if "source" not in table.columns or not {"reference", "emotion"} & set(table.columns):
        raise AudioError(f"{path.name} needs a column 'source' and a column 'reference' or 'emotion'.")
    if not table.rows:
        raise AudioError(f"{path.name} has no rows under its header; add a pair a line.")
    forget_folders()
    return list(table.rows)


def _with_plots(rows: list[BatchRow | BadRow], folder: Path, plots: Path) -> list[BatchRow | BadRow]:
    good = [row for row in rows if isinstance(row, BatchRow)]
    names = plot_names([row.number for row in good], [row.output.relative_to(folder) for row in good])
    plot_of = {row.number: plots / f"{name}.png" for row, name in zip(good, names)}
    return [replace(row, plot=plot_of[row.number]) if isinstance(row, BatchRow) else row for row in rows]


def _row(number: int, row: TableRow, base: Path, folder: Path, name: Callable[[Path, str], str],
         ending: str, target_of: Callable[[str], str]) -> BatchRow | BadRow:
    cells = {name: row.cells.get(name, "") for name in COLUMNS}
    if row.surplus:
        return BadRow(number, "The row has more cells than the header; quote cells that contain commas.")
    if not cells["source"]:
        return BadRow(number, "The row names no source.")
    if cells["reference"] and cells["emotion"]:
        return BadRow(number, "The row has a reference and an emotion; it takes either a reference or an emotion.")
    if not cells["reference"] and not cells["emotion"]:
        return BadRow(number, "The row needs either a reference or an emotion.")
    source = find_file(base, cells["source"])
    reference = find_file(base, cells["reference"]) if cells["reference"] else None
    try:
        target = reference.stem if reference else target_of(cells["emotion"])
    except ZestError as error:
        return BadRow(number, str(error))
    output = Path(cells["output"].replace("\\", "/") or f"{number:03d}-{name(source, target)}{ending}")  # as Windows writes it
    if output.is_absolute() or ".." in output.parts or PureWindowsPath(output).drive:
        return BadRow(number, f"The output {output} leaves the output folder; name a file inside it.")
    if output.suffix.lower() not in FORMATS:
        return BadRow(number, f"The output {output} must end in {', '.join(FORMATS)}.")
    return BatchRow(number, source, reference, folded(cells["emotion"]) or None, folder / output, bool(cells["output"]))
