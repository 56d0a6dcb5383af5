"""Recordings through pipes: `-` is standard input where a recording is read, and standard output where one is written."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.errors import AudioError, OutputError, ZestError
from pipelines.outputs import check_outputs

PIPE, STDOUT = Path("-"), Path("/dev/stdout")
STDIN = ("-", "/dev/stdin", "/proc/self/fd/0", "/dev/fd/0")
FOLDER = "zest-stdin-"  # how the temporary folder's name begins
MOST_BYTES = 4 << 30  # of standard input
BLOCK = 1 << 20


@contextmanager
def piped_in(*paths: Path | None) -> Iterator[tuple[Path | None, ...]]:
    """The paths, with a temporary file of what standard input holds in place of `-`. It is removed at the end.

    Raises:
        ZestError: two of them are `-`, or standard input is a terminal. AudioError: it cannot be read.
    """
    count = sum(_is_stdin(path) for path in paths)
    if count > 1:
        raise ZestError("Standard input holds one recording; name a file in place of one '-'.")
    if not count:
        yield paths
        return
    with tempfile.TemporaryDirectory(prefix=FOLDER) as folder:
        kept = _keep_stdin(Path(folder) / "stdin")
        yield tuple(kept if _is_stdin(path) else path for path in paths)


def stdin_of(*paths: Path | None) -> list[Path]:
    """Standard input, where one of these is a file of `piped_in`: a shell may send a file that must not be written."""
    return [Path(STDIN[1])] if any(path is not None and shown(path) == str(PIPE) for path in paths) else []


def shown(path: Path) -> str:
    """A path as the user wrote it: '-' for a file of `piped_in`."""
    return str(PIPE) if path.parent.name.startswith(FOLDER) else str(path)


@contextmanager
def piped_out(reads: Iterable[Path]) -> Iterator[Callable[[bytes], None]]:
    """What writes to standard output. Inside, all else that is printed goes to standard error.

    Args:
        reads: files that the call reads.
    Raises:
        ZestError: standard output is a terminal. OverwriteError: a shell sends it to a file that is read. OutputError: it is
            closed or full.
    """
    if sys.stdout is None or sys.stdout.isatty():
        raise ZestError("Standard output is a terminal, which plays no recordings; write to a file or into a pipe, as in "
                        "zest convert me.wav --emotion sad -o - > me-sad.wav.")
    check_outputs(reads, [STDOUT])
    sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    try:
        yield lambda content: _write(own, content)
    finally:
        sys.stdout.flush()
        os.dup2(own, 1)
        os.close(own)


def _is_stdin(path: Path | None) -> bool:
    return path is not None and str(path) in STDIN


def _keep_stdin(path: Path) -> Path:
    if sys.stdin is None or sys.stdin.isatty():
        raise ZestError("Standard input is a terminal; send a recording into it, as in zest convert - --emotion sad < me.wav.")
    size = 0
    try:
        with path.open("wb") as file:
            while block := os.read(0, BLOCK):
                size += file.write(block)
                if size > MOST_BYTES:
                    raise AudioError(f"Standard input holds more than {MOST_BYTES >> 30} GB; send one recording.")
    except OSError as error:
        raise AudioError(f"Standard input cannot be read: {error.strerror or error}.") from error
    return path


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    try:
        while left:
            left = left[os.write(descriptor, left):]
    except OSError as error:
        raise OutputError(f"The recording cannot be written to standard output: {error.strerror or error}.") from error
