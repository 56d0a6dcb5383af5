"""Training carried to another machine: it goes on at its step with its log, from the running mean of the weights."""

from __future__ import annotations

import pytest
import torch

from pipelines.errors import OutputError, RecipeError
from pipelines.training.loop.carried import pack, unpack
from pipelines.training.loop.run_log import read_log
from tests.support import tiny


@pytest.fixture(scope="module")
def halfway(tmp_path_factory):
    """A vocoder's training that was stopped after its first step, and its carried state."""
    run = tiny.new_tiny(tmp_path_factory.mktemp("halfway"), copy_of=tiny.trained_tiny())
    assert not run.train("vocoder", stop_after_seconds=0)
    file = run.folder / "carried" / "vocoder.safetensors"
    pack(run.runs / "vocoder", file)
    return run, file


def test_a_carried_training_goes_on_at_its_step_and_ends(halfway, tmp_path):
    begun, file = halfway
    run = tiny.new_tiny(tmp_path / "elsewhere", copy_of=tiny.trained_tiny())
    assert unpack(file, run.runs / "vocoder") == 1
    assert run.train("vocoder")
    assert read_log(run.runs / "vocoder")[-1]["step"] == tiny.STEPS
    assert torch.load(run.runs / "vocoder" / "state.pt", weights_only=True)["number"] == tiny.STEPS


def test_it_is_less_than_half_as_large_and_begins_from_the_running_mean(halfway, tmp_path):
    begun, file = halfway
    state = begun.runs / "vocoder" / "state.pt"
    assert file.stat().st_size < state.stat().st_size / 2
    unpack(file, tmp_path / "vocoder")
    before, after = (torch.load(path, weights_only=True)["parts"] for path in (state, tmp_path / "vocoder" / "state.pt"))
    assert before.keys() == after.keys()
    for name, value in after.items():
        source = f"average.module.{name.removeprefix('vocoder.')}" if name.startswith("vocoder.") else name
        assert torch.allclose(value, before[source].to(value.dtype), rtol=2e-3, atol=1e-4), name


def test_eight_bits_are_half_as_large_and_each_row_is_kept_to_a_255th_of_its_range(halfway, tmp_path):
    begun, file = halfway
    small = tmp_path / "small.safetensors"
    pack(begun.runs / "vocoder", small, eight_bits=True)
    assert small.stat().st_size < 0.75 * file.stat().st_size  # of a tiny network biases and the log are a large part
    for source, name in ((file, "sixteen"), (small, "eight")):
        unpack(source, tmp_path / name)
    sixteen, eight = (torch.load(tmp_path / name / "state.pt", weights_only=True)["parts"] for name in ("sixteen", "eight"))
    assert sixteen.keys() == eight.keys()
    for name, value in sixteen.items():
        if value.is_floating_point() and value.dim() > 1:
            rows, others = value.flatten(1), eight[name].flatten(1)
            assert ((rows - others).abs().amax(1) <= rows.abs().amax(1) / 200 + 1e-6).all(), name
        else:
            assert torch.equal(value, eight[name]), name


def test_a_training_that_is_there_is_not_overwritten(halfway):
    begun, file = halfway
    with pytest.raises(OutputError, match="holds state.pt already"):
        unpack(file, begun.runs / "vocoder")


def test_files_of_an_older_packing_are_not_mixed_with_those_of_a_new_one(halfway, tmp_path):
    begun, _ = halfway
    pack(begun.runs / "vocoder", tmp_path / "carried.safetensors", piece_megabytes=0.05)
    pieces = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(OutputError, match=f"{pieces[0]} is of an older packing"):
        pack(begun.runs / "vocoder", tmp_path / "carried.safetensors")
    assert len(pieces) > 1 and sorted(path.name for path in tmp_path.iterdir()) == pieces


def test_what_is_no_training_is_said_in_a_sentence(tmp_path):
    with pytest.raises(RecipeError, match="has no training state; name the folder of a stage"):
        pack(tmp_path, tmp_path / "file.safetensors")
    (tmp_path / "other.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(RecipeError, match="is no carried training state"):
        unpack(tmp_path / "other.safetensors", tmp_path / "run")
    assert not (tmp_path / "run").exists()
