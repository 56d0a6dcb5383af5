"""Which of the three predictions loses most: single factors of the source speaker's own emotional recording put into the source.

python -m benchmarks.oracle --manifest MANIFEST [--checkpoint DIR] [--json oracle.json]

Uses the parallel dev speakers (RAVDESS and nEMO: every sentence in every emotion). Each row takes some of F0, envelope
and timing from the real recording; the mixed rows take one of them from the converter and the rest from the real recording.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks import JsonFile, cell, columns, write_json
from benchmarks.alignment import AlignedFrames, align, with_contour, with_envelope
from benchmarks.quality_pairs import quality_pairs
from benchmarks.scores import QualityScores, scored
from benchmarks.systems import FunctionSystem, conversions, natural_source, samples_of
from evaluation.judges.mini import JUDGES
from evaluation.pair import Pair
from evaluation.protocol.settings import TARGETS
from evaluation.run.systems import Rendered, System
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.features.world import WorldFrames, analyse, at_times, synthesise
from pipelines.training.data.corpus import read_manifest

METRICS = ("voice-to-source", "voice-to-reference", *(f"emotion@{judge}" for judge in JUDGES),
           *(f"target-posterior@{judge}" for judge in JUDGES))
Making = Callable[[Pair], Rendered]


@lru_cache(maxsize=256)
def _aligned(source: Path, real: Path) -> AlignedFrames:
    return align(samples_of(source), samples_of(real))


def _from(build: Callable[[AlignedFrames], WorldFrames]) -> Making:
    return lambda pair: Rendered(synthesise(build(_aligned(pair.source, pair.parallel))))


def _both(both: AlignedFrames) -> WorldFrames:
    return with_envelope(with_contour(both.neutral, both.real_in_neutral_time.f0), both.real_in_neutral_time)


ORACLES: Mapping[str, Making] = {
    "neutral source": natural_source,
    "real F0": _from(lambda a: with_contour(a.neutral, a.real_in_neutral_time.f0)),
    "real envelope": _from(lambda a: with_envelope(a.neutral, a.real_in_neutral_time)),
    "real timing": _from(lambda a: at_times(a.neutral, a.to_neutral)),
    "real F0 + envelope": _from(_both),
    "real F0 + envelope + timing": _from(lambda a: at_times(_both(a), a.to_neutral)),
    "real recording, WORLD copy": _from(lambda a: a.real),
    "real recording": lambda pair: Rendered(samples_of(pair.parallel)),
}


def mixed(ours: System) -> dict[str, Making]:
    """One part from the converter (tempo off, taken apart again by WORLD), the others real.

    ours: a system that converts without moving durations.
    """
    @lru_cache(maxsize=256)
    def predicted(pair: Pair) -> WorldFrames:
        frames = analyse(ours.render(pair).samples)
        frame_count = len(_aligned(pair.source, pair.parallel).neutral.f0)
        return at_times(frames, np.arange(frame_count, dtype=float))  # the last frame again where a frame is missing

    def part(build: Callable[[AlignedFrames, WorldFrames], WorldFrames]) -> Making:
        return lambda pair: Rendered(synthesise(build(_aligned(pair.source, pair.parallel), predicted(pair))))

    return {
        "our F0, real envelope + timing": part(lambda a, p: at_times(
            with_envelope(with_contour(a.neutral, p.f0), a.real_in_neutral_time), a.to_neutral)),
        "our envelope, real F0 + timing": part(lambda a, p: at_times(
            with_envelope(with_contour(a.neutral, a.real_in_neutral_time.f0), p), a.to_neutral)),
        "our F0 + envelope, real timing": part(lambda a, p: at_times(
            with_envelope(with_contour(a.neutral, p.f0), p), a.to_neutral)),
    }


def main(
    manifest: Annotated[Path, typer.Option(help="manifest.csv with parallel dev speakers")],
    checkpoint: Annotated[str, typer.Option(help="folder or hub id")] = str(DEFAULT_CHECKPOINT),
    strength: Annotated[float, typer.Option(help="of our conversions")] = 1.0,
    pairs: Annotated[int, typer.Option(help="pairs of the quality benchmark to choose from")] = 64,
    seed: Annotated[int, typer.Option(help="draws the pairs")] = 0,
    oracles_only: Annotated[bool, typer.Option("--oracles-only", help="leave the checkpoint out")] = False,
    cache: Annotated[Path, typer.Option(help="where measurements are kept between runs")] = Path(".cache/observations"),
    json_file: JsonFile = None,
) -> None:
    """Print what each part of an emotion is worth, and what ours are."""
    try:
        chosen = [pair for pair in quality_pairs(read_manifest(manifest), pairs, seed) if pair.parallel is not None]
        if not chosen:
            raise ZestError("The manifest's dev split has no speaker who says one sentence in two emotions.")
        systems = _made(ORACLES)
        if not oracles_only:
            ours, = conversions(checkpoint, [strength])
            still, = conversions(checkpoint, [strength], tempo=False)
            systems += [replace(ours, name="ours"), replace(still, name="ours, tempo off"), *_made(mixed(still))]
        with scored(chosen, systems, METRICS, cache) as scores:
            text, document = "\n\n".join(table(scores, judge) for judge in JUDGES), as_json(scores)
    except ZestError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    print(f"{counted(len(chosen), 'pair')} with a real recording of the source's speaker and sentence in the target emotion\n")
    print(text)
    if json_file is not None:
        write_json(json_file, document)


def table(scores: QualityScores, judge: str) -> str:
    """Share judged as the target, over all and per emotion; the mean probability of the target emotion; the voice."""
    rows = []
    for system in scores.matrix.systems:
        emotion = scores.per_emotion(system, f"emotion@{judge}")
        rows.append([system, cell(scores.value(system, f"emotion@{judge}"), 0),
                     *(cell(emotion[target], 0) for target in TARGETS),
                     cell(scores.value(system, f"target-posterior@{judge}"), 2),
                     cell(scores.value(system, "voice-to-source"), 2)])
    return columns([f"recognised by {judge} judge, %", "all", *TARGETS, "p(target)", "cos source"], rows)


def as_json(scores: QualityScores) -> dict[str, Any]:
    """Per system every metric's value over all pairs, and each judge's accuracy per emotion."""
    return {system: {"summary": {metric: scores.value(system, metric) for metric in METRICS}} | {
        judge: scores.per_emotion(system, f"emotion@{judge}") for judge in JUDGES} for system in scores.matrix.systems}


def _made(makings: Mapping[str, Making]) -> list[System]:
    return [FunctionSystem(name, make) for name, make in makings.items()]


if __name__ == "__main__":
    typer.run(main)
