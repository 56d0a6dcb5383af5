"""A worker process of pytest-xdist that is a fork of the shared server, and so has imported what files of tests import.

pytest-xdist starts a worker as `PYTHON -u -c LINE`; this file stands in PYTHON's place, and the fork runs LINE. What goes in and
out of this process goes in and out of the fork, whose exit code is this one's.
"""

from __future__ import annotations

import atexit
import os
import sys
from dataclasses import dataclass
from multiprocessing import get_context, set_start_method
from multiprocessing.reduction import DupFd
from pathlib import Path
from types import ModuleType
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.support.forkserver import use_shared  # noqa: E402


@dataclass(frozen=True)
class Stream:
    """Standard input, output or error of a process; the process that it is sent to has it, too."""

    number: int

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (self.number, DupFd(self.number))


def _received(number: int, sent: Any) -> Stream:
    os.dup2(sent.detach(), number)
    return Stream(number)


def work(streams: list[Stream], line: str, folder: str, environment: dict[str, str], paths: list[str]) -> None:
    """Run LINE in a fork as `python -c` does."""
    set_start_method(None, force=True)  # of processes that tests start; the fork has that of its server
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:], sys.argv = paths, ["-c"]
    use_shared()
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - stays open as long as the process
    main = sys.modules["__main__"] = ModuleType("__main__")
    try:
        exec(line, main.__dict__)
    finally:
        atexit._run_exitfuncs()  # a fork ends without


def main() -> int:
    from tests.support import forked_worker  # by the name that the fork knows it by

    use_shared()
    streams = [forked_worker.Stream(number) for number in range(3)]
    fork = get_context("forkserver").Process(target=forked_worker.work, args=(
        streams, sys.argv[-1], os.getcwd(), dict(os.environ), ["", *sys.path[1:]]))
    fork.start()
    fork.join()
    return abs(fork.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main())
