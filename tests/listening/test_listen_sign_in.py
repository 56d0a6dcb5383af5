"""Studies that ask for a sign-in: one set for each person, no name kept, and no sign-in believed that is not real."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import itsdangerous
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
from tests.support.browser import PHONE, agree_and_tell, assert_fits_the_screen, open_page, running_workbench
from tests.support.listener_http import fresh_store
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import SETUP, Clock, answer_next, whole_set
from workbench.listening import studies
from workbench.listening.routes import listening_routes

ANN, BOB = "64f0c0ffee0123456789abcd", "64f0c0ffee0123456789abce"  # numbers of accounts
SPACE = {"SYSTEM": "spaces", "SPACE_ID": "somebody/zest", "OAUTH_CLIENT_ID": "id", "OAUTH_CLIENT_SECRET": "secret",
         "OAUTH_SCOPES": "openid profile", "OPENID_PROVIDER_URL": "http://127.0.0.1:9"}
OWN = {"Sec-Fetch-Site": "same-origin"}


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


def cookie(number: str, secret: str = "secret", expires: float = 3600, **person) -> dict[str, str]:
    """A session as Gradio's sign-in leaves it in the browser, signed with the Space's secret."""
    info = {"userinfo": {"sub": number, "preferred_username": "ann-lee", "name": "Ann Lee"} | person,
            "expires_at": time.time() + expires}
    session = base64.b64encode(json.dumps({"oauth_info": info}).encode())
    signed = itsdangerous.TimestampSigner(hashlib.sha256(f"{secret}-v4".encode()).hexdigest()).sign(session).decode()
    return {"Cookie": f"session={signed}"}


def enter(client, study, headers: dict[str, str], **body) -> httpx.Response:
    return client.post(f"/listen/{study.id}/enter", json={"consent": True, "setup": SETUP} | body, headers=OWN | headers)


def about(client, study, headers: dict[str, str]) -> dict:
    return client.get(f"/listen/{study.id}/about", headers=OWN | headers).json()


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


@pytest.fixture(scope="module")
def served(study, tmp_path_factory):
    """The whole workbench as on a Space; its Listen tab has Gradio serve the sign-in, though nobody administers."""
    folder = tmp_path_factory.mktemp("space")
    with running_workbench(folder, fresh=True, WORKBENCH_STUDIES=str(study.folder.parent), **SPACE,
                           WORKBENCH_DATABASE_URL=f"sqlite:///{folder / 'answers.sqlite'}") as address:
        yield address


def test_on_a_space_gradio_s_own_session_opens_a_study_that_asks_for_it(served, study):
    client = httpx.Client(base_url=served, headers=OWN)
    assert about(client, study, cookie(ANN))["signed_in"] and not about(client, study, cookie(ANN, "guessed"))["signed_in"]
    assert enter(client, study, {}).json()["reason"] == "sign_in"
    first, again = enter(client, study, cookie(ANN)), enter(client, study, cookie(ANN), setup={})
    assert first.json()["listener"] == again.json()["listener"]


def test_the_page_leads_to_the_sign_in_and_back_and_out_of_the_frame_into_a_new_window(served, study, chromium):
    page = open_page(chromium, f"{served}listen/{study.id}", width=PHONE)
    page.get_by_role("heading", name="Sign in first").wait_for()
    link = page.get_by_role("link", name="Sign in with Hugging Face")
    assert link.get_attribute("href") == f"{served}login/huggingface?_target_url=%2Flisten%2F{study.id}"
    assert link.get_attribute("target") == "_top"
    assert_fits_the_screen(page)
    around = open_page(chromium, f"{served}config")  # a page without a policy; a Space is framed, too
    around.evaluate("(address) => document.body.append(Object.assign(document.createElement('iframe'), { src: address }))",
                    f"{served}listen/{study.id}")
    tab = around.frame_locator("iframe")
    assert tab.get_by_role("link", name="Sign in with Hugging Face").get_attribute("target") == "_blank"
    assert tab.get_by_text("opens in a new window").count() == 1


def test_whoever_is_signed_in_begins_and_on_another_device_goes_on_without_being_asked_again(served, study, chromium):
    first = open_page(chromium, width=PHONE, extra_http_headers=cookie(BOB))
    first.goto(f"{served}listen/{study.id}")
    agree_and_tell(first)
    second = open_page(chromium, extra_http_headers=cookie(BOB))
    second.goto(f"{served}listen/{study.id}")
    second.get_by_role("heading", name="Practice first").wait_for()
