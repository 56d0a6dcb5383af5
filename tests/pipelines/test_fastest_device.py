"""`--device auto` takes a GPU only where it was measured faster; what Apple's GPU lacks is a note of the conversion."""

from __future__ import annotations

import importlib
import json
import os
import sys
import warnings
from types import SimpleNamespace

import pytest

import pipelines
from pipelines import fastest
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
from pipelines.device import fallbacks, noting_fallbacks
from pipelines.fastest import choose, fastest_device
from pipelines.settings import Settings

LACKING = "The operator 'aten::angle' is not currently supported on the MPS backend and will fall back to run on the CPU."


@pytest.fixture
def apple(monkeypatch):
    monkeypatch.setattr(fastest, "gpus", lambda: [("mps", "Apple's GPU", 0)])


@pytest.mark.parametrize(("seconds", "device"), [
    ({"cpu": 2.0, "mps": 1.0}, "mps"), ({"cpu": 1.0, "mps": 2.0}, "cpu"), ({"cpu": 1.0, "mps": 0.95}, "cpu"),
    ({"cpu": 1.0, "mps": float("inf")}, "cpu"), ({"cpu": 3.0, "mps": 2.0, "cuda:0": 1.0}, "cuda:0")])
def test_a_gpu_is_taken_where_it_gains_a_tenth(seconds, device):
    assert choose(seconds) == device


def test_the_measurement_is_kept_for_this_machine_and_these_weights(apple, monkeypatch, tmp_path):
    measured, kept = [], tmp_path / "new" / "devices.json"
    def measure(device: str) -> float:
        measured.append(device)
        return {"cpu": 2.0, "mps": 1.0}[device]

    assert fastest_device(DEFAULT_CHECKPOINT, measure, kept) == fastest_device(DEFAULT_CHECKPOINT, measure, kept) == "mps"
    assert measured == ["cpu", "mps"] and list(json.loads(kept.read_text()).values()) == ["mps"]
    monkeypatch.setattr(fastest, "gpus", lambda: [("cuda:0", "another", 1)])
    with pytest.raises(KeyError):  # another GPU is measured anew
        fastest_device(DEFAULT_CHECKPOINT, measure, kept)


def test_a_gpu_that_cannot_convert_and_a_cache_that_is_damaged_are_no_errors(apple, tmp_path):
    def measure(device: str) -> float:
        if device == "mps":
            raise NotImplementedError("aten::angle")
        return 1.0

    (tmp_path / "devices.json").write_text("{")
    assert fastest_device(DEFAULT_CHECKPOINT, measure, tmp_path / "devices.json") == "cpu"


def test_without_a_gpu_nothing_is_measured(monkeypatch, tmp_path):
    monkeypatch.setattr(fastest, "gpus", list)
    assert fastest_device("nowhere", kept=tmp_path / "devices.json") == "cpu" and not list(tmp_path.iterdir())


def test_a_real_conversion_is_what_is_measured(converter, monkeypatch):
    monkeypatch.setattr("pipelines.conversion.Converter.from_pretrained", lambda *_: Fast(converter))
    assert 0 < fastest.seconds_on(DEFAULT_CHECKPOINT, "cpu") < 60


class Fast:
    """A converter by the decoder that takes least."""

    def __init__(self, converter):
        self.converter, self.presets = converter, converter.presets

    def convert(self, sound, emotion):
        return self.converter.convert(sound, emotion=emotion, settings=Settings(decoder="residual_world"))


def test_the_command_takes_auto(zest_here, source_path, monkeypatch):
    asked = []
    monkeypatch.setattr(fastest, "fastest_device", lambda checkpoint: asked.append(checkpoint) or "toaster")
    result = zest_here("convert", source_path, "--emotion", "sad", "--device", "auto")
    assert asked and "There is no device 'toaster'" in result.stderr


def test_what_apples_gpu_lacks_is_a_note_and_other_warnings_stay_warnings(converter, recording):
    converted = converter.convert(recording, emotion="sad", decoder="residual_world")

    def convert(*_):
        warnings.warn(LACKING, UserWarning, stacklevel=1)
        warnings.warn("another", UserWarning, stacklevel=1)
        return converted

    on_apple = SimpleNamespace(models=SimpleNamespace(device="mps"))
    with pytest.warns(UserWarning, match="another") as seen:
        notes = noting_fallbacks(convert)(on_apple).notes
    assert hasattr(type(converter).convert, "__wrapped__"), "what the converter converts with is not decorated"
    assert notes == (*converted.notes, "Apple's GPU lacks operators such as aten::angle; the CPU computed them.")
    assert [str(one.message) for one in seen] == ["another"]
    with fallbacks("cpu") as lacking, pytest.warns(UserWarning, match="aten::angle"):
        warnings.warn(LACKING, UserWarning, stacklevel=1)
    assert lacking == []


def test_torch_is_told_to_fall_back_on_a_mac_unless_the_user_says_otherwise(monkeypatch):
    name = "PYTORCH_ENABLE_MPS_FALLBACK"
    for platform, given, expected in (("darwin", None, "1"), ("darwin", "0", "0"), ("linux", None, None)):
        monkeypatch.delenv(name, raising=False)
        if given is not None:
            monkeypatch.setenv(name, given)
        monkeypatch.setattr(sys, "platform", platform)
        importlib.reload(pipelines)
        assert os.environ.get(name) == expected
        monkeypatch.delenv(name, raising=False)
