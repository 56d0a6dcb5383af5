"""Results on disk: a file appears whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.errors import OutputError

FULL = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
TABLES = (".csv", ".txt")
PICTURES = (".png", ".svg", ".pdf")
PATH_BYTES = "surrogateescape"  # how Python holds bytes of file names that are not UTF-8; a list of paths keeps them
LOCK = ".lock"  # of a folder that one process writes
STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")


def is_byte(letter: str) -> bool:
    """Whether it stands for a byte of a name that is no letter (PATH_BYTES)."""
    return "\udc80" <= letter <= "\udcff"


def write_whole(path: Path | str, content: bytes) -> Path:
    """Write a file beside its final place, then move it there, so that half of it is never seen.

    Devices such as /dev/null and /dev/stdout are written to directly, not replaced. A link is replaced; what it leads to stays.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
    """
    path = Path(path)
    with told_writing(path):
        check_writable(path)
        if is_device(path):
            path.write_bytes(content)
        else:
            _write_and_move(path, content)
    return path


@contextmanager
def told_writing(path: Path | str) -> Iterator[None]:
    """Raises OutputError in place of an OSError inside: the path cannot be written."""
    try:
        yield
    except OSError as error:
        raise OutputError(_sentence(Path(path), error.strerror or str(error))) from error


def json_text(document: Any, indent: int | None = None, encoding: str = "utf-8") -> str:
    """A document as JSON; letters that the encoding lacks, and bytes of file names that are no letters, are escaped."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return json.dumps(document, indent=indent)
    return text


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write a large file to; what is there at the end of the block is moved to `path`, and deleted if it failed.

    For one writer at a time: what a kill leaves is written over by the next one.
    """
    partial = path.with_name(f".{path.name}.part")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def is_device(path: Path | str) -> bool:
    """Whether it is no file of its own but leads elsewhere: /dev/null, /dev/stdout, a pipe."""
    try:
        if os.path.abspath(path).startswith(STREAMS):  # the file that a shell redirects it to is the shell's
            return True
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def check_ending(path: Path | str, endings: Iterable[str], what: str) -> None:
    """Refuse a name whose ending asks for a format that is not written; no ending, and a device, ask for none.

    Args:
        endings: that are written, in lower case. what: is written, in the plural.
    Raises:
        OutputError: the ending is another.
    """
    suffix, (*others, last) = Path(path).suffix, endings
    if suffix and suffix.lower() not in (*others, last) and not is_device(path):
        raise OutputError(f"Cannot write {path}: {what} are not written as {suffix}; name a file that ends in "
                          f"{', '.join(others)}{' or ' if others else ''}{last}.")


def check_writable(path: Path | str, new_folders: bool = False) -> None:
    """Refuse an output that cannot work, before the work is done.

    Args:
        new_folders: folders are created where they are missing.
    Raises:
        OutputError: the folder is missing or not writable, or the path is a folder or write-protected.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise OutputError(f"Cannot write {path}: it is a folder; name a file in it.")
        if is_device(path):
            return
        if path.exists() and not os.access(path, os.W_OK):
            raise OutputError(f"Cannot write {path}: the file is write-protected; choose another name.")
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):  # the second: the folder is told below
        pass
    except (OSError, ValueError) as error:  # a name too long, a loop of links, a NUL inside
        raise OutputError(_sentence(path, getattr(error, "strerror", None) or str(error))) from error
    folder = path.parent
    if new_folders and not os.path.lexists(folder):
        check_folder(folder)
        return
    if not folder.is_dir():
        state = "it is a file; choose a folder" if os.path.lexists(folder) else "create it first"
        raise OutputError(f"Cannot write {path}: there is no folder {folder}; {state}.")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"Cannot write {path}: no permission to write into {folder}; choose another folder.")


def check_folder(path: Path | str) -> None:
    """Refuse a folder for results that cannot be created or written.

    Raises:
        OutputError: it, or a folder above it, is a file or not writable.
    """
    path = Path(path)
    try:
        place = next(one for one in (path, *path.absolute().parents) if os.path.lexists(one))
        if not place.is_dir():
            raise OutputError(f"Cannot write into {path}: {place} is a file; name a folder.")
        if not os.access(place, os.W_OK):
            raise OutputError(f"Cannot write into {path}: no permission to write into {place}; choose another folder.")
    except (OSError, ValueError) as error:
        raise OutputError(_sentence(path, getattr(error, "strerror", None) or str(error))) from error


def make_folder(path: Path | str) -> Path:
    """Create a folder for results, with its parents, where it does not exist yet.

    Raises:
        OutputError: it cannot be created.
    """
    path = Path(path)
    check_folder(path)
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
        file = (folder / LOCK).open("w")
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
    advice = "free some space or choose another place" if reason in FULL else "choose another name or place"
    return f"Cannot write {str(path)[:200]}: {reason[:1].lower()}{reason[1:]}; {advice}."
