"""Where this process keeps the takes and the long recordings of its visitors."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from gradio.utils import get_upload_folder

from workbench.studio.long_store import LongStore
from workbench.studio.store import TakeStore

FOLDER_VARIABLE = "WORKBENCH_TAKES"  # a folder for takes, e.g. on a disk that outlives the machine


@cache
def take_store() -> TakeStore:
    """Beside Gradio's folder of uploads, not in it: Gradio hands out what lies there, and clears it away after some hours."""
    return TakeStore(_root())


@cache
def long_store() -> LongStore:
    """Beside the takes: long recordings are large, and are kept for a shorter time."""
    return LongStore(_root().with_name(f"{_root().name}-long"))


def _root() -> Path:
    folder = os.environ.get(FOLDER_VARIABLE)
    return Path(folder) if folder else Path(get_upload_folder()).with_name("zest-takes")
