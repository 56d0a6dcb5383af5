"""One server of forks for all worker processes of a run: what takes ten seconds to import is imported once.

`multiprocessing` starts such a server for each process that asks for one. The process that hands out tests starts one for all,
and tells its address in the environment; the worker processes speak to this one.
"""

from __future__ import annotations

import os
import sys
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

ADDRESS = "ZEST_TEST_FORKSERVER"  # environment variable: of the server's socket
FORKED_WORKER = Path(__file__).with_name("forked_worker.py")


def share(modules: list[str]) -> None:
    """Start the server, which imports `modules` at once. It ends with this process."""
    forkserver.set_forkserver_preload(modules)
    forkserver._forkserver.ensure_running()
    os.environ[ADDRESS] = forkserver._forkserver._forkserver_address


def use_shared() -> None:
    """Speak to the shared server from now on, where there is one; else this process starts its own when it needs one."""
    server = forkserver._forkserver
    if ADDRESS in os.environ and server._forkserver_pid is None:
        server._forkserver_address = os.environ[ADDRESS]
        server._forkserver_alive_fd = os.open(os.devnull, os.O_RDONLY)  # every fork gets one; the server lives by its parent's
        server.ensure_running = resource_tracker.ensure_running


def forked(*words: object) -> list[str]:
    """A command that does what `python -c` does with these words, in a fork (forked_worker.py)."""
    return [sys.executable, str(FORKED_WORKER), "-c", *map(str, words)]


def address() -> dict[str, str]:
    """The variable by which `forked` commands find this process's server, which is started where it is not running."""
    forkserver._forkserver.ensure_running()
    return {ADDRESS: forkserver._forkserver._forkserver_address}
