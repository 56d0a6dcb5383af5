"""Results on disk: a file appears whole or not at all."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.errors import OutputError


def write_whole(path: Path | str, content: bytes) -> Path:
    """Write a file beside its final place, then move it there, so that half of it is never seen.

    Devices such as /dev/null are written to directly, not replaced.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
    """
    path = Path(path)
    try:
        check_writable(path)
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            _write_and_move(path, content)
    except OSError as error:
        raise OutputError(_sentence(path, error.strerror or str(error))) from error
    return path


def check_writable(path: Path | str) -> None:
    """Refuse an output that cannot work, before the work is done.

    Raises:
        OutputError: the folder is missing or not writable, or the path is a folder.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise OutputError(f"Cannot write {path}: it is a folder; name a file in it.")
        if not path.parent.is_dir():
            raise OutputError(f"Cannot write {path}: there is no folder {path.parent}; create it first.")
        if not os.access(path.parent, os.W_OK):
            raise OutputError(f"Cannot write {path}: no permission to write into {path.parent}; choose another folder.")
    except (OSError, ValueError) as error:  # a name too long, a loop of links, a NUL inside
        raise OutputError(_sentence(path, getattr(error, "strerror", None) or str(error))) from error


def make_folder(path: Path | str) -> Path:
    """Create a folder for results, with its parents, where it does not exist yet.

    Raises:
        OutputError: it cannot be created.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise OutputError(_sentence(path, getattr(error, "strerror", None) or str(error))) from error
    return path


@contextmanager
def alone_in(folder: Path, work: str) -> Iterator[None]:
    """Lock a folder for one kind of work, since two would undo each other. The lock ends with the process, however that ends.

    Raises:
        OutputError: another process has it, or the folder cannot be written.
    """
    try:
        file = (folder / ".lock").open("w")
    except OSError as error:
        raise OutputError(f"Cannot write into {folder}: {error.strerror or error}; choose another folder.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputError(f"Another {work} is at work in {folder}; wait for it, or choose another folder.") from error
        yield


def _write_and_move(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".zest-", suffix=path.suffix)
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(0o644)  # mkstemp's 0600 would hide the result from everyone else
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _sentence(path: Path, reason: str) -> str:
    reason = reason[:1].lower() + reason[1:]
    return f"Cannot write {path}: {reason}; free some space or choose another place."
