"""Starting the workbench from the command line: `python app.py --port 8000`, or `zest page --port 8000`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from evaluation.listening.publish.links import PORT_VARIABLE
from pipelines.packages import install_command, is_installed
from workbench.api.variables import FILES_VARIABLE, MCP_VARIABLE
from workbench.cli.exit_codes import OUTPUT, USAGE
from workbench.cli.progress import say

if TYPE_CHECKING:
    import gradio as gr  # only for its name: it reads the variables when it is imported

HOST_VARIABLE = "GRADIO_SERVER_NAME"  # Gradio's own
TAKEN = "The workbench cannot be served on {port}: it is in use, or not allowed. Choose another with --port."
NO_MCP = "--mcp needs the package mcp; run '{command}'"
SERVED = "The workbench is open on {address} (Ctrl-C ends it)."


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        say(f"{message[:1].upper()}{message[1:]}; '{self.prog} --help' lists the options.")
        sys.exit(USAGE)


def take_options(words: Sequence[str], program: str = "python app.py") -> None:
    """Read the words behind `app.py` into the variables that Gradio and links read. Exits with a sentence where one is wrong.

    program: how it was called, for its help and its errors.
    """
    parser = _Parser(prog=program, description="Start the workbench.", allow_abbrev=False)
    parser.add_argument("--port", type=_port, metavar="NUMBER", help="port to listen on; GRADIO_SERVER_PORT, or 7860 if left out")
    parser.add_argument("--host", metavar="ADDRESS",
                        help="address to listen on, 0.0.0.0 for all; GRADIO_SERVER_NAME, or 127.0.0.1 if left out")
    parser.add_argument("--mcp", action="store_true", help="serve the API to agents, too, by the Model Context Protocol")
    parser.add_argument("--files", type=_folder, metavar="FOLDER",
                        help="folder whose files programs may name by their paths, for everybody who reaches the workbench")
    given = parser.parse_args(words)
    port = os.environ.get(PORT_VARIABLE, "").strip()
    if not port:
        os.environ.pop(PORT_VARIABLE, None)  # which Gradio would take for a number
    if given.port is None and port:
        try:
            _port(port)
        except argparse.ArgumentTypeError as wrong:
            parser.error(f"{PORT_VARIABLE}: {wrong}")
    if given.port is not None:
        os.environ[PORT_VARIABLE] = str(given.port)
    if given.host:
        os.environ[HOST_VARIABLE] = given.host
    if given.files:
        os.environ[FILES_VARIABLE] = given.files
    if given.mcp or os.environ.get(MCP_VARIABLE, "").lower() == "true":
        if not is_installed("mcp"):
            parser.error(NO_MCP.format(command=install_command("mcp")))
        os.environ[MCP_VARIABLE] = "true"


def open_page(demo: gr.Blocks) -> None:
    """Fetch the studies that the environment names, and serve the page until somebody ends it."""
    from workbench.demo import launch_options
    from workbench.listening.admin import administration
    from workbench.listening.studies import fetch_studies

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # in order, so that answers not yet pushed to the hub still are
    fetch_studies()
    if administration().problem:
        say(administration().problem.replace("`", ""))
    serve(demo, **launch_options())


def serve(demo: gr.Blocks, **options) -> None:
    """Serve until somebody ends it. options: of `Blocks.launch`. Exits with a sentence where the port is not free."""
    port = os.environ.get(PORT_VARIABLE, "").strip()
    try:
        demo.launch(**options, server_port=int(port) if port else None, quiet=True, prevent_thread_lock=True)
    except OSError:
        say(TAKEN.format(port=f"port {port}" if port else "any port from 7860 on"))
        sys.exit(OUTPUT)
    say(SERVED.format(address=demo.local_url))
    from workbench.api.agents import complete_server  # imported late: it imports Gradio

    complete_server(demo)
    demo.block_thread()


def _port(word: str) -> int:
    if not word.isdecimal() or not 1 <= int(word) <= 65535:
        raise argparse.ArgumentTypeError(f"'{word}' is no port; give a number from 1 to 65535")
    return int(word)


def _folder(word: str) -> str:
    if not Path(word).is_dir():
        raise argparse.ArgumentTypeError(f"'{word}' is no folder")
    return str(Path(word).resolve())
