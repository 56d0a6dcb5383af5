"""HiFi-GAN and the decoder that makes speech from factors: published sizes, exact lengths, and training steps that help."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from pipelines.networks.factor_decoder import FactorDecoder
from pipelines.networks.hifigan import (
    V1,
    V2,
    V3,
    HifiganGenerator,
    HifiganSizes,
    frames_seen,
    plain_state,
    receptive_field,
    without_weight_norm,
)
from pipelines.training.loop.optim import Update
from pipelines.training.losses.adversarial import hifigan_loss
from pipelines.training.losses.discriminators import (
    Discriminators,
    HifiganDiscriminators,
    MultiPeriod,
    MultiScale,
    discriminator_loss,
)
from pipelines.training.losses.spectral_loss import mel_loss

PRESETS = {"V1": V1, "V2": V2, "V3": V3}
HOP, UNITS, INPUTS = 320, 10, 4
TINY = replace(V3, channels=32)
UPSAMPLING_256 = {"V1": ((8, 8, 2, 2), (16, 16, 4, 4)), "V2": ((8, 8, 2, 2), (16, 16, 4, 4)), "V3": ((8, 8, 4), (16, 16, 8))}


@pytest.fixture(autouse=True)
def one_thread_and_seed():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def narrow(name: str) -> HifiganSizes:
    """A preset with the fewest channels that five halvings allow."""
    return replace(PRESETS[name], channels=32)


def parameters(build) -> int:
    """Number of weights and biases, counted without drawing them; weight norm's magnitudes are not counted."""
    with torch.device("meta"):
        return sum(value.numel() for value in without_weight_norm(build()).parameters())


def factors(frames: int, batch: int = 2) -> dict[str, torch.Tensor]:
    """Random inputs of the factor decoder, in which every unit occurs."""
    return {"units": torch.arange(batch * frames).reshape(batch, frames) % UNITS, "f0": 100 + 100 * torch.rand(batch, frames),
            "voiced": (torch.rand(batch, frames) > 0.3).float(), "ease": torch.randn(batch, 128), "sace": torch.randn(batch, 128)}


def tones(batch: int, samples: int) -> torch.Tensor:
    """(batch, samples): a few harmonics and some noise, for the generator to imitate."""
    seconds = torch.arange(samples) / 16_000
    pitch = torch.linspace(120, 220, batch)[:, None]
    harmonics = sum(torch.sin(2 * torch.pi * number * pitch * seconds) / number for number in range(1, 6))
    return 0.2 * harmonics + 0.01 * torch.randn(batch, samples)


def without_gradient(module: nn.Module) -> list[str]:
    return [name for name, value in module.named_parameters() if value.grad is None or not value.grad.abs().sum() > 0]


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("frames", [1, 7])
def test_every_frame_becomes_320_samples(name, frames):
    with torch.no_grad():
        generated = HifiganGenerator(narrow(name), INPUTS)(torch.randn(2, frames, INPUTS))
    assert generated.shape == (2, frames * HOP) and PRESETS[name].hop == HOP
    assert generated.abs().max() <= 1


@pytest.mark.parametrize("name", PRESETS)
def test_a_sample_depends_on_exactly_the_frames_that_are_computed(name):
    """Gradients, in double precision because the outermost frames count for next to nothing; sample by sample of one frame."""
    sizes, middle, samples = narrow(name), 24, [0, 1, 52, 107, 160, 213, 268, 319]
    features = torch.randn(len(samples), 2 * middle + 1, INPUTS, dtype=torch.float64, requires_grad=True)
    generated = HifiganGenerator(sizes, INPUTS).double()(features)
    sum(generated[row, middle * HOP + sample] for row, sample in enumerate(samples)).backward()
    depended = [row.abs().sum(-1).nonzero()[:, 0] - middle for row in features.grad]
    assert [(int(frames[0]), int(frames[-1])) for frames in depended] == [frames_seen(sizes, sample) for sample in samples]
    assert all(len(frames) == frames[-1] - frames[0] + 1 for frames in depended), "a frame in between was left out"


