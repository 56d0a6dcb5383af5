"""One mechanism through which progress, stage timings and intermediate artefacts leave a conversion.

A hook is any callable `hook(event)`; the UI's progress bar, the command line's and the benchmark each pass their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

STAGES = ("read", "units", "speaker", "pitch", "envelope", "emotion", "transfer", "synthesise")


@dataclass(frozen=True)
class Event:
    """What happened. kind: 'start' or 'end' of a stage (end carries `seconds`), 'artefact' (carries `value`), or 'progress'
    of a stage of many items (`value` is (done, total)).

    `stage` is a key for programs; `label` says the same in a reader's words, '' where there are none.
    """

    kind: str
    stage: str
    seconds: float = 0.0
    value: Any = None
    label: str = ""


Hook = Callable[[Event], None]


def silent(event: Event) -> None:
    """A hook that does nothing."""


@contextmanager
def stage(hook: Hook, name: str) -> Iterator[None]:
    """Time a stage and tell the hook when it starts and ends."""
    hook(Event("start", name))
    begun = time.perf_counter()
    yield
    hook(Event("end", name, time.perf_counter() - begun))


@dataclass
class Timings:
    """A hook that adds up seconds per stage and passes every event on."""

    forward: Hook = silent
    seconds: dict[str, float] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        if event.kind == "end":
            self.seconds[event.stage] = self.seconds.get(event.stage, 0.0) + event.seconds
        self.forward(event)
