"""A decoder and a baseline of one's own, as docs/how-to adds them: used by command line, in evaluations and on the page."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

import gradio as gr
import numpy as np
import pytest

from evaluation.metrics import registry, tempo
from evaluation.pair import Pair, write_pairs
from evaluation.run import parse_systems
from pipelines.baselines import BASELINES
from pipelines.decoders import DECODERS
from pipelines.features.audio import load
from pipelines.settings import Settings, about, read_specification
from pipelines.training.ablation.plan import _stages_of
from tests.evaluation.test_adding import example
from tests.support import small_evaluation
from tests.support.page_runs import recordings
from workbench import conversion, conversion_request
from workbench.api.endpoints import SHORT
from workbench.cli import exit_codes
from workbench.demo import build_demo
from workbench.tabs.convert import convert
from workbench.tabs.convert_inputs import DEFAULTS, RECORDING, request_of
from workbench.tabs.convert_run import Outputs

SETTINGS = ("strength", "tempo", "decoder", "seed", "f0")  # in the order of the page's inputs


@pytest.fixture
def whistle(tmp_path, monkeypatch):
    """The example decoder, listed in the package."""
    found = example("add-a-decoder.md", tmp_path).DECODER
    monkeypatch.setitem(DECODERS, found.name, found)
    return found


@pytest.fixture
def louder(tmp_path, monkeypatch):
    """The example baseline, listed in the package."""
    found = example("add-a-baseline.md", tmp_path).BASELINE
    monkeypatch.setitem(BASELINES, found.name, found)
    return found


@pytest.fixture
def page(converter, monkeypatch):
    """A function that converts as the Convert tab does, with the checkpoint that tests share."""
    for module in (conversion, conversion_request):
        monkeypatch.setattr(module, "converter", lambda: converter)

    def run(source, emotion, reference=None, **settings):
        values = asdict(DEFAULTS) | settings
        given = str(source), emotion, reference and str(reference), *(values[name] for name in SETTINGS)
        seen = {}
        for filled in convert(lambda *given: [request_of(*given)], "a page", "", [], *given):
            named = zip((one.name for one in fields(Outputs)), filled)
            seen |= {name: value for name, value in named if value != gr.skip()}
        return seen

    return run


def level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def choices_on_the_page(name: str) -> dict[str, str]:
    """Value to label of a choice of the Convert tab."""
    component = next(one for one in build_demo().config["components"] if one["props"].get("elem_id") == f"zest-{name}")
    return {value: label for label, value in component["props"]["choices"]}


def test_a_new_decoder_converts_by_command_line(whistle, zest_here, tmp_path, source_path):
    result = zest_here("convert", source_path, "--emotion", "sad", "--decoder", "whistle", "-o", "out.wav", "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["settings"]["decoder"] == "whistle"
    samples = load(tmp_path / "out.wav").samples
    frequency = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))).argmax() * 16_000 / len(samples)
    assert frequency == pytest.approx(document["f0"]["predicted"]["mean_hz"], rel=0.3), "it whistles the predicted contour"
    refused = zest_here("convert", source_path, "--emotion", "sad", "--decoder", "flute")
    assert refused.returncode == exit_codes.USAGE and "whistle" in refused.stderr
    assert "whistle" in json.loads(zest_here("info", "--json").stdout)["decoders"]


@pytest.mark.parametrize(("page", "result"), [("add-a-decoder.md", "whistled.wav"), ("add-a-baseline.md", "louder.wav")])
def test_the_commands_of_the_page_run_as_they_are_written(page, result, whistle, louder, page_run, tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "METRICS", (tempo.DurationRatio,))  # it reads no words and so needs no recogniser
    recordings(tmp_path)
    write_pairs(tmp_path / "pairs.csv", [Pair("one", tmp_path / "me.wav", tmp_path / "excited-friend.wav", "happy")])
    page_run.run(f"how-to/{page}", written=True)
    assert (tmp_path / result).is_file() and len((tmp_path / "RUN" / "scores.jsonl").read_text().splitlines()) >= 1


def test_a_new_decoder_is_a_system_and_a_study_knows_its_stages(whistle):
    system, = parse_systems(["whistle@0.5-notempo"], checkpoint="somewhere")
    assert (system.settings.decoder, system.settings.strength, system.settings.tempo) == ("whistle", 0.5, False)
    assert _stages_of("whistle", {}) == _stages_of("residual_world", {}), "both require the acoustic model alone"


def test_a_new_decoder_is_on_the_page(whistle, page, source_path):
    seen = page(source_path, "sad", decoder="whistle", strength=0.5)
    assert "Whistle, strength 0.5" in seen["status"] and seen["details"]["system"] == "whistle@0.5"
    assert seen["details"]["settings"] == {"strength": 0.5, "tempo": True, "decoder": "whistle", "seed": 0, "f0": "predicted"}
    assert choices_on_the_page("decoder")["whistle"] == "Whistle"


def test_a_new_baseline_converts_by_command_line(louder, zest_here, tmp_path, source_path, reference_path):
    result = zest_here("convert", source_path, reference_path, "--system", "louder", "-o", "out.wav", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["settings"] == {"system": "louder"}
    assert level(load(tmp_path / "out.wav").samples) == pytest.approx(level(load(reference_path).samples), rel=0.05)
    refused = zest_here("convert", source_path, "--emotion", "sad", "--system", "louder")
    assert refused.returncode == exit_codes.USAGE and "give a reference instead of an emotion's name." in refused.stderr


def test_a_new_baseline_is_a_system_of_evaluations(louder, source_path, reference_path):
    system, = parse_systems(["louder"])
    rendered = system.render(Pair("one", source_path, reference_path, "happy"))
    assert system.spec == {"kind": "louder"} and level(rendered.samples) == pytest.approx(level(load(reference_path).samples))


def test_a_new_baseline_is_on_the_page(louder, page, source_path, reference_path):
    seen = page(source_path, RECORDING, reference_path, decoder="louder")
    assert seen["details"]["settings"] == {"system": "louder"} and "the baseline louder" in seen["status"]
    assert level(load(seen["result"].converted).samples) == pytest.approx(level(load(reference_path).samples), rel=0.05)
    assert choices_on_the_page("decoder")["louder"] == "Baseline: Level of the reference"


# Settings and names


def test_what_programs_are_told_of_the_settings_is_what_stands_in_their_fields():
    for name in ("strength", "tempo", "decoder", "seed", "f0"):
        assert SHORT[0].parameters[name]["description"].endswith(about(name).help)
    assert Settings() == DEFAULTS


@pytest.mark.parametrize("settings", [
    Settings(decoder="generate"), Settings(0.5, False, "residual_neural", 3, "source"), Settings(1.5, True, "residual_world", 0)])
def test_a_specification_says_all_settings(settings):
    assert read_specification(settings.specification()) == (settings, True)
    assert read_specification("magic@0.5") is None


@pytest.mark.parametrize(("old", "name"), [("transfer", "residual_world"), ("transfer_neural", "residual_neural")])
def test_an_older_name_means_the_same_decoder(old, name):
    assert Settings(decoder=old) == Settings(decoder=name)
    assert read_specification(f"{old}@0.5-seed3") == read_specification(f"{name}@0.5-seed3")
    assert Settings(decoder=name).specification(oldest_name=True) == f"{old}@1", "folders of studies keep their names"


def test_a_run_that_began_under_an_older_name_goes_on(tmp_path, source_path, reference_path):
    pairs = small_evaluation.make_pairs(tmp_path / "pairs", 1)
    small_evaluation.run(pairs, tmp_path / "run", systems=parse_systems(["transfer"]))
    record = tmp_path / "run" / "run.json"
    assert '"residual_world"' in record.read_text()
    record.write_text(record.read_text().replace('"residual_world"', '"transfer"'))
    events = []
    done = small_evaluation.run(pairs, tmp_path / "run", systems=parse_systems(["transfer=residual_world"]), hook=events.append)
    assert events[-1].kind == "end" and events[-1].value == 0, "nothing was done again"
    assert done.systems == ("transfer",)
