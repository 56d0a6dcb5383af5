"""One plan as command and page render it: render, describe, and tidy up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pipelines.conversion import Converts
from pipelines.features.writing import AudioForm
from pipelines.hooks import Hook, silent
from pipelines.plan.converting import PhraseConverter
from pipelines.plan.rendering import RenderedPlan, render, store_path, whole_recording
from pipelines.plan.segments import Segment
from pipelines.plan.store import PieceStore
from pipelines.settings import Settings

DIRECTED = "directed"  # what a result's target is called whose plan has several


def render_whole(converter: Converts, source: Path | str, target: Segment, output: Path, settings: Settings,
                 hook: Hook = silent, form: AudioForm = AudioForm(), denoise: bool = False) -> dict[str, Any]:
    """Convert a recording of up to an hour to one target, phrase by phrase. Rendered phrases stay only until all are.

    Raises:
        ZestError: as `pipelines.plan.rendering.render`.
    """
    return render_and_describe(converter, source, whole_recording(target), output, settings, hook, keep=False, form=form,
                               denoise=denoise)


def render_and_describe(converter: PhraseConverter, source: Path | str, segments: Sequence[Segment], output: Path,
                        settings: Settings, hook: Hook = silent, names: Sequence[str] = (), keep: bool = True,
                        form: AudioForm = AudioForm(), denoise: bool = False) -> dict[str, Any]:
    """Render a plan and describe the result.

    Args:
        names: what sentences call the segments. keep: rendered phrases stay beside the output, for the next plan.
        form: rate, resolution and format of the file. denoise: take steady noise out of the source first.
    Raises:
        ZestError: as `pipelines.plan.rendering.render`.
    """
    rendered = render(converter, source, segments, output, settings, hook, names=names, form=form, denoise=denoise)
    if not keep:
        PieceStore(store_path(output)).remove()
    return describe_plan(rendered, segments, settings)


def describe_plan(rendered: RenderedPlan, segments: Sequence[Segment], settings: Settings) -> dict[str, Any]:
    """The document of a rendering, ready for JSON; its keys are those of a conversion's as far as they fit.

    `segments` says for each segment where it is in the source (`start`, `end`) and in the result (`begins`, `ends`), s.
    """
    targets = {one.target for one in segments if not one.is_kept}
    return {
        "target": next(iter(targets)) if len(targets) == 1 else DIRECTED,
        "settings": asdict(settings),
        "source_seconds": round(rendered.source_seconds, 3),
        "converted_seconds": round(rendered.seconds, 3),
        "rate": rendered.rate,
        "phrases": sum(piece.segment is not None for piece in rendered.pieces),
        "rendered": rendered.rendered,
        "segments": [_described(one, rendered) for one in segments],
        "seconds": {stage: round(seconds, 4) for stage, seconds in rendered.work.items()},
        "real_time_factor": round(rendered.real_time_factor, 4),
        "notes": list(rendered.notes),
    }


def _described(segment: Segment, rendered: RenderedPlan) -> dict[str, Any]:
    segment = replace(segment, end=min(segment.end, rendered.source_seconds))
    times = {"start": segment.start, "end": segment.end, "begins": rendered.moment(segment.start),
             "ends": rendered.moment(segment.end)}
    return {name: round(value, 3) for name, value in times.items()} | {
        "emotion": segment.emotion, "references": [str(path) for path in segment.references], "strength": segment.strength,
        "tempo": segment.tempo}
