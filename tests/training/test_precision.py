"""Batches in micro-batches, and precisions: the same training with less memory, resumed exactly, on the CPU as on a GPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pipelines.errors import RecipeError
from pipelines.training.loop import distributed
from pipelines.training.loop.optim import Update
from pipelines.training.loop.recipe import GeneralRecipe, section
from pipelines.training.loop.trainer import Run, train
from pipelines.training.stages import running
from tests.support import tiny
from tests.support.hub_folders import recipe_with

ROWS = torch.randn(8, 3, generator=torch.Generator().manual_seed(1))


class Rows:
    """Two networks against each other on fixed rows, so many at once, beginning where the last micro-batch ended."""

    def __init__(self, at_once: int):
        torch.manual_seed(0)
        self.at_once, self.next = at_once, 0
        maker = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 3))
        self.networks = nn.ModuleDict({"maker": maker, "judge": nn.Linear(3, 1)})
        self.optimisers = {name: torch.optim.AdamW(part.parameters(), 0.05) for name, part in self.networks.items()}

    def step(self, number: int, random: np.random.Generator, update: Update) -> dict[str, torch.Tensor]:
        rows = ROWS[self.next:self.next + self.at_once]
        self.next = (self.next + self.at_once) % len(ROWS)
        with update.autocast():
            made = self.networks["maker"](rows)
            self.used = made.dtype
            judged = self.networks["judge"](rows).mean() - self.networks["judge"](made.detach()).mean()
            loss = (made - rows).square().mean() + 0.1 * self.networks["judge"](made).mean()
        update.apply(loss, self.optimisers["maker"])  # its loss goes through the judge, whose gradient must not feel it
        update.apply(judged, self.optimisers["judge"])
        return {"maker": loss.detach(), "judge": judged.detach()}


def trained(folder: Path, at_once: int = 8, steps: int = 6, stop_at: int = 0, **how) -> dict[str, torch.Tensor]:
    if stop_at:
        train(Rows(at_once), Run(folder, stop_at, **how))
    task = Rows(at_once)
    train(task, Run(folder, steps, **how))
    return {**task.networks.state_dict(), "used": task.used}


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(one[name] == other[name] if name == "used" else torch.equal(one[name], other[name])
                                              for name in one)


@pytest.mark.parametrize("count", [2, 4])
def test_a_batch_in_micro_batches_is_the_step_of_the_whole_batch(tmp_path, count):
    whole, divided = trained(tmp_path / "whole"), trained(tmp_path / "divided", 8 // count, micro_batches=count)
    smaller = trained(tmp_path / "smaller", 8 // count)
    for name in whole.keys() - {"used"}:
        torch.testing.assert_close(divided[name], whole[name], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(smaller["maker.0.weight"], whole["maker.0.weight"], rtol=1e-2)


@pytest.mark.parametrize(("precision", "dtype"), [
    ("auto", torch.float32), ("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)])
def test_a_precision_is_that_of_forward_passes_and_resumes_exactly(tmp_path, precision, dtype):
    whole = trained(tmp_path / "whole", 4, micro_batches=2, precision=precision)
    pieces = trained(tmp_path / "pieces", 4, stop_at=3, micro_batches=2, precision=precision)
    assert whole["used"] == dtype and whole["maker.0.weight"].dtype == torch.float32
    assert same(whole, pieces)
    full = trained(tmp_path / "full")
    torch.testing.assert_close(whole["maker.2.bias"], full["maker.2.bias"], rtol=0.1, atol=0.02)


def test_fp16_scales_its_losses_and_keeps_the_scale(tmp_path):
    """The scale is halved by a step whose gradients are not finite, which is left out."""
    class Overflows(Rows):
        def step(self, number, random, update):
            loss = self.networks["maker"](ROWS).square().mean() * (float("inf") if number == 1 else 1.0)
            update.apply(loss, self.optimisers["maker"])
            return {"loss": loss.detach()}

    task = Overflows(8)
    train(task, Run(tmp_path, 1, precision="fp16"))
    before = {name: value.clone() for name, value in task.networks.state_dict().items()}
    scale = torch.load(tmp_path / "state.pt", weights_only=True)["scaler"]["scale"]
    train(Overflows(8), Run(tmp_path, 2, precision="fp16"))
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert state["scaler"]["scale"] == scale / 2 > 1
    assert all(torch.equal(state["parts"][name], before[name]) for name in before)


def test_a_real_stage_takes_its_batch_in_micro_batches(tmp_path):
    """The running mean of a vocoder's weights counts steps, not micro-batches."""
    run = recipe_with(tiny.new_tiny(tmp_path / "run"))
    run.recipe.write_text(run.recipe.read_text().replace("[general]", '[general]\naccumulate = 2\nprecision = "bf16"'))
    assert run.train("vocoder")
    state = torch.load(run.runs / "vocoder" / "state.pt", weights_only=True)
    assert state["parts"]["average.n_averaged"] == tiny.STEPS


def test_a_network_that_learns_twice_a_step_cannot_be_given_micro_batches(tmp_path):
    class Twice(Rows):
        def step(self, number, random, update):
            super().step(number, random, update)
            return super().step(number, random, update)

    with pytest.raises(RecipeError, match=r"learn several times a step, .* accumulate to 1."):
        train(Twice(4), Run(tmp_path, 2, micro_batches=2))


def test_a_batch_that_cannot_be_divided_is_one_sentence():
    assert distributed.micro_batch(12, 4) == 3
    with pytest.raises(RecipeError, match="A batch of 10 cannot be taken in 4 equal parts; change batch or"):
        distributed.micro_batch(10, 4)


@pytest.mark.parametrize(("given", "match"), [({"precision": "fp8"}, "There is no precision 'fp8'; choose one of auto, fp32"),
                                              ({"accumulate": 0}, "accumulate must be 1 or more, not 0")])
def test_what_is_no_precision_and_no_count_is_one_sentence(given, match):
    with pytest.raises(RecipeError, match=match):
        section({"general": given}, "general", GeneralRecipe)


def test_memory_that_is_too_small_names_what_to_change(tmp_path, monkeypatch):
    def out_of_memory(task, *_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    run = tiny.new_tiny(tmp_path / "run", copy_of=tiny.trained_tiny())
    monkeypatch.setattr(running, "train", out_of_memory)
    with pytest.raises(RecipeError) as caught:
        run.train("tempo")
    assert str(caught.value) == (
        "The memory of cpu is too small for stage tempo: make batch in the recipe's table [tempo] smaller, or accumulate in "
        "[general] larger, which takes each batch in so many parts.")
