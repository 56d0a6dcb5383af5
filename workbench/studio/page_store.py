"""Where this process keeps the takes and the long recordings of its visitors."""

from __future__ import annotations

from functools import cache

from workbench.studio.long_store import LongStore
from workbench.studio.store import TakeStore
from workbench.uploads import long_folder, takes_folder


@cache
def take_store() -> TakeStore:
    """Beside Gradio's folder of uploads, not in it: Gradio hands out what lies there, and clears it away after some hours."""
    return TakeStore(takes_folder())


@cache
def long_store() -> LongStore:
    """Beside the takes: long recordings are large, and are kept for a shorter time."""
    return LongStore(long_folder())
