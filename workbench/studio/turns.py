"""Taking turns at the models: one piece of work at a time, first come, first served, and everybody can be told their place."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

REMEMBERED = 10  # pieces of work whose time the forecast follows
GLANCE = 0.5  # seconds between two looks at whether somebody who waits still wants to


@dataclass(frozen=True)
class Place:
    """A place in the line.

    Attributes:
        ahead: pieces of work that come first, the one at work included. seconds: until it is one's turn, as the last ones took;
            None where none has ended yet.
    """

    ahead: int
    seconds: float | None = None


@dataclass
class Turns:
    """A line in front of the models. clock: seconds, for tests."""

    clock: Callable[[], float] = time.monotonic
    _line: deque[object] = field(default_factory=deque)
    _took: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _begun: float = 0.0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def turn(self, waiting: Callable[[Place], object] = lambda place: None) -> Iterator[None]:
        """Wait for one's turn, and have it as long as the block lasts.

        Args:
            waiting: called with the place in the line, about twice a second. What it raises ends the wait.
        """
        ticket = object()
        with self._changed:
            self._line.append(ticket)
        try:
            self._wait(ticket, waiting)
            yield
            self._took.append(self.clock() - self._begun)
        finally:
            with self._changed:
                self._line.remove(ticket)
                self._changed.notify_all()

    def _wait(self, ticket: object, waiting: Callable[[Place], object]) -> None:
        while True:
            with self._changed:
                ahead = self._line.index(ticket)
                if not ahead:
                    self._begun = self.clock()
                    return
                place = Place(ahead, self._forecast(ahead))
            waiting(place)
            with self._changed:
                if self._line.index(ticket) == ahead:
                    self._changed.wait(GLANCE)

    def _forecast(self, ahead: int) -> float | None:
        """By the mean of the last ones, less what the one at work has had."""
        if not self._took:
            return None
        each = sum(self._took) / len(self._took)
        return max(each * ahead - (self.clock() - self._begun), 0.0)


@cache
def model_turns() -> Turns:
    """The line in front of this process's models."""
    return Turns()
