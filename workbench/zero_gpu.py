"""ZeroGPU of Hugging Face Spaces, which lends a GPU to each call. Everywhere else nothing here has an effect.

Such a Space refuses to start without a function that is decorated so, and runs it in a process of its own: what goes in
and comes out is pickled. https://huggingface.co/docs/hub/spaces-zerogpu
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

VARIABLE = "SPACES_ZERO_GPU"  # Spaces sets it where GPUs are lent
SECONDS = 60  # of GPU that a call may take

Given = ParamSpec("Given")
Result = TypeVar("Result")


def is_lent() -> bool:
    """Whether this is a Space with ZeroGPU."""
    return os.environ.get(VARIABLE, "").lower() in ("1", "true")


def prepare() -> None:
    """On such a Space, import what watches over the GPU, which must come before torch. Raises ImportError elsewhere."""
    importlib.import_module("spaces")


def on_zero_gpu(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """A decorator: the function with a GPU where one is lent, and the very same function elsewhere."""
    if not is_lent():
        return function
    return importlib.import_module("spaces").GPU(duration=SECONDS)(function)
