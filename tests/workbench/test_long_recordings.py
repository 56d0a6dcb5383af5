"""Long recordings on the server: given block by block, directed, rendered between the turns of others, and kept."""

from __future__ import annotations

import asyncio
import io
import json
import secrets
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import soundfile
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from pipelines.errors import ZestError
from pipelines.features.growing import GrowingWav
from pipelines.plan.segments import Segment
from pipelines.plan.table import read_plan
from pipelines.settings import Settings
from tests.support.speech import RATE
from tests.support.talks import CountingConverter, talk, write_talk
from tests.support.waiting import wait_until
from workbench.studio.growing_file import bytes_of, part_of
from workbench.studio.jobs import CANCELLED, DONE, FAILED
from workbench.studio.long_jobs import LongBoard, reading, rendering
from workbench.studio.long_routes import long_routes, receive
from workbench.studio.long_store import LongError, LongLimits, LongStore, plain_name
from workbench.studio.routes import HEADER
from workbench.studio.store import TakeError
from workbench.studio.turns import model_turns


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Three phrases."""
    return write_talk(tmp_path_factory.mktemp("talk") / "talk.wav", talk([0.6, 0.8, 0.6])[0])


@dataclass
class Visitor:
    """Somebody with a token, and what their page does."""

    store: LongStore
    board: LongBoard = field(default_factory=LongBoard)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    converter: CountingConverter = field(default_factory=CountingConverter)

    def __post_init__(self):
        app = Starlette(routes=list(long_routes(self.store, self.board, self.converter.check_emotion)))
        self.http = TestClient(app, headers={HEADER: self.token})

    def give(self, path, emotion="sad"):
        """Upload a recording and find its phrases. Returns the state of the work."""
        assert self.http.post("/long/", params={"name": path.name}, content=path.read_bytes()).status_code == 200
        project = self.store.project(self.token)
        self.board.start(self.token, *reading(self.store, self.token, project, Segment(0, 0, emotion, tempo=False)))
        return self.end()

    def render(self):
        project = self.store.project(self.token)
        self.board.start(self.token, *rendering(project, read_plan(project.plan), Settings(), "out.wav", lambda: self.converter))
        return self.end()

    def end(self):
        work = self.board.of(self.token)
        assert work is not None and work.job is not None
        return [*work.job.follow()][-1]

    def shown(self):
        return self.http.get("/long/").json()

    def rows(self):
        return self.shown()["project"]["rows"]

    def sound(self, name, **query):
        """A file of the recording's, by its address alone."""
        key = self.shown()["project"]["key"]
        return soundfile.read(io.BytesIO(TestClient(self.http.app).get(f"/long/file/{key}/{name}", params=query).content))[0]


@pytest.fixture
def visitor(tmp_path):
    return Visitor(LongStore(tmp_path / "long"))


def test_a_change_of_one_phrase_renders_that_one_again(visitor, recording):
    assert visitor.give(recording).state == DONE
    own = soundfile.read(recording)[0]
    np.testing.assert_array_equal(visitor.sound("source.wav"), own)
    rows = visitor.rows()
    assert [row["emotion"] for row in rows] == ["sad"] * 3 and visitor.shown()["project"]["name"] == "talk.wav"
    assert visitor.render().state == DONE and len(visitor.converter.calls) == 3
    before = visitor.shown()["project"]["result"]
    assert (before["rendered"], before["rows"], len(visitor.sound("result.wav"))) == (3, rows, len(own))
    rows[1] |= {"emotion": "angry", "strength": 0.5}
    assert visitor.http.put("/long/plan", content=json.dumps(rows)).status_code == 200
    assert visitor.render().state == DONE and [emotion for _, emotion in visitor.converter.calls[3:]] == ["angry"]
    after = visitor.shown()["project"]["result"]
    assert (after["rendered"], after["phrases"], after["rows"]) == (1, 3, rows)
    told = visitor.http.get("/long/state?from=1").json()
    assert told["state"] == DONE and told["pieces"] == after["pieces"][1:]
    assert visitor.http.get("/long/plan").text.splitlines()[2].endswith(",angry,,0.5,no")
    assert "/" not in json.dumps(after), "no path of the server is told"


def test_cancel_keeps_what_is_done_which_can_be_played_and_rendering_goes_on_from_there(visitor, recording):
    visitor.give(recording)
    convert = visitor.converter.convert

    def cancelled_at_the_second(*given, **named):
        if len(visitor.converter.calls) == 1:
            assert visitor.http.delete("/long/state").status_code == 200
        return convert(*given, **named)

    visitor.converter.convert = cancelled_at_the_second
    assert visitor.render().state == CANCELLED
    partial = visitor.shown()["project"]["partial"]
    converted = [piece for piece in partial["pieces"] if piece["segment"] is not None]
    assert converted and partial["rows"] == visitor.rows() and visitor.shown()["project"]["result"] is None
    samples = visitor.sound("so-far.wav", bytes=partial["bytes"])
    assert len(samples) == round(partial["pieces"][-1]["ends"] * RATE) and np.abs(samples).max() > 0.05
    done = len(visitor.converter.calls)
    visitor.converter.convert = convert
    assert visitor.render().state == DONE and len(visitor.converter.calls) == 3 and done < 3
    assert visitor.shown()["project"]["partial"] is None


