"""Waiting for something to become true, instead of for a time that a busy machine may exceed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

SECONDS = 120  # for one step on a slow, busy machine

T = TypeVar("T")


def wait_until(condition: Callable[[], T], seconds: float = SECONDS) -> T:
    """The first truthy value of the condition. Raises AssertionError: there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {condition}")
