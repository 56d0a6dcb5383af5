"""Frontiers as jobs of the page: bad uploads and wishes are one sentence and leave nothing; a job does what the command does."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from matplotlib.figure import Figure

from evaluation.frontier import plot
from pipelines.errors import ZestError
from tests.support.scored_zips import pack, recordings
from workbench.jobs import frontier as frontier_jobs
from workbench.jobs import worker
from workbench.jobs.frontier import check_recordings, submit_frontier
from workbench.jobs.queue import Job, JobRequest, Status
from workbench.tabs.frontier import start

LIST = "source,reference,emotion,source_speaker\n" + "".join(
    f"wavs/{name}.wav,wavs/angry.wav,angry,{name}\n" for name in ("man", "woman"))
MANIFEST = "path,corpus,speaker,emotion,language,text_id,text,seconds,split\n" + "".join(
    f"wavs/{name}.wav,own,{speaker},{emotion},en,{text},,1.2,train\n" for name, speaker, emotion, text in (
        ("man", "m", "neutral", "a"), ("woman", "w", "neutral", "b"), ("angry", "m", "angry", "a")))
RIGHT = ("f0-swap", "source")


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Submit an upload; the job is written down and no process is started."""
    monkeypatch.setattr(frontier_jobs, "start", lambda job, request: job.request_file.write_text(json.dumps(asdict(request))))

    def submit(content: str, systems=RIGHT, strengths="0:1:0.5", count=8, presets=False) -> Job:
        archive = pack(tmp_path / "mine.zip", recordings(0) | {"list.csv": content})
        return submit_frontier(tmp_path / "jobs", [archive], systems, strengths, count, presets)

    return submit


@pytest.mark.parametrize(("content", "options", "words"), [
    ("a,b\n1,2\n", {}, "list.csv has no column 'source'"), (LIST.replace("wavs/man", "/etc/man"), {}, "outside the zip"),
    (LIST.replace("wavs/", ""), {}, "None of the sources"), (MANIFEST.replace("wavs/man", "gone"), {}, "there is no such file"),
    (MANIFEST.replace("neutral", "sad"), {}, "serves no pair"), (LIST, {"systems": ()}, "Which systems"),
    (LIST, {"systems": ("magic",)}, "no system 'magic'"), (LIST, {"strengths": "1,0"}, "must ascend"),
    (LIST, {"presets": True}, "presets")])
def test_what_makes_no_frontier_is_one_sentence_and_leaves_nothing(asked, tmp_path, content, options, words):
    with pytest.raises(ZestError, match="^[A-Z'a-z]") as caught:
        asked(content, **options)
    assert words in str(caught.value) and str(tmp_path) not in str(caught.value) and "\n" not in str(caught.value)
    assert list((tmp_path / "jobs").iterdir() if (tmp_path / "jobs").is_dir() else ()) == []


def test_a_page_takes_so_many_conversions_and_not_more(asked, monkeypatch):
    monkeypatch.setattr(frontier_jobs, "MOST_CONVERSIONS", 3)
    with pytest.raises(ZestError, match="2 pairs by 2 systems are 4 conversions; the page takes at most 3"):
        asked(LIST)


def test_pairs_are_those_of_a_list_or_drawn_of_a_manifest(asked, tmp_path):
    assert asked(LIST, count=1).request().pairs == 2
    request = asked(MANIFEST, count=1).request()
    assert (request.pairs, request.systems, request.is_frontier) == (1, RIGHT, True)
    check_recordings([tmp_path / "mine.zip"], 4)


def test_an_older_job_is_read(tmp_path):
    (tmp_path / "job.json").write_text('{"name": "a", "pairs": 1, "metrics": ["cer"], "baselines": []}')
    job = Job(tmp_path)
    assert job.request() == JobRequest("a", 1, ("cer",)) and job.page.name == "report.html"


def test_a_job_writes_the_frontier_and_its_downloads(asked, monkeypatch):
    for name in ("trade_off_figure", "strength_figure"):
        monkeypatch.setattr(plot, name, lambda frontier: Figure())
    job = asked(LIST)
    light = replace(job.request(), metrics=("emotion@egemaps", "voice-to-source"))
    job.request_file.write_text(json.dumps(asdict(light)))
    progress = worker.Progress(job, Status())
    assert worker._work(job, progress) == 0, progress.status.sentence
    assert progress.status.part == progress.status.parts, "the number of stages was known beforehand"
    assert job.page.name == "frontier.html" and "Plotly" in job.page.read_text()
    begin = f"mine-f0-swap+source-{job.id[:6]}"
    assert {f"{begin}{end}" for end in ("-frontier.csv", "-frontier.html", "-scores.csv", ".zip")} \
        <= {path.name for path in job.downloads.iterdir()}


def test_the_page_tells_every_problem_beside_its_input():
    updates = start(None, [], "half", False, 8)
    assert [bool(update["visible"]) for update in updates[1:]] == [True, True, True, False]
    assert "is not a number" in updates[3]["value"]