def test_others_convert_between_the_phrases_of_a_long_recording(visitor, recording):
    visitor.give(recording)
    convert, order, waits = visitor.converter.convert, [], threading.Event()

    def waits_in_line():
        return visitor.http.get("/long/state").json()["stage"].startswith("Waiting: 1 job before yours")

    def somebody_else():
        with model_turns().turn(lambda place: waits.set()):
            order.append("somebody else")
            wait_until(waits_in_line)
            order.append("waits")

    other = threading.Thread(target=somebody_else)

    def noted(*given, **named):
        assert not waits_in_line()
        order.append("phrase")
        if not other.ident:
            other.start()
            assert waits.wait(60)
        return convert(*given, **named)

    visitor.converter.convert = noted
    assert visitor.render().state == DONE
    other.join(60)
    assert order == ["phrase", "somebody else", "waits", "phrase", "phrase"]


def test_two_visitors_direct_at_once_and_reach_nothing_of_each_other(visitor, recording):
    other = Visitor(visitor.store, visitor.board)
    for one in (visitor, other):
        one.give(recording)
    rows = other.rows()
    visitor.http.put("/long/plan", content=json.dumps([visitor.rows()[0]]))
    assert other.rows() == rows and len(visitor.rows()) == 1
    mine, theirs = (one.shown()["project"]["key"] for one in (visitor, other))
    for key in (f"{mine.split('/')[0]}/{theirs.split('/')[1]}", "../" + mine, mine.replace("/", "/../")):
        assert visitor.http.get(f"/long/file/{key}/source.wav").status_code == 404
    assert visitor.http.get(f"/long/file/{mine}/project.json").status_code == 404
    assert visitor.http.delete("/long/").status_code == 200
    assert visitor.shown() == {"project": None, "work": None} and other.rows() == rows
    with pytest.raises(TakeError):
        visitor.store.find("../" * 20)


BAD_PLANS = (
    ("start,end,emotion\n1,2,sad\n1.5,3,sad\n", "my plan.csv, line 3: it begins at 1.5 s"),
    ("start,end,emotion\n1,99,sad\n", "my plan.csv, line 2: it ends at 99 s, but talk.wav ends at"),
    ("start,end,emotion\n1,2,bored\n", "my plan.csv, line 2: there is no emotion 'bored'"),
    ("start,end,reference\n1,2,/etc/hostname\n", "there is no reference '/etc/hostname' here"),
    ("start,end,reference\n1,2,../source.wav\n", "there is no reference"),
    ("start,end,reference\n1,2,plan.csv\n", "there is no reference 'plan.csv' here"),
    ("start,end\n", "no segments under its header"), ("\0\0", "my plan.csv"))


def test_a_plan_that_cannot_be_rendered_is_one_sentence_and_the_plan_stays(visitor, recording):
    visitor.give(recording)
    rows = visitor.rows()
    for content, words in BAD_PLANS:
        refused = visitor.http.post("/long/plan", params={"name": "my plan.csv"}, content=content.encode())
        assert refused.status_code in (400, 404) and words in refused.json()["sentence"] and visitor.rows() == rows
    changed = visitor.http.put("/long/plan", content=json.dumps([rows[0] | {"emotion": "bored"}]))
    assert changed.json()["sentence"].startswith("Phrase 1: there is no emotion") and visitor.rows() == rows
    assert visitor.http.put("/long/plan", content=b"{").status_code == 400


def test_a_plan_with_a_reference_of_its_own_is_taken_over(visitor, recording, reference_path):
    visitor.give(recording)
    given = visitor.http.post("/long/references", params={"name": "a, friend.wav"}, content=reference_path.read_bytes())
    assert given.json() == {"name": "a_ friend.wav", "references": ["a_ friend.wav"]}
    plan = b"start,end,reference\n0,3,a_ friend.wav\n"
    rows = visitor.http.post("/long/plan", params={"name": "p.csv"}, content=plan).json()["rows"]
    assert [row["reference"] for row in rows] == ["a_ friend.wav"]
    assert visitor.render().state == DONE and visitor.converter.calls[0][1] == "a_ friend.wav"
    refused = visitor.http.post("/long/references", params={"name": "noise.wav"}, content=b"no sound")
    assert "noise.wav" in refused.json()["sentence"] and visitor.shown()["project"]["references"] == ["a_ friend.wav"]


