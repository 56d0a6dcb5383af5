"""The mix and the findings of the Convert tab without a browser: what is asked for, kept, linked, scored and said."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from types import SimpleNamespace

import pytest

from evaluation.doctor.findings import Finding
from pipelines.affect import ANCHORS, Affect, mix_at
from pipelines.features.audio import save
from tests.support.speech import MAN, speak
from workbench.conversion_request import ConversionRequest
from workbench.studio.doubts import told
from workbench.studio.mixer import STEPS, mixer_value, mixture, points
from workbench.studio.recognised import OTHER_WEIGHTS, RESULTS, _target_share, measured, of_preset, of_references, of_strengths
from workbench.studio.store import NewTake, TakeStore
from workbench.tabs import convert_takes
from workbench.tabs.convert_doctor import examined, finding_html
from workbench.tabs.convert_inputs import MIX, RECORDING, request_of
from workbench.tabs.convert_mix import MOST, added, taken_out
from workbench.tabs.convert_run import Shown, siblings

PRESETS = ("neutral", "angry", "happy", "sad", "surprised")
REST = (1.0, True, "", 0, "predicted")  # the settings


@pytest.fixture
def two(tmp_path):
    return [str(save(tmp_path / name, speak(MAN, 1.0, seed=seed))) for seed, name in enumerate(("one.wav", "two.wav"))]


def asked(weights, recordings=(), paths=(), denoise=False) -> ConversionRequest:
    return request_of(None, MIX, None, *REST, mixer_value(PRESETS, weights, recordings), list(paths), denoise)


def test_sliders_ask_for_the_mix_that_command_line_and_python_know(two):
    assert asked({"angry": 0.3, "sad": 0.2}).emotion == "angry:0.6,sad:0.4"
    assert asked({"angry": 0.3}).emotion == "angry"
    alone = asked({}, [("one.wav", 0.5)], two[:1])
    assert (alone.emotion, alone.reference, alone.references) == (None, two[0], ())
    several = asked({}, [("one.wav", 0.6), ("two.wav", 0.2)], two)
    assert several.references == ((two[0], 0.6), (two[1], 0.2)) and several.target == "one:0.75,two:0.25"
    both = asked({"angry": 0.5}, [("one.wav", 0.5), ("two.wav", 0)], two, denoise=True)
    assert both.target == "angry:0.5,one:0.5" and both.denoise and both.setting_problems() == {}
    assert both.essence() != asked({"angry": 0.5}, [("one.wav", 0.5), ("two.wav", 0)], two).essence()


@pytest.mark.parametrize("value", [None, [], {"weights": "x", "recordings": 3}, {"weights": {"angry": "x", "sad": float("nan")}},
                                   mixer_value(PRESETS, {})])
def test_a_mix_that_sums_to_nothing_is_one_sentence_beside_its_input(value):
    found = request_of(None, MIX, None, *REST, value, []).setting_problems()
    assert list(found) == ["emotion"] and "sum to more than 0" in found["emotion"]


def test_a_baseline_refuses_a_mix():
    one = ConversionRequest(None, "angry:0.6,sad:0.4", decoder="f0-swap")
    assert "no mix" in one.setting_problems()["decoder"]


def test_the_pad_holds_the_mixes_of_the_plane_of_arousal_and_valence():
    grid = points(PRESETS)
    for step, other in ((0, 0), (STEPS, 3), (STEPS // 2, STEPS // 2)):
        mix = mix_at(ANCHORS, Affect(round(2 * step / STEPS - 1, 3), round(2 * other / STEPS - 1, 3)))
        assert grid[step * (STEPS + 1) + other] == [round(100 * mix.weights.get(name, 0)) for name in PRESETS]
    assert points(("neutral", "angry")) == []


def test_recordings_come_into_the_mix_and_go_and_a_bad_one_is_told(two, tmp_path):
    paths, value, _ = added(PRESETS, two, [], mixer_value(PRESETS, {"angry": 0.6}))
    assert paths == two and mixture(value, paths) == (None, tuple((path, 0.5) for path in two)), "they replace what nobody chose"
    paths, value, _ = taken_out(PRESETS, paths, value, 0)
    assert paths == two[1:] and [one["name"] for one in value["recordings"]] == ["two.wav"]
    _, value, _ = added(PRESETS, two[:1], paths, mixer_value(PRESETS, {"sad": 1.0}, (("two.wav", 0.3),), touched=True))
    assert mixture(value, [two[1], two[0]]) == ("sad:1", ((two[1], 0.3), (two[0], 0.5)))
    (tmp_path / "bad.wav").write_bytes(b"none")
    for given, sentence in (([str(tmp_path / "bad.wav")], "bad.wav"), (two * MOST, f"at most {MOST}")):
        *kept, slot = added(PRESETS, given, [], value)
        assert all("value" not in one for one in kept) and sentence in slot["value"]


def test_what_judges_hear_is_told_as_it_was_measured(tmp_path):
    measurements = json.loads((RESULTS / "mixes.json").read_text())["recognised"]
    assert len(measured()) == len(measurements["mixes"]) == 25
    angry = next(one for one in measurements["mixes"] if one["mix"] == "angry")
    for judge, shares in angry["judges"].items():
        assert f"{judge} {100 * shares['angry']:.0f} %" in of_preset("angry")
    assert of_preset("happy").startswith("Judges recognise happy: acoustic 54 %, whisper 28 % (8 sources)")
    assert _target_share({"sad": 0.4, "happy": 0.3}, "happy") == "30 % (sad 40 %)"
    assert "unseen pairs" in of_references() and "egemaps" in of_references() and "whisper" in of_references()
    rows = json.loads((RESULTS / "references.json").read_text())["strengths"]
    assert [row["strength"] for row in rows] == [0.5, 1.0, 1.5]
    assert all(f"{row['voice']:.2f}" in of_strengths() and str(row["judges"]["acoustic"]) in of_strengths() for row in rows)
    for name in ("mixes.json", "references.json"):  # figures of other weights
        figures = (RESULTS / name).read_text()
        own = re.search(r'"weights": "(\w{32})"', figures)
        assert own, "they name the weights that they belong to"
        (tmp_path / name).write_text(figures.replace(own[1], "0" * 32))
    told = of_preset("angry", tmp_path), of_references(tmp_path), of_strengths(tmp_path), measured(tmp_path)[0]["said"]
    for said in told:
        assert said.endswith(OTHER_WEIGHTS)
    for path in tmp_path.iterdir():
        path.unlink()
    for function in (measured, of_references, of_strengths):
        function.cache_clear()
    assert measured(tmp_path) == (), "a package has no figures"
    assert of_references(tmp_path) == of_preset("angry", tmp_path) == of_strengths(tmp_path) == ""


def test_a_link_carries_a_mix_and_refuses_one_that_is_unknown():
    query = convert_takes.query_of(MIX, mixer_value(PRESETS, {"angry": 0.6, "sad": 0.4}), *REST)
    emotions = [*PRESETS, MIX, RECORDING]
    assert query == "emotion=angry%3A0.6%2Csad%3A0.4"
    values, sentence = convert_takes.linked({"emotion": "angry:0.6,sad:0.4"}, emotions, [])
    assert values["emotion"] == MIX and mixture(values["mix"], ()) == ("angry:0.6,sad:0.4", ()) and sentence == ""
    values, sentence = convert_takes.linked({"emotion": "bored:0.6,sad:0.4"}, emotions, [])
    assert values == {} and "bored" in sentence


def test_a_take_of_a_mix_keeps_its_recordings_its_name_and_what_was_transcribed(two, tmp_path, monkeypatch):
    store, token = TakeStore(tmp_path / "takes"), secrets.token_urlsafe(32)
    document = {"mix": {"angry": 0.6, "one.wav": 0.4}, "converted_seconds": 1.0, "f0": {"converted": None}, "system": "s",
                "target": "angry:0.6,one.wav:0.4"}
    settings = {"strength": 1.0, "tempo": True, "decoder": "residual_neural", "seed": 0, "f0": "predicted", "denoise": True}
    take = store.add(token, NewTake(Path(two[0]), Path(two[1]), None, "angry:0.6", settings, "s", document,
                                    ((Path(two[0]), 0.4),)))
    assert take.title == "two, angry 0.6 + one.wav 0.4" and take.file_name().endswith("residual_neural-denoised")
    assert store.takes(token) == [take] and take.told()["mixed"] == [{"name": "one.wav", "weight": 0.4}]
    monkeypatch.setattr(convert_takes, "take_store", lambda: store)
    monkeypatch.setattr(convert_takes, "get_upload_folder", lambda: str(tmp_path / "uploads"))
    values = convert_takes.used(token, take.id, "", PRESETS)
    again = request_of(values[0], values[1], None, *values[3:])
    assert values[1] == MIX and again.target == "angry:0.6,one:0.4" and again.denoise
    assert Path(again.references[0][0]).read_bytes() == Path(two[0]).read_bytes()
    store.attach(token, take.id, convert_takes.STUDIO, {"contours": {"series": []}})
    convert_takes.keep_words(token, take.id, {"series": [{"words": [[0, 1, "hi"]]}]}, {"converted": "hi"})
    assert store.attached(token, take.id, convert_takes.STUDIO)["contours"]["series"][0]["words"] == [[0, 1, "hi"]]
    assert store.take(token, take.id).told()["document"]["transcripts"] == {"converted": "hi"}

    shown = Shown(again, "out.wav", SimpleNamespace(), document)
    assert shown.scored().mix == (("angry", 0.6), ("one.wav", 0.4)) and shown.scored().emotion == ""
    assert "to angry 0.6 + one.wav 0.4" in shown.scored().names()
    assert "Angry 0.6 + one.wav 0.4" in siblings([shown] * 2, 0)["value"]


def test_findings_say_what_they_cost_and_what_to_do_and_no_speech_is_no_emotion(two, tmp_path, monkeypatch):
    html = finding_html(told(Finding("no_speech", "It costs <this>.", "Do that.", 3.0, "% speech")))
    assert "<b>No speech (3 % speech).</b> It costs &lt;this&gt;. Do that." in html
    found = (Finding("unusable", "It cannot be read.", prevents=True), Finding("hum", "There is hum.", "Use a filter."))
    monkeypatch.setattr("evaluation.doctor.check.check", lambda path: SimpleNamespace(findings=found))
    first, second = examined(two[0])
    assert "Checking" in first and "There is hum. Use a filter." in second
    assert "cannot be read" not in second, "the source's slot says it"
    assert list(examined(None)) == list(examined(str(tmp_path / "gone.wav"))) == [""]
