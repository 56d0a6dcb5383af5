"""How fast a conversion is, stage by stage, and how fast networks of the paper's sizes would be here.

python -m benchmarks.speed [--source ME.wav] [--no-paper] [--json speed.json]

Times the machine as it is: let nothing else run.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import typer

from benchmarks import JsonFile, columns, write_json
from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.features.audio import SAMPLE_RATE, Recording, load, save

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 10.0  # of source
RUNS = 5
COLD_SECONDS = 3.0  # of source in the cold start: what a first visitor tries


def main(
    source: Annotated[Path, typer.Option(help="speech; repeated or cut to ten seconds")] = ROOT / "examples" / "source-woman.wav",
    reference: Annotated[Path, typer.Option(help="whose emotion")] = ROOT / "examples" / "reference-lively.wav",
    paper: Annotated[bool, typer.Option(help="also time the paper's sizes")] = True,
    json_file: JsonFile = None,
) -> None:
    """Print real-time factors (seconds of work per second of source), cold start and peak memory."""
    try:
        found = {"stages": ours(load(source), load(reference))} | cold_start(load(source), reference)
    except ZestError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    if paper:
        found["paper"] = paper_sizes()
    print(report(found))
    if json_file is not None:
        write_json(json_file, found)


def ours(source: Recording, reference: Recording) -> dict[str, float]:
    """Real-time factor per stage, median of five conversions after one to warm up; 'all' is the median of the sums."""
    from pipelines.conversion import Converter

    converter = Converter.from_pretrained()
    long = Recording(lengthened(source.samples, SECONDS), source.name)
    converter.convert(long, reference)
    runs = [converter.convert(long, reference) for _ in range(RUNS)]
    stages = {name: median(run.seconds.get(name, 0.0) for run in runs) / long.seconds for name in runs[0].seconds}
    return stages | {"all": median(run.real_time_factor for run in runs)}


def cold_start(source: Recording, reference: Path) -> dict[str, float]:
    """Wall seconds and peak resident MB of `zest convert` in a fresh process, median of three; with a short source and
    with one of ten seconds."""
    with TemporaryDirectory() as folder:
        short, long = (save(Path(folder) / f"{seconds:g}.wav", lengthened(source.samples, seconds))
                       for seconds in (COLD_SECONDS, SECONDS))
        runs = [_process([str(short), str(reference), "-o", f"{folder}/out.wav"]) for _ in range(3)]
        peak = _process([str(long), str(reference), "-o", f"{folder}/out.wav"])[1]
    return {"cold_start_seconds": median(seconds for seconds, _ in runs), "peak_mb": peak}


def paper_sizes() -> dict[str, float]:
    """Real-time factor of each of the paper's networks alone, random weights; median of five after one to warm up."""
    import torch

    from benchmarks.paper_networks import inputs

    def timed(run: Callable[[], object]) -> float:
        run()
        return median(_seconds(run) for _ in range(RUNS)) / SECONDS

    with torch.inference_mode():
        factors = {name: timed(lambda: network(given)) for name, (network, given) in inputs(SECONDS).items()}  # noqa: B023
    return factors | {"all": sum(factors.values())}


def lengthened(samples: np.ndarray, seconds: float) -> np.ndarray:
    """Repeated and cut to a length."""
    count = int(seconds * SAMPLE_RATE)
    return np.tile(samples, -(-count // len(samples)))[:count]


def report(found: dict) -> str:
    """Everything as plain text."""
    texts = [columns(["stage", "real-time factor"], [[name, f"{value:.4f}"] for name, value in found["stages"].items()]),
             f"cold start of zest convert, {COLD_SECONDS:g} s source: {found['cold_start_seconds']:.1f} s; "
             f"peak memory, {SECONDS:g} s source: {found['peak_mb']:.0f} MB"]
    if "paper" in found:
        texts.append(columns(["paper's size, random weights", "real-time factor"],
                             [[name, f"{value:.4f}"] for name, value in found["paper"].items()]))
        texts.append(f"ours is {found['paper']['all'] / found['stages']['all']:.1f} times as fast")
    return "\n\n".join(texts + [f"{counted(os.cpu_count() or 1, 'core')}, load {os.getloadavg()[0]:.1f} at the end"])


def _seconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def _process(arguments: list[str]) -> tuple[float, float]:
    """Wall seconds and peak resident MB of one `zest convert`. Raises ZestError with its own words if it fails."""
    command = [sys.executable, "-c", "from workbench.cli.main import main; main()", "convert", *arguments]
    begun = time.perf_counter()
    child = os.posix_spawn(sys.executable, command, os.environ | {"PYTHONPATH": str(ROOT)})
    _, status, usage = os.wait4(child, 0)
    if status != 0:
        raise ZestError("zest convert failed; its message is above.")
    kilobyte = 1024 if sys.platform == "darwin" else 1  # ru_maxrss: bytes on macOS, kilobytes on Linux
    return time.perf_counter() - begun, usage.ru_maxrss / kilobyte / 1024


if __name__ == "__main__":
    typer.run(main)
