"""The work on long recordings: phrases are found, and plans rendered, in threads that outlive the page.

A rendering takes its turn at the models for each phrase anew, so that others convert in between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.errors import ZestError
from pipelines.features.growing import GrowingWav
from pipelines.features.long_recording import LongRecording, long_recording
from pipelines.features.writing import AudioForm
from pipelines.hooks import Event, Hook
from pipelines.plan.converting import PhraseConverter
from pipelines.plan.phrases import phrases, segments_of, speech_of
from pipelines.plan.rendering import RenderedPiece, render
from pipelines.plan.segments import Segment
from pipelines.plan.table import write_plan
from pipelines.settings import Settings
from workbench.rendering import describe_plan
from workbench.studio.doubts import doubts
from workbench.studio.jobs import Job, Task
from workbench.studio.long_plan import numbered, rows_of
from workbench.studio.long_store import LongProject, LongStore
from workbench.studio.turns import Turn, Turns, Work, turn_at_models

BUSY = "Something is at work on this recording already; wait for it, or cancel it."
PHRASE = Work("phrase")
SKETCHED = 20  # peaks a second of the waveform's sketch
READING, RENDERING = "reading", "rendering"


@dataclass
class LongWork:
    """One piece of work on a visitor's recording; it stays known when it has ended.

    Attributes:
        kind: READING or RENDERING. pieces: of the result, as far as it is.
    """

    kind: str
    project: LongProject
    pieces: list[RenderedPiece] = field(default_factory=list)
    job: Job | None = None

    @property
    def ended(self) -> bool:
        return self.job is None or self.job.state.ended


class LongBoard:
    """The newest work of each visitor."""

    def __init__(self):
        self._works: dict[str, LongWork] = {}
        self._lock = threading.Lock()

    def of(self, token: str) -> LongWork | None:
        return self._works.get(token)

    def start(self, token: str, work: LongWork, task: Task[Any]) -> LongWork:
        """Begin. Raises ZestError: this visitor's last work goes on still."""
        with self._lock:
            before = self._works.get(token)
            if before is not None and not before.ended:
                raise ZestError(BUSY)
            work.job = Job(token, "", task.label, [task], Turns())  # a line of its own: turns are taken phrase by phrase
            self._works[token] = work
        work.job.start()
        return work

    def cancel(self, token: str) -> None:
        """End a visitor's work at its next stage."""
        work = self._works.get(token)
        if work is not None and work.job is not None:
            work.job.cancel()

    def end(self, token: str) -> None:
        """Cancel, wait until it has ended, and forget it."""
        self.cancel(token)
        work = self._works.get(token)
        if work is not None and work.job is not None:
            for _ in work.job.follow():
                pass
        with self._lock:
            self._works.pop(token, None)


def reading(store: LongStore, token: str, project: LongProject, template: Segment) -> tuple[LongWork, Task[Any]]:
    """Find the phrases of what was given. template: what each of them asks for. A recording that cannot be used is removed."""
    def work(hook: Hook) -> None:
        def told(event: Event) -> None:
            hook(replace(event, stage=READING) if event.stage == "speech" else event)  # nothing is rendered afterwards

        try:
            with long_recording(project.upload, project.folder, partial_rate(project.source)) as recording:
                segments = segments_of(phrases(speech_of(recording, told)), template)
                project.sketch.write_bytes(_copied(recording, project.source))
                found = {"seconds": recording.seconds, "rate": recording.rate, "notes": recording.warnings}
            hook(Event("progress", READING, value=(1, 1), label="Checking the recording"))
            found["findings"] = doubts(project.source)
            write_plan(project.plan, segments)
            store.ready(project, **found)
        except BaseException:
            store.remove(token)
            raise

    return LongWork(READING, project), Task(project.name, work)


def rendering(project: LongProject, segments: tuple[Segment, ...], settings: Settings, name: str,
              load: Callable[[], PhraseConverter], denoise: bool = False) -> tuple[LongWork, Task[Any]]:
    """Render the plan. What is done stays when it is cancelled or fails.

    Args:
        name: of the result's download. load: the converter; called in a turn at the models. denoise: take steady noise out
            of the source first.
    """
    own = LongWork(RENDERING, project)

    def work(hook: Hook) -> None:
        def tell(event: Event) -> None:
            if event.stage == "piece":
                own.pieces.append(event.value)
            hook(event)

        turn = turn_at_models(hook, PHRASE)
        converter = TurnTaking(turn.do(load), turn)
        used = replace(settings, decoder=settings.decoder or next(iter(getattr(converter.own, "decoders", ())), ""))
        project.keep_document("part.json", None)
        try:
            rendered = render(converter, project.source, segments, project.result, used, tell, project.phrases,
                              numbered(segments), keep_partial=True, denoise=denoise)
        except BaseException:
            project.keep_document("part.json", {"pieces": [asdict(one) for one in own.pieces], "denoised": denoise,
                                                "rows": rows_of(segments, project.plan.parent)})
            raise
        numbers = describe_plan(rendered, segments, used)
        del numbers["segments"]  # it names paths of this server; the page has rows and pieces
        numbers["notes"] = [note.replace(project.source.name, project.name) for note in rendered.notes]
        project.keep_document("result.json", numbers | {
            "pieces": [asdict(one) for one in rendered.pieces], "rows": rows_of(segments, project.plan.parent),
            "name": name, "made": time.time(), "denoised": denoise})

    return own, Task(project.name, work)


def partial_rate(path: Path) -> Callable[[int], int]:
    """The rate of a result whose source has some rate."""
    return lambda rate: AudioForm().hertz(rate, path)


def _copied(recording: LongRecording, path: Path) -> bytes:
    """Copy it into a WAV. Returns the sketch: peaks, 20 a second, a byte each for 0 to 100 % of full scale."""
    window, peaks, rest = max(1, recording.rate // SKETCHED), [], np.zeros(0, np.float32)
    with GrowingWav(path, recording.rate) as wav:
        for block in recording.blocks():
            wav.add(block)
            levels = np.abs(np.concatenate([rest, block]))
            full = len(levels) // window * window
            peaks.append(levels[:full].reshape(-1, window).max(axis=1, initial=0.0))
            rest = levels[full:]
    return np.rint(100 * np.concatenate(peaks)).astype(np.uint8).tobytes()


class TurnTaking:
    """A converter that waits for its turn before each conversion. own: what converts."""

    def __init__(self, own: PhraseConverter, turn: Turn):
        self.own, self._turn = own, turn

    @property
    def identity(self) -> str:
        return self.own.identity

    @property
    def weights(self) -> str:
        return self.own.weights

    def prepared(self, reference: Path) -> Any:
        return self._turn.do(lambda: self.own.prepared(reference))

    def check_emotion(self, emotion: str) -> object:
        return self.own.check_emotion(emotion)

    def convert(self, *given: Any, **named: Any) -> Any:
        return self._turn.do(lambda: self.own.convert(*given, **named))


@cache
def long_board() -> LongBoard:
    """The work of this process."""
    return LongBoard()
