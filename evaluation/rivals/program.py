"""One run of a program by others: its words, its time, its end, and the recording that it wrote.

The program gets a folder of its own, no standard input, and a group of processes that ends with it. What it prints goes to a
file, so that neither pipes nor processes that it leaves behind can hold the evaluation.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pipelines.errors import ZestError
from pipelines.features.decoding import ENDINGS

FOREIGN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONSTARTUP")  # of our environment, not of theirs
SHOWN = 200  # letters of what it said
READ = 20_000  # bytes of its log
PATIENCE = 5.0  # seconds between asking to end and ending


def run_program(title: str, words: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str],
                timeout: float) -> None:
    """Run to its end.

    Raises:
        ZestError: it cannot be started, takes too long (then it is ended, with all that it started), or ends with an error.
    """
    own = {name: value for name, value in os.environ.items() if name not in FOREIGN} | dict(environment)
    try:
        with log.open("wb") as said:
            process = subprocess.Popen(list(words), cwd=folder, env=own, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                       start_new_session=True)
    except (OSError, ValueError) as error:
        raise ZestError(f"{title} cannot be started: {error.strerror if isinstance(error, OSError) else error}.") from error
    try:
        code = process.wait(timeout)
    except subprocess.TimeoutExpired as error:
        raise ZestError(f"{title} took more than {timeout:g} s for this pair and was stopped.") from error
    finally:
        _end(process)
    if code != 0:
        why = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        raise ZestError(f"{title} {why}{last_words(log)}.")


def written(title: str, output: Path, results: Path, log: Path) -> Path:
    """The recording that a program left: {output}, else the newest one in {results}. Raises ZestError: there is none."""
    if output.is_file() and output.stat().st_size:
        return output
    found = [path for path in results.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file() and path.stat().st_size]
    if found:
        return max(found, key=lambda path: path.stat().st_mtime_ns)
    raise ZestError(f"{title} ended without an error and wrote no recording{last_words(log)}.")


def last_words(log: Path) -> str:
    """The last line that a program printed, to stand behind a sentence; '' for none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - READ))
            lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    printable = "".join(letter if letter.isprintable() else " " for letter in lines[-1])[:SHOWN].rstrip(" .") if lines else ""
    return f"; its last words: {printable}" if printable else ""


def _end(process: subprocess.Popen) -> None:
    """End what is left of its group: politely, then for good."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE if process.poll() is None else 0)
