"""A small listening test over real HTTP: nothing fails under load, and a killed server has every answer that it acknowledged."""

from __future__ import annotations

import signal

import httpx
import pytest

from benchmarks.listening_load import KILLED, Load, Pace, check, integrity, load_study, report, run
from benchmarks.listening_server import Server
from benchmarks.web_listeners import SETUP, Acknowledged
from evaluation.listening.publish.hub import FOLDER, VARIABLE
from evaluation.listening.store import open_store
from tests.support import postgres
from tests.support.hub_server import TOKEN, hub

pytestmark = [pytest.mark.slow, pytest.mark.server]

LISTENERS = 8
QUICKLY = Pace(think=(0.05, 0.3), arrival=0.5, before=0.6, life=(0.3, 1.2), after=0.5)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """What eight listeners saw while the server was killed twice, and the study."""
    folder = tmp_path_factory.mktemp("killed")
    study = load_study(folder, LISTENERS, sentences=1)
    notes, checked = run(folder, study, Load(LISTENERS, kills=2, seed=1, pace=QUICKLY))
    return study, notes, checked


def test_every_acknowledged_answer_is_there_once_after_the_server_was_killed_twice(killed):
    _, notes, checked = killed
    assert not notes.errors and sum(notes.again.values()) > 0, "somebody was cut off, and nobody was refused"
    assert checked.acknowledged >= LISTENERS and checked.whole(), checked


def test_the_check_finds_what_is_missing_and_what_was_altered(killed):
    study, notes, checked = killed
    found, told = open_store(study), notes.answers[0]
    notes.answers[0] = Acknowledged(told.listener, told.trial, told.value, "altered")
    assert check(notes, found).altered == 1
    notes.answers[0] = Acknowledged(told.listener, "no such trial", told.value, told.remark)
    assert check(notes, found).missing == 1
    notes.answers[0] = told
    assert check(notes, found) == checked


def test_of_two_replicas_on_postgresql_one_dies_and_nothing_is_lost_twice_or_over_a_quota(tmp_path):
    postgres.needed()
    study = load_study(tmp_path, LISTENERS, sentences=1)
    with postgres.server() as url:
        notes, checked = run(tmp_path, study, Load(LISTENERS, kills=1, replicas=2, database=url, seed=2, pace=QUICKLY))
    assert not notes.errors and checked.acknowledged >= LISTENERS and checked.whole(), (notes.errors, checked)
    assert notes.refused, "more came with loudspeakers and earphones than have a place"
    assert f"{KILLED}: requests" in report(notes) and "listeners beyond a quota" in integrity(notes, checked, 1)


def test_a_server_that_is_asked_to_stop_pushes_its_last_lines_first(tmp_path, killed):
    study = killed[0]
    with hub() as (address, state):
        server = Server(tmp_path, study.folder.parent, study.id, False, HF_ENDPOINT=address, HF_TOKEN=TOKEN,
                        HF_HOME=str(tmp_path / "hub"), HF_HUB_DISABLE_XET="1", **{VARIABLE: "ann/answers"})

        def pushed() -> str:
            files = state.files.get("ann/answers", {})
            return "".join(content.decode() for path, content in files.items() if path.endswith(".jsonl"))

        try:
            base = f"{server.url}/listen/{study.id}"
            entered = httpx.post(f"{base}/enter", json={"consent": True, "setup": SETUP}).json()
            before = pushed()
            assert server.stop() in (0, -signal.SIGTERM)
        finally:
            server.process.kill()
        lines = pushed()
    assert entered["listener"] not in before and entered["listener"] in lines and entered["token"] not in lines
    assert (study.folder.parent / FOLDER / study.id).is_dir()
