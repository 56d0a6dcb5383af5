"""Taking turns at the models: one piece of work at a time, first come, first served, and everybody can be told their place."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from pipelines.counting import counted
from pipelines.hooks import Event, Hook
from workbench import sentences

T = TypeVar("T")
Show = Callable[[float, str], object]  # is given a share of the work, 0 to 1, and what is going on

REMEMBERED = 10  # pieces of work of each kind whose time the forecast follows
GLANCE = 0.5  # seconds between two looks at whether somebody who waits still wants to


@dataclass(frozen=True)
class Work:
    """What a turn is for. kind: work of one kind takes as long for each unit of its size. size: e.g. seconds of a recording."""

    kind: str = "conversion"
    size: float = 1.0


@dataclass(frozen=True)
class Place:
    """A place in the line.

    Attributes:
        ahead: pieces of work that come first, the one at work included. seconds: until it is one's turn, as the last ones of
            their kinds took; None where that is not known: none has ended yet, or the one at work takes longer than those.
    """

    ahead: int
    seconds: float | None = None


def waiting(place: Place) -> str:
    """For readers: how many come first, and how long that may take."""
    if not place.ahead:
        return sentences.YOUR_TURN
    about = "" if place.seconds is None else f", about {max(1, round(place.seconds))} s as the last ones took"
    return f"Waiting: {counted(place.ahead, 'job')} before yours{about}."


@dataclass(frozen=True, eq=False)
class _Ticket:
    work: Work


@dataclass
class Turns:
    """A line in front of the models. clock: seconds, for tests."""

    clock: Callable[[], float] = time.monotonic
    _line: deque[_Ticket] = field(default_factory=deque)
    _took: dict[str, deque[tuple[float, float]]] = field(default_factory=dict)  # by kind: seconds, and how much it was
    _begun: float = 0.0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def turn(self, waiting: Callable[[Place], object] = lambda place: None, work: Work = Work()) -> Iterator[None]:
        """Wait for one's turn, and have it as long as the block lasts.

        Args:
            waiting: called with the place in the line, about twice a second. What it raises ends the wait. work: what it is for.
        """
        ticket = _Ticket(work)
        with self._changed:
            self._line.append(ticket)
        try:
            self._wait(ticket, waiting)
            yield
            self._took.setdefault(work.kind, deque(maxlen=REMEMBERED)).append((self.clock() - self._begun, work.size))
        finally:
            with self._changed:
                self._line.remove(ticket)
                self._changed.notify_all()

    def _wait(self, ticket: _Ticket, waiting: Callable[[Place], object]) -> None:
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
        """By the last ones of each kind, less what the one at work has had."""
        each = [self._expected(self._line[place].work) for place in range(ahead)]
        known = [seconds for seconds in each if seconds is not None]
        if len(known) < ahead:
            return None
        left = known[0] - (self.clock() - self._begun)
        return left + sum(known[1:]) if left > 0 else None

    def _expected(self, work: Work) -> float | None:
        took = self._took.get(work.kind)
        return work.size * sum(seconds for seconds, _ in took) / sum(size for _, size in took) if took else None


@dataclass(frozen=True)
class Turn:
    """Work in a turn at the models. hook: is told the place in the line, and may end the wait. work: what a turn is for."""

    turns: Turns
    hook: Hook
    work: Work

    def do(self, work: Callable[[], T]) -> T:
        with self.turns.turn(self._tell, self.work):
            self._tell(Place(0))
            return work()

    def _tell(self, place: Place) -> None:
        self.hook(Event("waiting", "turn", value=place))


def turn_at_models(hook: Hook, work: Work) -> Turn:
    """A turn at this process's models."""
    return Turn(model_turns(), hook, work)


def with_place(show: Show, progress: Callable[[Show], Hook]) -> Hook:
    """A hook that shows how far work is, and how many come first while it waits; the share stays where it was meanwhile.

    Args:
        progress: makes the hook that shows how far the work itself is.
    """
    last = [0.0]

    def kept(share: float, said: str) -> None:
        last[0] = share
        show(share, said)

    inner = progress(kept)

    def hook(event: Event) -> None:
        if not isinstance(event.value, Place):
            inner(event)
        elif event.value.ahead:
            show(last[0], waiting(event.value))

    return hook


@cache
def model_turns() -> Turns:
    """The line in front of this process's models."""
    return Turns()
