"""Stands for Python where others start it: the process is a fork of the shared server, which has imported everything.

    python forked_worker.py -u -c LINE [ARGUMENT ...]

So pytest-xdist starts its workers, and torchrun what it launches. What goes in and out of this process goes in and out of the
fork, whose exit code is this one's.
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


def work(streams: list[Stream], words: list[str], folder: str, environment: dict[str, str], paths: list[str]) -> None:
    """Run the line in a fork as `python -c` does. words: the line, and arguments behind it."""
    set_start_method(None, force=True)  # of processes that tests start; the fork has that of its server
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:], sys.argv = paths, ["-c", *words[1:]]
    use_shared()
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115 - not the server's: they remember what it was, a file
    main = sys.modules["__main__"] = ModuleType("__main__")
    try:
        exec(words[0], main.__dict__)
    finally:
        atexit._run_exitfuncs()  # a fork ends without
        sys.stdout.flush()


def main() -> int:
    from tests.support import forked_worker  # by the name that the fork knows it by

    use_shared()
    streams = [forked_worker.Stream(number) for number in range(3)]
    fork = get_context("forkserver").Process(target=forked_worker.work, args=(
        streams, sys.argv[sys.argv.index("-c") + 1:], os.getcwd(), dict(os.environ), ["", *sys.path[1:]]))
    fork.start()
    fork.join()
    return abs(fork.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main())
