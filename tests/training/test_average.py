"""The mean of two networks: of checkpoints' files and of runs, which go on from it."""

from __future__ import annotations

import shutil

import pytest
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.errors import OutputError, RecipeError
from pipelines.training.loop.average import average, network_weights
from pipelines.training.loop.run_log import read_log
from tests.support import tiny


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A checkpoint whose generator has another vocoder than its vocoder, and runs of both."""
    run = tiny.new_tiny(tmp_path_factory.mktemp("average") / "run", copy_of=tiny.trained_tiny())
    for stage in ("vocoder", "generate"):
        shutil.copytree(tiny.trained_tiny().runs / stage, run.runs / stage)
    folder = Folder(run.checkpoint)  # six steps hardly move a moving average
    moved = {name: value + 0.5 for name, value in folder.tensors("generator").items()}
    folder.write("generator", moved, folder.config("generator"))
    return run


@pytest.mark.slow
def test_a_checkpoint_s_file_becomes_the_mean_with_a_part_of_another(generated, tmp_path, zest_here):
    result = zest_here("average", generated.checkpoint, generated.checkpoint, "-o", tmp_path / "mean", "--part", "vocoder",
                       "--part-of-second", "generator.vocoder", "--weight", 0.25)
    assert result.returncode == 0, result.stderr
    folder, mean = Folder(generated.checkpoint), Folder(tmp_path / "mean").tensors("vocoder")
    one, other = folder.tensors("vocoder"), folder.tensors("generator")
    assert mean.keys() == one.keys() and not any(torch.equal(one[name], other[f"vocoder.{name}"]) for name in one)
    for name, value in mean.items():
        torch.testing.assert_close(value, 0.75 * one[name] + 0.25 * other[f"vocoder.{name}"], rtol=2e-3, atol=1e-4)
    assert Folder(tmp_path / "mean").config("vocoder") == folder.config("vocoder")


def test_a_run_goes_on_from_the_mean_at_its_step(generated, tmp_path):
    run = tiny.new_tiny(tmp_path / "elsewhere", copy_of=tiny.trained_tiny())
    before = generated.runs / "vocoder"
    average(before, generated.runs / "generate", run.runs / "vocoder", "vocoder", "generator.vocoder")
    state = torch.load(run.runs / "vocoder" / "state.pt", weights_only=True)
    one, other = network_weights(before, "vocoder"), network_weights(generated.runs / "generate", "generator.vocoder")
    for name, value in one.items():
        mean = torch.lerp(value, other[name], 0.5)
        assert torch.equal(state["parts"][f"vocoder.{name}"], mean) and torch.equal(
            state["parts"][f"average.module.{name}"], mean)
    assert state["number"] == tiny.STEPS and state["optimisers"] == {}
    assert read_log(run.runs / "vocoder") == read_log(before)
    run.recipe.write_text(run.recipe.read_text().replace("gan_steps = 3", "gan_steps = 5"))
    assert run.train("vocoder") and read_log(run.runs / "vocoder")[-1]["step"] == tiny.STEPS + 2


@pytest.mark.parametrize(("options", "error", "sentence"), [
    ({"name": "vocoder", "name_in_second": "generator"}, RecipeError, "are not of the same sizes"),
    ({"name": "vocoder", "weight": 1.5}, RecipeError, "must lie between 0 and 1, not 1.5"),
    ({"name": "violin"}, RecipeError, "has no network 'violin'; it has .*generator"),
    ({"name": "generator.violin"}, RecipeError, "has no network 'generator.violin'")])
def test_what_has_no_mean_is_one_sentence(generated, tmp_path, options, error, sentence):
    with pytest.raises(error, match=sentence):
        average(generated.checkpoint, generated.checkpoint, tmp_path / "mean", **options)
    assert not (tmp_path / "mean").exists()


def test_nothing_that_is_there_is_overwritten(generated, tmp_path):
    shutil.copytree(generated.runs / "vocoder", tmp_path / "run")
    for first, output in ((generated.checkpoint, generated.checkpoint), (generated.runs / "vocoder", tmp_path / "run")):
        with pytest.raises(OutputError, match="already; name another folder"):
            average(first, first, output, "vocoder")
