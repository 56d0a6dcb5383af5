"""Batches over the API: many conversions by one call, which goes on whether somebody waits for it or not.

A batch is a job as the page has them: each pair takes its turn at the models anew, so that others convert in between. A pair that
fails does not end the batch. Results stay for some hours, as all files of the API do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.errors import ZestError
from pipelines.features.writing import SOURCE_RATE
from pipelines.hooks import Hook
from workbench.api.endpoint import FILES, Endpoint
from workbench.api.endpoints import checked
from workbench.api.errors import BAD_CALL, BUSY, NOT_FOUND, CallError, code_of
from workbench.api.files import path_of
from workbench.api.types import F0, File, Rate, Seed, Strength, Subtype, describes_settings
from workbench.api.values import words
from workbench.conversion_request import DEFAULTS, ConversionRequest
from workbench.studio.jobs import Job, Task
from workbench.studio.turns import Turns, Work, model_turns
from workbench.uploads import without_places

MOST_PAIRS = 200
MOST_UNFINISHED = 5  # batches of a workbench
PAIR = Work("pair")  # turns are forecast by the last pairs
KEPT_HOURS = 6.0  # after the end, as long as files stay
NO_PAIRS = 'Give pairs: a list of objects with a source and an emotion or a reference, as in {"source": PATH, "emotion": "sad"}.'
TOO_MANY_PAIRS = f"A batch takes at most {MOST_PAIRS} pairs, not {{count}}; give several batches."
FULL = f"{MOST_UNFINISHED} batches are at work already; try again when one of them has ended."
UNKNOWN = "There is no batch '{name}', or not any more; results stay for {hours:g} hours."
UNKNOWN_KEY = "Pair {number} has '{key}'; it may have source, emotion and reference."
NO_PAIR = "Pair {number} is no object with a source, and an emotion or a reference."


@dataclass(frozen=True)
class Pair:
    """One conversion of a batch: source is a file; either an emotion or a reference, which is a file, says the target."""

    source: File
    emotion: str | None = None
    reference: File | None = None


@dataclass(frozen=True)
class Converted:
    """What became of a pair. row: its number, from 1. output: the WAV, document: its numbers; or error and its code."""

    row: int
    output: Path | None = None
    document: dict[str, Any] | None = None
    error: str = ""
    code: str = ""

    def numbers(self) -> dict[str, Any]:
        """Ready for JSON."""
        if self.document is None:
            return {"row": self.row, "error": self.error, "code": self.code}
        return {"row": self.row, "error": None, "code": None, "output": self.output.name if self.output else None} | self.document


@dataclass
class Batch:
    """A job with what is told of it. ended: when it was first seen to have ended, seconds of a clock that only rises."""

    job: Job[Converted]
    pairs: int
    ended: float | None = None

    def state(self) -> dict[str, Any]:
        """How far it is."""
        state, results = self.job.state, list(self.job.results)
        return {"batch": self.job.id, "state": state.state, "pairs": self.pairs, "done": len(results),
                "failed": sum(one.document is None for one in results), "fraction": round(state.fraction, 4),
                "doing": "" if state.ended else " ".join(filter(None, (state.task, state.stage))), "ahead": state.place.ahead,
                "error": state.sentence or None}

    def numbers(self) -> dict[str, Any]:
        """All that is known of the pairs that are done, in the order in which they were given."""
        results = sorted(self.job.results, key=lambda one: one.row)
        failed = sum(one.document is None for one in results)
        return {"batch": self.job.id, "state": self.job.state.state, "pairs": [one.numbers() for one in results],
                "converted": len(results) - failed, "failed": failed}


class Batches:
    """The batches of a process. turns: at the models. clock: seconds, for tests."""

    def __init__(self, turns: Turns, clock: Callable[[], float] = time.monotonic):
        self._turns, self._clock = turns, clock
        self._known: dict[str, Batch] = {}
        self._lock = threading.Lock()

    def start(self, tasks: Sequence[Task[Converted]]) -> Batch:
        """Begin. Raises CallError: too many are at work."""
        job: Job[Converted] = Job("", "", "batch", tasks, self._turns)
        with self._lock:
            self._forget_old()
            if sum(not one.job.state.ended for one in self._known.values()) >= MOST_UNFINISHED:
                raise CallError(BUSY, FULL)
            batch = self._known[job.id] = Batch(job, len(tasks))
        job.start()
        return batch

    def find(self, name: str) -> Batch:
        """By its id. Raises CallError: there is none."""
        with self._lock:
            self._forget_old()
            found = self._known.get(name)
        if found is None:
            raise CallError(NOT_FOUND, UNKNOWN.format(name=name[:40], hours=KEPT_HOURS))
        return found

    def _forget_old(self) -> None:
        now = self._clock()
        for name, one in list(self._known.items()):
            if one.job.state.ended:
                one.ended = now if one.ended is None else one.ended
                if now - one.ended > KEPT_HOURS * 3600:
                    del self._known[name]


@cache
def batches() -> Batches:
    """Those of this process."""
    return Batches(model_turns())


@describes_settings
def batch(pairs: list[Pair], strength: Strength = DEFAULTS.strength, tempo: bool = DEFAULTS.tempo,
          decoder: str = DEFAULTS.decoder, seed: Seed = DEFAULTS.seed, f0: F0 = "predicted", rate: Rate = SOURCE_RATE,
          subtype: Subtype = "", denoise: bool = False, mark: bool = True) -> dict[str, Any]:
    """Begin many conversions by one call and return at once; /batch_status tells how far they are, /batch_result gives the files.

    Args:
        pairs: At most 200 objects with a source, and an emotion or a reference; files and emotions as for convert.
        rate: Sampling rate of the results: source for each source's own, 16 to 48 kHz, or a number of Hz between them.
        subtype: Resolution of the results: 16 or 24 bits, or float; 16 if left out.
        denoise: Take steady noise out of the sources first.
        mark: Whether the files' metadata say that their speech is synthetic, and how it was converted.

    Returns:
        the state of the batch, with its id as batch.
    """
    given = [_request(number, one, ConversionRequest(None, None, None, strength, tempo, decoder, seed, f0, rate or SOURCE_RATE,
                                                     subtype, (), denoise, mark)) for number, one in enumerate(_listed(pairs), 1)]
    given.sort(key=lambda one: one[1].source or "")  # those of one source follow each other, so that it is encoded once
    return batches().start([_task(number, request) for number, request in given]).state()


def batch_status(batch: str) -> dict[str, Any]:
    """Tell how far a batch is.

    Args:
        batch: The id that /batch gave.

    Returns:
        state (waiting, working, done, failed or cancelled), pairs, done, failed, fraction (0 to 1) and what is being done.
    """
    return batches().find(words("batch", batch)).state()


def batch_result(batch: str) -> tuple[list[str], dict[str, Any]]:
    """Give the files and numbers of a batch; of one that is still at work, or was cancelled, those that are done.

    Args:
        batch: The id that /batch gave.

    Returns:
        the converted recordings (WAV), and the numbers of each pair in the order of the call: output (the file's name) and all
        that convert tells, or error and code.
    """
    found = batches().find(words("batch", batch))
    results = sorted(found.job.results, key=lambda one: one.row)
    return [str(one.output) for one in results if one.output is not None], found.numbers()


def batch_cancel(batch: str) -> dict[str, Any]:
    """End a batch at its next stage; what is done stays.

    Args:
        batch: The id that /batch gave.

    Returns:
        the state of the batch.
    """
    found = batches().find(words("batch", batch))
    found.job.cancel()
    return found.state()


def _listed(pairs: Any) -> list[Any]:
    if not isinstance(pairs, list) or not pairs:
        raise CallError(BAD_CALL, NO_PAIRS)
    if len(pairs) > MOST_PAIRS:
        raise CallError(BAD_CALL, TOO_MANY_PAIRS.format(count=len(pairs)))
    return pairs


def _request(number: int, pair: Any, shared: ConversionRequest) -> tuple[int, ConversionRequest]:
    """What a pair asks for. Raises ZestError: it is none, or names a file that is not here."""
    if not isinstance(pair, dict):
        raise CallError(BAD_CALL, NO_PAIR.format(number=number))
    unknown = [key for key in pair if key not in Pair.__dataclass_fields__]
    if unknown:
        raise CallError(BAD_CALL, UNKNOWN_KEY.format(number=number, key=unknown[0]))
    emotion, reference = pair.get("emotion"), pair.get("reference")
    return number, replace(shared, source=path_of(f"the source of pair {number}", pair.get("source")),
                           emotion=words(f"the emotion of pair {number}", emotion) if emotion else None,
                           reference=path_of(f"the reference of pair {number}", reference) if reference else None)


def _task(number: int, request: ConversionRequest) -> Task[Converted]:
    def work(hook: Hook) -> Converted:
        try:
            described = checked(request).convert(hook)
        except ZestError as error:
            return Converted(number, error=without_places(str(error)), code=code_of(error))
        return Converted(number, described.output, described.document)

    target = Path(request.reference).name if request.reference else request.emotion or request.baseline
    return Task(f"{Path(request.source or '').name} to {target}", work, by_reference=request.reference is not None, turn=PAIR)


BATCH = (Endpoint(batch, {"numbers": "batch"}), Endpoint(batch_status, {"numbers": "batch"}),
         Endpoint(batch_result, {"converted": FILES, "numbers": "batch_result"}), Endpoint(batch_cancel, {"numbers": "batch"}))
