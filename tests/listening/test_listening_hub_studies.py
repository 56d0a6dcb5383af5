"""Studies on a disk that does not last: the private dataset has them, gives them back whole, and an altered one is not used."""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.listening_server import free_port
from evaluation.listening.design.study import open_study
from evaluation.listening.errors import StudyError
from evaluation.listening.publish.hub import hub_journal
from evaluation.listening.store import collect
from tests.support.hub_server import HubState, at_rest, talk_to
from tests.support.hub_server import hub as a_hub
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import SETUP, Clock, answer_next
from workbench.listening import studies
from workbench.listening.study_builder import StudyRequest, make_study

DATASET = "ann/answers"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("listening"), sentences=1)


@pytest.fixture(scope="module")
def study(run, tmp_path_factory):
    return small_study(run, tmp_path_factory.mktemp("study") / "STUDY", systems=("copy", "f0-swap"))


@pytest.fixture
def space(tmp_path, monkeypatch):
    """Starts the workbench anew on a disk of its own, as a Space does: space(address, name) -> its folder of studies."""
    monkeypatch.setenv("WORKBENCH_DATASET", DATASET)
    monkeypatch.delenv("WORKBENCH_DATABASE_URL", raising=False)
    running = []

    def stop() -> None:
        for journal in running:
            journal.scheduler.stop()
            assert at_rest(journal)
        running.clear()
        hub_journal.cache_clear()
        studies._open.cache_clear()

    def start(address: str, name: str, holding=None):
        stop()
        talk_to(address, monkeypatch)
        folder = tmp_path / name / "studies"
        if holding is not None:
            shutil.copytree(holding, folder / "its-own-name")
        monkeypatch.setenv(studies.VARIABLE, str(folder))
        running.append(hub_journal(folder))
        studies.fetch_studies()
        return folder

    yield start
    stop()


@contextmanager
def hub(*given) -> Iterator[tuple[str, HubState]]:
    """It goes when nobody is asking: a client that finds nobody cuts off what others of its process are fetching."""
    with a_hub(*given) as found:
        yield found
        assert at_rest(hub_journal(studies.studies_folder()))


def pushed(folder) -> None:
    """A round is done now, from its beginning to the end of the exchange of studies."""
    journal = hub_journal(folder)
    assert journal.studies.wait(20)
    journal.scheduler.trigger().result(timeout=20)
    assert journal.studies.wait(20)


def held(state: HubState, study) -> dict[str, bytes]:
    """What the dataset has of a study, by the path in its folder."""
    start = f"studies/{study.id}/"
    return {path.removeprefix(start): content for path, content in state.files[DATASET].items() if path.startswith(start)}


def warnings(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records
            if record.name == "zest.listening" and record.levelno >= logging.WARNING]


def test_a_study_and_its_listeners_survive_an_empty_disk(study, space, caplog):
    with hub() as (address, state):
        folder = space(address, "first", holding=study.folder)
        store = studies.store_of(study.id)
        store.clock = Clock()
        token = store.enter(True, SETUP).token
        answer_next(store, token)
        pushed(folder)
        files = {path.relative_to(study.folder).as_posix(): path.read_bytes() for path in study.folder.rglob("*.*")}
        assert held(state, study) == files and "clips" in str(files), "everything, and no answers.sqlite"
        assert set(state.large) == {clip["sha256"] for clip in study.info["clips"].values()}, "clips by LFS"
        assert state.private == {DATASET: True}

        again = space(address, "second")
        assert studies.study_ids() == [study.id]
        assert open_study(again / study.id).hash == study.hash
        came_back = studies.store_of(study.id)
        came_back.clock = Clock(store.clock.now)
        assert came_back.next_trial(token) == store.next_trial(token) and collect(came_back) == collect(store)
        assert not [request for request in state.requests if "UNKNOWN" in request] and warnings(caplog) == []


def test_a_study_is_put_there_once_in_one_commit_and_is_not_fetched_where_it_is(study, space):
    with hub() as (address, state):
        folder = space(address, "first", holding=study.folder)
        assert state.commits == 1 and held(state, study), "before anybody opened it"
        downloads = state.requests.count("GET resolve")
        for _ in range(3):
            pushed(folder)
        space(address, "second", holding=study.folder)
        assert state.commits == 1 and state.requests.count("GET resolve") == downloads == 0


def test_a_study_made_on_the_page_is_put_there_by_the_next_round(run, space):
    with hub() as (address, state):
        folder = space(address, "first")
        created = make_study(run, StudyRequest(("copy", "f0-swap"), ("naturalness",), 4, 20, 3))
        pushed(folder)
        assert json.loads(held(state, created)["study.json"])["hash"] == created.hash


