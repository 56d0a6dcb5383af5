"""Which of the three predictions loses most: parts of the source speaker's own emotional recording put into the source.

python -m benchmarks.oracle --manifest MANIFEST [--checkpoint DIR] [--json oracle.json]

Uses the parallel dev speakers (RAVDESS and nEMO: every sentence in every emotion). Each row takes some of melody, envelope
and timing from the real recording; the mixed rows take one of them from the converter and the rest from the real recording.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.alignment import Aligned, align, with_envelope, with_melody
from benchmarks.systems import conversions, natural_source
from benchmarks.tables import cell, columns
from evaluation.judge import JUDGES
from evaluation.measures import VOICE
from evaluation.pairs import TARGETS, Pair, make_pairs
from evaluation.quality import PairScore, System, samples_of, score_systems
from evaluation.score_cache import ScoreCache
from evaluation.summary import judge_accuracy, per_emotion, summarise, target_posterior
from pipelines.conversion import DEFAULT_CHECKPOINT
from pipelines.errors import ZestError
from pipelines.training.corpus import read_manifest
from pipelines.world import WorldFrames, analyse, at_times, synthesise


@lru_cache(maxsize=256)
def _aligned(source: Path, real: Path) -> Aligned:
    return align(samples_of(source), samples_of(real))


def _from(build: Callable[[Aligned], WorldFrames]) -> System:
    return lambda pair: synthesise(build(_aligned(pair.source.path, pair.parallel.path)))


def _both(both: Aligned) -> WorldFrames:
    return with_envelope(with_melody(both.neutral, both.real_in_neutral_time.f0), both.real_in_neutral_time)


ORACLES: dict[str, System] = {
    "neutral source": natural_source,
    "real F0": _from(lambda a: with_melody(a.neutral, a.real_in_neutral_time.f0)),
    "real envelope": _from(lambda a: with_envelope(a.neutral, a.real_in_neutral_time)),
    "real timing": _from(lambda a: at_times(a.neutral, a.to_neutral)),
    "real F0 + envelope": _from(_both),
    "real F0 + envelope + timing": _from(lambda a: at_times(_both(a), a.to_neutral)),
    "real recording, WORLD copy": _from(lambda a: a.real),
    "real recording": lambda pair: samples_of(pair.parallel.path),
}


def mixed(ours: System) -> dict[str, System]:
    """One part from the converter (tempo off, taken apart again by WORLD), the others real.

    ours: a system that converts without moving durations.
    """
    @lru_cache(maxsize=256)
    def predicted(pair: Pair) -> WorldFrames:
        frames = analyse(ours(pair).samples)
        wanted = len(_aligned(pair.source.path, pair.parallel.path).neutral.f0)
        return at_times(frames, np.arange(wanted, dtype=float))  # the last frame again where a frame is missing

    def part(build: Callable[[Aligned, WorldFrames], WorldFrames]) -> System:
        return lambda pair: synthesise(build(_aligned(pair.source.path, pair.parallel.path), predicted(pair)))

    return {
        "our F0, real envelope + timing": part(lambda a, p: at_times(
            with_envelope(with_melody(a.neutral, p.f0), a.real_in_neutral_time), a.to_neutral)),
        "our envelope, real F0 + timing": part(lambda a, p: at_times(
            with_envelope(with_melody(a.neutral, a.real_in_neutral_time.f0), p), a.to_neutral)),
        "our F0 + envelope, real timing": part(lambda a, p: at_times(with_envelope(with_melody(a.neutral, p.f0), p), a.to_neutral)),
    }


def main(
    manifest: Annotated[Path, typer.Option(help="manifest.csv with parallel dev speakers")],
    checkpoint: Annotated[str, typer.Option(help="folder or hub id")] = str(DEFAULT_CHECKPOINT),
    strength: Annotated[float, typer.Option(help="of our conversions")] = 1.0,
    pairs: Annotated[int, typer.Option(help="pairs of the quality benchmark to choose from")] = 64,
    seed: Annotated[int, typer.Option(help="draws the pairs")] = 0,
    oracles_only: Annotated[bool, typer.Option("--oracles-only", help="leave the checkpoint out")] = False,
    cache: Annotated[Path, typer.Option(help="where measurements are kept between runs")] = Path(".cache/scores"),
    json_file: Annotated[Path | None, typer.Option("--json", help="write the numbers here")] = None,
) -> None:
    """Print what each part of an emotion is worth, and what ours are."""
    try:
        chosen = [pair for pair in make_pairs(read_manifest(manifest), pairs, seed) if pair.parallel is not None]
        if not chosen:
            raise ZestError("The manifest's dev split has no speaker who says one sentence in two emotions.")
        systems = dict(ORACLES)
        if not oracles_only:
            ours, = conversions(checkpoint, (strength,)).values()
            still, = conversions(checkpoint, (strength,), tempo=False).values()
            systems |= {"ours": ours, "ours, tempo off": still} | mixed(still)
        scores = score_systems(chosen, systems, ScoreCache(cache), measures=(*JUDGES, VOICE))
    except ZestError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    print(f"{len(chosen)} pairs with a real recording of the source's speaker and sentence in the wanted emotion\n")
    print("\n\n".join(table(scores, judge) for judge in JUDGES))
    if json_file is not None:
        json_file.write_text(json.dumps({name: {"summary": summarise(own)} | {
            judge: per_emotion(own, judge) for judge in JUDGES} for name, own in scores.items()}, indent=1) + "\n")


def table(scores: dict[str, list[PairScore]], judge: str) -> str:
    """Share heard as intended, over all and per emotion; the mean probability of the wanted emotion; the voice."""
    rows = []
    for name, own in scores.items():
        emotion = per_emotion(own, judge)
        wanted = float(np.mean([target_posterior(score, judge) or 0.0 for score in own]))
        rows.append([name, cell(judge_accuracy(own, judge), 0), *(cell(emotion[target], 0) for target in TARGETS),
                     f"{wanted:.2f}", cell(summarise(own)["to_source"], 2)])
    return columns([f"heard by {judge} judge, %", "all", *TARGETS, "p(wanted)", "cos source"], rows)


if __name__ == "__main__":
    typer.run(main)
