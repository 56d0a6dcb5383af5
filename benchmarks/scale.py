"""Time and memory of an evaluation over the number of pairs: its own work, with stand-ins for converter and models.

    python -m benchmarks.scale [--pairs 100,1000,10000] [--jobs 1] [--report]

Clips have 0.5 s, conversions are copies at another level, and models answer from a hash of the samples. What is left is what
an evaluation does itself: files, names of clips, observations, natural speech, scores, tables. Each size runs in a process of
its own, of which the peak of resident memory is read. A second call in the same folder is timed, too: it finds everything done.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.metrics import registry
from evaluation.metrics.base import Observer, rounded
from evaluation.pair import Pair
from evaluation.run import evaluate
from evaluation.run.systems import Rendered
from pipelines.features.audio import SAMPLE_RATE, load, save
from pipelines.labels import EMOTIONS

SIDES, SPEAKERS = 100, 10  # sources and as many references, of so many speakers
METRICS = ("cer", "wer", "empty", "looping", *(f"{base}@{judge}" for judge in ("acoustic", "egemaps")
                                             for base in ("emotion", "target-posterior", "emotion-nearer")),
           "voice-to-source", "voice-to-reference", "voice-accepted", "speaker-accuracy", "distillmos")
WORDS = ("kids", "are", "talking", "by", "the", "door")


@dataclass(frozen=True)
class Answers(Observer):
    """Answers of a model, drawn with a seed that follows from the samples."""

    kind = "answers"
    packages = ()

    @property
    def key(self) -> str:
        return f"stand-in-{self.model.replace('@', '-')}"

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        """Without the search for hum, which takes 10 ms a clip and is little beside a model."""
        return [self.answer(np.random.default_rng(abs(int(1e6 * float(clip[100:200].sum())))), len(clip)) for clip in clips]

    def answer(self, random: np.random.Generator, samples: int) -> Any:
        if self.model.startswith("emotion"):
            return dict(zip(EMOTIONS, rounded(random.dirichlet(np.ones(len(EMOTIONS)))), strict=True))
        if self.model.startswith("voice"):
            vector = random.normal(size=256)
            return rounded(vector / np.linalg.norm(vector))
        if self.model.startswith("transcript"):
            return {"text": " ".join(random.permutation(WORDS)), "seconds": samples / SAMPLE_RATE}
        return round(float(random.uniform(1, 5)), 4)


@dataclass(frozen=True)
class Quieter:
    """The stand-in of a converter: every pair has a level of its own, so every conversion is another clip."""

    name: str = "quieter"
    checkpoint_hash = None

    @property
    def spec(self) -> dict[str, Any]:
        return {"kind": "quieter"}

    def render(self, pair: Pair) -> Rendered:
        return Rendered(load(pair.source).samples * (0.5 + int(pair.id) / 1e5))


def make_pairs(folder: Path, count: int) -> list[Pair]:
    """Every source with every reference, as far as they are needed."""
    random, sides = np.random.default_rng(0), min(SIDES, count)
    for side in ("source", "reference"):
        for index in range(sides):
            save(folder / f"{side}-{index}.wav", 0.2 * random.normal(size=SAMPLE_RATE // 2))
    return [Pair(str(index), folder / f"source-{index % sides}.wav", folder / f"reference-{index // sides % sides}.wav",
                 EMOTIONS[1 + index // sides % 4], "dsdt", " ".join(WORDS), source_emotion="neutral",
                 source_speaker=f"s{index % sides % SPEAKERS}", reference_speaker=f"r{index // sides % sides % SPEAKERS}")
            for index in range(count)]


def peak() -> float:
    """Of this process and of its largest ended child, MB."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def measured(count: int, folder: Path, jobs: int, report: bool) -> dict[str, float]:
    """Seconds and MB of one evaluation."""
    metrics = [registry.metric(name) for name in METRICS]
    observers = {name: Answers(name) for name in dict.fromkeys(metric.observer for metric in metrics)}
    pairs = make_pairs(folder, count)
    found, begun = {"pairs": count, "before": peak()}, time.perf_counter()
    run = evaluate(pairs, [Quieter()], folder / "RUN", metrics, observers, jobs=jobs)
    found |= {"seconds": time.perf_counter() - begun, "peak": peak()}
    begun = time.perf_counter()
    evaluate(pairs, [Quieter()], folder / "RUN", metrics, observers, jobs=jobs)
    found |= {"again": time.perf_counter() - begun}
    begun = time.perf_counter()
    rows = len(run.scores)
    found |= {"rows": rows, "table": time.perf_counter() - begun, "table_peak": peak()}
    if report:
        from evaluation.report import write_report

        begun = time.perf_counter()
        write_report(folder / "RUN", audio=False)
        found |= {"report": time.perf_counter() - begun, "report_peak": peak()}
    return found


def row(found: dict[str, float], report: bool) -> str:
    count = found["pairs"]
    words = (f"{count:7.0f} pairs  {found['seconds']:7.1f} s, {1000 * found['seconds'] / count:5.1f} ms a pair, peak "
             f"{found['peak']:5.0f} MB ({found['before']:.0f} before)  again {found['again']:5.1f} s  "
             f"{found['rows']:.0f} rows as a table {found['table']:4.1f} s, {found['table_peak']:5.0f} MB")
    return words + (f"  report {found['report']:5.1f} s, {found['report_peak']:5.0f} MB" if report else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", default="100,1000,10000", help="numbers with commas")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--report", action="store_true", help="also write a report, without recordings")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)  # this process measures
    asked = parser.parse_args()
    for count in map(int, asked.pairs.split(",")):
        with tempfile.TemporaryDirectory(prefix="zest-scale-") as folder:
            if asked.one:
                print(json.dumps(measured(count, Path(folder), asked.jobs, asked.report)))
                continue
        words = [sys.executable, "-m", "benchmarks.scale", "--one", "--pairs", str(count), "--jobs", str(asked.jobs)]
        done = subprocess.run([*words, *(["--report"] if asked.report else [])], check=True, stdout=subprocess.PIPE, text=True)
        print(row(json.loads(done.stdout.splitlines()[-1]), asked.report), flush=True)


if __name__ == "__main__":
    main()
