"""A plan rendered: every segment converted piece by piece, all else copied, and the pieces joined into one recording.

Memory holds one piece at a time. Rendered pieces stay in a folder (store.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from pipelines.device import release_memory
from pipelines.errors import OutputError
from pipelines.features.denoising import denoised_long
from pipelines.features.growing import GrowingWav, coding_of, finish
from pipelines.features.long_recording import LongRecording, long_recording
from pipelines.features.mark import mark_of
from pipelines.features.voice_activity import forget_detector
from pipelines.features.writing import AudioForm
from pipelines.files import alone_in, is_device
from pipelines.hooks import Event, Hook, Timings, silent, stage
from pipelines.outputs import check_outputs
from pipelines.plan.assembly import Assembly
from pipelines.plan.converting import PhraseConverter, PieceConverter, Task
from pipelines.plan.phrases import phrases, speech_of, to_convert
from pipelines.plan.segments import ROUNDING, Segment, check_segments
from pipelines.plan.store import PieceStore
from pipelines.settings import Settings


@dataclass(frozen=True)
class RenderedPiece:
    """Where a piece of the result comes from, s.

    Attributes:
        segment: index in the plan; None for what is copied. start, end: in the source. begins, ends: in the result.
        stored: an earlier run rendered it.
    """

    segment: int | None
    start: float
    end: float
    begins: float
    ends: float
    stored: bool = False


@dataclass(frozen=True)
class RenderedPlan:
    """A rendered recording.

    Attributes:
        output: its file. pieces: in order; together they are all of the source and all of the result.
        source_seconds, seconds: lengths of source and result. rate: of the result, Hz. work: wall seconds by stage.
        notes: what a user should read.
    """

    output: Path
    pieces: tuple[RenderedPiece, ...]
    source_seconds: float
    seconds: float
    rate: int
    work: dict[str, float]
    notes: tuple[str, ...]

    @property
    def rendered(self) -> int:
        """Pieces that this run converted."""
        return sum(piece.segment is not None and not piece.stored for piece in self.pieces)

    @property
    def real_time_factor(self) -> float:
        """Seconds of work per second of source."""
        return sum(self.work.values()) / self.source_seconds

    def moment(self, at: float) -> float:
        """When the result shows a moment of the source, s; inside a converted piece, in proportion."""
        before, after = [piece.start for piece in self.pieces], [piece.begins for piece in self.pieces]
        return float(np.interp(at, [*before, self.source_seconds], [*after, self.seconds]))


def partial_path(output: Path | str) -> Path:
    """What grows beside the output while it is rendered, and can be played: a WAV file."""
    output = Path(output)
    return output.with_name(f"{output.stem}.part.wav")


def store_path(output: Path | str) -> Path:
    """The folder of rendered pieces beside an output."""
    output = Path(output)
    return output.with_name(f"{output.name}.phrases")


def whole_recording(segment: Segment) -> tuple[Segment, ...]:
    """The plan that asks for one thing from beginning to end, however long the recording is."""
    return (replace(segment, start=0.0, end=float("inf")),)


def render(converter: PhraseConverter, source: Path | str, segments: Sequence[Segment], output: Path | str,
           settings: Settings = Settings(), hook: Hook = silent, store: Path | str | None = None,
           names: Sequence[str] = (), form: AudioForm = AudioForm(), keep_partial: bool = False,
           denoise: bool = False) -> RenderedPlan:
    """Render a plan of a recording of up to an hour. What no segment changes is copied from the source bit for bit.

    The hook is told the stages of each conversion, and the 'progress' of finding and of rendering phrases, in seconds of source.
    Each RenderedPiece is an 'artefact' of the stage 'piece', as soon as `partial_path(output)` holds it.

    Args:
        segments: in order, without overlaps. settings: of all segments; strength and tempo are each segment's own.
        store: folder of rendered pieces, with which an interrupted run goes on; `store_path(output)` if None.
        names: what sentences call the segments. form: rate, resolution and format of the output.
        keep_partial: `partial_path(output)` stays where the work breaks off, and can be played.
        denoise: take steady noise out of the entire source first; what no segment changes is copied from that.
    Raises:
        PlanError: a segment cannot be rendered. AudioError: a recording cannot be used. OutputError: an output is an input or
            cannot be written, or another rendering is at work in the store. ZestError: as the converter.
    """
    source, output, timings = Path(source), Path(output), Timings(hook)
    form.check(output)
    growing, folder = partial_path(output), Path(store or store_path(output))
    if is_device(output):
        raise OutputError(f"Cannot write {output}: a plan is rendered into a file, which is moved to its place at the end.")
    check_outputs([source, *(path for one in segments for path in one.references)], [output, growing], [folder])
    _refuse_older(growing, folder)
    kept = PieceStore(folder)
    with kept.unless_empty(), alone_in(folder, "rendering"):
        with _source(source, folder, partial(form.hertz, path=output), denoise) as recording:
            segments = _within(segments, recording.seconds)
            check_segments(segments, recording.seconds, recording.name, converter.check_emotion, names)
            pieces = PieceConverter(converter, recording, settings, kept, timings)
            tasks = _tasks(segments, recording, pieces, timings)
            with GrowingWav(growing, recording.rate, coding_of(output, form)) as wav:
                try:
                    found = _assemble(tasks, pieces, Assembly(recording, wav), timings)
                    finish(wav, output, form, _mark(converter, found, settings) if form.mark else "")
                except BaseException:
                    if not keep_partial:
                        growing.unlink(missing_ok=True)
                    raise
        kept.tidy([task.key for task in tasks])
    return RenderedPlan(output, tuple(found), recording.seconds, wav.count / wav.rate, wav.rate, timings.seconds,
                        recording.warnings + pieces.notes())


def _mark(converter: PhraseConverter, found: Sequence[RenderedPiece], settings: Settings) -> str:
    """What the metadata say; '' where everything is copied."""
    if all(piece.segment is None for piece in found):
        return ""
    return mark_of("-".join(("plan", *settings.differences())), converter.weights)


def _refuse_older(growing: Path, folder: Path) -> None:
    """Raises OutputError: what would grow is there, and no earlier rendering left it: that would have left its pieces, too."""
    if os.path.lexists(growing) and not folder.is_dir():
        raise OutputError(f"{growing} is there already, and the result would grow in a file of this name; move it away, or give "
                          "the result another name.")


@contextmanager
def _source(path: Path, folder: Path, rate: Callable[[int], int], denoise: bool) -> Iterator[LongRecording]:
    with long_recording(path, folder, rate) as recording:
        with denoised_long(recording, folder) if denoise else nullcontext(recording) as used:
            yield used


def _within(segments: Sequence[Segment], seconds: float) -> tuple[Segment, ...]:
    """What ends a trifle behind the recording, or nowhere, ends with it."""
    return tuple(replace(one, end=seconds) if one.end == float("inf") or seconds < one.end <= seconds + ROUNDING else one
                 for one in segments)


def _tasks(segments: Sequence[Segment], recording: LongRecording, pieces: PieceConverter, hook: Hook) -> list[Task]:
    """What is to be converted, in order."""
    if all(segment.is_kept for segment in segments):
        return []
    with stage(hook, "speech"):
        speech = speech_of(recording, hook)
        forget_detector()  # what follows does not need it
        release_memory()
        cut = phrases(speech)
    with stage(hook, "read"):
        return [pieces.task(index, segment, one) for index, segment in enumerate(segments) if not segment.is_kept
                for one in to_convert(segment, cut, speech)]


def _assemble(tasks: Sequence[Task], pieces: PieceConverter, assembly: Assembly, hook: Hook) -> list[RenderedPiece]:
    """Convert and write one piece after the other, and what lies between them."""
    found: list[RenderedPiece] = []
    rate, todo, done = assembly.rate, sum(task.seconds for task in tasks if not task.stored), 0.0

    def wrote(segment: int | None, start: int, end: int, begins: int, stored: bool = False) -> None:
        if end > start:
            found.append(RenderedPiece(segment, start / rate, end / rate, begins / rate, assembly.written / rate, stored))
            hook(Event("artefact", "piece", value=found[-1]))

    hook(Event("progress", "phrases", value=(0, round(todo)), label="Rendering phrases"))
    for place, task in enumerate(tasks):
        before, at = assembly.place, assembly.written
        assembly.copy_to(task.start)
        wrote(None, before, task.start, at)
        piece, at = pieces.piece(task), assembly.written
        if piece is not None:
            goes_on = place + 1 < len(tasks) and tasks[place + 1].start == task.end
            assembly.add(piece, task.start, task.end, goes_on)
            wrote(task.segment, task.start, task.end, at, task.stored)
        done += 0.0 if task.stored else task.seconds
        hook(Event("progress", "phrases", value=(round(done), round(todo)), label="Rendering phrases"))
    before, at = assembly.place, assembly.written
    assembly.copy_to(assembly.source.count)
    wrote(None, before, assembly.source.count, at)
    return found
