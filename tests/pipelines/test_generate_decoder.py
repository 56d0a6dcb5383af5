"""The generator as a decoder: same length and F0 as WORLD's, repeatable, between source and target by strength, and plain
words where it is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import Models, load_generator, load_unit_encoder
from pipelines.conversion import Converter
from pipelines.decoders.generate import features, units_of
from pipelines.decoders.rendering import predict_mel
from pipelines.errors import CheckpointError
from pipelines.features.audio import speech_level
from pipelines.networks.factor_decoder import FactorDecoder
from pipelines.networks.generator import FactorGenerator, Trunk, twice_as_fine
from pipelines.networks.units import UnitEncoder
from pipelines.networks.vocoder import Vocoder
from pipelines.resynthesis import generator_resynthesis
from pipelines.settings import Settings
from pipelines.shipped import shipped
from pipelines.training.stages.units import linear_head
from tests.support import tiny
from tests.support.rendered import check_length_and_pitch

GENERATE = Settings(decoder="generate")


def small_generator(temperature: float = 0.03) -> FactorGenerator:
    torch.manual_seed(0)
    return FactorGenerator(Trunk(width=16, blocks=2, fine_blocks=2), Vocoder(width=16, blocks=1), temperature).eval()


@pytest.fixture(scope="module")
def models(converter: Converter) -> Models:
    """The shipped checkpoint with a small generator that has learnt nothing, of soft units over the codebook of hard ones."""
    shipped = converter.models.units
    units = UnitEncoder(shipped.encoder, shipped.centroids, shipped.layer)
    return replace(converter.models, generator=small_generator(), units=units)


@pytest.fixture(scope="module")
def generating(models: Models) -> Converter:
    return Converter(models)


@pytest.mark.parametrize("samples", [3200, 3201, 3359, 3360, 3519])
def test_frame_counts_line_up(samples):
    units, fine = torch.zeros(1, samples // 320 + 1, dtype=torch.long), samples // 160 + 1
    f0, condition = torch.full((1, fine), 120.0), torch.zeros(1, 128)
    assert small_generator().trunk(units, f0, torch.ones(1, fine), condition, condition).shape == (1, fine, 80)


def test_a_frame_between_two_unit_frames_is_their_mean():
    x = torch.tensor([[[0.0], [4.0], [2.0]]])
    assert twice_as_fine(x, 6).flatten().tolist() == [0, 2, 4, 3, 2, 2]
    assert twice_as_fine(x, 5).flatten().tolist() == [0, 2, 4, 3, 2]


def test_hard_units_are_one_hot_soft_units():
    trunk, units = small_generator().trunk, torch.randint(100, (2, 30))
    rest = torch.full((2, 60), 150.0), torch.ones(2, 60), torch.randn(2, 128), torch.randn(2, 128)
    soft = torch.nn.functional.one_hot(units, 100).float()
    assert torch.equal(trunk(units, *rest), trunk(soft, *rest))


def test_soft_units_are_a_posterior_that_hardens_with_temperature(converter):
    shipped = converter.models.units
    encoder = UnitEncoder(shipped.encoder, torch.randn(60, shipped.centroids.shape[1]), shipped.layer)
    hidden = encoder.centroids[torch.arange(0, 60, 3)] + 0.5 * torch.randn(20, encoder.centroids.shape[1])
    soft, hard = encoder.soft_units(hidden, 0.5), encoder.soft_units(hidden, 0)
    assert torch.allclose(soft.sum(1), torch.ones(20)) and (soft.max(1).values < 1).all()
    assert torch.equal(soft.argmax(1), encoder.quantise(hidden)) and torch.equal(hard.argmax(1), encoder.quantise(hidden))
    assert set(hard.unique().tolist()) == {0, 1}
    assert torch.allclose(encoder.soft_units(hidden, 1e-6), hard, atol=1e-3)


def test_soft_units_may_be_of_a_finer_codebook_than_hard_ones(converter):
    shipped, hidden = converter.models.units, torch.randn(20, converter.models.units.centroids.shape[1])
    finer = UnitEncoder(shipped.encoder, shipped.centroids, shipped.layer, torch.cat([shipped.centroids, hidden]))
    assert torch.equal(finer.quantise(hidden), shipped.quantise(hidden)) and finer.soft_units(hidden, 0).shape == (20, 100)
    assert torch.equal(finer.soft_units(hidden, 0.01).argmax(1), 100 + torch.arange(20))


def test_soft_units_may_be_principal_components_of_the_states(converter):
    shipped, width = converter.models.units, converter.models.units.centroids.shape[1]
    states = (torch.randn(500, 3) @ torch.randn(3, width) + 5.0).numpy()
    head = linear_head(states, 3)
    encoder = UnitEncoder(shipped.encoder, shipped.centroids, shipped.layer, head=(head["head_centre"], head["head"]))
    soft = encoder.soft_units(torch.from_numpy(states), 1.0)
    assert soft.shape == (500, 3) and torch.allclose(soft.std(0), torch.ones(3), atol=1e-3)
    assert torch.allclose(soft.mean(0), torch.zeros(3), atol=1e-3), "of mean 0, variance 1"
    back = torch.linalg.lstsq(soft, torch.from_numpy(states - states.mean(0))).residuals
    assert (back < 1e-3).all(), "three components hold all of three directions"
    assert encoder.soft_units(torch.from_numpy(states), 0).shape == (500, 100), "hard units stay those of the codebook"


def test_it_lasts_as_long_as_world_at_the_predicted_pitch(generating, recording):
    check_length_and_pitch(generating, recording, GENERATE, voiced_share=0.2)


def test_the_shipped_hifigan_fits_the_shipped_checkpoint_and_keeps_length_and_pitch(converter, recording):
    hifigan = load_generator(Folder(shipped("checkpoints/hifigan-mini")))
    assert isinstance(hifigan, FactorDecoder)
    check_length_and_pitch(Converter(replace(converter.models, generator=hifigan)), recording, GENERATE, voiced_share=0.2)


def test_the_level_follows_the_source(generating, recording):
    quiet = replace(recording, samples=0.1 * recording.samples)
    loud, soft = (generating.convert(one, emotion="sad", settings=GENERATE).samples for one in (recording, quiet))
    assert speech_level(loud) / speech_level(soft) == pytest.approx(10, rel=0.1)


def test_the_same_recording_gives_the_same_samples(generating, recording):
    one, other = (generating.convert(recording, emotion="sad", settings=GENERATE).samples for _ in range(2))
    assert np.array_equal(one, other)


def test_strength_goes_from_the_sources_own_emotion_to_the_target(generating, models, recording):
    factors = generating.encode(recording)
    target = generating.preset("angry")

    def at(strength: float, emotion=target):
        settings = replace(GENERATE, strength=strength, tempo=False)
        return features(generating.transfer(factors, emotion, settings), models.generator)

    none, half, full = (at(strength) for strength in (0.0, 0.5, 1.0))
    assert np.abs(full.mel - none.mel).mean() > 0.01 and not np.array_equal(full.f0, none.f0)
    assert np.abs(half.mel - none.mel).mean() < np.abs(full.mel - none.mel).mean()
    assert np.array_equal(none.mel, at(0.0, generating.preset("sad")).mel), "at 0 it does not matter which emotion is the target"
    own = factors.world.f0[:4 * len(factors.units) - 3:2]
    assert np.abs(none.f0 - own)[own > 0].max() < 0.01


def test_units_of_a_generator_of_hard_and_of_soft_ones(generating, models, recording):
    transferred = generating.transfer(generating.encode(recording), generating.preset("happy"), GENERATE)
    soft, hard = units_of(transferred, models.generator), units_of(transferred, small_generator(0.0))
    assert soft.shape == (len(transferred.positions), 100) and np.allclose(soft.sum(1), 1, atol=1e-5)
    assert np.array_equal(hard, transferred.units)
    assert Converter(replace(models, generator=small_generator(0.0))).encode(recording).soft_units is None


def test_bands_in_pieces_and_as_a_whole_are_the_same():
    trunk, random = small_generator().trunk, np.random.default_rng(0)
    torch.nn.init.normal_(trunk.out.weight)
    units, f0 = random.integers(0, 100, 95), random.uniform(80, 300, 189).astype(np.float32)
    voiced, condition = (random.random(189) > 0.3).astype(np.float32), torch.randn(1, 128)
    whole_mel, in_pieces = (predict_mel(trunk, units, f0, voiced, condition, condition, piece=piece) for piece in (1000, 17))
    assert whole_mel.shape == (189, 80) and np.abs(whole_mel - in_pieces).max() < 1e-3


def test_a_checkpoint_without_generator_says_so_and_does_not_offer_it(converter, generating, recording):
    without = Converter(replace(converter.models, generator=None))
    assert "generate" not in without.decoders and "generate" in generating.decoders
    with pytest.raises(CheckpointError, match="^This checkpoint has no generator, which the decoder generate needs; use the "
                                              "decoder 'residual_neural', or train one with 'zest train generate'.$"):
        without.convert(recording, emotion="sad", settings=GENERATE)


def test_a_trained_generator_is_loaded_with_the_vocoder_it_began_with_and_makes_recordings_again(recording):
    folder = Folder(tiny.trained_tiny().checkpoint)
    generator = load_generator(folder)
    assert generator.temperature == folder.setting("generator", "temperature") > 0
    width = folder.setting("vocoder", "width")
    assert generator.vocoder.filters.in_features == width == folder.setting("generator", "head_width") != 256
    assert generator.trunk.embed.in_features == len(load_unit_encoder(folder).soft_centroids) == 30
    again = generator_resynthesis(folder, generator)(recording)
    assert abs(len(again) - len(recording.samples)) <= 640 and np.isfinite(again).all()
