"""Takes: kept by visitor, with expiry and quota; nobody reaches another one's; bad input is one sentence and loses nothing."""

from __future__ import annotations

import io
import json
import secrets
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipelines.errors import OutputError
from workbench.studio import store as store_module
from workbench.studio.jobs import JobBoard
from workbench.studio.routes import HEADER, changes_of, take_routes
from workbench.studio.store import UNDO_SECONDS, Limits, NewTake, TakeError, TakeStore
from workbench.studio.takes import Take, read_take
from workbench.studio.turns import Turns

SETTINGS = {"strength": 1.2, "tempo": True, "decoder": "residual_neural", "seed": 0, "f0": "predicted"}


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Shelf:
    """A store in a folder, whose time tests set, and recordings to keep in it."""

    folder: Path
    limits: Limits = Limits()
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self):
        self.store = TakeStore(self.folder / "takes", self.limits, self.clock)

    def new(self, name: str = "me.wav", emotion: str | None = "sad", reference: str | None = None, size: int = 100,
            **settings) -> NewTake:
        for one in filter(None, ("out.wav", name, reference)):
            (self.folder / one).write_bytes(one.encode() * size)
        return NewTake(self.folder / "out.wav", self.folder / name, reference and self.folder / reference, emotion,
                       SETTINGS | settings, "residual_neural@1.2", {"converted_seconds": 3.5})

    def add(self, token: str, **given) -> Take:
        return self.store.add(token, self.new(**given))


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


@pytest.fixture
def token():
    return secrets.token_urlsafe(32)


@pytest.fixture
def visitor(shelf, token):
    """An HTTP client that knows its token."""
    app = Starlette(routes=list(take_routes(shelf.store, JobBoard(Turns()))))
    return TestClient(app, headers={HEADER: token})


def test_a_take_keeps_recordings_settings_and_numbers_and_another_process_reads_it(shelf, token):
    take = shelf.add(token, reference="friend.wav", emotion=None)
    again = TakeStore(shelf.store.root, clock=shelf.clock)
    assert again.takes(token) == [take] and take.settings == SETTINGS and take.target == "friend" and take.title == "me, friend"
    source, reference = again.recordings(token, take)
    assert again.audio(token, take.id).read_bytes() == b"out.wav" * 100
    assert (source.read_bytes(), reference.read_bytes()) == (b"me.wav" * 100, b"friend.wav" * 100)
    shelf.store.attach(token, take.id, "contours", {"hz": [1.5]})
    assert again.attached(token, take.id, "contours") == {"hz": [1.5]} and again.attached(token, take.id, "words") is None
    shelf.add(token)
    assert len(list(shelf.store.root.glob("*/recording/*"))) == 2, "a source is kept once"


def test_two_visitors_never_see_each_others_takes(shelf, token):
    take, other = shelf.add(token), secrets.token_urlsafe(32)
    assert shelf.store.takes(other) == []
    for work in (shelf.store.take, shelf.store.audio, shelf.store.delete, shelf.store.restore):
        with pytest.raises(TakeError, match="no such take"):
            work(other, take.id)
    shelf.store.forget(other)
    assert shelf.store.takes(token) == [take]
    assert token not in "".join(map(str, shelf.store.root.rglob("*"))), "no name on the disk gives the token away"


@pytest.mark.parametrize("bad", ["", "..", "../" * 12 + "etc/passwd", "x" * 42, "a" * 42 + "/", "a" * 43 + "\n", "ä" * 43, None])
def test_what_is_no_token_or_id_reaches_no_folder(shelf, token, bad):
    take = shelf.add(token)
    for work in (lambda: shelf.store.takes(bad), lambda: shelf.store.forget(bad), lambda: shelf.store.take(token, bad),
                 lambda: shelf.store.audio(token, bad), lambda: shelf.store.attach(token, take.id, bad or "", {})):
        with pytest.raises(TakeError):
            work()
    assert shelf.store.takes(token) == [take]


def test_takes_expire_days_after_the_last_visit_and_deleted_ones_after_minutes(shelf, token):
    first, second = shelf.add(token), shelf.add(token, name="you.wav")
    shelf.store.delete(token, second.id)
    assert [one.id for one in shelf.store.takes(token)] == [first.id]
    assert shelf.store.restore(token, second.id).deleted == 0
    shelf.store.delete(token, second.id)
    shelf.clock.now += UNDO_SECONDS + 1
    shelf.store.takes(token)
    with pytest.raises(TakeError):
        shelf.store.restore(token, second.id)
    shelf.clock.now += 6.9 * 86400
    assert len(shelf.store.takes(token)) == 1, "a visit counts"
    shelf.clock.now += 7.1 * 86400
    assert shelf.store.takes(token) == [] and list(shelf.store.root.iterdir()) == []


@pytest.mark.parametrize(("limits", "words"), [(Limits(takes=1), "1 takes"), (Limits(megabytes=0.004), "MB"),
                                               (Limits(total_megabytes=0.004), "no room")])
