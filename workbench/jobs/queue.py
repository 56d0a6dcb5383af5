"""Evaluation jobs that outlive the request that started them: one folder and one process a job; one job works at a time.

    <root>/<id>/job.json      what was asked for
    <root>/<id>/status.json   how far it is, written by the job's own process
    <root>/<id>/upload.zip    list and recordings
    <root>/<id>/RUN/          the evaluation (evaluation/run/folder.py), report, scores.csv
    <root>/<id>/downloads/    report, tables, scores and the whole run, under names that tell them from other jobs'
    <root>/.working           locked by the one job that is at work
    <root>/<id>/.alive        locked by the job's process as long as it lives, however it ends

The state of a job lies on disk, so a reloaded page, another worker or a restarted server sees the same.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import OutputError, ZestError
from pipelines.files import make_folder, write_whole

KEPT_HOURS = 12.0  # after the last sign of life
MOST_WAITING = 5
START_SECONDS = 60.0  # within which a new process takes its lock
ROOT = Path(__file__).resolve().parents[2]
WAITING, RUNNING, DONE, FAILED, CANCELLED, INTERRUPTED = "waiting", "running", "done", "failed", "cancelled", "interrupted"
ENDED = (DONE, FAILED, CANCELLED, INTERRUPTED)


class TooManyWait(ZestError):
    """The queue is full; nothing was taken."""


@dataclass(frozen=True)
class JobRequest:
    """What a job is to do.

    Attributes:
        metrics: names. baselines: further systems, such as source and copy.
        systems: of a frontier, which is asked for where there are any; strengths: its list; presets: beside references.
        count: pairs that are drawn from a manifest.
    """

    name: str
    pairs: int
    metrics: tuple[str, ...]
    baselines: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    strengths: str = ""
    presets: bool = False
    count: int = 0

    @property
    def is_frontier(self) -> bool:
        return bool(self.systems)


@dataclass(frozen=True)
class Status:
    """How far a job is.

    state: one of the words above. stage: its key, label: the same in a reader's words; done, total: of the stage's items.
    part, parts: number of the stage, and of all stages. stage_begun, begun: seconds since the epoch, 0 if not yet.
    stage_first: items that were done when the stage began. sentence: why it ended, where it did not
    end well. ahead: jobs that have their turn before it.
    """

    state: str = WAITING
    stage: str = ""
    label: str = ""
    done: int = 0
    total: int = 0
    part: int = 0
    parts: int = 0
    begun: float = 0.0
    stage_begun: float = 0.0
    stage_first: int = 0
    pid: int = 0
    sentence: str = ""
    ahead: int = 0

    def seconds_left(self, now: float) -> float | None:
        """Of this stage, by its speed so far; None while that is not known."""
        fresh = self.done - self.stage_first
        if fresh <= 0 or self.done >= self.total:
            return None
        return (now - self.stage_begun) * (self.total - self.done) / fresh


@dataclass(frozen=True)
class Job:
    """One job's folder."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def upload(self) -> Path:
        return self.folder / "upload.zip"

    @property
    def run(self) -> Path:
        return self.folder / "RUN"

    @property
    def downloads(self) -> Path:
        return self.folder / "downloads"

    @property
    def request_file(self) -> Path:
        return self.folder / "job.json"

    @property
    def status_file(self) -> Path:
        return self.folder / "status.json"

    @property
    def cancel_file(self) -> Path:
        return self.folder / "cancelled"

    @property
    def lock_file(self) -> Path:
        return self.folder / ".alive"

    def request(self) -> JobRequest:
        """Raises ZestError where the job is gone."""
        document = _read(self.request_file)
        if document is None:
            raise ZestError(f"This evaluation is no longer here; jobs are deleted {KEPT_HOURS:.0f} hours after their end.")
        known: dict[str, Any] = {name: document[name] for name in JobRequest.__dataclass_fields__ if name in document}
        lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        return JobRequest(**{**known, **lists})

    @property
    def page(self) -> Path:
        """The HTML file that shows its results. Raises ZestError where the job is gone."""
        return self.run / ("frontier.html" if self.request().is_frontier else "report.html")

    def status(self) -> Status:
        """As its process wrote it; a job without a process was cancelled or interrupted."""
        document = _read(self.status_file) or {}
        status = Status(**{name: document[name] for name in Status.__dataclass_fields__ if name in document})
        if status.state in (DONE, FAILED):
            return status
        if not self.is_alive() and not self._is_starting():
            cancelled = self.cancel_file.exists()
            sentence = "" if cancelled else "The evaluation was interrupted; what is done is kept, and it can go on."
            return Status(**{**asdict(status), "state": CANCELLED if cancelled else INTERRUPTED, "sentence": sentence})
        return status

    def is_alive(self) -> bool:
        """Whether its process lives. The process holds a lock that ends with it."""
        try:
            with self.lock_file.open("r") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def write_status(self, status: Status) -> None:
        """Whole or not at all. Raises OutputError."""
        write_whole(self.status_file, json.dumps(asdict(status)).encode())

    def touched(self) -> float:
        """When its process last wrote its status, or the job was created; seconds since the epoch."""
        times = [file.stat().st_mtime for file in (self.status_file, self.request_file) if file.exists()]
        return max(times, default=self.folder.stat().st_mtime)

    def _is_starting(self) -> bool:
        status = _read(self.status_file)
        fresh = time.time() - self.touched() < START_SECONDS
        return status is not None and status["state"] == WAITING and not status["pid"] and fresh and not self.cancel_file.exists()


