"""Processes of their own for tests, without the seconds that imports take.

A server of `multiprocessing` imports what training and the workbench need once, and each process is a fork of this server.
It has imported modules, and nothing that a test did is in it.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Collection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from benchmarks.listening_server import free_port
from tests.support.forkserver import use_shared

OWN = ("pipelines", "evaluation", "workbench")  # packages of this repository
SECONDS = 400.0  # for one command on a slow, busy machine
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.support.gradio_first", __name__, "pipelines.training.stages.registry", "torch._dynamo",
                                  "tests.support.tiny", "workbench.cli.main", "workbench.demo", "gradio.mcp"])
use_shared()


def start(function: Callable[..., Any], *arguments: Any, folder: Path, output: Path | str = os.devnull,
          environment: dict[str, str] | None = None) -> BaseProcess:
    """Begin `function(*arguments)` in `folder`. Both can be pickled; what is printed goes into the file `output`."""
    process = PROCESSES.Process(target=_enter, args=(function, arguments, folder, output, environment or {}))
    process.start()
    return process


def two_together(function: Callable[..., Any], *arguments: Any, folder: Path) -> subprocess.CompletedProcess:
    """The same call in two processes that torch.distributed joins, with the variables that `torchrun` sets.

    Returns:
        the first exit code that is not 0, or 0, and what both printed.
    """
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2", "COLUMNS": "120"}
    outputs = [folder / f"output-{rank}.txt" for rank in range(2)]
    processes = [start(function, *arguments, folder=folder, output=output,
                       environment=shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)})
                 for rank, output in enumerate(outputs)]
    for process in processes:
        process.join(SECONDS)
    codes = [process.exitcode for process in processes]
    if None in codes:
        for process in processes:
            process.kill()
        raise TimeoutError(f"not within {SECONDS} s: {arguments}")
    return subprocess.CompletedProcess(arguments, next(filter(None, codes), 0), "", "".join(map(Path.read_text, outputs)))


def zest(*arguments: Any) -> None:
    """The command line, in a process that a test started."""
    from workbench.cli.main import main

    sys.argv = ["zest", *map(str, arguments)]
    main()


def app(environment: dict[str, str]) -> None:
    """`python app.py` with these variables and no others, in a process that a test started."""
    from gradio import oauth

    os.environ.clear()
    os.environ.update(environment)
    for name in oauth.__dict__.keys() & {"OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES", "OPENID_PROVIDER_URL"}:
        setattr(oauth, name, environment.get(name))  # which Gradio read when it was imported, without them
    sys.argv = ["app.py"]
    runpy.run_path("app.py", run_name="__main__")


def forget(packages: Collection[str]) -> None:
    """In a process that a test started: what is imported of these packages from now on is imported anew."""
    for name in list(sys.modules):
        if name.partition(".")[0] in packages:
            del sys.modules[name]


def killed_from_outside(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _enter(function: Callable[..., Any], arguments: tuple, folder: Path, output: Path | str, environment: dict[str, str]) -> None:
    import torch

    os.chdir(folder)
    os.environ.update(environment)
    torch.set_num_threads(1)
    with open(output, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    function(*arguments)
