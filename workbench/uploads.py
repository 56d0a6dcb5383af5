"""Recordings that visitors uploaded, and what keeps them from being used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.errors import AudioError, ZestError
from pipelines.features.audio import Recording, load

CLEARED = "This recording is not on the server any more, because uploads are kept for some hours only; upload it again."


def read_upload(path: str) -> Recording:
    """An uploaded recording. Raises AudioError: it cannot be used, or was cleared away."""
    if not Path(path).exists():
        raise AudioError(CLEARED)
    return load(path)


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
