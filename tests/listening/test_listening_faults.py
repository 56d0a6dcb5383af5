"""Faults as a listener meets them over HTTP: 503 with a sentence, nothing acknowledged that is not stored, a retry works."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evaluation.listening.store import collect
from tests.support import postgres
from tests.support.listener_http import Listener, fresh_store, serving
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import SETUP
from workbench.listening import studies

TINY = 512  # KiB of the file system that gets full


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    return small_study(finished_run(folder, sentences=1), folder / "studies" / "one", systems=("copy", "f0-swap"), listeners=500)


@pytest.fixture
def open_at(study, monkeypatch):
    """Serves the study with its answers in this folder, or in this database."""
    def start(folder: Path, url: str = ""):
        store = fresh_store(study, folder, monkeypatch)
        if url:
            monkeypatch.setenv("WORKBENCH_DATABASE_URL", url)
            studies._open.cache_clear()
            clock, store = store.clock, studies.store_of(study.id)
            store.clock = clock
        stores.append(store)
        return store

    stores: list = []
    yield start
    [store.engine.dispose() for store in stores]
    studies._open.cache_clear()


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own with little space; skipped where nobody may mount one."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={TINY}k", "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a file system can only be mounted by root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def not_stored(reply, words: str) -> None:
    """503, one sentence that says what is wrong, and when to come again."""
    assert reply.status_code == 503 and reply.json()["reason"] == "store", reply.text
    assert words in reply.json()["sentence"] and reply.json()["sentence"].startswith("Your answer was not stored")
    assert "\n" not in reply.json()["sentence"] and reply.headers["retry-after"]


def ready(store) -> tuple[Listener, dict]:
    """Somebody who has played a trial and is about to answer."""
    listener = Listener(serving(), store)
    shown = listener.next()
    listener.play_all(shown)
    return listener, shown


def answers_of(store, listener: Listener) -> list[str]:
    return [one.value for one in collect(store).answers if one.listener == listener.name]


def answered_after(store, listener: Listener, shown: dict) -> None:
    """The same answer, sent again, is stored now, and once."""
    reply = listener.answer(shown, "3")
    assert reply.status_code == 200 and reply.json()["done"] == 1
    assert listener.answer(shown, "3").json()["again"] and answers_of(store, listener) == ["3"]


def test_on_a_full_disk_the_listener_is_told_and_the_answer_can_be_sent_again_once_there_is_space(open_at, tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        store = open_at(disk)
        listener, shown = ready(store)
        with (disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError):
            while True:
                filler.write(b"x" * 1024)
        with pytest.raises(AssertionError, match="disk is full"):  # what is left of the last pages takes a few more
            for _ in range(200):
                Listener(serving(), store)
        not_stored(listener.answer(shown, "3"), "the disk is full")
        assert answers_of(store, listener) == [], "reading goes on"
        (disk / "filler").unlink()
        answered_after(store, listener, shown)
        store.engine.dispose()


def test_who_entered_on_a_disk_that_was_getting_full_is_known_afterwards(open_at, tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        store, client, entered = open_at(disk), serving(), []
        (disk / "filler").write_bytes(b"x" * (1024 * (TINY - 200)))
        for _ in range(1000):
            reply = client.post(f"/listen/{store.study.id}/enter", json={"consent": True, "setup": SETUP})
            if reply.status_code == 503:
                break
            entered.append(reply.json()["listener"])
        not_stored(reply, "the disk is full")
        assert entered and {one.listener for one in collect(store).listeners} == set(entered)
        store.engine.dispose()


def test_a_database_that_another_process_holds_is_told_and_the_answer_can_be_sent_again(open_at, tmp_path, monkeypatch):
    monkeypatch.setattr("evaluation.listening.store.database.WAIT", 0.2)
    store = open_at(tmp_path)
    listener, shown = ready(store)
    other = sqlite3.connect(tmp_path / "answers.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    not_stored(listener.answer(shown, "3"), "many are answering at once")
    not_stored(serving().post(f"/listen/{store.study.id}/enter", json={"consent": True, "setup": SETUP}), "many are answering")
    assert answers_of(store, listener) == []
    other.execute("ROLLBACK")
    other.close()
    answered_after(store, listener, shown)


@pytest.mark.server
def test_a_database_server_that_stops_is_told_and_the_answer_can_be_sent_again_once_it_is_back(open_at, tmp_path):
    postgres.needed()
    with postgres.server() as url:
        store = open_at(tmp_path, url)
        listener, shown = ready(store)
        folder = Path(url.partition("host=")[2])
        postgres.stop(folder)
        not_stored(listener.answer(shown, "3"), "the connection to the database was lost")
        not_stored(listener.post("next"), "the connection to the database was lost")
        postgres.start(folder)
        assert answers_of(store, listener) == []
        assert listener.next() == shown | {"played": sorted(clip for _, clip in shown["clips"])}, "what was played is known"
        answered_after(store, listener, shown)
        store.engine.dispose()


def test_a_folder_that_may_not_be_written_is_told(study, tmp_path, monkeypatch):
    monkeypatch.setenv(studies.VARIABLE, str(study.folder.parent))
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", f"sqlite:///{tmp_path / 'missing' / 'answers.sqlite'}")
    studies._open.cache_clear()
    reply = serving().post(f"/listen/{study.id}/enter", json={"consent": True, "setup": SETUP})
    assert reply.status_code == 503 and "no permission to write there, or there is no such folder" in reply.json()["sentence"]
    assert not os.listdir(tmp_path)
    studies._open.cache_clear()
