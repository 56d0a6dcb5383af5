"""A HuBERT whose layers begin as the teacher's blocks: the same functions at first, near the same states after training."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pipelines.networks.units import ContentEncoder
from pipelines.training.data.channel_changes import changed
from pipelines.training.data.corpus import read_manifest, training_clips
from pipelines.training.loop.optim import Update
from pipelines.training.stages import hubert_blocks
from pipelines.training.stages.appended_blocks import position_table, with_appended
from pipelines.training.stages.hubert_blocks import HubertBlocksRecipe, HubertBlocksTask, draw_chances, teacher_states
from pipelines.training.stages.registry import find_stage
from tests.support import tiny

WIDTH = 32
SMALL = HubertBlocksRecipe(layers=2, channels=(8, 8, 16, 16), steps=60, batch=3, crop_seconds=(0.6, 1.0), learning_rate=5e-3,
                           block_learning_rate=1e-3)


@pytest.fixture(scope="module")
def encoder():
    """A random audio encoder of Whisper's design."""
    return tiny.pretend_whisper(WIDTH, blocks=3)


@pytest.fixture
def task(encoder, monkeypatch):
    monkeypatch.setattr(hubert_blocks, "STATISTICS_CROPS", 20)
    monkeypatch.setattr(hubert_blocks, "ENOUGH", 5)
    torch.manual_seed(0)
    return HubertBlocksTask(SMALL, training_clips(read_manifest(tiny.tiny_corpus() / "corpus" / "manifest.csv")), encoder)


def test_layers_begin_as_the_teachers_blocks(task, encoder):
    states = teacher_states(encoder, torch.randn(2, 9600) * 0.1, layers=2)
    with torch.no_grad():
        for number, layer in enumerate(task.networks["student"].encoder.hubert.encoder.layers):
            torch.testing.assert_close(layer(states[number]), states[number + 1], rtol=1e-4, atol=1e-4)


def test_training_brings_every_layer_nearer_to_its_block(task):
    def distances(first: int) -> np.ndarray:
        logged = [task.step(number, np.random.default_rng(number), Update()) for number in range(first, first + 20)]
        return np.mean([[float(value) for value in losses.values()] for losses in logged], axis=0)

    before, _, after = distances(0), distances(20), distances(40)
    assert (after[1:] < before[1:] - 0.05).all()


def test_the_teachers_next_blocks_say_what_is_still_wrong(encoder, monkeypatch):
    monkeypatch.setattr(hubert_blocks, "STATISTICS_CROPS", 20)
    monkeypatch.setattr(hubert_blocks, "ENOUGH", 5)
    torch.manual_seed(0)
    clips = training_clips(read_manifest(tiny.tiny_corpus() / "corpus" / "manifest.csv"))
    task = HubertBlocksTask(replace(SMALL, deeper=1), clips, encoder)
    weights = {name: value.clone() for name, value in encoder.state_dict().items()}
    logged = [task.step(number, np.random.default_rng(number), Update()) for number in range(60)]
    assert logged[0].keys() == {f"cosine_{layer}" for layer in range(4)}
    first, last = (np.mean([losses["cosine_3"] for losses in part]) for part in (logged[:10], logged[50:]))
    assert last < first - 0.05
    assert all(torch.equal(weights[name], value) for name, value in encoder.state_dict().items()), "the teacher stays as it is"


def test_targets_are_free_of_the_teachers_positions(task, encoder):
    task.step(0, np.random.default_rng(0), Update())
    drawn = [task.batch(np.random.default_rng(seed), 1.0) for seed in range(30)]
    states = torch.cat([teacher_states(encoder, clean, 2) for clean, *_ in drawn], dim=1)
    positions = lambda standardised: standardised.mean(1).std(1).mean()  # of the mean over recordings, along time  # noqa: E731
    assert positions(task.statistics.standard_teacher(states)) < 0.5 * positions(task.statistics.standard(states))


def test_the_same_crops_come_again_so_that_a_training_goes_on_exactly(task):
    one, other = (task.batch(np.random.default_rng(7), 1.0) for _ in range(2))
    assert all(torch.equal(first, second) for first, second in zip(one, other))
    clean, inside, masked = one
    assert inside.shape == masked.shape and inside.any(1).all()
    torch.manual_seed(0)
    given = changed(clean, inside)
    torch.manual_seed(0)
    assert torch.equal(changed(clean, inside), given) and not torch.equal(clean, given)


def test_a_corpus_is_drawn_by_its_length_to_a_power():
    clips = [SimpleNamespace(corpus=corpus, seconds=seconds) for corpus, seconds in (("a", 4.0), ("a", 4.0), ("b", 2.0))]
    chance = draw_chances(clips, 0.5)
    assert chance.sum() == pytest.approx(1) and (chance[0] + chance[1]) / chance[2] == pytest.approx(2.0)


def test_the_export_is_a_hubert_that_conversion_reads(task):
    from pipelines.networks.hubert import Hubert, read_sizes

    trained = task.networks["average"].module.encoder
    ours = ContentEncoder(Hubert(read_sizes(trained.hubert.config.to_diff_dict())))
    ours.hubert.load_state_dict(trained.hubert.state_dict(), strict=True)
    waveform = torch.randn(1, 8000) * 0.1
    with torch.no_grad():
        states = task.networks["average"].module.eval()(waveform)
        for got, expected in zip(ours.eval()(waveform), states, strict=True):
            torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


def test_the_recipe_names_the_design():
    stage = find_stage("hubert")
    assert stage.recipe({"hubert": {"design": "whisper_blocks", "layers": 4}}) == HubertBlocksRecipe(layers=4)
    assert stage.recipe({"hubert": {"design": "regression", "width": 32}}) == stage.recipe({"hubert": {"width": 32}})


def test_the_export_has_the_teachers_next_blocks_above_the_layers_and_its_positions_below_them(task, encoder):
    from pipelines.networks.hubert import Hubert, read_sizes

    recipe = replace(SMALL, appended=1, positions=40)
    table = position_table(encoder, task.clips, recipe, recordings=3)
    assert table.shape == (40, WIDTH) and table.mean(0).abs().max() < 1e-5 and table.abs().max() > 1e-3
    trained = task.networks["average"].module
    weights, config = with_appended(trained.encoder.hubert, encoder, recipe, table)
    whole = ContentEncoder(Hubert(read_sizes(config)))
    whole.hubert.load_state_dict(weights, strict=True)
    waveform = torch.randn(1, 8000) * 0.1
    with torch.no_grad():
        states, below = whole.eval()(waveform), trained.eval()(waveform)
        above = encoder.blocks[2](below[-1] + table[:below.shape[2]])
    assert len(states) == 4
    for got, expected in zip(states, [*below, above], strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)
