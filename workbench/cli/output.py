"""Results on stdout: text and JSON in whatever letters the terminal takes, and what becomes of a stdout that takes none."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pipelines.errors import OutputError
from pipelines.files import json_text


def print_json(document: Any, indent: int | None = 2) -> None:
    """Write one JSON document; letters that the terminal does not know, and bytes of names that are no letters, are escaped."""
    print(json_text(document, indent, getattr(sys.stdout, "encoding", None) or "utf-8"))


@contextmanager
def told_streams() -> Iterator[None]:
    """Streams that never fail for a letter, and a full or closed stdout as an error that users can mend.

    Raises:
        OutputError: what was printed cannot be written.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EPIPE, errno.EDQUOT, errno.EFBIG, errno.EIO) or error.filename is not None:
            raise
        _forget_stdout()
        raise OutputError(f"What was printed cannot be written: {_lower(error.strerror or str(error))}.") from error


def _forget_stdout() -> None:
    """What Python still holds for stdout goes nowhere, so that the end of the process does not try once more."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
