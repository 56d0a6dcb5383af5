"""Where networks run: a device that is not there is one plain sentence, for conversion and for training."""

from __future__ import annotations

import pytest
import torch

from pipelines.conversion import Converter
from pipelines.device import check_device, check_name
from pipelines.errors import ZestError
from pipelines.training.stages.running import run_stage
from tests.support import tiny
from workbench.cli import exit_codes


@pytest.fixture
def machine(monkeypatch):
    """A function that gives this machine so many CUDA devices, and an Apple GPU or none."""

    def give(cuda: int = 0, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return give


@pytest.mark.parametrize(("there", "device"), [
    ({}, "cpu"), ({"cuda": 1}, "cuda"), ({"cuda": 2}, "cuda:1"), ({"mps": True}, "mps")])
def test_devices_that_are_there(machine, there, device):
    machine(**there)
    check_device(device)


@pytest.mark.parametrize(("there", "device", "sentence"), [
    ({}, "cuda", "No CUDA device is available here; use --device cpu."),
    ({"mps": True}, "cuda:0", "No CUDA device is available here; use --device cpu."),
    ({"cuda": 2}, "cuda:2", "There is no cuda:2 here; the last CUDA device is cuda:1."),
    ({"cuda": 1}, "mps", "No Apple GPU (mps) is available here; use --device cpu."),
    ({}, "toaster", "There is no device 'toaster'; use cpu, cuda, cuda:0 or mps."),
])
def test_devices_that_are_not_there(machine, there, device, sentence):
    machine(**there)
    for use in (check_device, lambda name: Converter.from_pretrained(device=name),
                lambda name: run_stage("ease", "no recipe is read", "no manifest is read", name)):
        with pytest.raises(ZestError) as caught:
            use(device)
        assert str(caught.value) == sentence


@pytest.mark.parametrize("name", ["", "CPU", "cuda:", "cuda:-1", "cuda:0:1", "mps:0", "cpu\n"])
def test_what_is_no_device_name(name):
    with pytest.raises(ZestError):
        check_name(name)


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (("violin", "--manifest", "MANIFEST"), exit_codes.USAGE, "There is no stage 'violin'; choose one of hubert"),
    (("ease", "--manifest", "none.csv"), exit_codes.BAD_INPUT, "There is no manifest at none.csv"),
    (("ease", "--manifest", "notes.csv"), exit_codes.BAD_INPUT, "has no column"),
    (("ease", "--manifest", "MANIFEST", "--recipe", "none.toml"), exit_codes.BAD_INPUT, "There is no recipe at none.toml"),
    (("ease", "--manifest", "MANIFEST", "--device", "toaster"), exit_codes.USAGE, "There is no device 'toaster'"),
    (("tempo", "--manifest", "MANIFEST"), exit_codes.CHECKPOINT, "hubert.json is missing"),
])
def test_train_tells_what_is_wrong_and_scripts_know_the_kind(zest_here, tmp_path, arguments, code, words):
    run = tiny.new_tiny(tmp_path / "run")
    (tmp_path / "notes.csv").write_text("note\nnothing\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    given = [str(run.manifest) if argument == "MANIFEST" else argument for argument in arguments]
    recipe = [] if "--recipe" in given else ["--recipe", str(run.recipe)]
    result = zest_here("train", *given, *recipe)
    assert result.returncode == code, result.stderr
    assert words in result.stderr.splitlines()[-1] and "Traceback" not in result.stderr
    assert result.stdout == "" and sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.slow
def test_train_says_when_a_stage_is_finished(zest_here, tmp_path):
    run = tiny.new_tiny(tmp_path / "run", copy_of=tiny.trained_tiny())
    result = zest_here("train", "ease", "--manifest", run.manifest, "--recipe", run.recipe)
    assert result.returncode == exit_codes.OK, result.stderr
    assert result.stderr.splitlines()[-1] == "Stage ease is finished." and result.stdout == ""
