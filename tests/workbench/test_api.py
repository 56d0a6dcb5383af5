"""The API: names and defaults that stay, optional parameters that are, nothing that is said and not honoured."""

from __future__ import annotations

import json
import re
import typing
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio_client import Client, handle_file
from jsonschema import Draft202012Validator

from evaluation.score_card import ScoreCard
from pipelines.features.audio import load
from pipelines.features.writing import SUBTYPES
from pipelines.settings import about
from tests.support.calls import call, own_files
from tests.support.talks import CountingConverter, talk, write_talk
from tests.support.waiting import wait_until
from workbench import scoring
from workbench.api import endpoints, long, types
from workbench.api.all import ENDPOINTS
from workbench.api.documents import documents
from workbench.api.values import READERS
from workbench.api.version import API_VERSION
from workbench.demo import build_demo
from workbench.studio.turns import model_turns

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text()
CONVERT, SCORE, CHECK, PRESETS, INFO, PLAN, DIRECT, *_ = ENDPOINTS
VERSION = "1.0"  # with other names, orders or defaults below goes another version
HOW = {"strength": 1.0, "tempo": True, "decoder": "", "seed": 0, "f0": "predicted"}
WAV = {"rate": "source", "subtype": ""}
CLEANED = {"denoise": False, "mark": True}
REQUIRED = "required"
PARAMETERS = {
    "convert": {"source": REQUIRED, "emotion": None, "reference": None, **HOW, **WAV, "references": None, "weights": None,
                **CLEANED},
    "score": {"source": REQUIRED, "converted": REQUIRED, "reference": None, "said": "", "emotion": "", "language": "en"},
    "check": {"source": REQUIRED}, "presets": {}, "info": {},
    "plan": {"source": REQUIRED, "emotion": None, "strength": 1.0, "tempo": True},
    "direct": {"source": REQUIRED, "plan": REQUIRED, "references": None, "decoder": "", "seed": 0, "f0": "predicted", **WAV,
               **CLEANED},
    "batch": {"pairs": REQUIRED, **HOW, **WAV, **CLEANED},
    "batch_status": {"batch": REQUIRED}, "batch_result": {"batch": REQUIRED}, "batch_cancel": {"batch": REQUIRED}}
OUTPUTS = {"convert": ["converted", "f0_contours", "numbers"], "score": ["numbers"], "check": ["numbers"], "presets": ["numbers"],
           "info": ["numbers"], "plan": ["plan", "rows"], "direct": ["converted", "numbers"], "batch": ["numbers"],
           "batch_status": ["numbers"], "batch_result": ["converted", "numbers"], "batch_cancel": ["numbers"]}
OTHERS = {"weights", "pairs", "batch"}  # neither files nor read by name

pytestmark = pytest.mark.usefixtures("own_files")
__all__ = ["own_files"]


def example(address: str, replaced: dict[str, Path], number: int) -> dict:
    """What an example of docs/api.md leaves in its variables, with this workbench and these recordings."""
    text = re.findall(r"^```python\n(.*?)^```$", PAGE, re.S | re.M)[number]
    for name, path in (("http://127.0.0.1:7860/", address), *replaced.items()):
        assert name in text
        text = text.replace(name, str(path))
    exec(compile(text, "docs/api.md", "exec"), values := {})
    return values


def numbered(demo) -> dict[str, int]:
    return {one.api_name: number for number, one in demo.fns.items() if one.api_visibility == "public"}


def valid(kind: str, document) -> None:
    """Raises ValidationError: the document is not as its schema says."""
    Draft202012Validator(documents()[kind]).validate(json.loads(json.dumps(document)))


def test_names_orders_and_defaults_are_those_of_the_version_with_and_without_a_password(monkeypatch):
    monkeypatch.delenv("WORKBENCH_ADMIN_PASSWORD", raising=False)
    without = build_demo()
    monkeypatch.setenv("WORKBENCH_ADMIN_PASSWORD", "a long password")
    guarded = build_demo()
    assert numbered(without) == numbered(guarded) == {name: number for number, name in enumerate(PARAMETERS)}, "and no others"
    told = without.get_api_info()["named_endpoints"]
    assert told == guarded.get_api_info()["named_endpoints"]
    shown = {name[1:]: {one["parameter_name"]: one["parameter_default"] if one["parameter_has_default"] else REQUIRED
                        for one in endpoint["parameters"]} for name, endpoint in told.items()}
    assert (API_VERSION, {name: list(one.items()) for name, one in shown.items()}) == (
        VERSION, {name: list(one.items()) for name, one in PARAMETERS.items()})
    assert {name[1:]: [one["label"] for one in endpoint["returns"]] for name, endpoint in told.items()} == OUTPUTS
    assert all(f"`/{name}`" in PAGE for name in PARAMETERS) and API_VERSION in PAGE


