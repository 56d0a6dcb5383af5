"""The listeners' side over HTTP: every refusal with its status and one sentence."""

from __future__ import annotations

import json
import shutil

import anyio
import httpx
import pytest
from fastapi import FastAPI
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from starlette.testclient import TestClient

from evaluation.listening.errors import StoreError
from evaluation.listening.store import collect
from evaluation.listening.store.validation import MOST_LETTERS
from tests.support.listener_http import Listener, serving
from tests.support.listening_session import SETUP
from workbench.listening import studies
from workbench.listening.requests import RateLimit
from workbench.listening.routes import listening_routes

JSON = {"content-type": "application/json"}


def refused(reply: httpx.Response, status: int, reason: str) -> str:
    """It was, in JSON and in one sentence; returns the sentence."""
    assert (reply.status_code, reply.json()["reason"]) == (status, reason), reply.text
    assert set(reply.json()) == {"reason", "sentence"}
    said = reply.json()["sentence"]
    assert said[0].isupper() and said.endswith((".", "?")) and "Traceback" not in said and "/" not in said
    return said


def test_a_listener_goes_from_entry_to_the_code_and_gets_it_again_after_a_reload(listener, store):
    seen = listener.whole_set()
    assert [shown["place"] for shown in seen] == list(range(1, seen[0]["of"] + 1))
    assert listener.post("next").json() == {"trial": None, "code": listener.code} and len(listener.code) == 10
    store.close()
    assert listener.post("next").json() == {"trial": None, "code": listener.code}, "the study was closed since"
    collected = collect(store)
    assert len(collected.answers) == len(seen) and collected.listeners[0].completed is not None


def test_requests_of_nobody_or_of_somebody_else_are_refused(client, listener, store, caplog):
    mine = listener.next()
    for headers in ({}, {"Authorization": "Bearer made-up"}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}):
        for name in ("next", "played", "answer", "withdraw"):
            body = {"trial": mine["trial"], "clip": mine["clips"][0][1], "value": "1"}
            refused(client.post(f"{listener.base}/{name}", json=body, headers=headers), 401, "session")
    other = Listener(client, store)
    for _ in range(5):  # practice is the same for all
        shown = other.next()
        other.play_all(shown)
        other.answer(shown)
    theirs = other.next()
    other.play_all(theirs)
    refused(listener.answer(theirs), 403, "trial")
    refused(listener.post("played", trial=theirs["trial"], clip=theirs["clips"][0][1]), 403, "trial")
    assert {answer.listener for answer in collect(store).answers} == {other.name}
    assert "refused (session)" in caplog.text and "refused (trial)" in caplog.text


def test_answers_that_cannot_be_are_refused_with_their_reason(listener, store):
    shown = listener.next()
    refused(listener.answer(shown), 403, "unplayed")
    clip = shown["clips"][0][1]
    refused(listener.post("played", trial=shown["trial"], clip=clip), 403, "unplayed")  # sooner than it can have been played
    refused(listener.post("played", trial=shown["trial"], clip="0" * 16), 403, "clip")
    refused(listener.post("played", trial="0" * 16, clip=clip), 403, "trial")
    listener.play_all(shown)
    for value in ("0", "6", "3.5", "excellent", "", "1 ", "１"):
        refused(listener.answer(shown | {"options": [[value, ""]]}), 403, "value")
    refused(listener.answer(shown | {"trial": "0" * 16}), 403, "trial")
    assert collect(store).answers == ()


def test_a_replay_is_harmless_and_a_second_opinion_is_refused(listener, store):
    shown = listener.next()
    listener.play_all(shown)
    first, again = listener.answer(shown, "2"), listener.answer(shown, "2")
    assert (first.json()["again"], again.json()["again"]) == (False, True)
    assert first.json() | {"again": True} == again.json()
    refused(listener.answer(shown, "3"), 409, "answered")
    assert [answer.value for answer in collect(store).answers] == ["2"]


@pytest.mark.parametrize("remark", ["<script>alert(1)</script>", "'); DROP TABLE answers;--", "ß \U0001f600 \\u0000 {code} %s",
                                    "a\nb"])
def test_markup_and_sql_in_a_remark_are_only_text(listener, store, remark):
    shown = listener.next()
    listener.play_all(shown)
    assert listener.answer(shown, remark=remark).status_code == 200
    assert [answer.remark for answer in collect(store).answers] == [remark]
    assert listener.next()["place"] == 2


