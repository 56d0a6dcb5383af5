"""Batches over the API: progress, pairs that fail, cancel, results, and what is refused at once."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import gradio as gr
import pytest
from jsonschema import Draft202012Validator

from pipelines.errors import AudioError
from tests.support.calls import call, own_files
from tests.support.waiting import wait_until
from workbench.api import batch
from workbench.api.batch import BATCH, Batches
from workbench.api.documents import documents
from workbench.conversion_request import ConversionRequest
from workbench.studio.turns import Turns

START, STATUS, RESULT, CANCEL = BATCH
__all__ = ["own_files"]
pytestmark = pytest.mark.usefixtures("own_files")
DOCUMENT = {"target": "sad", "mix": None, "system": "copy", "settings": {}, "variant": [], "source_seconds": 1.0,
            "converted_seconds": 1.0, "f0": {"source": None, "reference": None, "predicted": None, "converted": None},
            "seconds": {}, "real_time_factor": 0.1, "notes": [], "rate": 16000}


@pytest.fixture
def work(monkeypatch, tmp_path):
    """In place of conversions: what is asked for, and a gate that conversions wait at."""
    asked, gate, clock = [], threading.Event(), [0.0]

    def convert(request, hook):
        asked.append(request)
        assert gate.wait(20)
        if request.emotion == "angry":
            raise AudioError("source.wav is silent.")
        hook(SimpleNamespace(kind="start", stage="read", value=None, label=""))  # where a cancelled job ends
        output = tmp_path / f"{request.emotion}.wav"
        output.write_bytes(b"")
        return SimpleNamespace(output=output, document=DOCUMENT)

    monkeypatch.setattr(ConversionRequest, "convert", convert)
    own = Batches(Turns(), lambda: clock[0])
    monkeypatch.setattr(batch, "batches", lambda: own)
    yield SimpleNamespace(asked=asked, gate=gate, clock=clock)
    gate.set()


def pairs(source_path, *emotions):
    return [{"source": str(source_path), "emotion": emotion} for emotion in emotions]


def valid(kind, document):
    Draft202012Validator(documents()[kind]).validate(document)
    return document


def ended(name):
    wait_until(lambda: call(STATUS, batch=name)["state"] in ("done", "cancelled", "failed"))
    return call(STATUS, batch=name)


def test_pairs_are_converted_and_one_that_fails_ends_only_itself(work, source_path):
    begun = valid("batch", call(START, pairs=pairs(source_path, "sad", "angry", "sad:0", "happy"), strength="0.5", denoise="yes"))
    assert (begun["pairs"], begun["done"]) == (4, 0) and begun["state"] in ("waiting", "working")
    wait_until(lambda: call(STATUS, batch=begun["batch"])["doing"].startswith("source-man.wav to sad"))
    work.gate.set()
    assert valid("batch", ended(begun["batch"]))["failed"] == 2
    files, numbers = call(RESULT, batch=begun["batch"])
    valid("batch_result", numbers)
    assert [one["orig_name"] for one in files] == ["sad.wav", "happy.wav"]
    assert [(one["row"], one["code"], one["error"]) for one in numbers["pairs"]] == [
        (1, None, None), (2, "bad_recording", "source.wav is silent."),
        (3, "bad_value", "The weights of a mix must sum to more than 0, as in angry:0.6,sad:0.4."),
        (4, None, None)]
    assert {(one.strength, one.denoise) for one in work.asked} == {(0.5, True)}


def test_a_cancelled_batch_ends_at_its_next_stage_and_keeps_what_is_done(work, source_path):
    name = call(START, pairs=pairs(source_path, "angry", "sad", "happy"))["batch"]
    wait_until(lambda: work.asked)
    call(CANCEL, batch=name)
    work.gate.set()
    state = ended(name)
    assert (state["state"], state["done"]) == ("cancelled", 1)
    assert [one["row"] for one in call(RESULT, batch=name)[1]["pairs"]] == [1]


def test_batches_are_bounded_and_forgotten(work, source_path):
    names = [call(START, pairs=pairs(source_path, "sad"))["batch"] for _ in range(batch.MOST_UNFINISHED)]
    with pytest.raises(gr.Error) as full:
        call(START, pairs=pairs(source_path, "sad"))
    assert full.value.title == "busy"
    work.gate.set()
    for name in names:
        assert ended(name)["done"] == 1
    work.clock[0] = batch.KEPT_HOURS * 3600 + 1
    for endpoint in (STATUS, RESULT, CANCEL):
        with pytest.raises(gr.Error) as gone:
            call(endpoint, batch=names[0])
        assert gone.value.title == "not_found" and names[0] in gone.value.message


@pytest.mark.parametrize(("given", "code", "words"), [
    (None, "bad_call", "Give pairs: a list"), ([], "bad_call", "Give pairs"), (["a.wav"], "bad_call", "Pair 1 is no object"),
    ([{"emotion": "sad"}], "bad_call", "Give the source of pair 1"), ([{"source": "/nowhere.wav"}], "not_found", "of pair 1"),
    ([{"sorce": "a"}], "bad_call", "Pair 1 has 'sorce'"), ([{}] * 201, "bad_call", "at most 200 pairs, not 201")])
def test_a_call_that_is_no_batch_is_refused_at_once(work, given, code, words):
    with pytest.raises(gr.Error) as refused:
        call(START, pairs=given)
    assert refused.value.title == code and words in refused.value.message and not work.asked
