"""Studies that ask for a sign-in: one set for each person, no name kept, and no sign-in believed that is not real."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.testclient import TestClient

from evaluation.listening.design.study import open_study
from evaluation.listening.design.wording import ENGLISH
from evaluation.listening.errors import Refused, StoreError
from evaluation.listening.publish.export import export_study
from evaluation.listening.store import collect, open_store
from evaluation.listening.store.database import connect, reading, writing
from evaluation.listening.store.events import RECOGNISED, events_of, parse
from evaluation.listening.store.journal import Journal
from evaluation.listening.store.schema import FIRST, LISTENERS, PEOPLE, migrate
from tests.support import postgres
from tests.support.listener_http import fresh_store
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import SETUP, Clock, answer_next, whole_set
from tests.support.signing_in import ANN, BOB, SPACE, about, cookie, enter
from workbench.listening import studies
from workbench.listening.routes import listening_routes


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("listening")
    return small_study(finished_run(folder, sentences=1), folder / "studies" / "one", systems=("copy", "f0-swap"), sign_in=True)


@pytest.fixture
def server():
    postgres.needed()
    with postgres.server() as url:
        yield url


@pytest.fixture
def store(study, tmp_path, monkeypatch):
    yield fresh_store(study, tmp_path, monkeypatch)
    studies._open.cache_clear()


@pytest.fixture
def space(monkeypatch):
    for name, value in SPACE.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def client(store):
    """The routes behind a session layer as Gradio's."""
    layer = Middleware(SessionMiddleware, secret_key=hashlib.sha256(b"secret-v4").hexdigest())
    return TestClient(FastAPI(routes=listening_routes(), middleware=[layer]))


def test_a_user_who_comes_again_is_the_same_listener_with_a_fresh_token_and_others_are_others(store):
    first, bob = store.enter(True, SETUP, ANN), store.enter(True, SETUP, BOB)
    answer_next(store, first.token)
    again = store.enter(True, {}, ANN)
    assert again.listener == first.listener != bob.listener and again.token != first.token
    assert store.next_trial(again.token) == store.next_trial(first.token), "both pages go on at one place"
    assert len(collect(store).listeners) == 2 and store.knows(ANN) and not store.knows("somebody")


def test_nobody_enters_without_a_name_and_a_new_one_answers_the_questions_of_the_setup(store):
    for user, setup, reason in (("", SETUP, "sign_in"), (ANN, {}, "setup")):
        with pytest.raises(Refused) as caught:
            store.enter(True, setup, user)
        assert caught.value.reason == reason
    assert collect(store).listeners == () and not store.knows(ANN)


def test_whoever_has_withdrawn_stays_so_and_whoever_has_finished_gets_the_code_but_no_second_set(store):
    store.withdraw(store.enter(True, SETUP, BOB).token)
    with pytest.raises(Refused) as caught:
        store.enter(True, SETUP, BOB)
    assert caught.value.reason == "withdrawn"
    token = store.enter(True, SETUP, ANN).token
    while answer_next(store, token):
        pass
    store.close()
    again = store.enter(True, SETUP, ANN).token
    assert store.completion(again) == store.completion(token) != ""


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def test_one_person_who_enters_from_many_windows_at_once_is_one_listener(study, tmp_path, database, request):
    url = f"sqlite:///{tmp_path / 'answers.sqlite'}" if database == "sqlite" else request.getfixturevalue("server")
    first, second = open_store(study, url, Clock()), open_store(study, url, Clock())  # two processes
    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(lambda number: (first, second)[number % 2].enter(True, SETUP, ANN), range(16)))
    assert len({entry.listener for entry in entries}) == 1 and len({entry.token for entry in entries}) == 16
    assert len(collect(first).listeners) == 1 and second.knows(ANN)
    with reading(first.engine) as connection:
        lines = events_of(connection, study)
    second.replay(lines + lines[::-1])
    assert len(collect(second).listeners) == 1
    [store.engine.dispose() for store in (first, second)]


def test_neither_name_nor_number_is_stored_and_no_hash_is_published_or_tells_who_it_is(store, client, space, study, tmp_path,
                                                                                       caplog):
    enter(client, study, cookie(ANN))
    with reading(store.engine) as connection:
        row = connection.execute(sa.select(PEOPLE)).mappings().one()
        lines = "\n".join(events_of(connection, study))
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir()) + lines.encode() + caplog.text.encode()
    content += b"".join(path.read_bytes() for path in export_study(study, collect(store), tmp_path / "out"))
    assert not [secret for secret in (ANN, "ann-lee", "Ann Lee") if secret.encode() in content]
    assert row["person"] not in (hashlib.sha256(ANN.encode()).hexdigest(), ANN) and len(bytes.fromhex(row["salt"])) == 32
    assert not any(row["salt"].encode() in path.read_bytes() for path in (tmp_path / "out").iterdir()), "not in what is published"
    second = open_store(study, f"sqlite:///{tmp_path / 'second.sqlite'}", Clock())
    second.enter(True, SETUP, ANN)
    with reading(second.engine) as connection:
        assert connection.execute(sa.select(PEOPLE.c.person)).scalar_one() != row["person"]