@pytest.mark.parametrize("remark", ["x" * (MOST_LETTERS + 1), "\x00", "\ud800"])
def test_remarks_that_cannot_be_stored_are_refused(listener, store, remark):
    shown = listener.next()
    listener.play_all(shown)
    body = json.dumps({"trial": shown["trial"], "value": "1", "remark": remark})
    reply = listener.client.post(f"{listener.base}/answer", content=body, headers=listener.headers | JSON)
    assert str(MOST_LETTERS) in refused(reply, 403, "comment")
    assert collect(store).answers == ()


@pytest.mark.parametrize("path", ["..", "%2e%2e", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "0" * 16, "0" * 15, "A" * 16,
                                  "static/../about", "static/page.html", "static/listen.html", "static/..%2froutes.py",
                                  "a/b/c/d", ""])
def test_path_tricks_lead_nowhere(client, path):
    reply = client.get(f"/listen/{path}")
    assert reply.status_code == 404
    assert "passwd" not in reply.text and "def " not in reply.text


@pytest.mark.parametrize("clip", ["../design.json%00", "..%2fdesign.json", "%2e%2e/%2e%2e/study.json", "0" * 16, "x",
                                  "../../design"])
def test_path_tricks_in_a_clip_lead_nowhere(client, study, clip):
    for suffix in (".wav", ""):
        reply = client.get(f"/listen/{study.id}/clip/{clip}{suffix}")
        assert reply.status_code == 404 and reply.content[:4] != b"RIFF" and "cells" not in reply.text


def test_nothing_of_the_studys_folder_is_served_but_clips(client, study):
    for name in ("design.json", "study.json", "wording.json", "answers.sqlite", "clips"):
        refused(client.get(f"/listen/{study.id}/{name}"), 404, "nowhere")
        assert client.get(f"/listen/{study.id}/clip/{name}").status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b"[" * 5000,
                                  b'{"value": 1' + b"0" * 5000 + b"}",
                                  b'{"trial": 1, "value": "1"}', b'{"trial": "x", "value": 1}', b'{"trial": "x"}',
                                  b'{"trial": ["x"], "value": "1"}', b'{"trial": "x", "value": "1", "remark": null}'])
def test_what_is_no_json_of_ours_is_refused(listener, body):
    refused(listener.client.post(f"{listener.base}/answer", content=body, headers=listener.headers | JSON), 400, "malformed")


def test_wrong_kinds_of_requests_are_refused(client, listener, study):
    refused(client.post(f"{listener.base}/enter", data={"consent": "true"}), 400, "malformed")  # a form of another page
    refused(client.post(f"{listener.base}/enter", json={"consent": "yes", "setup": SETUP}), 403, "consent")
    refused(client.post(f"{listener.base}/enter", json={"consent": True, "setup": SETUP | {"place": "moon"}}), 403, "setup")
    refused(client.post(f"{listener.base}/enter", json={"consent": True}), 400, "malformed")
    for name in ("enter", "next", "played", "answer", "withdraw"):
        refused(client.get(f"{listener.base}/{name}"), 405, "method")
    refused(client.delete(f"{listener.base}/about"), 405, "method")
    refused(client.get("/listen/0123456789abcdef/about"), 404, "nowhere")
    refused(client.post("/listen/0123456789abcdef/next", headers=listener.headers), 404, "nowhere")


def test_a_body_that_is_too_large_is_not_read(listener, store):
    refused(listener.client.post(f"{listener.base}/answer", content=b" " * 20_000, headers=listener.headers | JSON), 413, "large")
    parts, sent = [], []

    async def receive() -> dict:
        parts.append(b" " * 4096)
        return {"type": "http.request", "body": parts[-1], "more_body": len(parts) < 10_000}

    async def send(message: dict) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in (listener.headers | JSON).items()]
    scope = {"type": "http", "method": "POST", "path": f"{listener.base}/answer", "raw_path": b"", "query_string": b"",
             "headers": [(name.lower(), value) for name, value in headers], "http_version": "1.1", "root_path": "",
             "client": ("192.0.2.1", 1)}
    anyio.run(listener.client.app, scope, receive, send)
    assert sent[0]["status"] == 413 and len(parts) < 10, "an endless body is not read to its end"
    longest = json.dumps({"trial": "x" * 16, "value": "surprised", "remark": "\U0001f600" * MOST_LETTERS})
    reply = listener.client.post(f"{listener.base}/answer", content=longest, headers=listener.headers | JSON)
    refused(reply, 403, "trial")  # the longest remark that may be stored comes through


