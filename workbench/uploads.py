"""Recordings that visitors uploaded, and what keeps them from being used."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from pipelines.errors import AudioError, ZestError
from pipelines.features.audio import load

TAKES_VARIABLE = "WORKBENCH_TAKES"  # a folder for takes, e.g. on a disk that outlives the machine
CLEARED = "This recording is not on the server any more, because uploads are kept for some hours only; upload it again."
REMEMBERED = 256  # uploads


@dataclass(frozen=True)
class Upload:
    """What is known of a recording that can be used. seconds: how long it lasts. warnings: what is doubtful about it."""

    seconds: float
    warnings: tuple[str, ...]


def read_upload(path: str) -> Upload:
    """What is known of an uploaded recording. A file that is as it was is not read again.

    Raises:
        AudioError: it cannot be used, or was cleared away.
    """
    try:
        found = os.stat(path)
    except OSError as error:
        raise AudioError(CLEARED) from error
    return _read(path, found.st_ino, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=REMEMBERED)
def _read(path: str, *state: int) -> Upload:
    """state: by which a file that has changed is known."""
    recording = load(path)
    return Upload(recording.seconds, recording.warnings)


def upload_problem(path: str) -> str:
    """Why an uploaded recording cannot be used, as a sentence; '' where it can."""
    return sentence_of(lambda: read_upload(path))


def sentence_of(check: Callable[[], Any]) -> str:
    """What a check says when it raises a ZestError; '' where it passes."""
    try:
        check()
    except ZestError as error:
        return str(error)
    return ""


def takes_folder() -> Path:
    """Where takes lie: beside Gradio's folder of uploads, not in it, unless the environment names another place."""
    folder = os.environ.get(TAKES_VARIABLE)
    return Path(folder) if folder else Path(get_upload_folder()).with_name("zest-takes")


def long_folder() -> Path:
    """Where long recordings lie: beside the takes."""
    return takes_folder().with_name(f"{takes_folder().name}-long")


def without_places(sentence: str) -> str:
    """A sentence for visitors: uploads are called by their names, not by where they lie on the server."""
    roots = {str(place) for root in (Path(get_upload_folder()), takes_folder(), long_folder())
             for place in (root.absolute(), root.resolve())}
    for root in sorted(roots, key=len, reverse=True):
        sentence = re.sub(rf"{re.escape(root)}/(?:[^/\s'\"]+/)*", "", sentence)
    return sentence
