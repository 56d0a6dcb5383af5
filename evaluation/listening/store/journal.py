"""A second copy of what was acknowledged, as lines in files that are only appended to: for disks that do not last.

    FOLDER/<study id>/<uuid>-<number>.jsonl     written by one process each; a new one is begun when a file has grown long

The order within a call is: the database commits, the line is synced to this file, the call returns. Whatever is cut off in
between was not acknowledged; sent again, it is found in the database and its line is written then.
"""

from __future__ import annotations

import errno
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

LONGEST = 1 << 20  # bytes of a file: all of it is sent each time it has grown


class Journal:
    """Files of lines, each synced before `write` returns.

    Args:
        folder: created when it is needed. lock: held while a line is written; whoever copies the files holds it to read sizes.
    """

    def __init__(self, folder: Path, lock: threading.Lock | None = None, longest: int = LONGEST):
        self.folder, self.longest = folder, longest
        self.lock = lock or threading.Lock()
        self._process = uuid.uuid4().hex
        self._number = 0
        self._written: dict[Path, int] = {}  # whole lines, in bytes
        self._stamp = 0

    def write(self, study_id: str, lines: Iterable[str]) -> None:
        """Append lines; they are on the disk when this returns. Raises OSError: they may be, or not; write them again."""
        content = "".join(f"{line}\n" for line in lines).encode("ascii")
        if not content:
            return
        with self.lock:
            path = self._file(study_id)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                self._append(descriptor, path, content)
            finally:
                os.close(descriptor)

    def attach(self, study_id: str, take: Callable[[Iterable[str]], None]) -> set[str]:
        """Give `take` every line that is known of the study, and return them."""
        lines = self.lines(study_id)
        take(lines)
        return set(lines)

    def is_whole(self, _study_id: str) -> bool:
        """Whether `take` was given all lines that there are: always, where they are all on this disk."""
        return True

    def lines(self, study_id: str) -> list[str]:
        """Of all processes whose files are on this disk."""
        with self.lock:
            return [line for path in sorted((self.folder / study_id).glob("*.jsonl")) for line in whole_lines(path.read_bytes())]

    def wrote(self, name: str) -> bool:
        """Whether a file of this name is this process's own."""
        return name.startswith(self._process)

    def _append(self, descriptor: int, path: Path, content: bytes) -> None:
        before = os.fstat(descriptor).st_size
        try:
            if os.write(descriptor, content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, before)  # half a line would spoil the next one
            raise
        self._written[path] = before + len(content)
        # What sends the files sees by their time that they have grown, and a clock may stand still for two lines.
        self._stamp = max(time.time_ns(), self._stamp + 1000)
        os.utime(descriptor, ns=(self._stamp, self._stamp))

    def _file(self, study_id: str) -> Path:
        """The file to append to; never one that is long, or that ends in half a line."""
        path = self._path(study_id)
        while path.exists() and (path.stat().st_size >= self.longest or path.stat().st_size != self._written.get(path, 0)):
            self._number += 1
            path = self._path(study_id)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(0o600)
            for folder in (path.parent, self.folder, self.folder.parent):
                _sync_folder(folder)
        return path

    def _path(self, study_id: str) -> Path:
        return self.folder / study_id / f"{self._process}-{self._number:05d}.jsonl"


def whole_lines(content: bytes) -> list[str]:
    """Lines of a file; what stands after the last line break was cut off while it was written, and not acknowledged."""
    return content.decode("utf-8", "replace").split("\n")[:-1]


def _sync_folder(folder: Path) -> None:
    """A new file's name is on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
