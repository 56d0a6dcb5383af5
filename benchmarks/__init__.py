"""Measurements of speed and quality, one command a file (`python -m benchmarks.NAME`); here, the plain-text tables they print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from pipelines.errors import OutputError
from pipelines.files import check_ending, check_writable, json_text, write_whole


def checked_json(path: Path | None) -> Path | None:
    """A file for numbers, looked at before the work. No benchmark reads a .json that it may also write, so no input is replaced.

    Raises:
        typer.BadParameter: it cannot be written, or its name asks for something else.
    """
    try:
        if path is not None:
            check_ending(path, (".json",), "numbers")
            check_writable(path)
    except OutputError as error:
        raise typer.BadParameter(str(error)) from error
    return path


JsonFile = Annotated[Optional[Path], typer.Option("--json", help="write every number here", callback=checked_json)]


def write_json(path: Path, document: Any) -> Path:
    """Numbers as JSON, whole or not at all. Raises OutputError."""
    return write_whole(path, (json_text(document, 1) + "\n").encode())


def cell(value: float | None, digits: int) -> str:
    """A number with fixed digits; a dash where it was not measured."""
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned first column, right-aligned others, a rule under the heads."""
    widths = [max(len(row[index]) for row in (heads, *rows)) for index in range(len(heads))]
    lines = ["  ".join(text.ljust(width) if index == 0 else text.rjust(width)
                       for index, (text, width) in enumerate(zip(row, widths, strict=True))) for row in (heads, *rows)]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
