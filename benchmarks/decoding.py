"""What each decoder of a checkpoint costs: real-time factor and memory, for short and long recordings.

python -m benchmarks.decoding [--checkpoint DIR] [--seconds 10 --seconds 60 --seconds 600] [--json decoding.json]

Each row is a process of its own, on as many threads as the machine has cores. Memory is what decoding adds at its peak to a
process that has loaded, encoded and transferred already. Times the machine as it is: let nothing else run.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from benchmarks import JsonFile, columns, write_json
from benchmarks.speed import ROOT, lengthened
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.conversion import Converter
from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.features.audio import Recording, load
from pipelines.settings import Settings

RUNS = 5  # of the shortest; longer ones are timed once
SECONDS = (10.0, 60.0, 600.0)


def main(
    checkpoint: Annotated[str, typer.Option(help="folder or hub id")] = str(DEFAULT_CHECKPOINT),
    source: Annotated[Path, typer.Option(help="speech; repeated or cut")] = ROOT / "examples" / "source-woman.wav",
    seconds: Annotated[list[float] | None, typer.Option(help="of source, may be given several times")] = None,
    json_file: JsonFile = None,
) -> None:
    """Print one row per decoder and length."""
    try:
        decoders, asked = Converter.from_pretrained(checkpoint).decoders, seconds or SECONDS
        rows = [_apart(checkpoint, str(source), decoder, length) for decoder in decoders for length in asked]
    except ZestError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    print(columns(["decoder", "seconds of source", "real-time factor", "MB added at the peak"],
                  [[row["decoder"], f"{row['seconds']:g}", f"{row['factor']:.4f}", f"{row['megabytes']:.0f}"] for row in rows]))
    print(f"\n{counted(os.cpu_count() or 1, 'core')}, load {os.getloadavg()[0]:.1f} at the end; shorter than a minute: "
          f"median of {RUNS} after one to warm up")
    if json_file is not None:
        write_json(json_file, rows)


def measure(checkpoint: str, source: str, decoder: str, seconds: float) -> dict[str, float | str]:
    """One decoder on one length, in this process."""
    converter = Converter.from_pretrained(checkpoint)
    recording = Recording(lengthened(load(source).samples, seconds))
    transferred = converter.transfer(converter.encode(recording), converter.preset("surprised"))
    settings, runs = Settings(decoder=decoder), RUNS if seconds < 60 else 1
    if runs > 1:
        converter.synthesise(transferred, settings)
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from now on
    times = [_timed(lambda: converter.synthesise(transferred, settings)) for _ in range(runs)]
    return {"decoder": decoder, "seconds": seconds, "factor": median(times) / seconds, "megabytes": resident("VmHWM") - before}


def _apart(*asked) -> dict[str, float | str]:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(measure, *asked).result()


def _timed(run) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def resident(field: str) -> float:
    """MB, of /proc/self/status."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return float(line.split()[1]) / 1024


if __name__ == "__main__":
    typer.run(main)
