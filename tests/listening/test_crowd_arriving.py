"""Workers of a platform over HTTP: known once, on any device, named in no log and no export; one sentence for wrong links."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from evaluation.listening.design.recruitment import read_recruitment, recruitment_from
from evaluation.listening.design.wording import wording_in
from evaluation.listening.errors import StoreError, StudyError
from evaluation.listening.publish.export import export_study
from evaluation.listening.publish.links import listeners_link
from evaluation.listening.store import collect, open_store
from evaluation.listening.store.arrivals import Identity
from evaluation.listening.store.database import connect, writing
from evaluation.listening.store.journal import Journal
from evaluation.listening.store.reception import Reception
from evaluation.listening.store.schema import FIRST, SECOND, migrate
from tests.support.listener_http import Listener, serving
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import SETUP, Clock, careful
from workbench.listening import studies

CODES = {"done": "OK1", "failed": "BAD1", "screened": "NO1", "full": "FULL1", "withdrawn": "OUT1"}
PROLIFIC = {"platform": "prolific", "codes": CODES, "group": "spring"}
PLATFORMS = {
    "one": PROLIFIC, "other": PROLIFIC, "tiny": PROLIFIC | {"group": "", "quotas": {"device": {"loudspeakers": 0}}},
    "mturk": {"platform": "mturk"}, "custom": {"platform": "custom", "parameters": {"worker": "pid"}},
    "sona": {"platform": "sona", "address": "https://school.example.org/credit?experiment=7&survey_code={worker}"}}
WORKER = "5f0c0ffee0c0ffee0c0ffee0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crowd")
    run = finished_run(folder, sentences=1)
    for name, document in PLATFORMS.items():
        small_study(run, folder / "studies" / name, systems=("copy", "f0-swap"), salt=name, listeners=1 if name == "tiny" else 50,
                    recruitment=recruitment_from(document))
    return folder / "studies"


@pytest.fixture
def study_of(folder, monkeypatch):
    """Opens a study of the workbench, all of them without answers."""
    monkeypatch.setenv(studies.VARIABLE, str(folder))
    studies._open.cache_clear()
    for old in folder.glob("*/answers.sqlite*"):
        old.unlink()
    clock = Clock()

    def open_one(name: str):
        store = studies.store_of(json.loads((folder / name / "study.json").read_text())["id"])
        store.clock, store.up_since = clock, clock.now
        return store

    return open_one


@pytest.fixture
def client():
    return serving()


class Worker:
    """Somebody who follows a platform's link, then uses the page's token."""

    def __init__(self, client, store, **query):
        self.client, self.store, self.base = client, store, f"/listen/{store.study.id}"
        self.reply = client.get("/", params={"study": store.study.id, **query}, follow_redirects=False)
        self.arrival = urlsplit(self.reply.headers.get("location", "")).fragment.removeprefix("arrival=")

    def post(self, name: str, **body):
        return self.client.post(f"{self.base}/{name}", json={"arrival": self.arrival, **body}).json()

    def enter(self, **setup):
        return self.post("enter", consent=True, setup=SETUP | setup)


def prolific(worker: str = WORKER, visit: str = "visit1") -> dict[str, str]:
    return {"PROLIFIC_PID": worker, "STUDY_ID": "task1", "SESSION_ID": visit}


def test_a_worker_is_one_listener_on_every_device_and_in_every_visit(client, study_of):
    store = study_of("one")
    first = Worker(client, store, **prolific())
    assert first.reply.status_code == 307 and WORKER not in first.reply.headers["location"]
    assert first.post("arrive") == {"token": "", "leaving": None}, "not begun: the consent comes next"
    assert first.post("reserve", consent=True)["place"]
    listener = first.enter()["listener"]
    again, later = Worker(client, store, **prolific()), Worker(client, store, **prolific(visit="visit2"))
    assert again.arrival == first.arrival != later.arrival
    for one in (again, later):
        session = one.post("arrive")["token"]
        shown = client.post(f"{one.base}/next", json={}, headers={"Authorization": f"Bearer {session}"}).json()["trial"]
        assert shown["place"] == 1 and one.enter()["listener"] == listener
    assert len(collect(store).listeners) == 1
    assert Worker(client, store, **prolific("another-worker")).enter()["listener"] != listener


def test_a_worker_takes_one_study_of_a_group(client, study_of):
    assert "listener" in Worker(client, study_of("one"), **prolific()).enter()
    turned = Worker(client, study_of("other"), **prolific())
    leaving = turned.post("arrive")["leaving"]
    assert (leaving["outcome"], leaving["code"]) == ("screened", "NO1")
    assert "same group" in turned.enter()["leaving"]["sentence"] and not collect(study_of("other")).listeners
    assert "listener" in Worker(client, study_of("other"), **prolific("fresh-worker")).enter()


def test_two_studies_of_a_group_open_at_once_let_a_worker_into_one(client, study_of):
    both = [Worker(client, study_of(name), **prolific()) for name in ("one", "other")]
    entered = [one.enter() for one in both]
    assert ["listener" in one for one in entered] == [True, False]


def test_full_and_screened_are_remembered_and_full_comes_before_the_consent(client, study_of):
    store = study_of("tiny")
    loud = Worker(client, store, **prolific("loud"))
    assert loud.enter(device="loudspeakers")["leaving"]["outcome"] == "screened"
    assert loud.enter()["leaving"]["outcome"] == "screened", "another answer does not help"
    assert Worker(client, store, **prolific("loud", "visit2")).post("arrive")["leaving"]["code"] == "NO1"
    early = Worker(client, store, **prolific("early"))
    assert early.post("arrive")["leaving"] is None
    assert "listener" in Worker(client, store, **prolific("quick")).enter()
    assert early.post("reserve", consent=True)["leaving"]["code"] == "FULL1"
    late = Worker(client, store, **prolific("late")).post("arrive")["leaving"]
    assert (late["outcome"], late["address"]) == ("full", "https://app.prolific.com/submissions/complete?cc=FULL1")
    assert late["code"] == "FULL1" and "OK1" not in json.dumps([late, client.get(f"{early.base}/about").json()])


def test_mturk_previews_take_no_place_and_work_goes_back_by_its_form(client, study_of):
    store = study_of("mturk")
    preview = Worker(client, store, assignmentId="ASSIGNMENT_ID_NOT_AVAILABLE", hitId="H")
    assert preview.reply.headers["location"].endswith("#preview")
    with sqlite3.connect(store.study.database) as database:
        assert [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in ("arrivals", "identities", "places", "listeners")] == [0, 0, 0, 0]
    worker = Worker(client, store, workerId="W1", assignmentId="A1", hitId="H1", turkSubmitTo="https://workersandbox.mturk.com")
    token = worker.enter()["token"]
    leaving = client.post(f"{worker.base}/withdraw", json={}, headers={"Authorization": f"Bearer {token}"}).json()["leaving"]
    assert leaving["address"] == "https://workersandbox.mturk.com/mturk/externalSubmit"
    assert dict(leaving["fields"]) == {"assignmentId": "A1", "outcome": "withdrawn", "code": leaving["code"]}
    policy = client.get(worker.base).headers["content-security-policy"]
    assert "form-action https://www.mturk.com https://workersandbox.mturk.com;" in policy
    assert "frame-ancestors https://www.mturk.com" in policy
    plain = client.get(f"/listen/{study_of('one').study.id}").headers["content-security-policy"]
    assert "form-action 'none'" in plain and "mturk" not in plain


def test_links_that_no_platform_has_made_get_one_sentence_that_repeats_nothing(client, study_of, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = {"one": ({}, {"PROLIFIC_PID": WORKER}, prolific("{{%PROLIFIC_PID%}}"), prolific("a b"), prolific("x" * 500),
                     prolific("<script>"),
                     prolific() | {"PROLIFIC_PID": [WORKER, WORKER]}, {"workerId": "W", "assignmentId": "A", "hitId": "H"}),
             "mturk": ({"workerId": "W", "assignmentId": "A", "hitId": "H", "turkSubmitTo": "https://evil.example.org"},
                       {"workerId": "W", "assignmentId": "A", "hitId": "H"}),
             "custom": ({"worker": "W"},), "sona": ({"survey_code": ""},)}
    for name, queries in wrong.items():
        store = study_of(name)
        for query in queries:
            reply = client.get("/", params={"study": store.study.id, **query}, follow_redirects=False,
                               headers={"accept": "text/html"})
            said = re.search("<p>(.*)</p>", reply.text)
            assert reply.status_code == 403 and said and said[1].count(".") == 1 and "again" in said[1], (query, reply.text)
            assert "script" not in reply.text and WORKER not in reply.text and "evil" not in reply.text
    arab = client.get("/", params={"study": study_of("custom").study.id, "pid": "a b"}, follow_redirects=False,
                      headers={"accept": "text/html", "accept-language": "ar"}).text
    told = wording_in("ar")["refusals"]["parameter"].format(name="pid", platform=wording_in("ar")["recruitment"]["own_platform"])
    assert told in arab and 'dir="rtl"' in arab and 'name="viewport"' in arab and 'href="listen/static/listen.css"' in arab
    assert WORKER not in logged(caplog)
    direct = client.post(f"/listen/{study_of('one').study.id}/enter", json={"consent": True, "setup": SETUP})
    assert direct.status_code == 403 and direct.json()["reason"] == "arrival"
    forged = client.post(f"/listen/{study_of('one').study.id}/arrive", json={"arrival": "0" * 64})
    assert forged.status_code == 403 and forged.json()["reason"] == "arrival"


def test_what_a_platform_tells_is_in_no_log_and_no_export_and_is_forgotten_without_touching_a_rating(
        client, study_of, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    store = study_of("custom")
    worker = Worker(client, store, pid=WORKER)
    listener = Listener.of(client, store, worker.enter())
    listener.whole_set(careful(store.study))
    for old, new in (("identities", "hidden"), ("hidden", "identities")):  # a fault of the database names nobody either
        with sqlite3.connect(store.study.database) as database:
            database.execute(f"ALTER TABLE {old} RENAME TO {new}")
        assert client.get("/", params={"study": store.study.id, "pid": WORKER}, follow_redirects=False).status_code in (307, 503)
    assert "not stored" in logged(caplog)
    collected = collect(store)
    written = export_study(store.study, collected, tmp_path / "export")
    assert all(WORKER.encode() not in file.read_bytes() for file in written) and WORKER not in logged(caplog)
    assert WORKER in database_text(store)
    assert Reception(store).forget() == 1
    assert WORKER not in database_text(store) and collect(store) == collected, "not one rating changed"
    assert Reception(store).forget() == 0
    assert listener.post("next").json()["leaving"]["outcome"] == "done", "who is still there can leave"


def logged(caplog) -> str:
    """What the server logged; the test's own client logs its requests, too."""
    return "\n".join(caplog.handler.format(one) for one in caplog.records if not one.name.startswith(("httpx", "httpcore")))


