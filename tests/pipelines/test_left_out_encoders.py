"""Ablations of the generator: without its encoder of units, of F0, or of both, in both designs."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_generator
from pipelines.conversion import Converter
from pipelines.networks.factor_decoder import FactorDecoder
from pipelines.networks.generator import FactorGenerator, Trunk
from pipelines.networks.hifigan import sizes_of, without_weight_norm
from pipelines.networks.vocoder import Vocoder
from pipelines.settings import Settings
from pipelines.training.stages.generate_hifigan import HifiganRecipe
from pipelines.training.stages.generate_istft import GenerateRecipe
from tests.support import tiny

pytestmark = pytest.mark.slow

UNITS, FRAMES = 20, 24
LEFT_OUT = pytest.mark.parametrize("encoders", [
    {"unit_encoder": False}, {"f0_encoder": False}, {"unit_encoder": False, "f0_encoder": False}], ids=lambda one: " ".join(one))
HIFIGAN = {"design": "hifigan", "size": "V3", "channels": 32, "steps": tiny.STEPS, "batch": 2, "segment_frames": 12,
           "period_width": 2, "scale_width": 16}


def factors(seed: int = 0, fine: int = 2) -> tuple[torch.Tensor, ...]:
    """Units, F0, voicing, EASE and SACE of two rows."""
    torch.manual_seed(seed)
    units = torch.randint(UNITS, (2, FRAMES))
    f0, voiced = 100 + 100 * torch.rand(2, fine * FRAMES), torch.ones(2, fine * FRAMES)
    return units, f0, voiced, torch.randn(2, 128), torch.randn(2, 128)


def trunk(**encoders) -> Trunk:
    torch.manual_seed(1)
    return Trunk(UNITS, 16, 2, 1, 2, **encoders).eval()


def decoder(**encoders) -> FactorDecoder:
    torch.manual_seed(1)
    return FactorDecoder(sizes_of("V3", 32), UNITS, **encoders).eval()


@LEFT_OUT
@torch.no_grad()
def test_what_is_left_out_changes_no_size_of_what_comes_out(encoders):
    assert trunk(**encoders)(*factors()).shape == trunk()(*factors()).shape == (2, 2 * FRAMES, 80)
    assert decoder(**encoders)(*factors(fine=1)).shape == decoder()(*factors(fine=1)).shape == (2, FRAMES * 320)


@LEFT_OUT
def test_fewer_weights_are_left(encoders):
    def count(network: torch.nn.Module) -> int:
        return sum(weight.numel() for weight in network.parameters())

    assert count(decoder(**encoders)) < count(decoder())
    if len(encoders) == 2:
        assert count(trunk(**encoders)) < count(trunk())


@LEFT_OUT
@torch.no_grad()
def test_units_and_f0_are_heard_all_the_same(encoders):
    for network, fine in ((trunk(**encoders), 2), (decoder(**encoders), 1)):
        units, f0, voiced, *whole = factors(fine=fine)
        before = network(units, f0, voiced, *whole)
        assert not torch.equal(before, network((units + 1) % UNITS, f0, voiced, *whole))
        assert not torch.equal(before, network(units, 1.5 * f0, voiced, *whole))


@torch.no_grad()
def test_a_unit_that_no_encoder_spreads_is_heard_in_its_own_place_only():
    """With the encoder a unit reaches the whole phrase (BiLSTM) or some frames (convolutions)."""
    units, f0, voiced, *whole = factors()
    changed = units.clone()
    changed[:, FRAMES // 2] = (changed[:, FRAMES // 2] + 1) % UNITS

    def reached(network: Trunk) -> int:
        return int(((network(units, f0, voiced, *whole) - network(changed, f0, voiced, *whole)).abs().amax(dim=(0, 2)) > 0).sum())

    assert reached(trunk(unit_encoder=False)) < reached(trunk())


@LEFT_OUT
@pytest.mark.parametrize("design", ["istft", "hifigan"])
@torch.no_grad()
def test_a_config_gives_the_same_network_back(tmp_path, design, encoders):
    if design == "istft":
        network = FactorGenerator(trunk(**encoders), Vocoder(16, 1, 3).eval())
        recipe = GenerateRecipe(width=16, blocks=2, fine_blocks=1, expand=2, head_width=16, head_blocks=1, **encoders)
        heard = (lambda made: made.trunk, factors())
    else:
        network = without_weight_norm(decoder(**encoders))
        recipe = HifiganRecipe(size="V3", channels=32, **encoders)
        heard = (lambda made: made, factors(fine=1))
    Folder(tmp_path).write("generator", network.state_dict(), {**asdict(recipe), "units": UNITS, "whole": 256})
    again = load_generator(Folder(tmp_path))
    np.testing.assert_allclose(heard[0](again)(*heard[1]), heard[0](network)(*heard[1]), atol=0.05)  # fp16 on disk


@pytest.mark.parametrize("changes", [tiny.SIZES["generate"] | {"f0_encoder": False}, HIFIGAN | {"unit_encoder": False}],
                         ids=["istft without F0 encoder", "hifigan without unit encoder"])
def test_the_stage_trains_what_the_recipe_leaves_and_a_conversion_renders_with_it(tmp_path, changes, recording):
    run = tiny.new_tiny(tmp_path / "run", copy_of=tiny.trained_tiny())
    tiny.write_recipe(run, tiny.tiny_corpus() / "cache", sizes=tiny.SIZES | {"generate": changes})
    before = Folder(run.checkpoint).tensors("generator")
    assert run.train("generate")
    after, config = Folder(run.checkpoint).tensors("generator"), Folder(run.checkpoint).config("generator")
    assert (config["unit_encoder"], config["f0_encoder"]) == (changes.get("unit_encoder", True), changes.get("f0_encoder", True))
    assert set(before) != set(after) or any(before[name].shape != after[name].shape for name in before)
    converter = Converter.from_pretrained(run.checkpoint)
    made = converter.convert(recording, emotion="angry", settings=Settings(decoder="generate", tempo=False))
    assert np.isfinite(made.samples).all() and abs(len(made.samples) - len(recording.samples)) < 640