def test_what_cannot_be_used_is_one_sentence_and_leaves_room_for_another(visitor, recording, tmp_path):
    silence = write_talk(tmp_path / "silence.wav", np.zeros(61 * RATE, np.float32))
    state = visitor.give(silence)
    assert state.state == FAILED
    assert state.sentence == "silence.wav is silent; record it again with the microphone closer or louder."
    assert visitor.shown()["project"] is None and visitor.shown()["work"]["sentence"] == state.sentence
    assert "none.wav is empty" in visitor.http.post("/long/", params={"name": "none.wav"}, content=b"").json()["sentence"]
    assert visitor.give(recording).state == DONE, "nothing of the first is in the way"
    assert "Remove it first" in visitor.http.post("/long/", content=b"more").json()["sentence"]
    assert visitor.shown()["project"]["name"] == "talk.wav"
    small = Visitor(LongStore(tmp_path / "small", LongLimits(megabytes=0.01)))
    refused = small.http.post("/long/", params={"name": "talk.wav"}, content=recording.read_bytes())
    assert "talk.wav is larger than 0 MB" in refused.json()["sentence"] and small.shown()["project"] is None


def test_an_upload_goes_to_disk_block_by_block_and_one_that_breaks_off_is_told(tmp_path):
    path, sizes = tmp_path / "talk.wav", []

    async def stream():
        for _ in range(3):
            sizes.append(path.stat().st_size)
            yield b"x" * 100_000

    request, longer = (cast(Request, SimpleNamespace(headers={"content-length": size}, stream=stream))
                       for size in ("300000", "400000"))
    asyncio.run(receive(request, path, 1e6))
    assert path.stat().st_size == 300_000 and sizes[-1] > 0, "not held in memory until the end"
    with pytest.raises(LongError, match="talk.wav broke off"):
        asyncio.run(receive(longer, path, 1e6))
    with pytest.raises(LongError, match="larger than"):
        asyncio.run(receive(request, path, 1e5))


def test_one_piece_of_work_at_a_time_and_it_is_forgotten_with_the_recording(visitor, recording):
    visitor.give(recording)
    waits, work = threading.Event(), visitor.converter.convert

    def slow(*given, **named):
        assert waits.wait(60)
        return work(*given, **named)

    visitor.converter.convert = slow
    project = visitor.store.project(visitor.token)
    task = rendering(project, read_plan(project.plan), Settings(), "out.wav", lambda: visitor.converter)
    visitor.board.start(visitor.token, *task)
    with pytest.raises(ZestError, match="at work on this recording already"):
        visitor.board.start(visitor.token, *task)
    threading.Timer(0.2, waits.set).start()
    assert visitor.http.delete("/long/").status_code == 200, "it waits until the work has ended"
    assert not project.folder.exists() and visitor.board.of(visitor.token) is None


def test_recordings_expire_two_days_after_the_last_visit(tmp_path):
    now = SimpleNamespace(seconds=1e6)
    store = LongStore(tmp_path / "long", clock=lambda: now.seconds)
    token = secrets.token_urlsafe(32)
    store.begin(token, "talk.wav", 100)
    for days, there in ((1.9, True), (1.9, True), (2.1, False)):
        now.seconds += 86400 * days
        assert (store.find(token) is not None) is there


@pytest.mark.parametrize(("asked", "part"), [("", (0, 1043)), ("bytes=0-", (0, 1043)), ("bytes=100-199", (100, 199)),
                                             ("bytes=-44", (1000, 1043)), ("bytes=40-9999", (40, 1043)), ("bytes=x", (0, 1043))])
def test_a_growing_result_is_served_as_a_whole_file_of_what_there_is(tmp_path, asked, part):
    with GrowingWav(tmp_path / "a.wav", RATE) as wav:
        wav.add(np.linspace(-1, 1, 4000, dtype=np.float32))
        assert part_of(asked, 1044) == part
        whole = b"".join(bytes_of(tmp_path / "a.wav", 1044, 0, 1043))
        assert b"".join(bytes_of(tmp_path / "a.wav", 1044, *part)) == whole[part[0]:part[1] + 1]
        assert len(soundfile.read(io.BytesIO(whole))[0]) == 500


@pytest.mark.parametrize(("name", "plain"), [("a/b\\talk.wav", "talk.wav"), ("..", "recording"), ("plan.csv", "recording"),
                                             ("talk: one, two.wav", "talk_ one_ two.wav"),
                                             ("x" * 300 + ".wav", "x" * 120 + ".wav")])
def test_names_of_files_are_plain(name, plain):
    assert plain_name(name) == plain
