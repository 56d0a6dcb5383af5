"""What a long recording costs: real-time factor, and memory above that of the loaded models.

python -m benchmarks.long_recordings [--minutes 10 --minutes 60] [--most 3600] [--clip ME.wav]... [--checkpoint DIR]
                                     [--json long.json]

The recording repeats the clips with pauses between them. All of it is converted to one emotion, in a process of its own for each
length. The first row is one short recording, converted directly. A length that takes longer than `--most` seconds ends there,
and its row tells of what was rendered. Each row is printed, and the JSON written, as soon as it is known.
Wall times are those of the machine as it is: let nothing else run. Processor times bear other work.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import typer

from benchmarks import JsonFile, columns, write_json
from benchmarks.decoding import ROOT, resident
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.features.audio import SAMPLE_RATE, load
from pipelines.features.growing import GrowingWav
from pipelines.hooks import Event

MINUTES = (10.0, 60.0)
MOST = 3600.0  # s for one length
EMOTION = "angry"
SHORT = 10.0  # s of the short recording
PAUSES = (0.3, 1.5)  # s between clips
ROOM = 3e-4  # amplitude of noise


def main(
    clips: Annotated[list[Path] | None, typer.Option("--clip", help="speech, may be given several times")] = None,
    minutes: Annotated[list[float] | None, typer.Option(help="of source, may be given several times")] = None,
    most: Annotated[float, typer.Option(help="s of wall time for one length")] = MOST,
    checkpoint: Annotated[str, typer.Option(help="folder or hub id")] = str(DEFAULT_CHECKPOINT),
    json_file: JsonFile = None,
) -> None:
    """Print one row per length."""
    chosen = [str(path) for path in clips or sorted((ROOT / "examples").glob("source-*.wav"))]
    rows: list[dict[str, float]] = []
    for length in (SHORT / 60, *(minutes or MINUTES)):
        try:
            rows.append(_apart(checkpoint, chosen, length, most))
        except ZestError as error:
            print(error, file=sys.stderr)
            raise typer.Exit(2) from error
        load = f"{counted(os.cpu_count() or 1, 'core')}, load {os.getloadavg()[0]:.1f}"
        print(table(rows), load, sep="\n", end="\n\n", flush=True)
        if json_file is not None:
            write_json(json_file, rows)


def table(rows: Sequence[dict[str, float]]) -> str:
    """Rows of `measure` for readers."""
    heads = ["minutes of source", "rendered", "phrases", "real-time factor", "processor", "MB of the models",
             "MB above them at the peak"]
    return columns(heads, [[f"{row['minutes']:.3g}", f"{row['rendered']:.3g}", f"{row['phrases']:.0f}", f"{row['factor']:.3f}",
                            f"{row['processor']:.3f}", f"{row['models']:.0f}", f"{row['megabytes']:.0f}"] for row in rows])


def write_talk(path: Path, clips: Sequence[str], seconds: float) -> Path:
    """The clips again and again with pauses between them, in a little noise."""
    random, samples = np.random.default_rng(0), [load(clip).samples for clip in clips]
    with GrowingWav(path, SAMPLE_RATE) as wav:
        while wav.count < seconds * SAMPLE_RATE:
            pause = np.zeros(round(random.uniform(*PAUSES) * SAMPLE_RATE), np.float32)
            some = np.concatenate([samples[random.integers(len(samples))], pause])
            some = some + ROOM * random.standard_normal(len(some)).astype(np.float32)
            wav.add(some[:round(seconds * SAMPLE_RATE) - wav.count])
    return path


class OverdueError(Exception):
    """The time for one length is over."""


class Watch:
    """A hook that counts what is rendered. most: s of wall time from now on, after which it raises OverdueError."""

    def __init__(self, most: float):
        self.phrases, self.minutes, self._end = 0, 0.0, time.monotonic() + most

    def __call__(self, event: Event) -> None:
        if event.stage == "piece":
            self.phrases += event.value.segment is not None
            self.minutes = event.value.end / 60
        if time.monotonic() > self._end:
            raise OverdueError


def measure(checkpoint: str, clips: Sequence[str], minutes: float, most: float = MOST) -> dict[str, float]:
    """One length, in this process. A short one is converted directly. rendered: minutes of it, in the time that there is."""
    from pipelines.conversion import load_converter
    from pipelines.plan.rendering import render, whole_recording
    from pipelines.plan.segments import Segment

    with TemporaryDirectory() as folder:
        source, converter = write_talk(Path(folder) / "talk.wav", clips, 60 * minutes), load_converter("", checkpoint)
        before = resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from now on
        begun, watch = (time.process_time(), time.perf_counter()), Watch(most)
        if minutes <= SHORT / 60:
            converter.convert(source, emotion=EMOTION)
            watch.phrases, watch.minutes = 1, minutes
        else:
            with suppress(OverdueError):
                render(converter, source, whole_recording(Segment(0, 0, EMOTION)), Path(folder) / "out.wav", hook=watch)
        wall, rendered = time.perf_counter() - begun[1], max(watch.minutes, 1e-9)
        return {"minutes": minutes, "rendered": watch.minutes, "phrases": watch.phrases, "factor": wall / 60 / rendered,
                "models": before, "processor": (time.process_time() - begun[0]) / 60 / rendered,
                "megabytes": resident("VmHWM") - before, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _apart(*asked) -> dict[str, float]:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(measure, *asked).result()


if __name__ == "__main__":
    typer.run(main)