def test_the_receptive_field_is_that_of_the_most_demanding_sample():
    assert {name: receptive_field(sizes) for name, sizes in PRESETS.items()} == {"V1": 42, "V2": 42, "V3": 33}
    for sizes in PRESETS.values():
        spans = [last - first + 1 for first, last in (frames_seen(sizes, sample) for sample in range(HOP))]
        assert receptive_field(sizes) == max(spans) and min(spans) >= max(spans) - 1
        assert frames_seen(sizes, HOP) == tuple(frame + 1 for frame in frames_seen(sizes, 0))


def test_removing_weight_norm_leaves_the_output():
    for sizes in (narrow("V1"), TINY):
        network, features = HifiganGenerator(sizes, INPUTS), torch.randn(2, 5, INPUTS)
        for value in network.parameters():  # away from the beginning, where magnitudes still are those of the weights
            value.data.mul_(1 + 0.3 * torch.rand_like(value))
        with torch.no_grad():
            before = network(features)
            after = without_weight_norm(network)(features)
        assert torch.allclose(before, after, atol=1e-5) and before.std() > 1e-3
        assert not any("parametrizations" in name for name in network.state_dict())


def test_plain_weights_can_be_had_again_and_again_of_a_network_that_goes_on_training():
    network, features = HifiganGenerator(TINY, INPUTS), torch.randn(2, 5, INPUTS)
    names = set(network.state_dict())
    for _ in range(2):  # exported while it trains, whenever held-out speech sounds better than before
        plain = without_weight_norm(HifiganGenerator(TINY, INPUTS))
        plain.load_state_dict(plain_state(network))
        assert torch.allclose(plain(features), network(features), atol=1e-6) and set(network.state_dict()) == names
        network(features).mean().backward()


@pytest.mark.parametrize(("name", "published"), [("V1", 13.92), ("V2", 0.92), ("V3", 1.46)])
def test_with_the_published_upsampling_parameters_are_the_published_number(name, published):
    """80 mel bands in, upsampling 8x8x2x2 (V1, V2) or 8x8x4 (V3), in millions as published, that is cut off after two digits."""
    rates, kernels = UPSAMPLING_256[name]
    sizes = replace(PRESETS[name], rates=rates, rate_kernels=kernels)
    assert published <= parameters(lambda: HifiganGenerator(sizes, 80)) / 1e6 < published + 0.01


@pytest.mark.parametrize(("name", "ours"), [("V1", 13_075_777), ("V2", 872_881), ("V3", 1_245_057)])
def test_with_320_samples_per_frame_parameters_are_a_little_fewer(name, ours):
    """80 inputs again and 5x4x4x2x2: five stages whose transposed kernels are shorter; V1 and V2 lose 6 %, V3 15 %."""
    assert parameters(lambda: HifiganGenerator(PRESETS[name], 80)) == ours


def test_discriminators_have_the_published_widths_by_default():
    with torch.device("meta"):
        periods, scales = MultiPeriod().parts, MultiScale().parts
    assert [part.period for part in periods] == [2, 3, 5, 7, 11]
    assert {tuple(layer.out_channels for layer in part.layers) for part in periods} == {(32, 128, 512, 1024, 1024)}
    assert {tuple(layer.out_channels for layer in part.layers) for part in scales} == {(128, 128, 256, 512, 1024, 1024, 1024)}
    norms = ["original" if hasattr(part.score.parametrizations.weight, "original") else "two" for part in scales]
    assert norms == ["original", "two", "two"], "spectral norm keeps one tensor, weight norm two"


def test_discriminators_give_eight_scores_and_every_layer_in_between():
    samples = tones(2, 1000)  # divisible neither by 3, 7 nor 11
    scores = HifiganDiscriminators(period_width=2, scale_width=16)(samples)
    assert [len(layers) for _, layers in scores] == [5] * 5 + [7] * 3
    assert all(score.shape[0] == 2 and score.dim() == 2 for score, _ in scores)
    lengths = [layers[0].shape[-1] for _, layers in scores[5:]]
    assert lengths == [1000, 501, 251], "each scale has half the rate of the one before"


