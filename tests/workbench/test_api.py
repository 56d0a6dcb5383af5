"""The API: names and defaults that stay, optional parameters that are, nothing that is said and not honoured."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import gradio as gr
import pytest
from gradio_client import Client, handle_file

from evaluation.score_card import ScoreCard
from pipelines.features.audio import load
from tests.support.talks import CountingConverter, talk, write_talk
from workbench import api, api_long
from workbench.api_values import READERS
from workbench.demo import build_demo
from workbench.tabs import score as score_tab

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text()
REQUIRED = {"/convert": ["source"], "/score": ["source", "converted"], "/check": ["source"], "/plan": ["source"],
            "/direct": ["source", "plan"]}
PARAMETERS = {"/convert": ["source", "emotion", "reference", "strength", "tempo", "decoder", "seed", "f0", "rate", "subtype",
                           "references", "weights", "denoise", "mark"],
              "/score": ["source", "reference", "converted", "said", "emotion", "language"],
              "/check": ["source"], "/plan": ["source", "emotion", "strength", "tempo"],
              "/direct": ["source", "plan", "references", "decoder", "seed", "f0", "rate", "subtype", "denoise", "mark"]}
OUTPUTS = {"/convert": ["converted", "f0_contours", "system", "notes", "numbers"], "/score": ["card", "numbers"],
           "/check": ["findings", "numbers"], "/plan": ["plan", "rows"], "/direct": ["converted", "numbers"]}
FILES = {"source", "reference", "converted", "plan", "references", "weights"}


def quiet(*_, **__):
    """In place of a progress bar."""


def example(address: str, replaced: dict[str, Path], number: int) -> dict:
    """What an example of docs/api.md leaves in its variables, with this workbench and these recordings."""
    text = re.findall(r"^```python\n(.*?)^```$", PAGE, re.S | re.M)[number]
    for name, path in (("http://127.0.0.1:7860/", address), *replaced.items()):
        assert name in text
        text = text.replace(name, str(path))
    exec(compile(text, "docs/api.md", "exec"), values := {})
    return values


def numbered(demo) -> dict[str, int]:
    return {f"/{one.api_name}": number for number, one in demo.fns.items() if one.api_visibility == "public"}


def test_names_and_defaults_are_the_same_with_and_without_a_password(monkeypatch):
    monkeypatch.delenv("WORKBENCH_ADMIN_PASSWORD", raising=False)
    without = build_demo()
    monkeypatch.setenv("WORKBENCH_ADMIN_PASSWORD", "a long password")
    guarded = build_demo()
    assert list(numbered(without)) == list(PARAMETERS), "no others for programs"
    assert numbered(without) == numbered(guarded) == {name: number for number, name in enumerate(PARAMETERS)}
    told = without.get_api_info()["named_endpoints"]
    assert told == guarded.get_api_info()["named_endpoints"]
    for name, endpoint in told.items():
        assert [one["parameter_name"] for one in endpoint["parameters"]] == PARAMETERS[name]
        assert [one["label"] for one in endpoint["returns"]] == OUTPUTS[name]
        assert [one["parameter_name"] for one in endpoint["parameters"] if not one["parameter_has_default"]] == REQUIRED[name]
        assert all(f"`{word}`" in PAGE for word in (*PARAMETERS[name], *OUTPUTS[name]))
        assert {*PARAMETERS[name]} <= READERS.keys() | FILES, "what is no file is read, in whichever type it comes"


def test_the_example_of_the_docs_converts_to_the_reference_that_it_names_and_to_the_emotion(workbench, source_path,
                                                                                          reference_path):
    recordings = {"me.wav": source_path, "excited-friend.wav": reference_path}
    found = example(workbench, recordings, 0)
    assert found["system"] == "residual_world@0.8" and found["numbers"]["target"] == "sad"
    assert found["converted"].endswith("-sad-residual_world-strength0.8.wav") and found["f0_contours"].endswith(".png")
    with wave.open(found["converted"]) as audio:
        assert audio.getnframes() / 16_000 == pytest.approx(found["numbers"]["converted_seconds"], abs=0.001)
    answer = Client(workbench, verbose=False).predict(
        source=handle_file(source_path), reference=handle_file(reference_path), decoder="f0-swap", api_name="/convert")
    assert answer[2] == "f0-swap" and answer[4]["target"] == reference_path.name
    answer = Client(workbench, verbose=False).predict(
        source=handle_file(source_path), emotion="sad:0.5", references=[handle_file(reference_path)], weights=[1.5],
        denoise=True, decoder="residual_world", api_name="/convert")
    assert answer[4]["mix"] == {reference_path.name: 0.75, "sad": 0.25} and "Noise was taken out" in " ".join(answer[3])
    assert "-reference-lively-0.75-sad-0.25" in answer[0]


@pytest.mark.parametrize(("given", "sentence"), [
    ({}, "Whose emotion"), ({"emotion": "recording"}, "Add a reference"), ({"decoder": "f0-swap", "emotion": "sad"}, "recording"),
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
        api.convert(source=str(source_path), **given, progress=quiet)
    assert sentence in refused.value.message and "&" not in refused.value.message, "programs get no HTML"


def test_a_reference_is_taken_without_any_emotion_and_a_baseline_without_both(source_path, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    path, plot, system, notes, numbers = api.convert(source=str(source_path), decoder="copy", progress=quiet)
    assert (system, notes, numbers["settings"]) == ("copy", [], {"system": "copy"})
    assert Path(path).name == f"{source_path.stem}-copy.wav" and Path(plot).read_bytes()[1:4] == b"PNG"
    assert load(path).seconds == pytest.approx(load(source_path).seconds, abs=0.1)


def test_a_score_needs_neither_reference_nor_text(source_path, monkeypatch):
    asked = []
    monkeypatch.setattr(score_tab, "score_card", lambda *given, hook: asked.append(given) or ScoreCard())
    card, numbers = api.score(source=str(source_path), converted=str(source_path), progress=quiet)
    assert asked == [(str(source_path), None, str(source_path), "", "", "en")]
    assert "Card of source-man.wav, converted from source-man.wav" in card and "words" in numbers
    with pytest.raises(gr.Error, match="does not know the language 'xx'"):
        api.score(source=str(source_path), converted=str(source_path), language="xx", progress=quiet)


@pytest.mark.parametrize(("emotion", "sentence"), [
    ("banana", "There is no emotion 'banana'"), ("angr", "did you mean 'angry'"), ("<b>", "There is no emotion '<b>'"),
    (7, "There is no emotion '7'")])
def test_an_unknown_emotion_is_one_sentence_at_every_endpoint(emotion, sentence, source_path, monkeypatch):
    monkeypatch.setattr(score_tab, "score_card", lambda *given, hook: pytest.fail("nothing is measured"))
    with pytest.raises(gr.Error) as refused:
        api.score(source=str(source_path), converted=str(source_path), emotion=emotion, progress=quiet)
    assert sentence in refused.value.message and "\n" not in refused.value.message
    with pytest.raises(gr.Error, match="There is no emotion preset") as refused:
        api.convert(source=str(source_path), emotion=emotion, progress=quiet)
    assert "\n" not in refused.value.message


def test_the_score_example_of_the_docs_names_what_there_is():
    call = re.findall(r"^```python\n(.*?)^```$", PAGE, re.S | re.M)[1]
    assert set(re.findall(r"(\w+)=", call)) == {"source", "converted", "said", "emotion", "api_name"}


def test_a_long_recording_is_planned_and_directed(tmp_path, monkeypatch, reference_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.setattr(api_long, "page_converter", lambda name: converter)
    source, converter = write_talk(tmp_path / "talk.wav", talk([0.6, 0.8])[0]), CountingConverter()
    path, rows = api_long.plan(source=str(source), emotion="sad", tempo=False, progress=quiet)
    assert [row["emotion"] for row in rows] == ["sad", "sad"] and Path(path).name == "talk-plan.csv"
    (tmp_path / "mine.csv").write_text(Path(path).read_text().replace(",sad,,", ",,reference-lively.wav,", 1))
    converted, numbers = api_long.direct(source=str(source), plan=str(tmp_path / "mine.csv"), references=[str(reference_path)],
                                         progress=quiet)
    assert [called for _, called in converter.calls] == ["reference-lively.wav", "sad"] and numbers["rendered"] == 2
    assert Path(converted).name == "talk-directed.wav" and str(tmp_path) not in str(numbers)
    for given, words in (({}, "there is no reference 'reference-lively.wav'"), ({"decoder": "copy"}, "takes at most 60 s")):
        if "decoder" in given:
            given["references"] = [str(reference_path)]
        with pytest.raises(gr.Error) as refused:
            api_long.direct(source=str(source), plan=str(tmp_path / "mine.csv"), progress=quiet, **given)
        assert words in refused.value.message
