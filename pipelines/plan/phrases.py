"""A recording cut into phrases: at pauses, and at the quietest places where somebody goes on without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np

from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.long_recording import LongRecording, long_recording
from pipelines.features.resampling import resample
from pipelines.hooks import Event, Hook, silent
from pipelines.plan.segments import Segment
from pipelines.plan.speech import STEP, Speech, find_speech

PAUSE = 0.3  # s of silence that end a phrase
SHORT = 1.5  # s; a shorter phrase joins its neighbour,
NEAR = 0.7  # where that is at most so many seconds away
LONG = 12.0  # s; a longer phrase is cut
FREE = 0.3  # of a piece's length, within which the quietest place is looked for
ROOM = 0.2  # s of a pause that belong to the phrase beside it, at most
LEAST_PIECE = 0.3  # s of a phrase in a segment that are converted for themselves
KEPT = Segment(0.0, 0.0)  # as it is


@dataclass(frozen=True)
class Stretch:
    """From start to end, s."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


def plan_of(path: Path | str, template: Segment = KEPT, hook: Hook = silent, folder: Path | None = None) -> tuple[Segment, ...]:
    """One segment for each phrase of a recording, to be edited.

    Args:
        template: what each segment asks for. folder: for a copy of the samples meanwhile.
    Raises:
        AudioError: the recording cannot be used. OutputError: the disk is full.
    """
    with long_recording(path, folder) as recording:
        return segments_of(phrases(speech_of(recording, hook)), template)


def segments_of(stretches: Sequence[Stretch], template: Segment = KEPT) -> tuple[Segment, ...]:
    """Segments of these times that ask for what the template asks for."""
    return tuple(Segment(round(one.start, 3), round(one.end, 3), template.emotion, template.reference, template.strength,
                         template.tempo) for one in stretches)


def speech_of(recording: LongRecording, hook: Hook = silent) -> Speech:
    """Where a recording has speech. The hook is told the progress in seconds."""
    return find_speech(_blocks(recording, hook))


def _blocks(recording: LongRecording, hook: Hook) -> Iterator[np.ndarray]:
    """All of it at 16 kHz."""
    done = 0.0
    for block in recording.blocks():
        yield block if recording.rate == SAMPLE_RATE else resample(block, recording.rate, SAMPLE_RATE)
        done += len(block) / recording.rate
        hook(Event("progress", "speech", value=(round(done), round(recording.seconds)), label="Finding phrases"))


def phrases(speech: Speech) -> list[Stretch]:
    """Phrases in order; none overlap, and none is longer than LONG. All of the recording where nobody is found to speak."""
    runs = [Stretch(*run) for run in speech.runs()] or [Stretch(0.0, speech.seconds)]
    joined = _joined(_joined(runs, PAUSE, float("inf")), NEAR, SHORT)
    return [piece for stretch in _with_room(joined, speech) for piece in pieces(stretch, speech)]


def pieces(stretch: Stretch, speech: Speech) -> list[Stretch]:
    """A stretch cut at its quietest places into pieces of at most LONG seconds, of about one length."""
    if stretch.seconds <= LONG:
        return [stretch]
    count = ceil(stretch.seconds / (LONG / (1 + FREE)))
    length = stretch.seconds / count
    middles = [stretch.start + length * number for number in range(1, count)]
    cuts = [speech.quietest(middle - FREE / 2 * length, middle + FREE / 2 * length) for middle in middles]
    return [Stretch(start, end) for start, end in zip([stretch.start, *cuts], [*cuts, stretch.end], strict=True)]


def to_convert(segment: Segment, cut: Sequence[Stretch], speech: Speech) -> list[Stretch]:
    """What of a segment is converted, piece by piece: the phrases inside it. All of it where nobody is found to speak.

    Args:
        cut: phrases of the whole recording, so that a change of one segment leaves the pieces of others as they are.
    """
    whole = Stretch(segment.start, min(segment.end, speech.seconds))
    inside = [Stretch(max(one.start, whole.start), min(one.end, whole.end)) for one in cut
              if one.start < whole.end and one.end > whole.start]
    merged: list[Stretch] = []
    for one in inside:  # the rest of a phrase at a segment's edge goes with what it touches
        touches = merged and one.start - merged[-1].end < STEP
        if touches and min(one.seconds, merged[-1].seconds) < LEAST_PIECE:
            merged[-1] = Stretch(merged[-1].start, one.end)
        else:
            merged.append(one)
    long_enough = [one for one in merged if one.seconds >= LEAST_PIECE]
    return long_enough or pieces(whole, speech)


def _joined(stretches: Sequence[Stretch], gap: float, short: float) -> list[Stretch]:
    """Stretches shorter than `short` with the neighbour that is less than `gap` seconds away; nearer ones first."""
    joined = list(stretches)
    while True:
        gaps = [(joined[place + 1].start - joined[place].end, place) for place in range(len(joined) - 1)
                if min(joined[place].seconds, joined[place + 1].seconds) < short
                and (short == float("inf") or joined[place + 1].end - joined[place].start <= LONG)]
        nearest = min(gaps, default=(gap, 0))
        if nearest[0] >= gap:
            return joined
        place = nearest[1]
        joined[place:place + 2] = [Stretch(joined[place].start, joined[place + 1].end)]


def _with_room(stretches: Sequence[Stretch], speech: Speech) -> list[Stretch]:
    """Each goes a little into the pauses beside it, to a quiet place: detectors come late and go early."""
    befores = [0.0, *(one.end for one in stretches[:-1])]
    afters = [*(one.start for one in stretches[1:]), speech.seconds]
    found = []
    for before, one, after in zip(befores, stretches, afters, strict=True):
        left, right = (min(ROOM, (gap - STEP) / 2) for gap in (one.start - before, after - one.end))
        start = speech.quietest(one.start - left, one.start - left / 2) if left > STEP else one.start
        end = speech.quietest(one.end + right / 2, one.end + right) if right > STEP else one.end
        found.append(Stretch(start, end))
    return found
