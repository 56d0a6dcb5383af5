"""What an evaluation costs: seconds per scored pair, per stage and metric, and how it grows with the number of pairs.

python -m benchmarks.evaluation_speed [--count 10 --count 100 --count 1000] [--system copy] [--metric cer] [--json speed.json]

Every count runs in a process of its own, whose peak memory is read when it ends. All clips of all pairs are different: the
examples cut to 3 s, each with a little noise of its own. So nothing is found in a cache. A real protocol is cheaper, because its
pairs share sources and references.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks import JsonFile, cell, columns, write_json
from evaluation.metrics.base import Metric, MetricInfo, Seen, Value
from evaluation.pair import Pair
from evaluation.run import evaluate, parse_systems
from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.features.audio import SAMPLE_RATE, load, save
from pipelines.hooks import Event

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
SECONDS = 3.0  # of every clip
NOISE = 10 ** (-60 / 20)  # of full scale; makes a clip another one, and no listener would know
EMOTIONS = ("angry", "happy", "sad", "surprised")


def main(
    count: Annotated[list[int] | None, typer.Option(help="numbers of pairs; 10, 100 and 1000 if left out")] = None,
    system: Annotated[list[str] | None, typer.Option(help="as in zest evaluate")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="as in zest evaluate; the default set if left out")] = None,
    jobs: Annotated[int, typer.Option(help="as in zest evaluate")] = 1,
    json_file: JsonFile = None,
    alone: Annotated[bool, typer.Option("--alone", hidden=True, help="one count in this process, numbers on stdout")] = False,
) -> None:
    """Print seconds per pair and peak memory for every number of pairs."""
    counts, systems = count or [10, 100, 1000], system or ["copy"]
    try:
        if alone:
            print(json.dumps(measured(counts[0], systems, metric, jobs)))
            return
        found = {number: in_own_process(number, systems, metric, jobs) for number in counts}
    except ZestError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    print(report(found, systems, jobs))
    if json_file is not None:
        write_json(json_file, found)


@dataclass
class Timed:
    """A metric that adds up the seconds of its arithmetic."""

    metric: Metric
    seconds: float = 0.0

    @property
    def info(self) -> MetricInfo:
        return self.metric.info

    @property
    def observer(self) -> str:
        return self.metric.observer

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        begun = time.perf_counter()
        value = self.metric.score(pair, seen)
        self.seconds += time.perf_counter() - begun
        return value

    def failed(self, pair: Pair) -> Value | None:
        return self.metric.failed(pair)


@dataclass
class Stages:
    """A hook that notes when each stage first and last spoke."""

    times: dict[str, list[float]] = field(default_factory=dict)
    total: float = 0.0

    def __call__(self, event: Event) -> None:
        if event.kind == "progress":
            now = time.perf_counter()
            self.times.setdefault(event.stage, [now, now])[1] = now
        if event.kind == "end":
            self.total = event.seconds

    @property
    def seconds(self) -> dict[str, float]:
        return {stage: last - first for stage, (first, last) in self.times.items()}


def measured(count: int, systems: Sequence[str], names: Sequence[str] | None, jobs: int) -> dict[str, Any]:
    """Seconds of one evaluation of `count` pairs in this process: in all, per stage, and per metric's arithmetic."""
    from evaluation.metrics import registry

    metrics = [registry.metric(name) for name in names or registry.default_names()]
    if jobs == 1:  # a worker's own counting would stay in the worker
        metrics = [Timed(metric) for metric in metrics]
    stages = Stages()
    with TemporaryDirectory() as folder:
        pairs = different_pairs(count, Path(folder) / "clips")
        run = evaluate(pairs, parse_systems(systems), Path(folder) / "run", metrics, registry.observers(), jobs=jobs, hook=stages)
    scoring = {metric.info.name: metric.seconds for metric in metrics if isinstance(metric, Timed)}
    return {"seconds": stages.total, "stages": stages.seconds, "arithmetic": scoring, "not_measured": run.not_measured}


def different_pairs(count: int, folder: Path) -> list[Pair]:
    """Pairs none of whose clips is in another pair."""
    folder.mkdir()
    sources = [load(EXAMPLES / name).samples for name in ("source-man.wav", "source-woman.wav")]
    reference = load(EXAMPLES / "reference-lively.wav").samples
    return [Pair(f"{index:05d}", _another(sources[index % 2], folder / f"{index}-source.wav", 2 * index),
                 _another(reference, folder / f"{index}-reference.wav", 2 * index + 1), EMOTIONS[index % 4])
            for index in range(count)]


def in_own_process(count: int, systems: Sequence[str], names: Sequence[str] | None, jobs: int) -> dict[str, Any]:
    """`measured` in a fresh process, with its peak resident MB."""
    options = [option for name in systems for option in ("--system", name)]
    options += [option for name in names or () for option in ("--metric", name)]
    command = [sys.executable, "-m", "benchmarks.evaluation_speed", "--alone", "--count", str(count), "--jobs", str(jobs),
               *options]
    with TemporaryDirectory() as folder:
        output = Path(folder) / "numbers.json"
        child = os.posix_spawn(sys.executable, command, os.environ | {"PYTHONPATH": str(ROOT)}, file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, str(output), os.O_WRONLY | os.O_CREAT, 0o600)])
        _, status, usage = os.wait4(child, 0)
        if status != 0:
            raise ZestError(f"The evaluation of {counted(count, 'pair')} failed; its message is above.")
        kilobyte = 1024 if sys.platform == "darwin" else 1  # ru_maxrss: bytes on macOS, kilobytes on Linux
        return json.loads(output.read_text()) | {"peak_mb": usage.ru_maxrss / kilobyte / 1024}


def report(found: dict[int, dict[str, Any]], systems: Sequence[str], jobs: int) -> str:
    """Milliseconds per pair: one row a stage or metric, one column a count."""
    heads = [counted(number, "pair") for number in found]
    first = next(iter(found.values()))
    stages = [[stage, *(cell(1000 * one["stages"].get(stage, 0.0) / number, 0) for number, one in found.items())]
              for stage in first["stages"]]
    arithmetic = [[name, *(cell(1000 * one["arithmetic"][name] / number, 2) for number, one in found.items())]
                  for name in first["arithmetic"]]
    total = [["all", *(cell(1000 * one["seconds"] / number, 0) for number, one in found.items())],
             ["seconds in all", *(cell(one["seconds"], 0) for one in found.values())],
             ["peak memory, MB", *(cell(one["peak_mb"], 0) for one in found.values())]]
    missing = [f"not measured: {name}: {why}" for name, why in first["not_measured"].items()]
    return "\n\n".join(part for part in (
        columns(["milliseconds per pair", *heads], [*stages, *total]),
        columns(["of 'score', per metric", *heads], arithmetic) if arithmetic else "", "\n".join(missing),
        f"systems: {', '.join(systems)}; clips of {SECONDS:g} s, all different; jobs {jobs}; {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f} at the end") if part)


def _another(samples: np.ndarray, path: Path, seed: int) -> Path:
    """3 s of the samples with a noise of its own."""
    length = int(SECONDS * SAMPLE_RATE)
    clip = np.tile(samples, -(-length // len(samples)))[:length]
    return save(path, clip + NOISE * np.random.default_rng(seed).standard_normal(length).astype(np.float32))


if __name__ == "__main__":
    typer.run(main)