@pytest.mark.parametrize("name", ["study.json", "design.json", "wording.json", "clip"])
def test_a_study_that_was_altered_in_the_dataset_is_refused_with_a_sentence_until_it_is_restored(study, space, caplog, name):
    with hub() as (address, state):
        space(address, "first", holding=study.folder)
        path = f"studies/{study.id}/" + (f"clips/{next(iter(study.info['clips']))}.wav" if name == "clip" else name)
        whole = state.files[DATASET][path]
        wording = whole.replace(b'"Excellent"', b'"Very bad!"')
        state.files[DATASET][path] = {"clip": whole[:-2] + b"xx", "wording.json": wording}.get(name, whole.replace(b"1", b"2"))
        folder = space(address, "second")
        assert not list(folder.glob("[0-9a-f]*")) and not list(folder.glob(".fetch-*")), "nothing half-written"
        with pytest.raises(StudyError) as caught:
            studies.store_of(study.id)
        told = warnings(caplog)
        assert len(told) == 1 and told[0].startswith(f"study {study.id} of the dataset {DATASET} is not used: {caught.value}")
        assert "ann/answers/studies/" in str(caught.value) and ".fetch" not in str(caught.value)
        downloads = state.requests.count("GET resolve")
        pushed(folder)
        assert state.requests.count("GET resolve") == downloads and len(warnings(caplog)) == 1, "it is not looked at again"
        state.files[DATASET][path] = whole
        pushed(folder)
        assert studies.store_of(study.id).study.hash == study.hash


def test_one_study_under_the_name_of_another_is_refused_and_paths_are_no_names(study, space):
    with hub() as (address, state):
        space(address, "first", holding=study.folder)
        files = state.files[DATASET]
        for name in ("0" * 16, "..", "notes", study.id.upper() + "x"):
            files |= {f"studies/{name}/{path}": content for path, content in held(state, study).items()}
        folder = space(address, "second")
        assert studies.study_ids() == [study.id]
        assert sorted(path.name for path in folder.iterdir()) == [".journal", study.id]
        with pytest.raises(StudyError, match="holds another study"):
            studies.store_of("0" * 16)


def test_a_start_without_the_hub_is_one_warning_and_what_is_on_the_disk_works(study, space, caplog):
    port = free_port()
    folder = space(f"http://127.0.0.1:{port}", "first", holding=study.folder)
    assert len(warnings(caplog)) == 1 and "studies that are only there come in later" in warnings(caplog)[0]
    store = studies.store_of(study.id)
    store.clock = Clock()
    assert answer_next(store, store.enter(True, SETUP).token).done == 1
    with hub(port) as (_, state):
        pushed(folder)
        assert "study.json" in held(state, study), "put there once the hub is back"


def test_studies_come_in_without_a_restart_once_the_hub_is_back(study, space):
    with hub() as (address, state):
        space(address, "first", holding=study.folder)
    folder = space(address, "second")
    with pytest.raises(StudyError, match="no such listening test"):
        studies.store_of(study.id)
    with hub(int(address.rsplit(":", 1)[1]), state):
        pushed(folder)
        assert studies.store_of(study.id).study.hash == study.hash


def test_answers_do_not_wait_for_clips_that_take_long_to_send(study, space, monkeypatch):
    go = threading.Event()
    with hub() as (address, state):
        folder = space(address, "first")
        monkeypatch.setattr(hub_journal(folder).studies._api, "upload_folder", lambda **_: go.wait(20))
        shutil.copytree(study.folder, folder / "found")
        store = studies.store_of(study.id)
        store.clock = Clock()
        answer_next(store, store.enter(True, SETUP).token)
        hub_journal(folder).scheduler.trigger().result(timeout=20)
        assert not hub_journal(folder).studies.wait(0) and held(state, study) == {}
        lines = b"".join(content for path, content in state.files[DATASET].items() if path.startswith(f"{study.id}/"))
        assert lines.count(b'"answered"') >= 1
        go.set()
        assert hub_journal(folder).studies.wait(20)


def test_a_public_dataset_is_given_no_study_because_everybody_could_read_its_key(study, space, caplog):
    with hub() as (address, state):
        state.files[DATASET], state.private[DATASET] = {}, False
        space(address, "first", holding=study.folder)
        assert held(state, study) == {} and "make it private" in caplog.text


def test_a_study_of_the_disk_that_is_broken_is_not_put_there_and_told_once(study, space, caplog):
    with hub() as (address, state):
        folder = space(address, "first")
        broken = shutil.copytree(study.folder, folder / "broken")
        (broken / "wording.json").write_text("{}")
        pushed(folder)
        pushed(folder)
        assert held(state, study) == {} and len(warnings(caplog)) == 1 and "is not put into the dataset" in caplog.text


def test_a_dataset_that_is_none_does_not_keep_the_workbench_from_starting(space, monkeypatch, caplog):
    monkeypatch.setenv("WORKBENCH_DATASET", "not/a/name")
    hub_journal.cache_clear()
    studies.fetch_studies()
    assert "looks like user/name" in warnings(caplog)[0]