def new_job(root: Path) -> Job:
    """An empty folder with an id that cannot be guessed. Raises TooManyWait, OutputError."""
    make_folder(root)
    clean(root)
    if sum(job.status().state == WAITING for job in jobs(root)) >= MOST_WAITING:
        raise TooManyWait(f"{MOST_WAITING} evaluations wait already; try again when one of them has ended.")
    return Job(make_folder(root / uuid.uuid4().hex))


def find_job(root: Path, name: str | None) -> Job | None:
    """The job of an id from a URL; None where there is none."""
    if not name or len(name) != 32 or not set(name) <= set("0123456789abcdef"):
        return None
    job = Job(root / name)
    return job if job.request_file.is_file() else None


def jobs(root: Path) -> list[Job]:
    """All jobs that were asked for, the oldest first."""
    found = [Job(folder) for folder in root.iterdir() if (folder / "job.json").is_file()] if root.is_dir() else []
    return sorted(found, key=lambda job: (job.request_file.stat().st_mtime_ns, job.id))


def start(job: Job, request: JobRequest | None = None) -> None:
    """Start the job's process, or let an interrupted one go on; it waits by itself for its turn.

    Args:
        request: of a new job; written first, so that the job exists.
    Raises:
        OutputError: the process cannot be started or its folder not be written.
    """
    if request is not None:
        write_whole(job.request_file, json.dumps(asdict(request)).encode())
    job.cancel_file.unlink(missing_ok=True)
    job.write_status(Status())
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    with (job.folder / "log.txt").open("ab") as log:
        try:
            process = subprocess.Popen([sys.executable, "-m", "workbench.jobs.worker", str(job.folder)], env=environment,
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        except OSError as error:
            raise OutputError(f"The evaluation cannot be started: {error.strerror or error}.") from error
    threading.Thread(target=process.wait, daemon=True).start()  # or it would stay in the process table as a zombie


def cancel(job: Job) -> None:
    """End the job's process, waiting or at work; its results so far stay in the folder until `clean` deletes it."""
    with suppress(OSError):  # the folder is gone: nothing to cancel
        job.cancel_file.touch()
    status = _read(job.status_file) or {}
    if job.is_alive() and status.get("pid"):
        with suppress(ProcessLookupError):
            os.kill(status["pid"], signal.SIGTERM)


def ahead_of(root: Path, job: Job) -> int:
    """How many living jobs have their turn before this one: older ones, and the one at work."""
    every = jobs(root)
    place = next((index for index, other in enumerate(every) if other.id == job.id), len(every))
    return sum(other.is_alive() and (index < place or other.status().state == RUNNING)
               for index, other in enumerate(every) if index != place)


def clean(root: Path, hours: float = KEPT_HOURS) -> int:
    """Delete jobs without a sign of life for `hours`; returns how many those were."""
    old = [job for folder in (root.iterdir() if root.is_dir() else ()) if folder.is_dir()
           and time.time() - (job := Job(folder)).touched() > 3600 * hours and not job.is_alive()]
    for job in old:
        shutil.rmtree(job.folder, ignore_errors=True)
    return len(old)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
