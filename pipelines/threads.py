"""How many threads the networks of a conversion take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """torch on one thread inside, as many as before after it; also a decorator.

    These networks are so small that a second thread waits more than it works, and while it waits it takes a core from
    WORLD (docs/lab-notes/world-and-f0.md). One thread also adds up in the same order on every machine.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
