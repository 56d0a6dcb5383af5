"""Conversions that outlive the page that asked for them: each job is a thread, which takes its turn at the models.

A page follows a job and may be closed or reloaded meanwhile: what the job makes is kept as takes all the same. A job that is
cancelled gives up its place at once, and its model work ends where the next stage begins.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Generic, TypeVar

from pipelines.errors import ZestError
from pipelines.hooks import Event, Hook
from pipelines.packages import told
from workbench.cli.progress import fraction_hook
from workbench.sentences import BUG
from workbench.studio.turns import Place, Turns, Work, model_turns

log = logging.getLogger(__name__)

WAITING, WORKING, DONE, FAILED, CANCELLED = "waiting", "working", "done", "failed", "cancelled"
ENDED = (DONE, FAILED, CANCELLED)
PATIENCE = 5.0  # seconds after which somebody who follows a job looks again, whether something changed or not
MOST_OF_ONE = 3  # unfinished jobs of one visitor
FULL = "Three conversions of yours are waiting or at work already; wait for one of them, or cancel one."

T = TypeVar("T")


class Cancelled(Exception):
    """Somebody cancelled the job; raised inside its work."""


@dataclass(frozen=True)
class Task(Generic[T]):
    """One conversion of a job. label: what it is for readers. work: makes the result, and tells the hook how far it is.

    by_reference: a second recording is taken apart, too, as `fraction_hook` wants to know. turn: what its turn is for.
    """

    label: str
    work: Callable[[Hook], T]
    by_reference: bool = False
    turn: Work = Work()


@dataclass(frozen=True)
class JobState:
    """How far a job is.

    Attributes:
        state: one of the words above. place: in the line; a long recording waits for each phrase anew, while its job works.
        fraction: of the whole job. stage: what is going on. task: the label of the one at work. made: how many are done.
        begun: seconds since the epoch. sentence: why it failed.
    """

    state: str = WAITING
    place: Place = Place(0)
    fraction: float = 0.0
    stage: str = ""
    task: str = ""
    made: int = 0
    begun: float = field(default_factory=time.time)
    sentence: str = ""

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class Job(Generic[T]):
    """Tasks that are done one after the other, each in a turn of its own.

    Args:
        owner: whose it is, '' for nobody. page: the session of the page that asked. label: what it is for readers.
    """

    def __init__(self, owner: str, page: str, label: str, tasks: Sequence[Task[T]], turns: Turns):
        self.id = secrets.token_urlsafe(9)
        self.owner, self.page, self.label, self.results = owner, page, label, list[T]()
        self._tasks, self._turns = tasks, turns
        self._state, self._cancelled, self._changed = JobState(), threading.Event(), threading.Condition()

    @property
    def state(self) -> JobState:
        return self._state

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"conversion-{self.id}", daemon=True).start()

    def cancel(self) -> None:
        """End it: at once where it waits, else at the next stage."""
        self._cancelled.set()

    def follow(self) -> Iterator[JobState]:
        """Its state whenever that changes, the last one when it has ended."""
        seen = None
        while True:
            with self._changed:
                if self._state == seen:
                    self._changed.wait(PATIENCE)
                state = self._state
            if state != seen:
                yield state
            if state.ended:
                return
            seen = state

    def _run(self) -> None:
        try:
            for task in self._tasks:
                self._tell(state=WAITING, place=Place(0), task=task.label)
                with self._turns.turn(self._waits, task.turn):
                    self._stop_if_cancelled()
                    self._tell(state=WORKING, place=Place(0), stage="")
                    self.results.append(task.work(self._hook(task)))
                self._tell(made=len(self.results), fraction=len(self.results) / len(self._tasks))
            self._tell(state=DONE)
        except Cancelled:
            self._tell(state=CANCELLED)
        except ZestError as error:
            self._tell(state=FAILED, sentence=str(error))
        except Exception as error:
            log.exception("a conversion failed")
            self._tell(state=FAILED, sentence=str(told(error) or BUG))

    def _hook(self, task: Task[T]) -> Hook:
        done, total = len(self.results), len(self._tasks)
        show = fraction_hook(lambda part, stage: self._tell(fraction=(done + part) / total, stage=stage), task.by_reference)

        def hook(event: Event) -> None:
            self._stop_if_cancelled()
            if isinstance(event.value, Place):
                self._tell(place=event.value)
            show(event)

        return hook

    def _waits(self, place: Place) -> None:
        self._stop_if_cancelled()
        self._tell(place=place)

    def _stop_if_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled

    def _tell(self, **changes) -> None:
        with self._changed:
            self._state = replace(self._state, **changes)
            self._changed.notify_all()


class JobBoard:
    """The jobs of one process that have not ended."""

    def __init__(self, turns: Turns):
        self._turns = turns
        self._jobs: dict[str, Job] = {}
        self._expected: dict[str, bool] = {}  # pages that ask for a job next, and whether they have cancelled it already
        self._lock = threading.Lock()

    def expect(self, page: str) -> None:
        """This page is about to ask for a job: a press of Cancel may be quicker, and counts for it, too."""
        with self._lock:
            self._expected[page] = False

    def start(self, owner: str, page: str, label: str, tasks: Sequence[Task[T]]) -> Job[T]:
        """Begin a job. Raises ZestError: this visitor has too many."""
        job = Job(owner, page, label, tasks, self._turns)
        with self._lock:
            self._forget_ended()
            cancelled = self._expected.pop(page, False)
            if sum(one.page == page or (one.owner == owner != "") for one in self._jobs.values()) >= MOST_OF_ONE:
                raise ZestError(FULL)
            self._jobs[job.id] = job
        if cancelled:
            job.cancel()
        job.start()
        return job

    def of(self, owner: str) -> list[Job]:
        """A visitor's jobs that have not ended, the oldest first; none of nobody."""
        with self._lock:
            self._forget_ended()
            return [job for job in self._jobs.values() if owner and job.owner == owner]

    def cancel(self, owner: str, job_id: str) -> None:
        """A visitor's own job; any other id changes nothing."""
        for job in self.of(owner):
            if job.id == job_id:
                job.cancel()

    def cancel_page(self, page: str) -> None:
        """Every job that this page asked for, and the one that it is about to ask for."""
        with self._lock:
            for job in self._jobs.values():
                if page and job.page == page:
                    job.cancel()
            if page in self._expected:
                self._expected[page] = True

    def _forget_ended(self) -> None:
        for job_id in [job_id for job_id, job in self._jobs.items() if job.state.ended]:
            del self._jobs[job_id]


@cache
def job_board() -> JobBoard:
    """The jobs of this process."""
    return JobBoard(model_turns())