def test_the_generator_loss_is_the_published_sum():
    """Adversarial + 2 x matching + 45 x mel, the first two summed over discriminators and layers, each layer by its mean."""
    discriminators, real, generated = HifiganDiscriminators(2, 16), tones(2, 1600), 0.1 * torch.randn(2, 1600)
    with torch.no_grad():
        real_scores, generated_scores = discriminators(real), discriminators(generated)
        adversarial = sum(((score - 1) ** 2).mean() for score, _ in generated_scores)
        matching = sum(nn.functional.l1_loss(a, b) for (_, one), (_, other) in zip(real_scores, generated_scores, strict=True)
                       for a, b in zip(one, other, strict=True))
        expected = adversarial + 2 * matching + 45 * mel_loss(generated, real)
        assert float(hifigan_loss(generated, real, generated_scores, real_scores)) == pytest.approx(float(expected), rel=1e-5)


def test_the_vocoder_discriminators_are_what_they_were():
    """A generalisation served both: names and shapes of the existing networks may not move."""
    with torch.device("meta"):
        shapes = {name: tuple(value.shape) for name, value in Discriminators().state_dict().items()}
    assert len(shapes) == 5 * 18 + 3 * 15
    assert shapes["parts.0.layers.4.parametrizations.weight.original1"] == (128, 128, 5, 1)
    assert shapes["parts.5.score.parametrizations.weight.original1"] == (1, 16, 3, 3)


def test_f0_and_unit_encoders_keep_time_and_give_128_values():
    decoder, given = FactorDecoder(TINY, UNITS), factors(frames=9)
    assert decoder.encode_units(given["units"]).shape == (2, 9, 128)
    assert decoder.encode_f0(given["f0"], given["voiced"]).shape == (2, 9, 128)
    assert decoder(*given.values()).shape == (2, 9 * HOP)


def test_f0_of_unvoiced_frames_is_not_heard():
    decoder, given = FactorDecoder(TINY, UNITS), factors(frames=9)
    other = torch.where(given["voiced"] > 0, given["f0"], 333.0)
    assert torch.equal(decoder.encode_f0(given["f0"], given["voiced"]), decoder.encode_f0(other, given["voiced"]))


def test_both_encoders_hear_the_whole_phrase():
    decoder, given = FactorDecoder(TINY, UNITS), factors(frames=60)
    before = decoder.encode_units(given["units"])
    given["units"][:, -1] = (given["units"][:, -1] + 1) % UNITS
    assert not torch.equal(before[:, 0], decoder.encode_units(given["units"])[:, 0])
    before = decoder.encode_f0(given["f0"], torch.ones(2, 60))
    given["f0"][:, -1] += 50
    assert not torch.equal(before[:, 0], decoder.encode_f0(given["f0"], torch.ones(2, 60))[:, 0])


def test_soft_units_that_are_certain_equal_hard_units():
    decoder, given = FactorDecoder(TINY, UNITS), factors(frames=9)
    soft = nn.functional.one_hot(given["units"], UNITS).float()
    assert torch.allclose(decoder(*given.values()), decoder(*{**given, "units": soft}.values()), atol=1e-6)


def test_gradients_reach_every_parameter():
    decoder, discriminators, given = FactorDecoder(TINY, UNITS), HifiganDiscriminators(2, 16), factors(frames=8)
    real, generated = tones(2, 8 * HOP), decoder(*given.values())
    hifigan_loss(generated, real, discriminators(generated), discriminators(real)).backward()
    assert without_gradient(decoder) == []
    discriminators.zero_grad()
    discriminator_loss(discriminators(real), discriminators(generated.detach())).backward()
    assert without_gradient(discriminators) == []


@pytest.mark.slow
def test_adversarial_steps_on_a_fixed_batch_lower_the_mel_loss():
    decoder, discriminators = FactorDecoder(TINY, UNITS), HifiganDiscriminators(2, 16)
    given, real = factors(frames=8), tones(2, 8 * HOP)
    optimisers = [torch.optim.AdamW(part.parameters(), 2e-3, (0.8, 0.99)) for part in (decoder, discriminators)]
    mels, judged = [], []
    for _ in range(8):
        generated = decoder(*given.values())
        mels.append(float(mel_loss(generated.detach(), real)))
        verdict = discriminator_loss(discriminators(real), discriminators(generated.detach()))
        Update().apply(verdict, optimisers[1], limit=10.0)
        judged.append(float(verdict.detach()))
        loss = hifigan_loss(generated, real, discriminators(generated), discriminators(real))
        Update().apply(loss, optimisers[0], limit=1000.0)
    assert mels[-1] < 0.7 * mels[0], mels
    assert judged[-1] < judged[0], judged
