"""Codes of F0: few of them keep a contour, whoever speaks, and their training says plainly what it cannot do."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_f0_codes
from pipelines.errors import RecipeError
from pipelines.features.prosody import Prosody, octaves
from pipelines.networks.f0_codes import DOWN, LEAST_SPREAD, F0Codes, code_count, standardised, stretched
from pipelines.training.data.corpus import Clip
from pipelines.training.data.examples import Example
from pipelines.training.loop.optim import Update
from pipelines.training.stages.f0_codes import F0CodesRecipe, F0CodesTask, Means
from tests.support import tiny

CLIP = Clip(Path("spoken.wav"), "synthetic", "anna", "neutral", "xx", "1", "", 1.8, "train")
RECIPE = F0CodesRecipe(codes=12, width=16, code_width=8, steps=200, batch=8, window_frames=40, learning_rate=2e-2)


def spoken(number: int, frames: int = 90, mean_hz: float = 120.0) -> Prosody:
    """A random contour of four hills, voiced three quarters of the time."""
    random = np.random.default_rng(number)
    hills = np.interp(np.arange(frames), np.linspace(0, frames, 9), random.normal(0, 0.2, 9))
    voicing = (np.arange(frames) % 20 < 15).astype(np.float32)
    return Prosody((mean_hz * 2.0**hills).astype(np.float32), voicing, np.zeros((frames, 40), np.float32))


def example(number: int) -> Example:
    prosody = spoken(number)
    return Example(CLIP, prosody, np.zeros((len(prosody.f0), 43), np.float32), number % 2, number % 5)


def trained(steps: int = RECIPE.steps) -> tuple[F0CodesTask, list[dict[str, float]]]:
    torch.manual_seed(0)
    task, losses = F0CodesTask(RECIPE, [example(number) for number in range(24)]), []
    for number in range(steps):
        torch.manual_seed(number)
        losses.append({name: float(value) for name, value in task.step(number, np.random.default_rng(number), Update()).items()})
    return task, losses


@pytest.fixture(scope="module")
def learnt() -> tuple[F0CodesTask, list[dict[str, float]]]:
    return trained()


def test_training_lowers_the_loss_and_uses_many_codes(learnt):
    _, losses = learnt
    first, last = losses[0], losses[-1]
    assert last["f0"] < 0.5 * first["f0"] and last["voicing"] < 0.5 * first["voicing"]
    assert 6 < last["perplexity"] <= RECIPE.codes


def test_codes_tell_the_contour_of_a_new_recording_better_than_its_mean_does(learnt):
    network = learnt[0].networks["f0_codes"].eval()
    f0 = standardised(spoken(99))
    contour, voicing = network.decode(network.encode(f0))
    voiced = f0.voiced > 0
    errors = np.abs(contour[:len(f0.contour)] - f0.contour)[voiced]
    assert np.median(errors) < 0.6 * np.median(np.abs(f0.contour[voiced]))
    assert np.mean((voicing[:len(voiced)] > 0.5) == voiced) > 0.85


def test_who_speaks_is_not_in_the_codes_and_comes_back_with_mean_and_spread(learnt):
    network = learnt[0].networks["f0_codes"].eval()
    man, woman = standardised(spoken(7, mean_hz=110.0)), standardised(spoken(7, mean_hz=220.0))
    assert np.array_equal(network.encode(man), network.encode(woman))
    assert woman.mean - man.mean == pytest.approx(1.0, abs=1e-4) and woman.spread == pytest.approx(man.spread, rel=1e-4)
    assert np.allclose(woman.octaves(woman.contour), octaves(spoken(7, mean_hz=220.0).f0), atol=1e-3)


def test_codes_last_80_ms_whatever_the_length():
    network = F0Codes(codes=4, width=8, code_width=4).eval()
    torch.nn.init.normal_(network.codebook)
    for frames in (1, 3, 4, 89, 90):
        codes = network.encode(standardised(spoken(0, frames)))
        assert codes.shape == (code_count(frames),) and code_count(frames) == -(-frames // DOWN)
        assert all(part.shape == (DOWN * len(codes),) for part in network.decode(codes))


def test_speech_without_voice_or_melody_has_numbers_all_the_same():
    whispered = dataclasses.replace(spoken(0), voicing=np.zeros(90, np.float32))
    assert not standardised(whispered).contour.any() and not standardised(whispered).voiced.any()
    monotone = standardised(dataclasses.replace(spoken(0), f0=np.full(90, 150.0, np.float32)))
    assert monotone.spread == LEAST_SPREAD and np.abs(monotone.contour).max() < 1e-3


def test_stretched_codes_keep_their_order_and_both_ends():
    codes = np.array([3, 1, 4, 1, 5])
    assert stretched(codes, 5).tolist() == codes.tolist()
    assert stretched(codes, 10).tolist() == [3, 3, 1, 1, 4, 4, 1, 1, 5, 5]
    assert stretched(codes, 3).tolist() == [3, 4, 5] and stretched(codes, 0).tolist() == []


def test_codes_that_nothing_is_near_to_begin_again_where_something_is():
    means, embedded = Means(3, 2), torch.randn(64, 2) + 5.0
    codebook = means.follow(embedded, torch.zeros(64, dtype=torch.long), decay=0.9)
    assert torch.allclose(codebook[0], embedded.mean(0), atol=1e-5)
    assert all((codebook[code] == embedded).all(1).any() for code in (1, 2))


def test_the_exported_part_makes_the_same_codes(tmp_path):
    run = tiny.new_tiny(tmp_path / "run")
    assert run.train("f0_codes")
    network = load_f0_codes(Folder(run.checkpoint))
    state = torch.load(run.runs / "f0_codes" / "state.pt", weights_only=True)["parts"]
    assert network.codebook.shape == (5, 4) and not network.training
    assert torch.allclose(network.codebook, state["f0_codes.codebook"], atol=1e-2)


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"codes": 1}, "F0 needs at least 2 codes, not 1; change codes in the recipe's table [f0_codes]."),
    ({"window_frames": 3}, "A code of F0 lasts 4 frames, so that a window of 3 holds none; "
                           "change window_frames in the recipe's table [f0_codes]."),
    ({"kodes": 3}, "The recipe's table [f0_codes] has an unknown key 'kodes'"),
])
def test_a_recipe_that_cannot_be_trained_is_one_sentence(tmp_path, changes, sentence):
    run = tiny.new_tiny(tmp_path / "run")
    tiny.write_recipe(run, tiny.tiny_corpus() / "cache", sizes=tiny.SIZES | {"f0_codes": changes})
    with pytest.raises(RecipeError) as caught:
        run.train("f0_codes")
    assert sentence in str(caught.value) and not run.checkpoint.exists()
