"""Evaluations as jobs: bad uploads are one sentence and leave nothing, a job outlives the page, one works at a time."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.errors import ZestError
from tests.support.scored_zips import HEADER, good, listing, pack, recordings
from tests.support.waiting import wait_until
from workbench.jobs import queue as jobs
from workbench.jobs import upload as job_upload
from workbench.jobs import worker as job_worker
from workbench.jobs.queue import Job, JobRequest, Status, ahead_of, cancel, clean, find_job, new_job, start
from workbench.jobs.upload import submit
from workbench.jobs.view import duration, job_html, report_html
from workbench.jobs.worker import Progress

LIGHT = ("f0-mean-shift", "duration-ratio")  # no model to load
SECONDS = 400.0  # for one evaluation, which gives way to everything else on a busy machine


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "jobs"


@pytest.fixture
def not_started(monkeypatch):
    """Jobs are written down as asked for, and no process is started."""
    monkeypatch.setattr(job_upload, "start", lambda job, request: job.request_file.write_text(json.dumps(request.__dict__)))


def wait_for(job: Job, *states: str) -> Status:
    ends = {*states, jobs.DONE, jobs.FAILED, jobs.INTERRUPTED, jobs.CANCELLED}
    wait_until(lambda: job.status().state in ends, SECONDS)
    assert job.status().state in states, f"{job.status()}\n{(job.folder / 'log.txt').read_text()[-2000:]}"
    return job.status()


@contextmanager
def at_work(job: Job, state: str = jobs.RUNNING) -> Iterator[None]:
    """Its process lives, or so it seems to all others."""
    job.request_file.write_text("{}")
    job.write_status(Status(state, pid=1))
    with job.lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def bomb(path: Path) -> Path:
    return pack(path, recordings(1) | {"pairs.csv": listing(1), "wavs/zeros.wav": bytes(40 * 1024**2)})


BAD = {  # name: (files of the upload, words of the sentence)
    "nothing": (lambda folder: [], "Nothing to score yet"),
    "a list alone": (lambda folder: [_text(folder / "pairs.csv", listing())], "add a zip of the files"),
    "two zips": (lambda folder: [good(folder / "a.zip"), good(folder / "b.zip")], "One zip and at most one CSV"),
    "no zip at all": (lambda folder: [_text(folder / "mine.zip", "no zip " * 99)], "mine.zip is not a zip file"),
    "no zip, and a list": (lambda folder: [_text(folder / "mine.zip", "no zip " * 99), _text(folder / "a.csv", listing())],
                           "mine.zip is not a zip file"),
    "no list": (lambda folder: [pack(folder / "mine.zip", recordings())], "mine.zip holds no CSV"),
    "two lists": (lambda folder: [good(folder / "mine.zip"), _text(folder / "other.csv", listing())], "mine.zip holds 2 CSV"),
    "wrong column": (lambda folder: [pack(folder / "mine.zip", recordings() | {"list.csv": "source,target\na,b\n"})],
                     "list.csv has no column 'reference'"),
    "empty list": (lambda folder: [pack(folder / "mine.zip", recordings() | {"list.csv": HEADER})], "list.csv has no pairs"),
    "no recording": (lambda folder: [pack(folder / "mine.zip", recordings() | {"list.csv": listing(), "run.exe": b"MZ"})],
                     "'run.exe', which is neither a recording"),
    "bomb": (lambda folder: [bomb(folder / "mine.zip")], "more than recordings do"),
    "escaping": (lambda folder: [pack(folder / "mine.zip", recordings() | {"list.csv": listing(), "../evil.wav": b"x"})],
                 "leaves the folder"),
    "escaping list": (lambda folder: [pack(folder / "mine.zip", recordings() | {
        "list.csv": HEADER + "p0,/etc/passwd,wavs/angry.wav,wavs/made0.wav,angry,,\n"})], "lies outside the zip"),
    "wrong folder": (lambda folder: [pack(folder / "mine.zip", recordings() | {"list.csv": listing().replace("wavs/", "")})],
                     "None of the sources"),
}


def _text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


@pytest.mark.parametrize("name", BAD)
def test_bad_upload_is_one_sentence_and_leaves_nothing(root, tmp_path, not_started, name):
    make, words = BAD[name]
    with pytest.raises(ZestError, match="^[A-Z'a-z]") as caught:
        submit(root, make(tmp_path), LIGHT)
    sentence = str(caught.value)
    assert words in sentence and str(tmp_path) not in sentence and "upload.zip" not in sentence
    assert list(root.iterdir() if root.is_dir() else ()) == []
    assert not (tmp_path / "evil.wav").exists()


def test_no_metric_chosen_is_one_sentence(root, tmp_path):
    with pytest.raises(ZestError, match="at least one metric"):
        submit(root, [good(tmp_path / "mine.zip")], [])


def test_a_list_and_a_zip_are_taken_together(root, tmp_path, not_started):
    job = submit(root, [_text(tmp_path / "mine.csv", listing(2)), pack(tmp_path / "wavs.zip", recordings(2))], LIGHT)
    assert job.request() == JobRequest("wavs", 2, LIGHT, ("source", "copy"))
    assert submit(root, [good(tmp_path / "m.zip")], LIGHT, baselines=False).request().baselines == ()


def test_a_job_waits_its_turn_runs_to_its_end_in_its_own_process_and_everything_can_be_downloaded(root, tmp_path):
    files = recordings(3)
    del files["wavs/made2.wav"]  # a missing file is a failed row, not the end
    with at_work(new_job(root)):
        job = submit(root, [pack(tmp_path / "mine.zip", files | {"pairs.csv": listing(3)})], LIGHT[:1])  # needs no librosa
        second = submit(root, [good(tmp_path / "second.zip")], LIGHT, baselines=False)
        assert find_job(root, job.id) == job
        wait_until(lambda: (job.status().ahead, second.status().ahead) == (1, 2), SECONDS)
        assert job.status().state == second.status().state == jobs.WAITING
        assert "1 evaluation is before it" in job_html(job, job.status())
        cancel(second)
        wait_for(second, jobs.CANCELLED)
    status = wait_for(job, jobs.DONE)
    assert status.part == status.parts, "the number of stages was known beforehand"
    wait_until(lambda: not job.is_alive(), SECONDS)  # it says that it is done, then it ends
    table = (job.run / "scores.csv").read_text()
    assert table.startswith("system,pair,") and "There is no file" in table and "copy," in table and "source," in table
    page = (job.run / "report.html").read_text()
    assert "f0-mean-shift" in page and "<iframe" in report_html(job.run / "report.html")
    name = f"mine-converted-{job.id[:6]}"
    assert {path.name for path in job.downloads.iterdir()} == {
        f"{name}.zip", f"{name}-report.html", f"{name}-report.md", f"{name}-scores.csv"}
    with zipfile.ZipFile(job.downloads / f"{name}.zip") as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
    assert {f"{name}/{file}" for file in ("run.json", "scores.jsonl", "report.html", "report.md", "scores.csv")} <= names
    assert not any(name.endswith(".lock") for name in names)


@pytest.mark.parametrize(("upload", "systems", "name"), [
    ("mine", ["a"], "mine-a-012345"), ("mine", ["a", "residual_neural@0.5"], "mine-a+residual_neural@0.5-012345"),
    ("mine", ["a", "b", "c", "d", "e"], "mine-a+b+c+2-more-012345"), ("a", ["a"], "a-012345"),
    ("../..", ["a"], "a-012345"), ("Müller's set (2)", ["a"], "Müller-s-set-2-a-012345"), ("語" * 300, ["y" * 61] * 3, None)])
def test_downloads_are_named_after_upload_systems_and_job(upload, systems, name):
    found = job_worker.download_name(upload, systems, "0123456789")
    assert found == name or name is None and len(found.encode()) < 200 and found.endswith("-012345")


def test_a_job_whose_process_is_gone_is_interrupted_and_goes_on_when_started_again(root, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs.sys, "executable", "/bin/true")  # a process that ends at once
    job = new_job(root)
    start(job, JobRequest("mine", 3, LIGHT))
    assert job.status().state == jobs.WAITING, "it has a minute to begin"
    monkeypatch.setattr(jobs, "START_SECONDS", 0.0)
    status = job.status()
    assert status.state == jobs.INTERRUPTED and "can go on" in status.sentence
    assert "Interrupted" in job_html(job, status)


def test_a_cancelled_job_that_is_started_again_is_no_longer_cancelled(root, monkeypatch):
    monkeypatch.setattr(jobs.sys, "executable", "/bin/true")
    job = new_job(root)
    start(job, JobRequest("mine", 3, LIGHT))
    cancel(job)
    assert job.status().state == jobs.CANCELLED
    start(job)
    assert job.status().state == jobs.WAITING


def test_cancelling_never_ends_a_process_that_is_not_the_jobs(root):
    """The number of a process may be another one's by now; only the lock says that it is the job's."""
    other = subprocess.Popen(["sleep", "30"])
    try:
        job = new_job(root)
        job.request_file.write_text(json.dumps({"name": "mine", "pairs": 1, "metrics": [], "baselines": []}))
        job.write_status(Status(jobs.RUNNING, pid=other.pid))
        cancel(job)
        time.sleep(0.2)
        assert other.poll() is None
        assert job.status().state == jobs.CANCELLED
    finally:
        other.kill()
        other.wait()


def test_a_resumed_job_waits_for_a_younger_one_that_is_at_work(root):
    """Turns go by age, but nobody at work is overtaken."""
    first, second, third = new_job(root), new_job(root), new_job(root)
    with ExitStack() as living:
        for place, (job, state) in enumerate(((first, jobs.WAITING), (second, jobs.RUNNING), (third, jobs.WAITING))):
            living.enter_context(at_work(job, state))
            os.utime(job.request_file, (time.time() + place, time.time() + place))
        assert [ahead_of(root, job) for job in (first, second, third)] == [1, 1, 2]
    assert ahead_of(root, third) == 0, "the others' processes are gone"


def test_a_job_that_was_cancelled_before_its_process_began_does_not_begin(root):
    job = new_job(root)
    job.request_file.write_text("{}")
    job.cancel_file.touch()
    assert job_worker.work(job) == 1
    assert not job.run.exists() and job.status().state == jobs.CANCELLED


def test_old_jobs_are_deleted_and_young_ones_kept(root):
    old, young = new_job(root), new_job(root)
    for job in (old, young):
        job.request_file.write_text("{}")
    day_ago = time.time() - 86_400
    os.utime(old.request_file, (day_ago, day_ago))
    assert clean(root, hours=12) == 1
    assert not old.folder.exists() and young.folder.exists()


def test_too_many_waiting_jobs_are_refused(root, monkeypatch):
    monkeypatch.setattr(jobs.sys, "executable", "/bin/true")
    for _ in range(jobs.MOST_WAITING):
        start(new_job(root), JobRequest("mine", 1, LIGHT))
    with pytest.raises(ZestError, match="wait already"):
        new_job(root)
    assert len(list(root.iterdir())) == jobs.MOST_WAITING


@pytest.mark.parametrize("name", ["", None, "..", "../../etc", "0" * 31, "G" * 32, "0" * 32])
def test_an_address_that_names_no_job_finds_none(root, name):
    assert find_job(root, name) is None


def test_time_left_comes_from_the_speed_of_the_stage_alone(root):
    status = Status(jobs.RUNNING, "observe pyworld-1", "Measuring F0", done=30, total=50, stage_begun=100.0, stage_first=20)
    assert status.seconds_left(110.0) == pytest.approx(20.0), "10 in 10 s, 20 to go; 20 were there before"
    assert replace(status, done=20).seconds_left(110.0) is None
    job = new_job(root)
    job.request_file.write_text(json.dumps({"name": "<b>x</b>", "pairs": 2, "metrics": ["cer"], "baselines": []}))
    shown = job_html(job, replace(status, part=2, parts=5, begun=90.0), 110.0)
    assert "Stage 2 of 5: Measuring F0" in shown and "pyworld" not in shown and "30 of 50" in shown and "about 20 s left" in shown
    assert "&lt;b&gt;x" in shown and "<b>x" not in shown
    assert [duration(seconds) for seconds in (0.2, 89, 300, 7500)] == ["1 s", "89 s", "5 min", "2 h 05 min"]


def test_progress_is_written_at_every_new_stage(root):
    job = new_job(root)
    progress = Progress(job, Status(jobs.RUNNING))
    for stage, done in (("convert copy", 0), ("convert copy", 1), ("score", 0)):
        progress.show(stage, done, 2)
    written = json.loads(job.status_file.read_text())
    assert (written["stage"], written["part"], written["total"]) == ("score", 2, 2)