def test_every_parameter_has_a_type_and_a_meaning_and_what_is_no_file_is_read():
    for one in ENDPOINTS:
        for name, schema in one.parameters.items():
            assert schema["description"].endswith((".", "DATA")) and len(schema["description"]) > 10, (one.name, name)
            assert schema.keys() & {"type", "anyOf"}, (one.name, name)
            Draft202012Validator.check_schema(schema)
            assert name in READERS.keys() | OTHERS or "format" in str(schema), "it is read, in whichever type it comes"
    assert typing.get_args(types.Subtype) == ("", *SUBTYPES) and typing.get_args(types.F0) == tuple(about("f0").choices)


def test_presets_and_info_tell_what_the_workbench_can():
    found = call(PRESETS)
    valid("presets", found)
    assert {one["name"]: one["valence"] for one in found["presets"]}["angry"] == -0.6 and "residual_world" in found["decoders"]
    told = call(INFO)
    valid("info", told)
    assert (told["api"], told["checkpoint"]) == (API_VERSION, "zest-mini") and "60 seconds" in told["recordings"]


def test_the_example_of_the_docs_converts_to_the_reference_that_it_names_and_to_the_emotion(workbench, source_path,
                                                                                          reference_path):
    recordings = {"me.wav": source_path, "excited-friend.wav": reference_path}
    found = example(workbench, recordings, 0)
    numbers = found["numbers"]
    valid("convert", numbers)
    assert numbers["system"] == "residual_world@0.8" and numbers["target"] == "sad"
    assert found["converted"].endswith("-sad-residual_world-strength0.8.wav") and found["f0_contours"].endswith(".png")
    with wave.open(found["converted"]) as audio:
        assert audio.getnframes() / 16_000 == pytest.approx(numbers["converted_seconds"], abs=0.001)
    answer = Client(workbench, verbose=False).predict(
        source=handle_file(source_path), reference=handle_file(reference_path), decoder="f0-swap", api_name="/convert")
    assert answer[2]["system"] == "f0-swap" and answer[2]["target"] == reference_path.name
    answer = Client(workbench, verbose=False).predict(
        source=handle_file(source_path), emotion="sad:0.5", references=[handle_file(reference_path)], weights=[1.5],
        denoise=True, decoder="residual_world", api_name="/convert")
    assert answer[2]["mix"] == {reference_path.name: 0.75, "sad": 0.25}
    assert "Noise was taken out" in " ".join(answer[2]["notes"]) and "-reference-lively-0.75-sad-0.25" in answer[0]


@pytest.mark.parametrize(("given", "sentence"), [
    ({}, "Whose emotion"), ({"emotion": "recording"}, "no emotion preset"),
    ({"decoder": "f0-swap", "emotion": "sad"}, "recording"),
    ({"emotion": "sad", "reference": "source-woman.wav"}, "not both"), ({"emotion": "sad", "strength": 1.6}, "between 0 and 1.5"),
    ({"emotion": "sad", "seed": 1.5}, "whole number, not 1.5"), ({"emotion": "sad", "f0": "mine"}, "no F0 'mine'"),
    ({"emotion": "sad", "f0": "reference"}, "a preset has none"), ({"emotion": "sad", "decoder": "tape"}, "no decoder 'tape'"),
    ({"references": ["source-woman.wav"], "weights": [1, 2]}, "one weight for each"),
    ({"references": ["source-woman.wav"], "weights": [0]}, "sum to more than 0"), ({"emotion": "sad:0"}, "sum to more than 0"),
    ({"references": ["source-woman.wav"], "decoder": "f0-swap"}, "no mix"),
    ({"decoder": "copy", "strength": 0.3}, "no setting 'strength'")])
def test_what_cannot_be_honoured_is_refused_in_one_sentence(source_path, given, sentence):
    given = given | ({"reference": str(source_path.with_name(given["reference"]))} if "reference" in given else {})
    given |= {"references": [str(source_path.with_name(one)) for one in given["references"]]} if "references" in given else {}
    with pytest.raises(gr.Error) as refused:
        call(CONVERT, source=str(source_path), **given)
    assert sentence in refused.value.message and "&" not in refused.value.message, "programs get no HTML"
    assert refused.value.title == "bad_value"


def test_a_baseline_is_taken_without_emotion_and_reference(source_path):
    converted, plot, numbers = call(CONVERT, source=str(source_path), decoder="copy")
    assert (numbers["system"], numbers["notes"], numbers["settings"]) == ("copy", [], {"system": "copy"})
    assert converted["orig_name"] == f"{source_path.stem}-copy.wav" and Path(plot["path"]).read_bytes()[1:4] == b"PNG"
    assert load(converted["path"]).seconds == pytest.approx(load(source_path).seconds, abs=0.1)


