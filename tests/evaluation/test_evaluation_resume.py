"""An evaluation survives kills and a full disk, and gives the same numbers however it is sharded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evaluation.run import open_run
from evaluation.run.json_files import appending, read_lines
from evaluation.run.shards import BACKENDS, Workers
from pipelines.errors import OutputError, WorkerError, ZestError
from tests.support.processes import start
from tests.support.small_evaluation import Halved, Killed, comparable, hanging_run, make_pairs, run
from tests.support.waiting import wait_until


@pytest.fixture
def pairs(tmp_path):
    return make_pairs(tmp_path / "speech")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Pairs, and what one process makes of them."""
    folder = tmp_path_factory.mktemp("alone")
    pairs = make_pairs(folder / "speech")
    return pairs, comparable(run(pairs, folder / "RUN", (Halved(refuses="p4"),)))


@pytest.fixture
def one_ray(monkeypatch):
    """Ray is started by the first run and serves the second, because a start takes seconds."""
    import ray

    end = ray.shutdown
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    yield
    end()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.slow
def test_scores_do_not_depend_on_who_computes_them_nor_on_a_killed_worker(alone, tmp_path, backend, request):
    if backend == "ray":
        request.getfixturevalue("one_ray")
    pairs, expected = alone
    systems = (Killed(refuses="p4", before=tmp_path / "killed", tests=os.getpid()),)
    if backend == "dask":  # starts another worker and goes on by itself
        found = run(pairs, tmp_path / "RUN", systems, backend=backend, jobs=2)
    else:
        with pytest.raises(WorkerError, match="the same command goes on"):
            run(pairs, tmp_path / "RUN", systems, backend=backend, jobs=2)
        found = run(pairs, tmp_path / "RUN", systems, backend=backend, jobs=2)
    assert (tmp_path / "killed").exists() and comparable(found) == expected and found.complete


@pytest.mark.parametrize(("options", "words"), [
    ({"backend": "slurm"}, "no backend 'slurm'"), ({"jobs": 0}, "at least 1")])
def test_wrong_workers_are_refused(options, words):
    with pytest.raises(ZestError, match=words):
        Workers(**options)


def test_a_backend_that_is_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setattr("evaluation.run.shards.find_spec", lambda name: None)
    with pytest.raises(ZestError, match="requirements-clusters.txt"):
        Workers(backend="ray")


def test_workers_share_the_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert [Workers(jobs).threads for jobs in (1, 3, 8, 20)] == [8, 2, 1, 1]


def test_half_a_line_is_dropped_and_written_over(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_text('{"a": 1}\n{"a": {"b": 2}')
    assert list(read_lines(path)) == [{"a": 1}]
    with appending(path) as lines:
        lines.add({"a": 3})
    assert path.read_text() == '{"a": 1}\n{"a": 3}\n'


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_in_one_sentence():
    with appending(Path("/dev/full")) as lines, pytest.raises(OutputError, match="free some space"):
        lines.add({"a": 1})


def lines_of(file: Path) -> int:
    return len(file.read_text().splitlines()) if file.is_file() else 0


def killed_after(folder: Path, lines: int) -> None:
    """Start the evaluation in a process of its own and kill it when so many pairs are converted."""
    child = start(hanging_run, folder, folder=folder)
    try:
        wait_until(lambda: lines_of(folder / "run" / "conversions.jsonl") >= lines)
    finally:
        child.kill()
        child.join()


@pytest.mark.slow
def test_a_killed_run_goes_on_and_gives_what_an_unbroken_one_gives(tmp_path):
    killed_after(tmp_path, lines=3)
    begun = lines_of(tmp_path / "run" / "conversions.jsonl")
    assert 3 <= begun < 12, "it was killed on the way"
    with (tmp_path / "run" / "conversions.jsonl").open("a") as file:
        file.write('{"system": "halved", "pa')  # as a kill within a line leaves it
    pairs = make_pairs(tmp_path / "speech", 12)
    resumed = run(pairs, tmp_path / "run", (Halved(log=tmp_path / "log2"),))
    unbroken = run(pairs, tmp_path / "unbroken")
    assert comparable(resumed) == comparable(unbroken) and resumed.complete
    assert len((tmp_path / "log2").read_text().splitlines()) == 12 - begun, "what was converted was not converted again"


@pytest.mark.parametrize("file", ["scores.jsonl", "observations/loudness-1.jsonl", "conversions.jsonl"])
def test_a_kill_at_any_byte_of_a_line_loses_only_that_line(pairs, tmp_path, file):
    expected = comparable(run(pairs, tmp_path / "run"))
    path = tmp_path / "run" / file
    whole = path.read_bytes()
    for cut in (1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert comparable(run(pairs, tmp_path / "run")) == expected
        assert open_run(tmp_path / "run").complete
