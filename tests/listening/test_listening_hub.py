"""Answers on a disk that does not last: what was pushed to the hub comes back; a hub that is away costs nothing."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from evaluation.listening.errors import StoreError
from evaluation.listening.publish.hub import FOLDER, HubJournal, hub_journal
from evaluation.listening.store import AnswerStore, collect, open_store
from evaluation.listening.store.database import writing
from evaluation.listening.store.events import events_of
from evaluation.listening.store.journal import Journal
from tests.support.hub_server import HubState, at_rest, hub, talk_to
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import SETUP, Clock, answer_next, listen, whole_set

DATASET = "ann/answers"
SELDOM = 60.0  # minutes: tests push when they want to


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("listening")
    return small_study(finished_run(folder, sentences=1), folder / "STUDY", systems=("copy", "f0-swap"))


@pytest.fixture
def at(monkeypatch):
    """Makes the client talk to a hub at this address."""
    return lambda address: talk_to(address, monkeypatch)


@pytest.fixture
def process(study, tmp_path):
    """A process of the workbench on an empty disk of its own: opens the study there. What is left running ends with the test."""
    journals = []

    def start(name: str, clock: Clock | None = None) -> tuple[AnswerStore, HubJournal]:
        disk = tmp_path / name
        disk.mkdir(exist_ok=True)
        journals.append(HubJournal(DATASET, disk / FOLDER, SELDOM))
        try:
            return open_store(study, f"sqlite:///{disk / 'answers.sqlite'}", clock or Clock(), journals[-1]), journals[-1]
        finally:
            assert at_rest(journals[-1])  # nobody is asking when the hub goes

    yield start
    for journal in journals:
        journal.scheduler.stop()
    assert all(map(at_rest, journals))


def no_space(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def pushed(journal: HubJournal) -> None:
    """A round is done now."""
    journal.scheduler.trigger().result(timeout=20)
    assert journal.studies.wait(20)


def lines_in(state: HubState) -> list[str]:
    return [line for content in state.files[DATASET].values() for line in content.decode().splitlines()]


def test_after_a_restart_with_an_empty_disk_listeners_go_on_where_they_were(study, at, process):
    with hub() as (address, state):
        at(address)
        first, journal = process("first")
        finished, leaver, half = whole_set(first), first.enter(True, SETUP).token, first.enter(True, SETUP).token
        [answer_next(first, half) for _ in range(3)]
        first.withdraw(leaver)
        shown = first.next_trial(half)
        listen(first, half, shown)
        pushed(journal)
        journal.scheduler.stop()  # the process is gone, and its disk with it

        second, journal = process("second", Clock(first.clock.now))
        assert collect(second) == collect(first)
        assert second.completion(finished) == first.completion(finished) != ""
        assert second.next_trial(half) == first.next_trial(half), "the same trial, its clips still played"
        assert not second.answer(half, shown.trial, shown.options[0][0]).again
        second.close()
        pushed(journal)
        third, _ = process("third")
        assert third.is_closed() and collect(third) == collect(second)
        assert state.private == {DATASET: True}
        assert not [request for request in state.requests if "UNKNOWN" in request]
        assert not any(token in "".join(lines_in(state)) for token in (finished, half)), "only hashes of tokens leave"


def test_replaying_lines_twice_late_or_in_another_order_changes_nothing(study, at, process):
    with hub() as (address, state):
        at(address)
        store, journal = process("first")
        whole_set(store)
        answer_next(store, store.enter(True, SETUP).token)
        pushed(journal)
        before, lines = collect(store), lines_in(state)
        store.replay(lines + lines[::-1])
        assert collect(store) == before
        with writing(store.engine) as connection:
            held = events_of(connection, study)
        assert set(held) <= set(lines), "every row is a line"
        other, _ = process("other")
        other.replay(lines[::-1])
        assert collect(other) == before


def test_while_the_hub_is_away_answers_are_taken_and_pushed_later_with_one_warning(at, process, caplog):
    with hub() as (address, state):
        at(address)
        store, journal = process("first")
        token = store.enter(True, SETUP).token
        pushed(journal)
        state.status = 503
        for _ in range(3):
            answer_next(store, token)
            pushed(journal)
        told = [record for record in caplog.records if record.name == "zest.listening" and record.levelno >= logging.WARNING]
        assert [record.getMessage()[:70] for record in told] == [
            "Answers cannot be sent to the dataset ann/answers at the moment; they a"[:70]]
        assert len(collect(store).answers) == 3 and not any('"answered"' in line for line in lines_in(state))
        state.status = 0
        pushed(journal)
        assert sum('"kind": "answered"' in line for line in lines_in(state)) == 3


def test_a_start_without_the_hub_takes_new_listeners_and_tells_known_ones_to_try_again(at, process, caplog):
    with hub() as (address, state):
        at(address)
        before, journal = process("first")
        token = before.enter(True, SETUP).token
        answer_next(before, token)
        pushed(journal)
        journal.scheduler.stop()
    after, journal = process("second", Clock(before.clock.now))
    assert answer_next(after, after.enter(True, SETUP).token).done == 1, "a new listener is served"
    with pytest.raises(StoreError, match="try again"):
        after.next_trial(token)
    port = int(address.rsplit(":", 1)[1])
    with hub(port, state):
        pushed(journal)
        assert after.next_trial(token) == before.next_trial(token), "known again, without a restart"
        pushed(journal)
        assert len({line for line in lines_in(state) if '"kind": "answered"' in line}) == 2


def test_a_dataset_that_may_not_be_written_or_is_none_is_told_at_the_start(at, process, monkeypatch, tmp_path):
    with hub() as (address, _):
        at(address)
        monkeypatch.setenv("HF_TOKEN", "hf_wrong")
        with pytest.raises(StoreError, match="check WORKBENCH_DATASET and HF_TOKEN"):
            process("first")
    with pytest.raises(StoreError, match="no name of a dataset"):
        HubJournal("not/a/name", tmp_path)
    monkeypatch.delenv("WORKBENCH_DATASET", raising=False)
    assert hub_journal(tmp_path) is None


def test_a_public_dataset_is_warned_about(at, process, caplog):
    with hub() as (address, state):
        at(address)
        state.files[DATASET], state.private[DATASET] = {}, False
        process("first")
    assert "is public: everybody can read" in caplog.text


def test_damaged_lines_are_left_out_and_those_of_another_version_of_the_study_are_refused(study, at, process, caplog):
    with hub() as (address, state):
        at(address)
        store, journal = process("first")
        whole_set(store)
        pushed(journal)
        path, content = next(iter(state.files[DATASET].items()))
        answered = next(line for line in content.splitlines() if b'"answered"' in line)
        forged = (b"no json", b"[]", b'{"kind": ["answered"]}', answered.replace(b'"place": ', b'"place": "x", "was": '),
                  b'"half')
        state.files[DATASET][path] = b"\n".join((forged[0], content.rstrip(), *forged[1:]))
        second, _ = process("second")
        assert collect(second) == collect(store)
        assert "4 lines of its journal are damaged" in caplog.text, "half a line at the end was never acknowledged"
        state.files[DATASET][path] = content.replace(study.hash.encode(), b"0" * 64)
        with pytest.raises(StoreError, match="another version of this study"):
            process("third")


def test_a_line_is_on_the_disk_before_the_call_returns_and_what_was_cut_off_is_written_when_it_is_sent_again(
        study, tmp_path, monkeypatch):
    journal = Journal(tmp_path / FOLDER)
    store = open_store(study, f"sqlite:///{tmp_path / 'a.sqlite'}", Clock(), journal)
    token = store.enter(True, SETUP).token
    shown = store.next_trial(token)
    listen(store, token, shown)
    with monkeypatch.context() as cut:
        cut.setattr("evaluation.listening.store.journal.os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(StoreError, match="was not stored, because the disk is full"):
            store.answer(token, shown.trial, "3")
    assert not any('"answered"' in line for line in journal.lines(study.id)), "the half line was taken back"
    assert store.answer(token, shown.trial, "3").again, "the database had it"
    assert sum('"kind": "answered"' in line for line in journal.lines(study.id)) == 1
    fresh = open_store(study, f"sqlite:///{tmp_path / 'b.sqlite'}", Clock(), Journal(tmp_path / FOLDER))
    assert collect(fresh) == collect(store)


def test_a_journal_that_lacks_what_the_database_holds_is_given_it_at_the_next_start(study, tmp_path):
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    without = open_store(study, url, Clock())
    whole_set(without)
    journal = Journal(tmp_path / FOLDER)
    open_store(study, url, Clock(), journal)
    fresh = open_store(study, f"sqlite:///{tmp_path / 'b.sqlite'}", Clock(), Journal(tmp_path / FOLDER))
    assert collect(fresh) == collect(without) and collect(fresh).answers
    size = sum(path.stat().st_size for path in (tmp_path / FOLDER).rglob("*.jsonl"))
    open_store(study, url, Clock(), Journal(tmp_path / FOLDER))
    assert sum(path.stat().st_size for path in (tmp_path / FOLDER).rglob("*.jsonl")) == size, "once"


def test_long_files_are_continued_in_new_ones_and_a_torn_one_is_not_written_to(tmp_path):
    journal = Journal(tmp_path, longest=100)
    for number in range(9):
        journal.write("study", [f"line {number} {'x' * 40}"])
    files = sorted((tmp_path / "study").iterdir())
    assert len(files) > 2 and len(journal.lines("study")) == 9
    with files[-1].open("a") as torn:
        torn.write("half a li")
    journal.write("study", ["after"])
    assert journal.lines("study")[-1] == "after" and len(journal.lines("study")) == 10


def test_each_line_changes_the_time_of_its_file_so_that_none_is_thought_to_be_pushed(tmp_path, monkeypatch):
    monkeypatch.setattr("evaluation.listening.store.journal.time.time_ns", lambda: 1_750_000_000_000_000_000)
    journal, times = Journal(tmp_path), []
    for number in range(5):
        journal.write("study", [str(number)])
        times.append(next((tmp_path / "study").iterdir()).stat().st_mtime)
    assert len(set(times)) == 5


def test_opening_waits_no_longer_than_said_for_a_hub_that_does_not_answer(study, at, tmp_path, monkeypatch):
    import socket

    monkeypatch.setattr("evaluation.listening.publish.hub.WAIT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        at(f"http://127.0.0.1:{silent.getsockname()[1]}")
        journal = HubJournal(DATASET, tmp_path / FOLDER, SELDOM)
        began = time.monotonic()
        store = open_store(study, f"sqlite:///{tmp_path / 'a.sqlite'}", Clock(), journal)
        assert time.monotonic() - began < 15 and answer_next(store, store.enter(True, SETUP).token).done == 1
        journal.scheduler.stop()
    assert Path(tmp_path / FOLDER).is_dir()
