"""A baseline's conversion as a `Conversion`, so that whatever shows, plots or saves those of the converter does so with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipelines.baselines import registry
from pipelines.conversion import Conversion
from pipelines.features.audio import load
from pipelines.features.pitch import track
from pipelines.hooks import Hook, Timings, silent, stage


@dataclass(frozen=True)
class Chosen:
    """Stands where a conversion has its settings: a baseline has none but its name."""

    system: str


def convert(name: str, source: Path, reference: Path | None, emotion: str | None, checkpoint: str, device: str = "cpu",
            hook: Hook = silent) -> Conversion:
    """Convert one recording by a baseline.

    Its `predicted` is the contour that was asked for, which is the source's where the baseline asks for none.

    Raises:
        AudioError: a recording cannot be used. ZestError, CheckpointError: as `registry.make`.
    """
    registry.check(name, reference is not None, emotion is not None)
    timings = Timings(hook)
    with stage(timings, "read"):
        recording, heard = load(source), load(reference) if reference is not None else None
    with stage(timings, "synthesise"):
        made = registry.make(name, registry.Wish(recording.samples, heard and heard.samples, emotion), checkpoint, device)
    with stage(timings, "pitch"):
        own, other = track(recording.samples).contour(), heard and track(heard.samples).contour()
    return Conversion(
        samples=made.samples, source=own, reference=other, predicted=own if made.asked is None else made.asked,
        target=heard.name if heard else emotion or name, settings=Chosen(name), source_seconds=recording.seconds,
        seconds=timings.seconds, notes=recording.warnings + (heard.warnings if heard else ()))
