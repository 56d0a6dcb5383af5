"""What mixes of emotions do: predicted changes between those of their ends, and what judges recognise over the plane.

python -m benchmarks.mixes --manifest MANIFEST [--sources 8] [--judges acoustic,whisper] [--only-recognised] [--json mixes.json]

Sources are neutral or unlabelled recordings of dev speakers. `between` is the share of pairs and weights whose change lies
between those of the two ends. `share` is the mean share of the way from one end to the other. Ends that differ by less than
0.5 semitones, 0.5 dB or 2 % of the length are left out, since a share of nothing says nothing.
`weights` is a hash of the checkpoint; where the page's is another one, it says so beside the figures.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks import JsonFile, write_json
from evaluation.judges.mini import load_judge
from pipelines.affect import Affect
from pipelines.checkpoints.folder import CONVERTING, DEFAULT_CHECKPOINT, folder_key
from pipelines.conversion import Converter
from pipelines.factors import Emotion, Factors
from pipelines.features.audio import load
from pipelines.features.pitch import VOICED_CONFIDENCE
from pipelines.labels import WITHOUT_LABEL
from pipelines.mix import EmotionMix, mixed
from pipelines.settings import Settings
from pipelines.training.data.corpus import dev_clips, read_manifest

WEIGHTS = (0.25, 0.5, 0.75)
LEAST = {"F0, semitones": 0.5, "level of the envelope, dB": 0.5, "length, %": 2.0}
DECIBELS = 10 / np.log(10)  # of a neper of power
GRID = [(arousal, valence) for arousal in (0.8, 0.4, 0.0, -0.4) for valence in (-0.6, 0.0, 0.6)]


def main(
    manifest: Annotated[Path, typer.Option(help="manifest.csv with the split dev")],
    sources: Annotated[int, typer.Option(help="recordings")] = 8,
    judges: Annotated[str, typer.Option(help="names of judges, with commas; none if empty")] = "acoustic,whisper",
    only_recognised: Annotated[bool, typer.Option("--only-recognised", help="leave the predicted changes out")] = False,
    json_file: JsonFile = None,
) -> None:
    """Print both tables."""
    converter = Converter.from_pretrained()
    encoded = [converter.encode(load(path)) for path in some_sources(manifest, sources)]
    found: dict[str, Any] = {} if only_recognised else {"between": between(converter, encoded)}
    for name, numbers in found.get("between", {}).items():
        shares = ", ".join(f"{weight:g}: {share:.2f}" for weight, share in numbers["share"].items())
        print(f"{name:28} between {100 * numbers['between']:.0f} % of {numbers['count']}; share of the way at {shares}")
    if judges:
        found["recognised"] = recognised(converter, encoded, judges.split(","))
        for row in found["recognised"]["mixes"]:
            print(f"{row['mix']:44} "
                  + "  ".join(f"{judge}: {said(numbers)}" for judge, numbers in row["judges"].items()), flush=True)
    if json_file is not None:
        write_json(json_file, found)


def some_sources(manifest: Path, count: int) -> list[Path]:
    """Neutral or unlabelled recordings of 1.2 to 5 s of dev speakers."""
    clips = [clip for clip in dev_clips(read_manifest(manifest))
             if clip.emotion in ("neutral", *WITHOUT_LABEL) and 1.2 < clip.seconds < 5]
    return [clip.path for clip in random.Random(0).sample(clips, min(count, len(clips)))]


def between(converter: Converter, encoded: Sequence[Factors]) -> dict[str, dict[str, Any]]:
    """By kind of change: the share of mixes that lie between their ends, and how far they go."""
    rows: dict[str, list[tuple[float, bool, float]]] = {name: [] for name in LEAST}
    for source in encoded:
        alone = {name: changes(converter, source, converter.preset(name)) for name in converter.presets}
        for one, other in combinations(converter.presets, 2):
            for weight in WEIGHTS:
                mix = mixed([(converter.preset(one), 1 - weight), (converter.preset(other), weight)])
                for name, value in changes(converter, source, mix).items():
                    low, high = alone[one][name], alone[other][name]
                    if abs(high - low) >= LEAST[name]:
                        share = (value - low) / (high - low)
                        rows[name].append((weight, bool(-0.01 <= share <= 1.01), share))
    return {name: {"count": len(found), "between": float(np.mean([inside for _, inside, _ in found])),
                   "share": {weight: float(np.mean([share for own, _, share in found if own == weight])) for weight in WEIGHTS}}
            for name, found in rows.items()}


def changes(converter: Converter, source: Factors, emotion: Emotion) -> dict[str, float]:
    """What a transfer predicts: mean change of F0 and of the envelope's level over voiced frames, and of the length."""
    moved = converter.transfer(source, emotion)
    voiced = moved.voicing >= VOICED_CONFIDENCE
    f0 = 12 * float((moved.octaves - moved.source_octaves)[voiced].mean())
    level = DECIBELS * float(moved.difference[voiced].mean())
    length = 100 * (len(moved.units) / len(source.units) - 1)
    return dict(zip(LEAST, (f0, level, length)))


def measured_mixes(converter: Converter) -> list[EmotionMix]:
    """Every preset, halves of every pair of them, and the mixes of all points of GRID, each once."""
    halves = [EmotionMix.of([(one, 1.0), (other, 1.0)]) for one, other in combinations(converter.presets, 2)]
    points = [converter.affect.mix(Affect(arousal, valence)) for arousal, valence in GRID]
    return list(dict.fromkeys([*(EmotionMix.of([(name, 1.0)]) for name in converter.presets), *points, *halves]))


def recognised(converter: Converter, encoded: Sequence[Factors], judges: Sequence[str]) -> dict[str, Any]:
    """Mean posteriors of the judges for conversions to every measured mix; the page shows them beside its controls."""
    loaded = {name: load_judge(name) for name in judges}
    rows = []
    for mix in measured_mixes(converter):
        clips = [converter.convert(source, emotion=mix, settings=Settings()).samples for source in encoded]
        rows.append({"mix": str(mix), "weights": mix.weights, "judges": {
            name: posteriors(judge, clips) for name, judge in loaded.items()}})
    return {"sources": len(encoded), "weights": folder_key(DEFAULT_CHECKPOINT, CONVERTING), "mixes": rows}


def posteriors(judge: Any, clips: Sequence[np.ndarray]) -> dict[str, float]:
    mean = np.mean(judge.posteriors(clips), axis=0)
    return {name: round(float(value), 3) for name, value in zip(judge.emotions, mean)}


def said(numbers: dict[str, float]) -> str:
    """The two most probable emotions."""
    best = sorted(numbers.items(), key=lambda one: -one[1])[:2]
    return ", ".join(f"{name} {100 * value:.0f} %" for name, value in best)


if __name__ == "__main__":
    typer.run(main)
