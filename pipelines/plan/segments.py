"""What is to become of which part of a recording: segments, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import RecipeError, ZestError
from pipelines.labels import folded
from pipelines.settings import about

KEEP = "keep"  # emotion of what stays as it is, beside an empty one
SHORTEST = 0.1  # s
ROUNDING = 0.05  # s by which a segment may end behind the recording


class PlanError(RecipeError):
    """A plan that cannot be rendered."""


@dataclass(frozen=True)
class Segment:
    """A part of a recording, and what is to become of it.

    Attributes:
        start, end: s. emotion: a preset or a mix of them, '' or 'keep' where it stays as it is. reference: a recording whose
            emotion is taken instead.
        strength: 0 keeps the source. tempo: whether the tempo follows the emotion. words: what is said, for people alone.
        mixed: references with weights, in place of `reference`, also beside an emotion with weights.
    """

    start: float
    end: float
    emotion: str = ""
    reference: Path | None = None
    strength: float = 1.0
    tempo: bool = True
    words: str = ""
    mixed: tuple[tuple[Path, float], ...] = ()

    @property
    def references(self) -> tuple[Path, ...]:
        """Recordings whose emotion is taken."""
        return (self.reference,) if self.reference is not None else tuple(path for path, _ in self.mixed)

    @property
    def target(self) -> str:
        """What it is to become, in words."""
        if self.mixed:
            return ",".join(filter(None, (self.emotion, *(f"{path.stem}:{weight:g}" for path, weight in self.mixed))))
        return self.reference.stem if self.reference is not None else self.emotion

    @property
    def seconds(self) -> float:
        return self.end - self.start

    @property
    def is_kept(self) -> bool:
        """Whether it stays bit for bit."""
        return self.strength == 0 or (not self.references and folded(self.emotion) in ("", KEEP))


def check_segments(segments: Sequence[Segment], seconds: float | None = None, recording: str = "the recording",
                   check_emotion: Callable[[str], object] | None = None, names: Sequence[str] = ()) -> None:
    """Refuse what cannot be rendered.

    Args:
        seconds: of the recording; None where it is not known yet. recording: its name, for sentences.
        check_emotion: raises ZestError for an emotion that there is not. names: of the segments, as in 'plan.csv, line 3'.
    Raises:
        PlanError: one sentence on the first fault.
    """
    fault = next(iter(faults(segments, seconds, recording, check_emotion, names)), None)
    if fault is not None:
        raise PlanError(fault)


def faults(segments: Sequence[Segment], seconds: float | None = None, recording: str = "the recording",
           check_emotion: Callable[[str], object] | None = None, names: Sequence[str] = ()) -> list[str]:
    """Each fault of each segment as a sentence; arguments are those of `check_segments`."""
    called = list(names) or [f"Segment {number}" for number in range(1, len(segments) + 1)]
    found = [] if segments else ["The plan has no segments; give it at least one."]
    for place, (segment, name) in enumerate(zip(segments, called, strict=True)):
        found += [f"{name}: {fault}" for fault in (*_of_times(segment, seconds, recording), *_of_target(segment, check_emotion))]
        if place:
            found += [f"{name}: {fault}" for fault in _of_order(segments[place - 1], segment)]
    return found


def _of_times(segment: Segment, seconds: float | None, recording: str) -> list[str]:
    if not 0 <= segment.start < float("inf") or not segment.end < float("inf"):
        return [f"the start {segment.start:g} and the end {segment.end:g} must be seconds from 0 on."]
    if segment.end <= segment.start:
        return [f"the end, {segment.end:g} s, must lie behind the start, {segment.start:g} s."]
    if segment.seconds < SHORTEST:
        return [f"{segment.seconds:.3f} s are too short; a segment has at least {SHORTEST:g} s."]
    if seconds is not None and segment.end > seconds + ROUNDING:
        return [f"it ends at {segment.end:g} s, but {recording} ends at {seconds:.2f} s."]
    return []


def _of_target(segment: Segment, check_emotion: Callable[[str], object] | None) -> list[str]:
    found, bounds = [], about("strength")
    if not bounds.allows(segment.strength):
        found.append(f"the strength must lie between {bounds.low:g} and {bounds.high:g}, not {segment.strength:g}.")
    if segment.emotion and segment.reference is not None:
        found.append("give either an emotion or a reference, not both; to mix them, give both weights.")
    elif segment.emotion and folded(segment.emotion) != KEEP and check_emotion is not None:
        try:
            check_emotion(segment.emotion)
        except ZestError as error:
            found.append(f"{str(error)[:1].lower()}{str(error)[1:]}")
    return found


def _of_order(before: Segment, segment: Segment) -> list[str]:
    if segment.start < before.start:
        return [f"it begins at {segment.start:g} s, before the segment above it; sort the segments by their start."]
    if segment.start < before.end - 1e-6:
        return [f"it begins at {segment.start:g} s, where the segment above it ends at {before.end:g} s; they must not overlap."]
    return []
