"""The process of one evaluation job: waits for its turn, evaluates, writes the report and packs the folder.

    python -m workbench.jobs.worker FOLDER

It ends with the workbench that started it; the evaluation itself goes on where it stopped when the job is started again.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import sys
import threading
import time
import traceback
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pipelines.errors import ZestError
from pipelines.files import make_folder, whole_file, write_whole
from pipelines.hooks import Event
from workbench.jobs import queue as jobs
from workbench.jobs.queue import Job, Status, ahead_of

if TYPE_CHECKING:
    from evaluation.run import EvaluationRun

PATIENCE = 1.0  # s between two looks whether it is this job's turn
EVERY = 0.5  # s between two writings of the status
NICENESS = 5  # visitors' conversions go first
BUG = "Something went wrong inside the evaluation; the server's log of this job has the details."
OTHER_STAGES = 3  # scoring, report, packing
REPORT = ("report.html", "report.md", "scores.csv")
NAMED, LONGEST = 3, 40  # systems, and letters of each part, in the name of a download


class Progress:
    """A hook that keeps the job's status up to date on disk."""

    def __init__(self, job: Job, status: Status):
        self.job, self.status, self._written = job, status, 0.0

    def __call__(self, event: Event) -> None:
        if event.kind == "progress":
            self.show(event.stage, *event.value, label=event.label)

    def show(self, stage: str, done: int, total: int, label: str = "") -> None:
        now = time.time()
        if stage != self.status.stage:
            self.status = replace(self.status, stage=stage, label=label, part=self.status.part + 1, stage_begun=now,
                                  stage_first=done)
            self._written = 0.0
        self.status = replace(self.status, done=done, total=total)
        if now - self._written > EVERY:
            self.write()
            self._written = now

    def write(self) -> None:
        self.job.write_status(self.status)


def work(job: Job) -> int:
    """Wait for the job's turn and do it; returns an exit code. The caller holds the job's lock."""
    progress = Progress(job, Status(pid=os.getpid()))
    progress.write()
    if job.cancel_file.exists():  # before there was a process to end
        return 1
    with (job.folder.parent / ".working").open("w") as working:
        _turn(job, progress, working)
        return _work(job, progress)


def _work(job: Job, progress: Progress) -> int:
    progress.status = replace(progress.status, state=jobs.RUNNING, begun=time.time(), ahead=0)
    progress.write()
    try:
        (_frontier if job.request().is_frontier else _evaluate)(job, progress)
    except ZestError as error:
        return _end(progress, jobs.FAILED, str(error))
    except Exception:  # noqa: BLE001 - whatever it is, the page must be told that the job failed
        traceback.print_exc()
        return _end(progress, jobs.FAILED, BUG)
    return _end(progress, jobs.DONE, "")


def pack(folder: Path, archive: Path) -> Path:
    """A run's folder as a zip, whole or not at all; in the zip it has the zip's name. WAVs are stored as they are, they hardly
    shrink."""
    with whole_file(archive) as partial, zipfile.ZipFile(partial, "w") as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"):
            kind = zipfile.ZIP_STORED if path.suffix == ".wav" else zipfile.ZIP_DEFLATED
            packed.write(path, Path(archive.stem) / path.relative_to(folder), kind)
    return archive


def download_name(upload: str, systems: Sequence[str], job: str) -> str:
    """What every download of a job begins with: its upload, its systems, and a mark that no other job has.

    Args:
        upload: name of the zip without its ending. systems: that were uploaded. job: its id.
    """
    shown = "+".join(systems[:NAMED]) + (f"+{len(systems) - NAMED}-more" if len(systems) > NAMED else "")
    parts = (part for part in (upload[:LONGEST], shown[:LONGEST]) if part)
    plain = (re.sub(r"[^\w.+@-]+", "-", part).strip("-.") for part in parts)
    return "-".join((*dict.fromkeys(filter(None, plain)), job[:6]))


def publish(job: Job, name: str, files: Sequence[str] = REPORT) -> list[Path]:
    """Put what can be downloaded under names of its own: report, tables, scores, and the whole run as a zip."""
    make_folder(job.downloads)
    copies = [shutil.copyfile(job.run / file, job.downloads / f"{name}-{file}") for file in files]
    return [*copies, pack(job.run, job.downloads / f"{name}.zip")]


def scores_csv(run: EvaluationRun) -> bytes:
    """All scores as a table, every row with the settings of its system."""
    settings = {name: json.dumps(system.spec, ensure_ascii=False) for name, system in run.record.systems.items()}
    return run.scores.assign(settings=run.scores.system.map(settings)).to_csv(index=False).encode(errors="replace")


def _evaluate(job: Job, progress: Progress) -> None:
    from evaluation.metrics.registry import metric
    from evaluation.report import write_report
    from evaluation.run import evaluate, open_scored, parse_systems

    request = job.request()
    scored = open_scored(job.upload, job.run)
    systems = [*scored.systems, *parse_systems(request.baselines)]
    observers = {metric(name).observer for name in request.metrics}
    progress.status = replace(progress.status, parts=len(systems) + len(observers) + OTHER_STAGES)
    run = evaluate(scored.pairs, systems, job.run, list(request.metrics), command="workbench, Evaluate tab", hook=progress)
    write_report(job.run, hook=progress)
    write_whole(job.run / "scores.csv", scores_csv(run))
    progress.show("pack", 0, 1, "Packing the downloads")
    publish(job, download_name(request.name, [system.name for system in scored.systems], job.id))


def _frontier(job: Job, progress: Progress) -> None:
    from evaluation.frontier import frontier_systems, measure_frontier
    from evaluation.frontier.zipped import open_pairs
    from evaluation.metrics.registry import metric

    request = job.request()
    systems = frontier_systems(request.systems, request.strengths, request.presets)
    observers = {metric(name).observer for name in request.metrics}
    progress.status = replace(progress.status, parts=len(systems) + len(observers) + OTHER_STAGES - 1)
    found = measure_frontier(open_pairs(job.upload, job.run, request.count), systems, job.run, list(request.metrics),
                             command="workbench, Evaluate tab, Frontier", hook=progress)
    write_whole(job.run / "scores.csv", scores_csv(found.run))
    progress.show("pack", 0, 1, "Packing the downloads")
    files = (*(path.name for path in found.files.every), "scores.csv")
    publish(job, download_name(request.name, request.systems, job.id), files)


def _turn(job: Job, progress: Progress, working: TextIO) -> None:
    """Return when every job before this one has ended and this job holds the lock of the one at work."""
    while True:
        ahead = ahead_of(job.folder.parent, job)
        if ahead == 0 and _locked(working):
            return
        if ahead != progress.status.ahead:
            progress.status = replace(progress.status, ahead=ahead)
            progress.write()
        time.sleep(PATIENCE)


def _locked(file: TextIO) -> bool:
    """Take the lock, if it is free; the system releases it when the process ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end(progress: Progress, state: str, sentence: str) -> int:
    progress.status = replace(progress.status, state=state, sentence=sentence)
    progress.write()
    return 0 if state == jobs.DONE else 1


def _end_with(parent: int) -> None:
    """End this process when its parent, the workbench, has ended."""
    while os.getppid() == parent:
        time.sleep(2.0)
    os._exit(1)


def main(folder: str) -> int:
    job = Job(Path(folder))
    with suppress(OSError):
        os.nice(NICENESS)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    with job.lock_file.open("w") as lock:
        return work(job) if _locked(lock) else 1  # 1: another process does this job


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
