"""A listening test under load: how fast answers are saved, and whether all of them are there after the server was killed.

    python -m benchmarks.listening_load                        the whole workbench, first alone, then converting at the same time
    python -m benchmarks.listening_load --kills 50             its routes alone, killed 50 times under the same load
    python -m benchmarks.listening_load --kills 5 --whole      the whole workbench, killed 5 times

Listeners are simulated and speak HTTP; clips are synthetic and half a second long. WORKBENCH_DATABASE_URL counts: unset, answers
go to SQLite. A killed process loses nothing that the operating system was given, so this proves the order of steps, not the disk.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import httpx
import numpy as np
import typer

from benchmarks import columns
from benchmarks.listening_server import ROOT, Server
from benchmarks.systems import FunctionSystem
from benchmarks.web_listeners import Notes, WebListener
from evaluation.listening.design.create import create_study
from evaluation.listening.design.study import Study
from evaluation.listening.store import Collected, collect, open_store
from evaluation.pair import Pair
from evaluation.run import evaluate
from evaluation.run.systems import Rendered
from pipelines.counting import counted
from pipelines.features.audio import SAMPLE_RATE, load, save
from pipelines.files import make_folder

ALONE, CONVERTING, KILLED = "listening only", "while converting", "while being killed"
KINDS = ("enter", "next", "clip", "played", "answer")


@dataclass(frozen=True)
class Pace:
    """Seconds of a run.

    think: before an answer, from and to. arrival: within which all listeners come.
    life: that a server lives before it is killed, from and to; the first one lives `before` longer.
    after: from the last start until listeners end.
    """

    think: tuple[float, float] = (1.5, 4.5)
    arrival: float = 5.0
    before: float = 3.0
    life: tuple[float, float] = (0.5, 4.0)
    after: float = 2.0


@dataclass(frozen=True)
class Checked:
    """Acknowledged answers against the database. unasked: stored though the listener was not told (cut off in between)."""

    acknowledged: int
    stored: int
    missing: int
    twice: int
    altered: int
    unasked: int
    codes_wrong: int

    def whole(self) -> bool:
        return not (self.missing or self.twice or self.altered or self.codes_wrong)


def main(
    listeners: Annotated[int, typer.Option(min=1, help="at the same time")] = 100,
    seconds: Annotated[float, typer.Option(min=1, help="of each of the two phases")] = 60,
    kills: Annotated[int, typer.Option(min=0, help="of the server, instead of the two phases")] = 0,
    whole: Annotated[bool, typer.Option(help="kill the whole workbench, not its routes alone")] = False,
    think: Annotated[tuple[float, float], typer.Option(help="seconds before an answer, from and to")] = Pace.think,
    seed: Annotated[int, typer.Option(help="of listeners and moments")] = 0,
) -> None:
    """Print a table; exit with 1 if anything acknowledged is missing, twice or altered, or a request failed."""
    with TemporaryDirectory(prefix="zest-load-") as folder:
        study = load_study(Path(folder), listeners)
        before = os.getloadavg()[0]
        notes, checked = run(Path(folder), study, listeners, seconds, kills, whole or not kills, Pace(think), seed)
    print(f"{counted(listeners, 'listener')}, {counted(os.cpu_count() or 1, 'core')}, load before {before:.1f}, "
          f"{'PostgreSQL' if os.environ.get('WORKBENCH_DATABASE_URL') else 'SQLite'}\n")
    print(report(notes))
    print(f"\n{checked}\nsent again: {dict(notes.again)}\nerrors: {dict(notes.errors)}")
    if notes.errors or not checked.whole():
        raise typer.Exit(1)


def load_study(folder: Path, listeners: int, sentences: int = 6) -> Study:
    """Enough sets that nobody is turned away, of up to 40 trials; fewer with fewer sentences.

    Two speakers, two emotions and two systems; every clip is a tone of half a second.
    """
    clips, pairs = make_folder(folder / "corpus"), []
    for speaker, sentence in product(("anna", "bert"), range(sentences)):
        spoken = {emotion: save(clips / f"{speaker}-{emotion}-{sentence}.wav", tone(len(pairs) + place))
                  for place, emotion in enumerate(("neutral", "angry", "sad"))}
        pairs += [Pair(f"{speaker}-{emotion}-{sentence}", spoken["neutral"], spoken[emotion], emotion, "ssst",
                       source_speaker=speaker, reference_speaker=speaker) for emotion in ("angry", "sad")]
    systems = [FunctionSystem(name, lambda pair, level=level: Rendered(level * load(pair.source).samples))
               for name, level in (("copy", 0.5), ("transfer", 0.8))]
    finished = evaluate(pairs, systems, folder / "RUN", metrics=[], observers={})
    return create_study(finished, ("copy", "transfer"), ("naturalness", "emotion-similarity", "emotion-choice"),
                        folder / "studies" / "load", listeners=min(10_000, 20 * listeners), seed=5, cap=40)


def tone(number: int) -> np.ndarray:
    """(8800,) float32 at 16 kHz: 0.55 s of a harmonic tone; another number, another pitch."""
    hz, seconds = 100 + 7 * number, np.arange(int(0.55 * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.3 * sum(np.sin(2 * np.pi * hz * k * seconds) / k for k in range(1, 9))).astype(np.float32)


def run(folder: Path, study: Study, listeners: int, seconds: float, kills: int, whole: bool, pace: Pace,
        seed: int) -> tuple[Notes, Checked]:
    """Start the server, let listeners at it, and compare what they were told with the database."""
    server, notes = Server(folder, study.folder.parent, study.id, whole), Notes()
    work = _killing(server, notes, kills, pace, random.Random(seed)) if kills else _converting(server, notes, seconds, pace)
    try:
        asyncio.run(_listening(server, study, notes, listeners, pace, seed, work))
    finally:
        with suppress(ProcessLookupError):
            server.kill()
    return notes, check(notes, collect(open_store(study)))


def check(notes: Notes, found: Collected) -> Checked:
    """Every acknowledged answer once and as it was sent; every completion code that was shown belongs to a completed listener."""
    stored = Counter((answer.listener, answer.trial) for answer in found.answers)
    values = {(answer.listener, answer.trial): (answer.value, answer.remark) for answer in found.answers}
    told = {(one.listener, one.trial): (one.value, one.remark) for one in notes.answers}
    completed = {one.listener for one in found.listeners if one.completed is not None}
    return Checked(len(told), sum(stored.values()), sum(key not in stored for key in told),
                   sum(count > 1 for count in stored.values()),
                   sum(key in values and values[key] != sent for key, sent in told.items()),
                   sum(key not in told for key in stored), sum(listener not in completed for listener in notes.codes))


def report(notes: Notes) -> str:
    """Milliseconds of requests that were served, by phase and kind."""
    rows = []
    for phase in (ALONE, CONVERTING, KILLED):
        for kind in KINDS:
            took = [1000 * seconds for at, what, seconds in notes.seconds if at == phase and what == kind]
            if took:
                rows.append([f"{phase}: {kind}", str(len(took)), *(f"{value:.0f}" for value in (
                    np.percentile(took, 50), np.percentile(took, 95), np.percentile(took, 99), max(took)))])
    return columns(("ms", "requests", "p50", "p95", "p99", "max"), rows)


async def _listening(server: Server, study: Study, notes: Notes, listeners: int, pace: Pace, seed: int, work) -> None:
    """Listeners come and stay until `work`, a coroutine, is done."""
    lengths = {name: about["seconds"] for name, about in study.info["clips"].items()}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=listeners)
    async with httpx.AsyncClient(timeout=30, limits=limits) as client:
        crowd = [WebListener(client, f"{server.url}/listen/{study.id}", lengths, notes, 1000 * seed + number, pace.think)
                 for number in range(listeners)]
        dice = random.Random(seed)
        tasks = [asyncio.create_task(one.run(dice.uniform(0, pace.arrival))) for one in crowd]
        try:
            await work
        finally:
            notes.running = False
        await asyncio.gather(*tasks)


async def _converting(server: Server, notes: Notes, seconds: float, pace: Pace) -> None:
    """Listening alone, then with one conversion after the other."""
    await asyncio.sleep(pace.arrival)
    notes.phase, began, spent = ALONE, len(notes.seconds), server.cpu_seconds()
    await asyncio.sleep(seconds)
    notes.phase, spent = "", server.cpu_seconds() - spent
    print(f"{1000 * spent / max(1, len(notes.seconds) - began):.1f} ms of processor time a request", file=sys.stderr)
    with conversions(server.url) as done:
        while not done:  # the first one loads what it needs
            await asyncio.sleep(0.1)
        first, notes.phase = len(done), CONVERTING
        await asyncio.sleep(seconds)
        notes.phase = ""
    print(f"{counted(len(done) - first, 'conversion')} meanwhile, {np.median(done[first:]):.1f} s each", file=sys.stderr)


async def _killing(server: Server, notes: Notes, kills: int, pace: Pace, dice: random.Random) -> None:
    """Kill and start again, at random moments."""
    await asyncio.sleep(pace.before)
    notes.phase = KILLED
    starts = []
    for _ in range(kills):
        await asyncio.sleep(dice.uniform(*pace.life))
        await asyncio.to_thread(server.kill)
        starts.append(await asyncio.to_thread(server.start))
    await asyncio.sleep(pace.after)
    print(f"{counted(kills, 'kill')}; a start took {np.median(starts):.1f} s", file=sys.stderr)


@contextmanager
def conversions(url: str):
    """Converts all the time; yields a list that grows by the seconds of each."""
    from gradio_client import Client, handle_file

    done: list[float] = []
    ended = threading.Event()

    def work() -> None:
        client = Client(url, verbose=False, download_files=False)
        while not ended.is_set():
            began = time.monotonic()
            client.predict(source=handle_file(ROOT / "examples" / "source-man.wav"), reference=None, emotion="angry",
                           api_name="/convert")
            done.append(time.monotonic() - began)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield done
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    typer.run(main)