def test_a_full_store_says_so_and_keeps_what_it_has(tmp_path, token, limits, words):
    shelf = Shelf(tmp_path, limits)
    kept = shelf.add(token)
    with pytest.raises(TakeError, match=words) as refused:
        shelf.add(token, name="other.wav", size=400)
    assert "\n" not in str(refused.value) and shelf.store.takes(token) == [kept]


def test_a_disk_that_refuses_is_one_sentence_and_leaves_nothing_half_written(shelf, token, monkeypatch):
    kept = shelf.add(token)

    def refuse(path, content):
        raise OutputError("The disk is full.")

    monkeypatch.setattr(store_module, "write_whole", refuse)
    with pytest.raises(TakeError, match="no room for more takes"):
        shelf.add(token)
    monkeypatch.undo()
    assert shelf.store.takes(token) == [kept] and len(list(shelf.store.root.glob("*/take/*"))) == 1


def test_a_damaged_take_hides_no_other(shelf, token):
    kept, damaged = shelf.add(token), shelf.add(token)
    (shelf.store.audio(token, damaged.id).parent / "take.json").write_text("{")
    assert shelf.store.takes(token) == [kept]
    assert read_take(kept.kept() | {"later": 1}) == kept


def test_file_names_tell_source_emotion_strength_and_decoder(shelf, token):
    takes = [shelf.add(token), shelf.add(token, name="my röst: a.wav", seed=3, tempo=False),
             shelf.add(token, emotion=None, reference="friend.flac")]
    assert [take.file_name() for take in takes] == [
        "me-sad-strength1.2-residual_neural", "my_röst_a-sad-strength1.2-residual_neural-notempo-seed3",
        "me-friend-strength1.2-residual_neural"]
    long = shelf.add(token, name="a" * 150 + ".wav", denoise=True).file_name()
    assert len(long) <= 120 and long.endswith("aa-sad-strength1.2-residual_neural-denoised"), "no long name pushes a setting out"


def test_over_http_a_take_is_listed_changed_heard_deleted_restored_and_forgotten(visitor, shelf, token):
    take = shelf.add(token)
    seen = visitor.get("/takes/").json()
    assert [one["id"] for one in seen["takes"]] == [take.id] and seen["running"] == [] and "source_file" not in seen["takes"][0]
    changed = visitor.patch(f"/takes/{take.id}", json={"name": "mellow", "star": True, "note": "the best"}).json()
    assert (changed["title"], changed["star"], changed["note"]) == ("mellow", True, "the best")
    heard = visitor.get(f"/takes/{take.id}/audio")
    assert heard.content == b"out.wav" * 100 and "me-sad-strength1.2-residual_neural.wav" in heard.headers["content-disposition"]
    assert heard.headers["cache-control"] == "no-store"
    visitor.delete(f"/takes/{take.id}")
    assert visitor.get("/takes/").json()["takes"] == []
    visitor.post(f"/takes/{take.id}/restore")
    assert visitor.get("/takes/").json()["takes"][0]["name"] == "mellow"
    visitor.delete("/takes/")
    assert visitor.get("/takes/").json()["takes"] == [] and list(shelf.store.root.iterdir()) == []


def test_a_zip_holds_each_recording_with_its_settings(visitor, shelf, token):
    takes = [shelf.add(token), shelf.add(token), shelf.add(token, emotion="angry")]
    for path, count in (("/takes/zip", 3), (f"/takes/zip?ids={takes[2].id},{takes[0].id}", 2)):
        with zipfile.ZipFile(io.BytesIO(visitor.get(path).content)) as archive:
            names = archive.namelist()
            assert len(names) == 2 * count and "me-angry-strength1.2-residual_neural.wav" in names
            document = json.loads(archive.read("me-angry-strength1.2-residual_neural.json"))
            assert document["settings"] == SETTINGS and document["document"] == {"converted_seconds": 3.5}
    assert "me-sad-strength1.2-residual_neural-2.wav" in zipfile.ZipFile(io.BytesIO(visitor.get("/takes/zip").content)).namelist()


@pytest.mark.parametrize("path", ["nothing", "a" * 22, "..%2f..%2fetc", "a" * 22 + "/audio", "zip?ids=" + "a" * 22])
def test_over_http_what_is_not_there_is_a_sentence(visitor, shelf, token, path):
    shelf.add(token)
    reply = visitor.get(f"/takes/{path}") if "/" in path or "?" in path else visitor.delete(f"/takes/{path}")
    assert reply.status_code in (404, 405) and "Traceback" not in reply.text
    visitor.headers[HEADER] = "guess"
    assert "no key" in visitor.get("/takes/").json()["sentence"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"name": 3}', b'{"star": "yes"}', b'{"id": "x"}', b"\xff"])
def test_a_change_that_says_something_else_is_refused(body):
    with pytest.raises(TakeError, match="cannot be read"):
        changes_of(body)


def test_a_name_or_note_that_is_too_long_is_refused_with_its_length(shelf, token):
    take = shelf.add(token)
    with pytest.raises(TakeError, match="at most 80 letters; this one has 81"):
        shelf.store.change(token, take.id, name="x" * 81)
    assert shelf.store.take(token, take.id).name == ""