def test_a_score_needs_neither_reference_nor_text(source_path, monkeypatch):
    asked = []
    monkeypatch.setattr(scoring, "score_card", lambda *given, hook: asked.append(given) or ScoreCard())
    numbers = call(SCORE, source=str(source_path), converted=str(source_path))
    assert asked == [(str(source_path), None, str(source_path), "", "", "en")]
    valid("score", numbers)
    with pytest.raises(gr.Error, match="does not know the language 'xx'"):
        call(SCORE, source=str(source_path), converted=str(source_path), language="xx")


@pytest.mark.parametrize(("emotion", "sentence"), [
    ("banana", "There is no emotion 'banana'"), ("angr", "did you mean 'angry'"), ("<b>", "There is no emotion '<b>'"),
    (7, "There is no emotion '7'")])
def test_an_unknown_emotion_is_one_sentence_at_every_endpoint(emotion, sentence, source_path, monkeypatch):
    monkeypatch.setattr(scoring, "score_card", lambda *given, hook: pytest.fail("nothing is measured"))
    with pytest.raises(gr.Error) as refused:
        call(SCORE, source=str(source_path), converted=str(source_path), emotion=emotion)
    assert sentence in refused.value.message and "\n" not in refused.value.message
    with pytest.raises(gr.Error, match="There is no emotion preset") as refused:
        call(CONVERT, source=str(source_path), emotion=emotion)
    assert "\n" not in refused.value.message


def test_the_score_example_of_the_docs_names_what_there_is():
    shown = re.findall(r"^```python\n(.*?)^```$", PAGE, re.S | re.M)[1]
    assert set(re.findall(r"(\w+)=", shown)) == {"source", "converted", "said", "emotion", "api_name"}


@pytest.mark.parametrize(("module", "endpoint", "given"), [
    (endpoints, CONVERT, {"emotion": "sad"}), (endpoints, SCORE, {"converted": "talk.wav"}),
    (long, DIRECT, {"plan": "plan.csv"})])
def test_whoever_waits_for_the_models_is_told_the_place_in_the_line(tmp_path, monkeypatch, module, endpoint, given):
    monkeypatch.setattr(module, "shown", lambda: lambda share, said: told.append((share, said)))
    monkeypatch.setattr(scoring, "score_card", lambda *given, hook: ScoreCard())
    monkeypatch.setattr(endpoints.ConversionRequest, "convert", lambda request, hook: SimpleNamespace(
        output=source, save_plot=lambda: source, document={}))
    monkeypatch.setattr(long, "page_converter", lambda name: CountingConverter())
    source, told = write_talk(tmp_path / "talk.wav", talk([0.6, 0.8])[0]), []
    (tmp_path / "plan.csv").write_text("start,end,emotion\n0.2,0.9,sad\n")
    files = {name: str(tmp_path / value) if name != "emotion" else value for name, value in given.items()}
    with ThreadPoolExecutor(1) as pool:
        with model_turns().turn():
            answer = pool.submit(call, endpoint, source=str(source), **files)
            wait_until(lambda: told or answer.done())
            assert {said.partition(" before yours")[0] for _, said in told} == {"Waiting: 1 job"}
        answer.result()


def test_a_long_recording_is_planned_and_directed(tmp_path, monkeypatch, reference_path):
    monkeypatch.setattr(long, "page_converter", lambda name: converter)
    source, converter = write_talk(tmp_path / "talk.wav", talk([0.6, 0.8])[0]), CountingConverter()
    plan, rows = call(PLAN, source=str(source), emotion="sad", tempo=False)
    valid("rows", rows)
    assert [row["emotion"] for row in rows] == ["sad", "sad"] and plan["orig_name"] == "talk-plan.csv"
    (tmp_path / "mine.csv").write_text(Path(plan["path"]).read_text().replace(",sad,,", ",,reference-lively.wav,", 1))
    given = {"source": str(source), "plan": str(tmp_path / "mine.csv")}
    converted, numbers = call(DIRECT, **given, references=[str(reference_path)])
    valid("direct", numbers)
    assert [called for _, called in converter.calls] == ["reference-lively.wav", "sad"] and numbers["rendered"] == 2
    assert converted["orig_name"] == "talk-directed.wav" and str(tmp_path) not in str(numbers)
    for more, words, code in (({}, "there is no reference 'reference-lively.wav'", "bad_recording"),
                              ({"decoder": "copy", "references": [str(reference_path)]}, "takes at most 60 s", "bad_value")):
        with pytest.raises(gr.Error) as refused:
            call(DIRECT, **given, **more)
        assert words in refused.value.message and refused.value.title == code
    with pytest.raises(gr.Error, match="/direct take up to 60 minutes") as refused:
        monkeypatch.setattr("workbench.api.endpoints.is_long", lambda path: True)
        call(CONVERT, source=str(source), emotion="sad")
    assert refused.value.title == "bad_recording"
