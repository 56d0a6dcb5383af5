"""Blind over HTTP: page source, texts, trials, replies, headers, audio metadata and order tell nothing of what is judged."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from evaluation.listening.design.questions import ANCHORS
from evaluation.listening.design.trials import CHECK, KINDS, RATED, TRAINING, TRAP
from evaluation.listening.store.database import reading
from evaluation.listening.store.listeners import recognise
from tests.support.listener_http import Listener, fresh_store, serving
from tests.support.listening import VOICES
from workbench.listening import studies

PAGE = Path(studies.__file__).parent / "page"


@pytest.fixture(scope="module")
def seen(study, tmp_path_factory) -> list[dict]:
    """Every trial of a whole set, as a listener was shown it."""
    with pytest.MonkeyPatch.context() as patch:
        return Listener(serving(), fresh_store(study, tmp_path_factory.mktemp("answers"), patch)).whole_set()


def test_nothing_a_listener_receives_tells_what_is_judged(client, listener, study, seen):
    names = {*ANCHORS, *study.info["pairs"], *VOICES, study.hash[:12], "pepper", str(study.folder), "f0-swap", "transfer"}
    kinds = {"copy", "system", "anchor", "damaged", "parallel", "stranger", "accepted", "condition", "known", "seed", "hash",
             "seconds", "cells"}
    files = [client.get(f"/listen/static/{file.name}") for file in PAGE.iterdir() if file.suffix != ".html"]
    assert len(files) >= 3 and {file.status_code for file in files} == {200}
    about = client.get(f"{listener.base}/about")
    page = "\n".join([client.get(listener.base).text, *(file.text for file in files), about.text])
    assert [name for name in names if name in page] == []
    trials = json.dumps(seen)
    assert [word for word in names | kinds if word in trials] == []
    assert set(about.json()) == {"study", "languages", "closed", "minutes", "practice", "checks", "volume_clip", "remark_letters",
                                 "texts", "closed_text", "sign_in", "sign_in_offered", "no_sign_in_text", "signed_in", "known"}
    about = about.json()
    assert 1 <= about["minutes"] <= 20 and about["practice"] == len(study.design.training)


def test_trials_of_every_kind_look_alike_on_the_wire(study, seen):
    kinds = {shown["trial"]: study.design.trials()[shown["trial"]].kind for shown in seen}
    assert set(kinds.values()) == set(KINDS) - {CHECK}, "that study has no checks of room, device and hearing"
    assert len({tuple(shown) for shown in seen}) == 1, "the same fields in the same order"
    by_prompt = {}
    for shown in seen:
        by_prompt.setdefault((shown["prompt"], shown["hint"]), set()).add((json.dumps(shown["options"]), len(shown["clips"])))
    assert all(len(forms) == 1 for forms in by_prompt.values())
    assert {bool(shown["check"]) for shown in seen if kinds[shown["trial"]] != TRAP} == {False}
    assert {shown["training"] for shown in seen if kinds[shown["trial"]] != TRAINING} == {False}


def test_the_reply_to_an_answer_does_not_tell_whether_a_check_was_passed(client, listener, study):
    replies = set()
    while shown := listener.next():
        listener.play_all(shown)
        trial = study.design.trials()[shown["trial"]]
        wrong = [value for value, _ in shown["options"] if value not in trial.accepted]
        reply = listener.answer(shown, wrong[0] if trial.kind != RATED and wrong else shown["options"][0][0])
        replies.add((tuple(reply.json()), reply.status_code, reply.json()["again"], reply.json()["done"] == shown["place"]))
    assert replies == {(("again", "done", "of", "code"), 200, False, True)}


def test_clips_come_with_the_same_headers_and_hold_nothing_but_samples(client, study):
    headers, chunks = set(), set()
    for name in study.design.clips:
        reply = client.get(f"/listen/{study.id}/clip/{name}.wav")
        assert reply.status_code == 200 and int(reply.headers["content-length"]) == len(reply.content)
        headers.add(tuple((key, value) for key, value in reply.headers.items() if key != "content-length"))
        chunks.add(tuple(riff_chunks(reply.content)))
    assert len(study.design.clips) > 20 and len(headers) == 1 and chunks == {("fmt ", "data")}
    assert not {"last-modified", "etag", "content-disposition", "date"} & {key for key, _ in headers.pop()}


def riff_chunks(content: bytes) -> list[str]:
    """Names of the chunks of a WAV file, up to its last byte."""
    assert content[:4] == b"RIFF" and content[8:12] == b"WAVE" and struct.unpack("<I", content[4:8])[0] == len(content) - 8
    found, place = [], 12
    while place < len(content):
        found.append(content[place:place + 4].decode())
        place += 8 + struct.unpack("<I", content[place + 4:place + 8])[0]
    assert place == len(content)
    return found


def test_the_order_of_trials_says_nothing_about_systems(client, store, study):
    """Places of the systems' trials over 24 listeners: no system comes earlier than another by more than chance."""
    places: dict[str, list[float]] = {}
    for _ in range(24):
        listener = Listener(client, store)
        order = [study.design.trials()[one.id] for one in _order(listener, store)]
        for place, trial in enumerate(order):
            if trial.kind == RATED and trial.question == "naturalness":
                places.setdefault(trial.conditions[0], []).append(place / len(order))
    means = [sum(values) / len(values) for values in places.values()]
    assert len(means) >= 4 and max(means) - min(means) < 0.25


def _order(listener: Listener, store):
    """As the store hands the trials out; listening to them all would take a minute."""
    with reading(store.engine) as connection:
        return recognise(connection, store.study, listener.headers["Authorization"].removeprefix("Bearer ")).order