def test_who_asks_too_fast_is_told_to_wait(store):
    client = serving(RateLimit(of_session=RateLimitItemPerHour(5)))  # no slow machine lets an hour pass
    fast, calm = Listener(client, store), Listener(client, store)
    for _ in range(5):
        assert fast.post("next").status_code == 200
    reply = fast.post("next")
    refused(reply, 429, "often")
    assert 1 <= int(reply.headers["retry-after"]) <= 7200
    assert calm.post("next").status_code == 200, "another listener behind the same address goes on"


def test_floods_of_one_address_and_of_new_listeners_are_stopped(store):
    client = serving(RateLimit(of_address=RateLimitItemPerMinute(6), entries=RateLimitItemPerHour(2)))
    Listener(client, store)
    Listener(client, store)
    entering = {"consent": True, "setup": SETUP}
    refused(client.post(f"/listen/{store.study.id}/enter", json=entering), 429, "often")
    assert len(collect(store).listeners) == 2
    replies = [client.get(f"/listen/{store.study.id}/about").status_code for _ in range(4)]
    assert replies == [200, 200, 200, 429]
    elsewhere = TestClient(FastAPI(routes=client.app.routes), client=("192.0.2.7", 1))
    assert elsewhere.get(f"/listen/{store.study.id}/about").status_code == 200


def test_a_hundred_listeners_behind_one_address_are_not_slowed():
    limit = RateLimit()
    assert [limit.entry("192.0.2.1") for _ in range(100)] == [0] * 100
    waits = [limit.request("192.0.2.1", f"session {number}") for _ in range(72) for number in range(100)]  # of a minute
    assert set(waits) == {0}
    assert max(limit.request("192.0.2.1", "one") for _ in range(700)) > 0, "but one session is"


def test_closed_withdrawn_and_unstorable_are_told_and_nothing_is_acknowledged(client, listener, store, monkeypatch):
    shown = listener.next()
    listener.play_all(shown)
    with monkeypatch.context() as broken:
        broken.setattr(store, "answer", lambda *_: (_ for _ in ()).throw(StoreError("Your answer was not stored.")))
        reply = listener.answer(shown)
        refused(reply, 503, "store")
        assert "retry-after" in reply.headers
    assert collect(store).answers == ()
    assert listener.answer(shown).json()["done"] == 1
    assert listener.post("withdraw").json() == {}
    refused(listener.post("next"), 403, "withdrawn")
    other = Listener(client, store)
    store.close()
    refused(other.post("next"), 403, "closed")
    refused(client.post(f"{other.base}/enter", json={"consent": True, "setup": SETUP}), 403, "closed")
    assert client.get(f"{other.base}/about").json()["closed"] is True


def test_a_mistake_of_ours_is_one_sentence_and_a_log_entry(listener, store, monkeypatch, caplog):
    monkeypatch.setattr(store, "next_trial", lambda _: 1 / 0)
    refused(listener.post("next"), 500, "broken")
    assert "ZeroDivisionError" in caplog.text


def test_an_altered_study_is_not_shown(tmp_path, store, study, monkeypatch, caplog):
    copied = shutil.copytree(study.folder, tmp_path / "studies" / "altered")
    (copied / "wording.json").write_text((copied / "wording.json").read_text().replace("Excellent", "Superb"))
    monkeypatch.setenv(studies.VARIABLE, str(tmp_path / "studies"))
    client = serving()
    refused(client.get(f"/listen/{study.id}/about"), 503, "broken")
    assert "no longer have the hash" in caplog.text


def test_listeners_do_not_wait_behind_threads_that_convert(study, store):
    async def ask() -> int:
        everyone = anyio.to_thread.current_default_thread_limiter()
        for number in range(int(everyone.total_tokens)):
            everyone.acquire_on_behalf_of_nowait(number)
        transport = httpx.ASGITransport(app=FastAPI(routes=listening_routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            with anyio.fail_after(20):
                body = {"consent": True, "setup": SETUP}
                return (await client.post(f"/listen/{study.id}/enter", json=body)).status_code

    assert anyio.run(ask) == 200


def test_headers_are_strict(client, listener, study):
    page = client.get(f"/listen/{study.id}")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in str(policy) and "http" not in policy["media-src"]
    for reply in (client.get(f"{listener.base}/about"), listener.post("next"), listener.post("answer")):
        assert reply.headers["cache-control"] == "no-store"
    for reply in (page, client.get("/listen/static/listen.js"), listener.post("next"), client.get("/listen/x")):
        assert reply.headers["x-content-type-options"] == "nosniff" and reply.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in reply.headers
    script = client.get("/listen/static/listen.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert client.get("/listen/static/listen.js", headers={"if-none-match": script.headers["etag"]}).status_code == 304
