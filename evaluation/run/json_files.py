"""JSON and JSONL files of a run.

A JSON file is written whole or not at all. JSONL survives a kill: complete lines are kept, half a line is dropped.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.errors import OutputError, ZestError
from pipelines.files import json_text, make_folder, write_whole

BLOCK = 1 << 16  # bytes


def read_json(path: Path) -> Any:
    """The document, None where there is no file. Raises ZestError: it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise ZestError(f"{path} is damaged; delete it and run the same command again.") from error


def write_json(path: Path, document: Any) -> Path:
    """Whole or not at all, in a folder that is created where it is missing. Raises OutputError."""
    make_folder(path.parent)
    return write_whole(path, (json_text(document, 2) + "\n").encode())


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every complete line as a dictionary; nothing where there is no file."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            document = _parsed(line)
            if document is not None:
                yield document


class Lines:
    """An open JSONL file that lines are added to."""

    def __init__(self, path: Path):
        self.path = path
        self._file = None

    def add(self, document: dict[str, Any]) -> None:
        """Append one line and hand it to the operating system.

        Raises:
            OutputError: the disk is full or the file cannot be written.
        """
        try:
            if self._file is None:
                _drop_half_line(self.path)
                self._file = self.path.open("ab", buffering=0)
            line = (json_text(document) + "\n").encode()
            if self._file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputError(f"Cannot write {self.path}: {reason[:1].lower()}{reason[1:]}; free some space or choose another "
                              "place.") from error

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


@contextmanager
def appending(path: Path) -> Iterator[Lines]:
    """Lines to add to; the file is opened with the first one and closed at the end."""
    lines = Lines(path)
    try:
        yield lines
    finally:
        lines.close()


def _parsed(line: str) -> dict[str, Any] | None:
    if not line.endswith("\n"):  # `Lines` cuts it off, even where it can be parsed
        return None
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _drop_half_line(path: Path) -> None:
    """Cut off what stands behind the last line break: half a line that a kill left."""
    if not path.is_file():
        return
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        start = end
        while start > 0:
            start = max(0, start - BLOCK)
            file.seek(start)
            found = file.read(min(BLOCK, end - start)).rfind(b"\n")
            if found >= 0:
                file.truncate(start + found + 1)
                return
        file.truncate(0)
