"""Work that all worker processes of pytest-xdist share: done once a session, in a folder that goes with the session."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = "ZEST_TEST_SESSION"  # environment variable: the session's folder


def begin_session() -> None:
    """Make the session's folder. The first process calls it; the processes that it starts inherit the folder's name."""
    folder = tempfile.mkdtemp(prefix="zest-tests-")
    os.environ[FOLDER] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


@contextmanager
def once_a_session(name: str) -> Iterator[tuple[Path, bool]]:
    """An empty folder to fill, or the filled one of an earlier call. Other processes wait for the one that fills it.

    Yields:
        the folder, and whether it is filled. After an exception the next call gets an empty folder again.
    """
    if FOLDER not in os.environ:
        begin_session()
    session = Path(os.environ[FOLDER])
    folder, done = session / name, session / f"{name}.done"
    with (session / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        yield folder, done.exists()
        done.touch()
