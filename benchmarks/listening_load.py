"""A listening test under load: how fast answers are saved, and whether all of them are there after servers were killed.

    python -m benchmarks.listening_load                          the whole workbench, alone and then beside a running conversion
    python -m benchmarks.listening_load --kills 50               its routes alone, killed 50 times under the same load
    python -m benchmarks.listening_load --kills 20 --replicas 2  the same on PostgreSQL; at each kill one of two replicas dies
    python -m benchmarks.listening_load --kills 5 --whole        the whole workbench, killed 5 times

Listeners are simulated and speak HTTP; clips are synthetic and half a second long. Listeners with earphones and loudspeakers have
quotas, which more of them ask for than there are places. Several replicas get a PostgreSQL server of the run's own; else
WORKBENCH_DATABASE_URL counts, and SQLite where it is unset. A killed process loses nothing that the operating system was given,
so this proves the order of steps, not the disk.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import httpx
import numpy as np
import typer

from benchmarks import columns, postgres_server
from benchmarks.listening_server import ROOT, Server
from benchmarks.systems import FunctionSystem
from benchmarks.web_listeners import Notes, WebListener
from evaluation.listening.analysis.standing import standing
from evaluation.listening.design.create import create_study
from evaluation.listening.design.recruitment import Recruitment
from evaluation.listening.design.study import Study
from evaluation.listening.store import AnswerStore, collect, open_store
from evaluation.pair import Pair
from evaluation.run import evaluate
from evaluation.run.folder import EvaluationRun
from evaluation.run.systems import Rendered
from pipelines.counting import counted
from pipelines.features.audio import SAMPLE_RATE, load, save
from pipelines.files import make_folder

ALONE, CONVERTING, KILLED = "listening only", "while converting", "while being killed"
KINDS, SAVING = ("enter", "next", "clip", "played", "answer"), "saving an answer"
NUMBERS = ("requests", "p50", "p95", "p99", "max")
AIM = 250.0  # milliseconds in which 95 % of answers are saved beside a conversion


@dataclass(frozen=True)
class Pace:
    """Seconds of a run.

    think: before an answer, from and to. arrival: within which all listeners come.
    life: that a server lives before it is killed, from and to; the first one lives `before` longer.
    after: from the last start until listeners end.
    """

    think: tuple[float, float] = (4.0, 10.0)
    arrival: float = 5.0
    before: float = 3.0
    life: tuple[float, float] = (0.5, 4.0)
    after: float = 2.0


@dataclass(frozen=True)
class Load:
    """What is done to the server.

    Attributes:
        listeners: at the same time. seconds: of each phase. kills: instead of the phases. whole: the workbench, not its routes
            alone. replicas: servers of one database. database: its address, '' for what the environment says.
    """

    listeners: int
    seconds: float = 60
    kills: int = 0
    whole: bool = False
    replicas: int = 1
    database: str = ""
    seed: int = 0
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True)
class Checked:
    """Acknowledged answers and places against the database.

    Attributes:
        unasked: stored though the listener was not told (cut off in between). over_quota: listeners beyond the places of the
            study and of groups.
    """

    acknowledged: int
    stored: int
    missing: int
    twice: int
    altered: int
    unasked: int
    codes_wrong: int
    over_quota: int

    def whole(self) -> bool:
        return not (self.missing or self.twice or self.altered or self.codes_wrong or self.over_quota)


def main(
    listeners: Annotated[int, typer.Option(min=1, help="at the same time")] = 300,
    seconds: Annotated[float, typer.Option(min=1, help="of each of the two phases")] = 60,
    kills: Annotated[int, typer.Option(min=0, help="of the server, instead of the two phases")] = 0,
    replicas: Annotated[int, typer.Option(min=1, max=8, help="servers; several share a PostgreSQL server of the run's own")] = 1,
    whole: Annotated[bool, typer.Option(help="kill the whole workbench, not its routes alone")] = False,
    think: Annotated[tuple[float, float], typer.Option(help="seconds before an answer, from and to")] = Pace.think,
    seed: Annotated[int, typer.Option(help="of listeners and moments")] = 0,
) -> None:
    """Print tables; exit with 1 if an acknowledged answer is missing, twice or altered, a quota exceeded, or a request failed."""
    if replicas > 1 and not postgres_server.available():
        raise SystemExit(postgres_server.ABSENT)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="zest-load-")))
        database = stack.enter_context(postgres_server.server()) if replicas > 1 else ""
        load = Load(listeners, seconds, kills, whole or not kills, replicas, database, seed, Pace(think))
        study = load_study(folder, listeners, planned=listeners + listeners // 10 if kills else None)
        before = os.getloadavg()[0]
        notes, checked = run(folder, study, load)
        after = os.getloadavg()[0]
    kept_in = "PostgreSQL" if database or os.environ.get("WORKBENCH_DATABASE_URL") else "SQLite"
    print(f"{counted(listeners, 'listener')}, {counted(os.cpu_count() or 1, 'core')}, {kept_in}, {counted(replicas, 'server')}; "
          f"load average {before:.1f} before, {after:.1f} after\n")
    print(report(notes))
    print(f"\n{integrity(notes, checked, kills)}\n\nerrors: {dict(notes.errors) or 'none'}")
    if notes.errors or not checked.whole():
        raise typer.Exit(1)


def load_study(folder: Path, listeners: int, sentences: int = 6, planned: int | None = None) -> Study:
    """A study of up to 40 trials a set, fewer with fewer sentences.

    Of the listeners a fifth may have earphones and a tenth loudspeakers.

    Args:
        planned: places in all; so many that they never run out if None.
    """
    quotas = {"device": {"earphones": max(1, listeners // 5), "loudspeakers": max(1, listeners // 10)}}
    questions = "naturalness", "emotion-similarity", "emotion-choice"
    return create_study(load_run(folder, sentences), ("copy", "transfer"), questions,
                        folder / "studies" / "load", listeners=planned or min(10_000, 20 * listeners), seed=5, cap=40,
                        recruitment=Recruitment(over=0, quotas=quotas))


def load_run(folder: Path, sentences: int) -> EvaluationRun:
    """Two speakers, two emotions, two systems and so many sentences; every clip is a tone of half a second."""
    clips, pairs = make_folder(folder / "corpus"), []
    for speaker, sentence in product(("anna", "bert"), range(sentences)):
        spoken = {emotion: save(clips / f"{speaker}-{emotion}-{sentence}.wav", tone(len(pairs) + place))
                  for place, emotion in enumerate(("neutral", "angry", "sad"))}
        pairs += [Pair(f"{speaker}-{emotion}-{sentence}", spoken["neutral"], spoken[emotion], emotion, "ssst",
                       source_speaker=speaker, reference_speaker=speaker) for emotion in ("angry", "sad")]
    systems = [FunctionSystem(name, lambda pair, level=level: Rendered(level * load(pair.source).samples))
               for name, level in (("copy", 0.5), ("transfer", 0.8))]
    return evaluate(pairs, systems, folder / "RUN", metrics=[], observers={})


def tone(number: int) -> np.ndarray:
    """(8800,) float32 at 16 kHz: 0.55 s of a harmonic tone; another number, another pitch."""
    hz, seconds = 100 + 7 * number, np.arange(int(0.55 * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.3 * sum(np.sin(2 * np.pi * hz * k * seconds) / k for k in range(1, 9))).astype(np.float32)


def run(folder: Path, study: Study, load: Load) -> tuple[Notes, Checked]:
    """Start the servers, let listeners at them, and compare what they were told with the database."""
    environment = {"WORKBENCH_DATABASE_URL": load.database} if load.database else {}
    servers: list[Server] = []
    try:
        for number in range(load.replicas):
            own = make_folder(folder / f"server-{number}")
            servers.append(Server(own, study.folder.parent, study.id, load.whole, **environment))
        notes = Notes()
        work = _killing(servers, notes, load) if load.kills else _converting(servers[0], notes, load)
        asyncio.run(_listening([server.url for server in servers], study, notes, load, work))
    finally:
        for server in servers:
            with suppress(ProcessLookupError):
                server.kill()
    return notes, check(notes, open_store(study, load.database or None))


def check(notes: Notes, store: AnswerStore) -> Checked:
    """Every acknowledged answer once and as it was sent; every completion code that was shown belongs to a completed listener."""
    found, places = collect(store), standing(store)
    over = max(0, places.over - places.most_over) + sum(max(0, count - (most or 0)) for count, most in places.groups.values())
    stored = Counter((answer.listener, answer.trial) for answer in found.answers)
    values = {(answer.listener, answer.trial): (answer.value, answer.remark) for answer in found.answers}
    told = {(one.listener, one.trial): (one.value, one.remark) for one in notes.answers}
    completed = {one.listener for one in found.listeners if one.completed is not None}
    return Checked(len(told), sum(stored.values()), sum(key not in stored for key in told),
                   sum(count > 1 for count in stored.values()),
                   sum(key in values and values[key] != sent for key, sent in told.items()),
                   sum(key not in told for key in stored), sum(listener not in completed for listener in notes.codes), over)


def report(notes: Notes) -> str:
    """Milliseconds of requests that were served, by kind, the phases side by side; and the sentence on saving."""
    phases = [phase for phase in (ALONE, CONVERTING, KILLED) if any(at == phase for at, _, _ in notes.seconds)]
    head = ["ms", *(f"{phase}: {number}" if number == "requests" else number for phase in phases for number in NUMBERS)]
    rows = [[SAVING if kind == "answer" else kind, *(cell for phase in phases for cell in _milliseconds(notes, phase, kind))]
            for kind in KINDS]
    saving = [1000 * seconds for at, kind, seconds in notes.seconds if at == CONVERTING and kind == "answer"]
    aim = f"\n\n{SAVING} {CONVERTING}: p95 {np.percentile(saving, 95):.0f} ms, aim under {AIM:.0f} ms" if saving else ""
    return columns(tuple(head), rows) + aim


def integrity(notes: Notes, checked: Checked, kills: int) -> str:
    """What became of the answers and places, as a table."""
    again = ", ".join(f"{count} {what}" for what, count in sorted(notes.again.items())) or "none"
    refused = ", ".join(f"{count} {why}" for why, count in sorted(notes.refused.items())) or "none"
    rows = {"kills": kills, "acknowledged answers": checked.acknowledged, "stored answers": checked.stored,
            "acknowledged and not stored": checked.missing, "stored twice": checked.twice, "altered": checked.altered,
            "stored, and the listener was cut off before being told": checked.unasked,
            "completion codes without a whole set": checked.codes_wrong, "listeners beyond a quota": checked.over_quota,
            "entries without a place": refused, "requests sent again": again}
    return columns(("after the run", "count"), [[name, str(value)] for name, value in rows.items()])


def _milliseconds(notes: Notes, phase: str, kind: str) -> list[str]:
    took = [1000 * seconds for at, what, seconds in notes.seconds if at == phase and what == kind]
    if not took:
        return ["-"] * len(NUMBERS)
    return [f"{len(took):,}", *(f"{value:.0f}" for value in (*np.percentile(took, (50, 95, 99)), max(took)))]


async def _listening(urls: Sequence[str], study: Study, notes: Notes, load: Load, work) -> None:
    """Listeners come and stay until `work`, a coroutine, is done."""
    lengths = {name: about["seconds"] for name, about in study.info["clips"].items()}
    addresses = [f"{url}/listen/{study.id}" for url in urls]
    async with AsyncExitStack() as clients:
        # a client each, since one client takes longer to find a connection the more it has; verify reads certificates, once each
        crowd = [WebListener(await clients.enter_async_context(httpx.AsyncClient(timeout=30, verify=False)), addresses, lengths,
                             notes, 1000 * load.seed + number, load.pace.think) for number in range(load.listeners)]
        dice = random.Random(load.seed)
        tasks = [asyncio.create_task(one.run(dice.uniform(0, load.pace.arrival))) for one in crowd]
        try:
            await work
        finally:
            notes.running = False
        await asyncio.gather(*tasks)


async def _converting(server: Server, notes: Notes, load: Load) -> None:
    """Listening alone, then with one conversion after the other."""
    seconds = load.seconds
    await asyncio.sleep(load.pace.arrival)
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


async def _killing(servers: Sequence[Server], notes: Notes, load: Load) -> None:
    """Kill one and start it again, at random moments; of several, any one, and the others stay."""
    pace, dice = load.pace, random.Random(load.seed)
    await asyncio.sleep(pace.before)
    notes.phase = KILLED
    starts = []
    for _ in range(load.kills):
        await asyncio.sleep(dice.uniform(*pace.life))
        server = dice.choice(servers)
        await asyncio.to_thread(server.kill)
        starts.append(await asyncio.to_thread(server.start))
    await asyncio.sleep(pace.after)
    print(f"{counted(load.kills, 'kill')}; a start took {np.median(starts):.1f} s", file=sys.stderr)


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
