"""Wrong calls of the API: one sentence that says what is wrong with which parameter, by every way in which calls come."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio.state_holder import SessionState

from tests.support.calls import call, own_files
from workbench.api import endpoints
from workbench.api.all import ENDPOINTS
from workbench.api.calls import ToldBlocks
from workbench.api.values import READERS

CONVERT, SCORE, CHECK, PRESETS, INFO, PLAN, DIRECT, *_ = ENDPOINTS
__all__ = ["own_files"]
pytestmark = pytest.mark.usefixtures("own_files")


@pytest.mark.parametrize(("given", "sentence"), [
    ({"strength": "much"}, "Give strength as a number, not 'much'."), ({"strength": [1]}, "as a number, not a list."),
    ({"strength": True}, "Give strength as a number, not 'True'."), ({"tempo": "banana"}, "Give tempo as true or false"),
    ({"decoder": ["copy"]}, "Give decoder as text, not a list."), ({"seed": float("inf")}, "Give seed as a number"),
    ({"seed": 1e30}, "whole number below 9223372036854775808"), ({"f0": {}}, "Give f0 as text, not an object."),
    ({"rate": []}, "Give rate as text"), ({"subtype": {"a": 1}}, "Give subtype as"), ({"denoise": "maybe"}, "Give denoise as"),
    ({"emotion": {"angry": 0.6}}, "Give emotion as text, not an object."), ({"emotion": "x" * 300}, "no emotion preset"),
    ({"references": ["source-woman.wav"], "weights": [True], "emotion": None}, "a positive number, not 'True'"),
    ({"references": ["source-woman.wav", "source-man.wav"], "weights": [2, -1], "emotion": None}, "of 'source-man.wav' must be")])
def test_a_value_of_a_wrong_type_is_one_sentence_that_names_its_parameter(given, sentence, source_path):
    given = {"emotion": "sad"} | given
    if "references" in given:
        given["references"] = [str(source_path.with_name(name)) for name in given["references"]]
    with pytest.raises(gr.Error) as refused:
        call(CONVERT, source=str(source_path), **given)
    assert sentence in refused.value.message and "\n" not in refused.value.message


@pytest.mark.parametrize(("given", "sentence"), [
    ({"emotion": "banana"}, "There is no emotion 'banana'"), ({"strength": 9}, "between 0 and 1.5, not 9"),
    ({"strength": "much"}, "Give strength as a number"), ({"tempo": "no way"}, "Give tempo as true or false")])
def test_a_plan_is_not_written_with_rows_that_no_plan_may_have(given, sentence, source_path):
    with pytest.raises(gr.Error) as refused:
        call(PLAN, source=str(source_path), **given)
    assert sentence in refused.value.message


def test_a_sentence_names_an_uploaded_file_and_not_its_place_on_the_server(source_path, tmp_path):
    for content in (b"", b"start,end\n", source_path.read_bytes()):
        (tmp_path / "mine.csv").write_bytes(content)
        with pytest.raises(gr.Error) as refused:
            call(DIRECT, source=str(source_path), plan=str(tmp_path / "mine.csv"))
        assert refused.value.message.startswith("mine.csv ") and refused.value.title == "bad_recording"


def test_one_value_may_be_written_in_several_ways_and_none_is_the_default():
    read = {name: [READERS[name](name, value) for value in values] for name, values in {
        "rate": (44100, 44100.0, "44100", " Source "), "subtype": (24, "FLOAT"), "tempo": ("false", 0, True),
        "strength": ("0.5", 1), "emotion": (" Angry ", 3), "f0": ("Source",)}.items()}
    assert read == {"rate": ["44100", "44100", "44100", "source"], "subtype": ["24", "float"], "tempo": [False, False, True],
                    "strength": [0.5, 1.0], "emotion": ["Angry", "3"], "f0": ["source"]}


@pytest.mark.parametrize("emotion", [None, "", " "])
def test_a_reference_is_taken_with_every_way_to_name_no_emotion(emotion, source_path, reference_path, monkeypatch):
    asked = []
    monkeypatch.setattr(endpoints.ConversionRequest, "convert", lambda request, hook: asked.append(request) or 1 / 0)
    with pytest.raises(gr.Error) as failed:
        call(CONVERT, source=str(source_path), emotion=emotion, reference=str(reference_path))
    assert failed.value.title == "internal" and "server's log" in failed.value.message
    assert [(one.emotion, one.reference) for one in asked] == [(None, str(reference_path))]


def test_a_number_outside_a_slider_reaches_the_check_that_tells_it_beside_it_also_after_an_update():
    with ToldBlocks() as demo:
        slider = gr.Slider(0, 1.5)
        slider.change(lambda value: None, slider, None, api_visibility="private")
    state = SessionState(demo)
    for _ in range(2):
        assert asyncio.run(demo.preprocess_data(demo.fns[0], [9], state)) == [9]
        with demo:
            state[slider._id] = gr.Slider(0, 1.5, render=False)  # as Gradio does when the slider is updated


@pytest.mark.server
def test_over_http_a_short_call_is_completed_and_a_wrong_one_says_why(workbench, source_path):
    with httpx.Client(base_url=workbench, timeout=60) as client:
        path, = client.post("gradio_api/upload", files={"files": (source_path.name, source_path.read_bytes())}).json()
        given = {"path": path, "meta": {"_type": "gradio.FileData"}}

        def posted(name: str, data) -> tuple[int, str, Any]:
            """Status, and kind and data of what came."""
            joined = client.post(f"gradio_api/call/{name}", json=data)
            if "event_id" not in joined.json():
                return joined.status_code, "error", joined.json()
            said = client.get(f"gradio_api/call/{name}/{joined.json()['event_id']}").text.strip()
            kind, _, content = said.rpartition("\n\n")[2].partition("\ndata: ")
            return joined.status_code, kind.removeprefix("event: "), json.loads(content)

        _, kind, (converted, _, numbers) = posted("convert", {"data": [given, None, None, 1, True, "copy"]})
        assert (kind, numbers["system"], Path(converted["path"]).name) == ("complete", "copy", "source-man-copy.wav")
        _, kind, (checked,) = posted("v2/check", {"source": converted["url"]})
        assert (kind, checked["name"]) == ("complete", "source-man-copy.wav"), "results are given to other calls by their URLs"
        for name, data, status, code, words in (
                ("check", {"data": []}, 200, "bad_call", "Give source: the path"),
                ("check", {"data": ["me.wav"]}, 200, "not_found", "no file 'me.wav' for source"),
                ("check", {"data": [{"path": path}]}, 200, "bad_call", "Give source as a file"),
                ("check", {"data": [given, 1]}, 200, "bad_call", "at most 1 value"),
                ("check", {"data": [given | {"path": "/etc/passwd"}]}, 200, "not_found", "no file 'passwd'"),
                ("check", {"data": ["/etc/passwd"]}, 200, "not_found", "no file 'passwd'"),
                ("convert", {"data": [given, *[None] * 9, "x"]}, 200, "not_found", "for references"),
                ("nope", {"data": []}, 404, "not_found", "There is no endpoint '/nope'"),
                ("v2/nope", {}, 404, "not_found", "there are /convert"),
                ("v2/check", {"sorce": given}, 422, "bad_call", "sorce"), ("v2/check", {}, 422, "bad_call", "source")):
            found, kind, said = posted(name, data)
            assert (found, kind) == (status, "error") and words in said["error"], (name, data, said)
            assert code == (said["title"] if status == 200 else said["code"])