def database_text(store) -> str:
    with sqlite3.connect(store.study.database) as database:
        return "\n".join(database.iterdump())


def test_workers_are_known_again_after_a_disk_was_lost(client, study_of, tmp_path):
    """The journal has no id of a platform, and who comes again is the same listener all the same."""
    study = study_of("one").study
    first = open_store(study, f"sqlite:///{tmp_path / 'a.sqlite'}", Clock(), Journal(tmp_path / "journal"))
    identity = Identity(WORKER, "visit1", "task1")
    token = Reception(first).arrive(identity)
    entered = Reception(first).enter(True, SETUP, token)
    lines = "".join(path.read_text() for path in (tmp_path / "journal").rglob("*.jsonl"))
    assert WORKER not in lines and "visit1" not in lines
    second = open_store(study, f"sqlite:///{tmp_path / 'b.sqlite'}", Clock(), Journal(tmp_path / "journal"))
    assert Reception(second).door(token).session, "the open page goes on"
    assert Reception(second).enter(True, SETUP, Reception(second).arrive(identity)).listener == entered.listener
    assert len(collect(second).listeners) == 1


@pytest.mark.parametrize(("text", "words"), [
    ("platform = 'prolific'", "lacks Prolific's completion code for done, failed, screened, full, withdrawn"),
    ("platform = 'clickworker'", "choose from prolific, mturk, sona, custom"),
    ("platform = 'sona'", "lacks SONA's completion address"),
    ("colour = 'red'", "unknown setting 'colour'"), ("over = 'two'", "has to be a whole number"), ("over = -1", "from 0 to"),
    ("platform = 'custom'\n[parameters]\nvoice = 'v'", "names a parameter for 'voice'"),
    ("platform = 'custom'\n[parameters]\nworker = 'study'", "neither 'study'"),
    ("platform = 'custom'\n[codes]\ndone = 'a b'", "1 to 64 letters"),
    ("platform = 'custom'\n[codes]\ndone = 'A'\nfull = 'A'", "one code for two outcomes"),
    ("platform = 'custom'\naddress = 'javascript:alert(1)'", "begin with https"),
    ("platform = 'custom'\naddress = 'https://x.org/{password}'", "no other braces"),
    ("[quotas.native]\nmartian = 3", "answers are native, other"), ("[quotas.age]\nold = 3", "quotas are of device, native"),
    ("[quotas.native]\nnative = 0\nother = 0", "turns everybody away"), ("codes = 3", "has to be a table"),
    ("[codes]\ndone = 'A'", "but no platform"), ("platform = ", "no TOML")])
