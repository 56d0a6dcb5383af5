"""Importing Gradio without the type stubs that it writes for an editor at every import, which takes as long as the import itself.

Gradio's package brings the stubs of its own components along; it reads, compares and leaves them as they are.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without_stubs() -> Iterator[None]:
    """A block in which Gradio, where it is first imported there, writes no stubs of its components.

    Gradio writes none for a class without a file, so its classes have none here; everything else has its own.
    """
    real = inspect.getfile

    def getfile(given: Any) -> str:
        if isinstance(given, type) and given.__module__.startswith("gradio."):
            raise OSError("stubs are left as they are")
        return real(given)

    inspect.getfile = getfile
    try:
        yield
    finally:
        inspect.getfile = real
