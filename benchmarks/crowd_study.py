"""A study on a crowd from the invitation to the payment file: 40 simulated workers of Prolific, and `zest study` around them.

    python -m benchmarks.crowd_study

The listeners' routes on a real server, a stand-in of the platform, real time; about three minutes. Of 24 places some become
free, because workers fail the instruction checks, withdraw or go away, and others get them. The run ends with 1 if anything that
a study promises is not so.
Votes are simulated and say nothing of a system.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

import httpx
import numpy as np

from benchmarks import columns
from benchmarks.crowd_platform import PROLIFIC, CrowdPlatform, crowd_platform
from benchmarks.crowd_workers import CROWD, Role, Worker
from benchmarks.listening_load import load_run
from benchmarks.listening_server import ROOT, Server
from evaluation.listening.analysis.standing import StudyStanding, standing
from evaluation.listening.design.recruitment import DONE, FAILED, FULL, SCREENED, WITHDRAWN
from evaluation.listening.design.study import Study, open_study
from evaluation.listening.design.trials import RATED
from evaluation.listening.store import open_store
from evaluation.listening.store.places import planned_cells
from pipelines.files import make_folder

PLANNED, OVER, MINUTES, BONUS = 24, 1, 1, 0.5
CODES = {DONE: "OK1", FAILED: "BAD1", SCREENED: "NO1", FULL: "FULL1", WITHDRAWN: "OUT1"}
FIRST = (Role("uses loudspeakers", SCREENED, 2),)
PLACES = (Role("listens with care", DONE, 11), Role("comes back on another device", DONE, 2, twice=True),
          Role("gives one vote throughout", DONE, 2, lazy=True),
          Role("fails the checks", FAILED, 3), Role("withdraws", WITHDRAWN, 3),
          Role("goes away", "", 1, stops=True),
          Role("goes away, comes back as one over the plan", DONE, 1, stops=True, returns=True),
          Role("goes away, comes back later still", FULL, 1, stops=True, returns=True))
WITHOUT_PLACE = (Role("comes while all places are taken", FULL, 3),)
REPLACING = (Role("replaces another", DONE, 9),)
LATE = (Role("comes when all are done", FULL, 2),)
WAVES = (FIRST, PLACES, WITHOUT_PLACE, REPLACING, LATE)


@dataclass(frozen=True)
class Paid:
    """Ids of workers by file, amounts of bonuses, and what a second call said."""

    approved: list[str]
    rejected: list[str]
    bonuses: dict[str, float]
    again: str


def main() -> None:
    """Print who came and what became of them; exit with 1 if a promise is broken."""
    with TemporaryDirectory(prefix="zest-crowd-") as name, crowd_platform() as platform:
        folder = Path(name)
        study = create(folder, platform)
        server = Server(make_folder(folder / "server"), study.folder.parent, study.id, False)
        try:
            os.environ["WORKBENCH_ADDRESS"] = server.url
            link = json.loads(zest("check", study.folder, "--json"))["link"]
            workers, most = asyncio.run(crowd(study, link, platform))
        finally:
            server.stop()
        print(zest("status", study.folder))
        found = json.loads(zest("status", study.folder, "--json"))
        paid = pay(study, folder)
        zest("export", study.folder, "-o", folder / "EXPORT", "--draws", 200)
        zest("archive", study.folder, "-o", folder / "ARCHIVE.zip", "--draws", 200)
        rows = ratings(study, folder / "EXPORT", {name for one in workers if one.left[:1] == [(DONE, CODES[DONE])]
                                                  for name in one.listeners})
        print(f"{people(workers, found, paid)}\n\n{pairs(rows)}\n\n{len(paid.approved)} approved, {len(paid.rejected)} rejected, "
              f"{len(paid.bonuses)} bonuses of {sum(paid.bonuses.values()):.2f} in all\n")
        broken = [sentence for sentence, holds in promises(study, workers, most, platform, rows, paid,
                                                           written(folder)).items() if not holds]
    print("Broken: " + "; ".join(broken) if broken else "Every promise held.")
    sys.exit(bool(broken))


def zest(*words: object) -> str:
    """The command `zest study`; returns what it printed."""
    done = subprocess.run([sys.executable, "-m", "workbench.cli.main", "study", *map(str, words)], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"zest study {words[0]}: {done.stderr}")
    return done.stdout or done.stderr


def create(folder: Path, platform: CrowdPlatform) -> Study:
    """By the command, from a run of tones of half a second."""
    codes = "\n".join(f'{outcome} = "{code}"' for outcome, code in CODES.items())
    (folder / "prolific.toml").write_text(
        f'platform = "prolific"\naddress = "{platform.prolific_completion}"\nover = {OVER}\ntime_out = {MINUTES}\n'
        f"[codes]\n{codes}\n"
        "[quotas.device]\nloudspeakers = 0\n")
    run = load_run(folder, sentences=3)
    place = make_folder(folder / "studies") / "crowd"
    zest("create", "--run", run.folder, "--systems", "copy,transfer", "--questions", "naturalness", "--listeners", PLANNED,
         "--cap", 24, "--recruit", folder / "prolific.toml", "-o", place)
    return open_study(place)


async def crowd(study: Study, link: str, platform: CrowdPlatform) -> tuple[list[Worker], list[StudyStanding]]:
    """All waves, one after the other; and how the study stood every second."""
    dice, store, seen = np.random.default_rng(0), open_store(study), []
    effects = {pair: dice.normal(0, CROWD.item) for pair in study.info["pairs"]}

    async def watch() -> None:
        while True:
            seen.append(await asyncio.to_thread(standing, store))
            await asyncio.sleep(1)

    async with AsyncExitStack() as clients:
        waves: list[list[Worker]] = []
        for roles in WAVES:
            waves.append([])
            for role in [one for one in roles for _ in range(one.workers)]:
                client = await clients.enter_async_context(httpx.AsyncClient(timeout=60, verify=False))
                number = sum(map(len, waves))
                waves[-1].append(Worker(f"{number:02d}c0ffee0c0ffee0c0ffee0c", role, client, platform, study, link, effects,
                                        np.random.default_rng(number)))
        first, places, without, replacing, late = waves
        watching = asyncio.create_task(watch())
        await _all_come(first)
        listening = asyncio.create_task(_all_come(places))
        while not all(one.listeners or one.left for one in places):
            await asyncio.sleep(0.2)
        await _all_come(without)
        await listening
        print(zest("status", study.folder))  # the live view, half-way
        await asyncio.sleep(60 * MINUTES)  # until places of those who went away may be given to others
        await _all_come(replacing)
        await _all_come(late)
        for one in (one for one in places if one.role.returns or one.role.twice):
            await _all_come([one], "again")
        watching.cancel()
        seen.append(standing(store))
    return [one for wave in waves for one in wave], seen


async def _all_come(workers: Sequence[Worker], visit: str = "visit") -> None:
    await asyncio.gather(*(one.come(f"{visit}-{one.name[:2]}") for one in workers))


def pay(study: Study, folder: Path) -> Paid:
    """Two calls of the command; the second has nothing new to write."""
    words = ("payments", study.folder, "-o", folder / "PAY", "--approve", "--reject", "--bonus", f"{BONUS:.2f} if counted")
    zest(*words)
    again = zest(*words)
    files = {kind: list(csv.reader((folder / "PAY" / f"{kind}-1.csv").open())) for kind in ("approve", "reject", "bonus")}
    return Paid([row[0] for row in files["approve"]], [row[0] for row in files["reject"][1:]],
                {row[0]: float(row[1]) for row in files["bonus"]}, again)


def ratings(study: Study, export: Path, finished: set[str]) -> dict[str, tuple[int, int, int]]:
    """By pair: ratings that were planned, those of listeners who finished, and those that count after screening."""
    planned, reached, counted = Counter(), Counter(), Counter()
    for cell, listeners in zip(study.design.cells, planned_cells(study), strict=True):
        planned.update({pair: listeners * count for pair, count in
                        Counter(trial.pair for trial in cell if trial.kind == RATED).items()})
    for row in csv.DictReader((export / "answers.csv").open()):
        if row["kind"] == RATED and row["listener"] in finished:
            reached[row["pair"]] += 1
            counted[row["pair"]] += row["counted"] == "True"
    return {pair: (planned[pair], reached[pair], counted[pair]) for pair in sorted(planned)}


def written(folder: Path) -> bytes:
    """Everything that goes to others: the export, the archive, and what the server logged."""
    files = [file.read_bytes() for file in (folder / "EXPORT").iterdir()] + [(folder / "server" / "server.log").read_bytes()]
    with ZipFile(folder / "ARCHIVE.zip") as archive:
        return b"".join([*files, *(archive.read(name) for name in archive.namelist())])


def people(workers: Sequence[Worker], found: Mapping[str, Any], paid: Paid) -> str:
    """A row for each role: who came, with which codes they left, who is counted, and why others are not."""
    states = {one["listener"]: one for one in found["listeners"]}
    rows = []
    for role in (role for roles in WAVES for role in roles):
        ours = [one for one in workers if one.role == role]
        told = [states[name] for one in ours for name in one.listeners]
        codes = Counter(one.left[0][1] if one.left else "none" for one in ours)
        why = Counter(one["why"] for one in told if one["why"])
        rows.append([role.name, str(len(ours)), _counts(codes), str(sum(one["state"] == "counted" for one in told)), _counts(why),
                     str(sum(one.name in paid.approved for one in ours)), str(sum(one.name in paid.rejected for one in ours)),
                     f"{sum(paid.bonuses.get(one.name, 0) for one in ours):.2f}"])
    return columns(("worker", "came", "left with", "counted", "not counted", "approved", "rejected", "bonuses"), rows)


def pairs(rows: Mapping[str, tuple[int, int, int]]) -> str:
    return columns(("ratings of pair", "planned", "of who finished", "counted"),
                   [[pair, *map(str, numbers)] for pair, numbers in rows.items()])


def promises(study: Study, workers: Sequence[Worker], seen: Sequence[StudyStanding], platform: CrowdPlatform,
             rows: Mapping[str, tuple[int, int, int]], paid: Paid, public: bytes) -> dict[str, bool]:
    """By sentence, whether it holds."""
    due = {one.name: (one.role.outcome, CODES.get(one.role.outcome, "")) for one in workers}
    ids = [one.name for one in workers]
    returned = Counter(sent["cc"] for path, sent in platform.returned if path == PROLIFIC)
    return {
        "each worker leaves with the code of the outcome, and with the same one again":
            all(set(one.left) == ({due[one.name]} if one.role.outcome else set()) for one in workers),
        "each leaving arrives on the platform": returned == Counter(code for one in workers for _, code in one.left),
        "a worker is one listener": all(len(one.listeners) <= 1 for one in workers)
        and sum(len(one.listeners) for one in workers) == len(seen[-1].listeners),
        "the quota is never exceeded": max(one.held for one in seen) <= PLANNED + OVER and max(one.over for one in seen) <= OVER,
        "all places are filled": seen[-1].finished == PLANNED + OVER and seen[-1].free == 0,
        "each pair has its planned ratings": bool(rows) and all(reached >= planned for planned, reached, _ in rows.values()),
        "who finished is approved, and nobody else":
            sorted(paid.approved) == sorted(name for name in ids if due[name][0] == DONE),
        "who failed is rejected, and nobody else":
            sorted(paid.rejected) == sorted(name for name in ids if due[name][0] == FAILED),
        "who gives one vote throughout is paid, and has no bonus": set(paid.bonuses.values()) == {BONUS}
            and set(paid.approved) - set(paid.bonuses) == {one.name for one in workers if one.role.lazy},
        "a second call pays nobody": paid.again.count("nothing new") == 3,
        "no id of a worker is in an address, an export, the archive or the log":
            not any(name.encode() in public for name in ids) and not any(
                name in address for one in workers for address in one.addresses for name in ids)}


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in found.items()) or "-"


if __name__ == "__main__":
    main()