def test_a_recruitment_file_that_is_wrong_gets_one_sentence(text, words):
    with pytest.raises(StudyError) as refused:
        read_recruitment(text)
    assert words in str(refused.value) and "\n" not in str(refused.value).strip()


def test_links_for_a_platform_hold_what_it_fills_in(study_of):
    link = listeners_link(study_of("one").study, "https://example.org")
    assert link.endswith("&PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}")
    assert listeners_link(study_of("sona").study, "https://example.org").endswith("&survey_code=%SURVEY_CODE%")


def test_an_older_database_gets_the_new_tables_and_keeps_its_listeners(study_of, tmp_path):
    study, file = study_of("one").study, tmp_path / "old.sqlite"
    engine = connect(file)
    with writing(engine) as connection:
        migrate(connection, (FIRST, SECOND))
        connection.execute(sa.text("INSERT INTO studies VALUES (:id, :hash, 1.0, NULL)"), {"id": study.id, "hash": study.hash})
        connection.execute(sa.text("INSERT INTO listeners VALUES ('aa', :id, 0, :setup, 'code', 1.0, NULL, NULL)"),
                           {"id": study.id, "setup": json.dumps(SETUP)})
    engine.dispose()
    store = open_store(study, f"sqlite:///{file}", Clock())
    [listener] = collect(store).listeners
    assert (listener.listener, listener.setup, listener.lapsed, listener.failed) == ("aa", SETUP, None, None)
    assert Reception(store).arrive(Identity("w", "s", "t"))
    with pytest.raises(StoreError, match="newer version"), writing(store.engine) as connection:
        migrate(connection, (FIRST, SECOND))