def test_after_a_lost_disk_the_journal_brings_back_who_is_known(study, tmp_path):
    journal = Journal(tmp_path / "journal")
    before = open_store(study, f"sqlite:///{tmp_path / 'a.sqlite'}", Clock(), journal)
    first = before.enter(True, SETUP, ANN)
    again = before.enter(True, {}, ANN)
    answer_next(before, again.token)
    after = open_store(study, f"sqlite:///{tmp_path / 'b.sqlite'}", Clock(before.clock.now), Journal(tmp_path / "journal"))
    assert after.enter(True, {}, ANN).listener == first.listener and collect(after) == collect(before)
    assert after.next_trial(first.token) == after.next_trial(again.token) == before.next_trial(first.token)
    lines = journal.lines(study.id)
    assert {one["listener"] for one in parse(study, lines)[RECOGNISED]} == {first.listener}
    after.replay(lines[::-1])
    assert collect(after) == collect(before)


def test_before_earlier_answers_were_fetched_nobody_is_taken_to_be_new(study, tmp_path, monkeypatch):
    journal = Journal(tmp_path / "journal")
    store = open_store(study, f"sqlite:///{tmp_path / 'a.sqlite'}", Clock(), journal)
    known = store.enter(True, SETUP, ANN)
    monkeypatch.setattr(journal, "is_whole", lambda _study: False)
    with pytest.raises(StoreError, match="try again"):
        store.enter(True, SETUP, BOB)
    assert store.enter(True, {}, ANN).listener == known.listener


def test_a_database_from_before_there_was_a_sign_in_is_migrated_with_its_listeners(study, tmp_path):
    url = f"sqlite:///{tmp_path / 'old.sqlite'}"
    with writing(connect(tmp_path, url)) as connection:
        migrate(connection, (FIRST,))
        connection.execute(sa.text("INSERT INTO studies VALUES (:id, :hash, 1.0, NULL)"), {"id": study.id, "hash": study.hash})
        connection.execute(LISTENERS.insert().values(listener="0" * 16, study=study.id, cell=0, setup="{}", code="c",
                                                     entered=1.0))
    store = open_store(study, url, Clock())
    assert [one.listener for one in collect(store).listeners] == ["0" * 16]
    assert store.enter(True, SETUP, ANN).listener == store.enter(True, {}, ANN).listener


def test_over_http_the_signed_in_come_in_once_and_all_others_are_told_to_sign_in(client, store, study, space, caplog):
    mine = cookie(ANN)
    assert {name: about(client, study, mine)[name] for name in ("sign_in", "sign_in_offered", "signed_in", "known")} == {
        "sign_in": True, "sign_in_offered": True, "signed_in": True, "known": False}
    first = enter(client, study, mine)
    again = enter(client, study, mine, setup={})
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert first.json()["listener"] == again.json()["listener"] and first.json()["token"] != again.json()["token"]
    assert about(client, study, mine)["known"] and not about(client, study, cookie(BOB))["known"]
    renamed = enter(client, study, cookie(ANN, preferred_username="someone-else"))
    assert renamed.json()["listener"] == first.json()["listener"], "a new user name makes no new person"
    strangers = {"nobody": {}, "forged": cookie(BOB, "guessed"), "ended": cookie(BOB, expires=-1), "no number": cookie(None),
                 "other site": cookie(BOB) | {"Sec-Fetch-Site": "cross-site"}}
    for name, headers in strangers.items():
        reply = enter(client, study, headers)
        assert (reply.status_code, reply.json()["reason"]) == (403, "sign_in"), name
        assert reply.json()["sentence"] == ENGLISH["refusals"]["sign_in"] and not about(client, study, headers)["signed_in"], name
    assert len(collect(store).listeners) == 1 and "refused (sign_in)" in caplog.text


def test_a_browser_that_tells_only_its_origin_is_believed_for_this_server_only(client, study, space):
    def believed(origin: str) -> bool:
        return client.get(f"/listen/{study.id}/about", headers=cookie(ANN) | {"Origin": origin}).json()["signed_in"]

    assert believed("http://testserver") and not believed("https://example.org") and not believed("null")


@pytest.mark.parametrize("missing", ["SYSTEM", "OAUTH_CLIENT_ID"])
def test_where_the_sign_in_is_a_mock_or_there_is_none_nobody_enters_and_the_page_says_why(client, store, study, space,
                                                                                          monkeypatch, missing):
    monkeypatch.delenv(missing)
    told = about(client, study, cookie(ANN))
    assert (told["sign_in_offered"], told["signed_in"], told["known"]) == (False, False, False)
    reply = enter(client, study, cookie(ANN))
    assert (reply.status_code, reply.json()["reason"]) == (403, "no_sign_in")
    assert reply.json()["sentence"] == told["no_sign_in_text"] and "does not offer" in told["no_sign_in_text"]
    assert collect(store).listeners == ()


def test_studies_that_do_not_ask_take_everybody_and_keep_nothing_of_who_is_signed_in(study, tmp_path):
    free = small_study(finished_run(tmp_path, sentences=1), tmp_path / "FREE", systems=("copy", "f0-swap"))
    store = open_store(free, f"sqlite:///{tmp_path / 'free.sqlite'}", Clock())
    assert not free.sign_in and free.info["sign_in"] is False and open_study(study.folder).sign_in
    assert store.enter(True, SETUP, ANN).listener != store.enter(True, SETUP, ANN).listener
    whole_set(store)
    with reading(store.engine) as connection:
        assert connection.execute(sa.select(PEOPLE)).all() == []
