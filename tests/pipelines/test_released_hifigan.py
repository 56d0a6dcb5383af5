"""HiFi-GAN's published layout: released generators load, and so do files from before our tensors had the published names."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace

import pytest
import torch
from torch import nn

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.hifigan import load_released_generator, read_released_state
from pipelines.checkpoints.loading import load_generator
from pipelines.errors import CheckpointError
from pipelines.networks.factor_decoder import FactorDecoder
from pipelines.networks.hifigan import V1, V3, HifiganGenerator, parameters_by_layer, plain_state
from pipelines.training.losses.adversarial import optimiser_of

BANDS, FRAMES = 80, 6
CONFIGS = {  # as released, but for the number of channels
    "V1": {"resblock": "1", "upsample_rates": [8, 8, 2, 2], "upsample_kernel_sizes": [16, 16, 4, 4],
           "upsample_initial_channel": 32, "resblock_kernel_sizes": [3, 7, 11],
           "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]], "num_mels": 80, "sampling_rate": 22050},
    "V3": {"resblock": "2", "upsample_rates": [8, 8, 4], "upsample_kernel_sizes": [16, 16, 8], "upsample_initial_channel": 32,
           "resblock_kernel_sizes": [3, 5, 7], "resblock_dilation_sizes": [[1, 2], [2, 6], [3, 12]]}}


def normed(layer: nn.Module) -> nn.Module:
    with warnings.catch_warnings():  # the released code takes the older function, which keeps weight_g and weight_v
        warnings.simplefilter("ignore")
        return nn.utils.weight_norm(layer)


class PublishedBlock(nn.Module):
    """`ResBlock1` or `ResBlock2` of the released code."""

    def __init__(self, kind: str, channels: int, kernel: int, dilations: list[int]):
        super().__init__()
        def row(steps):
            return nn.ModuleList(normed(nn.Conv1d(channels, channels, kernel, dilation=step, padding=step * (kernel - 1) // 2))
                                 for step in steps)
        self.names = ("convs1", "convs2") if kind == "1" else ("convs",)
        for place, name in enumerate(self.names):
            setattr(self, name, row([1 for _ in dilations] if place else dilations))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layers in zip(*(getattr(self, name) for name in self.names), strict=True):
            change = x
            for layer in layers:
                change = layer(nn.functional.leaky_relu(change, 0.1))
            x = x + change
        return x


class PublishedGenerator(nn.Module):
    """The released code's arithmetic and names, from (batch, bands, frames) to (batch, 1, samples)."""

    def __init__(self, config: dict):
        super().__init__()
        channels = config["upsample_initial_channel"]
        self.conv_pre = normed(nn.Conv1d(BANDS, channels, 7, padding=3))
        self.ups = nn.ModuleList(
            normed(nn.ConvTranspose1d(channels // 2**place, channels // 2**(place + 1), kernel, rate, (kernel - rate) // 2))
            for place, (rate, kernel) in enumerate(zip(config["upsample_rates"], config["upsample_kernel_sizes"], strict=True)))
        self.side_by_side = len(config["resblock_kernel_sizes"])
        self.resblocks = nn.ModuleList(
            PublishedBlock(config["resblock"], channels // 2**(place + 1), kernel, dilations) for place in range(len(self.ups))
            for kernel, dilations in zip(config["resblock_kernel_sizes"], config["resblock_dilation_sizes"], strict=True))
        self.conv_post = normed(nn.Conv1d(channels // 2**len(self.ups), 1, 7, padding=3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv_pre(x)
        for place, up in enumerate(self.ups):
            x = up(nn.functional.leaky_relu(x, 0.1))
            first = place * self.side_by_side
            x = sum(self.resblocks[first + index](x) for index in range(self.side_by_side)) / self.side_by_side
        return torch.tanh(self.conv_post(nn.functional.leaky_relu(x)))


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def release(folder, name: str) -> PublishedGenerator:
    """A random generator, its weight norm away from where it begins, in the two files of a release."""
    published = PublishedGenerator(CONFIGS[name])
    for value in published.parameters():
        value.data.mul_(1 + 0.3 * torch.rand_like(value))
    torch.save({"generator": published.state_dict()}, folder / "generator_v")
    (folder / "config.json").write_text(json.dumps(CONFIGS[name]))
    return published


@pytest.mark.parametrize("name", CONFIGS)
def test_a_released_generator_loads_and_gives_the_same_samples(name, tmp_path):
    published, mel = release(tmp_path, name), torch.randn(2, BANDS, FRAMES)
    assert {"conv_pre.weight_g", "resblocks.8.convs.1.weight_v" if name == "V3" else "resblocks.11.convs2.2.weight_v"} \
        <= set(published.state_dict())
    ours = load_released_generator(tmp_path / "generator_v")
    with torch.no_grad():
        samples, expected = ours(mel.transpose(1, 2)), published(mel)[:, 0]
    assert samples.shape == (2, FRAMES * 256) and samples.std() > 1e-3 and not ours.training
    torch.testing.assert_close(samples, expected, atol=1e-6, rtol=1e-5)


def test_our_plain_weights_have_the_published_names_and_shapes(tmp_path):
    """Those that the released code has after its `remove_weight_norm`."""
    published = PublishedGenerator(CONFIGS["V1"])
    shapes = {name.replace("weight_v", "weight"): value.shape for name, value in published.state_dict().items()
              if not name.endswith("weight_g")}
    sizes = replace(V1, channels=32, rates=(8, 8, 2, 2), rate_kernels=(16, 16, 4, 4))
    plain = plain_state(HifiganGenerator(sizes, BANDS))
    assert {name: value.shape for name, value in plain.items()} == shapes
    mel = torch.randn(1, FRAMES, BANDS)
    with torch.no_grad():
        assert torch.equal(*(read_released_state(plain, sizes)(mel) for _ in range(2)))


def spoil_config(folder):
    (folder / "config.json").write_text('{"resblock": "1"}')


def spoil_sizes(folder):
    (folder / "config.json").write_text(json.dumps(CONFIGS["V3"]))


def spoil_weights(folder):
    (folder / "generator_v").write_bytes(b"no weights")


def discriminator_instead(folder):
    torch.save({"mpd": {}, "msd": {}}, folder / "generator_v")


@pytest.mark.parametrize(("spoil", "words"), [
    (spoil_config, "names no sizes of a HiFi-GAN"), (spoil_sizes, "do not fit the sizes"),
    (spoil_weights, "damaged, or no generator"), (discriminator_instead, "damaged, or no generator")])
def test_what_is_no_release_is_refused_in_one_sentence(spoil, words, tmp_path):
    release(tmp_path, "V1")
    spoil(tmp_path)
    with pytest.raises(CheckpointError, match=words):
        load_released_generator(tmp_path / "generator_v")


def former_name(name: str) -> str:
    """What a tensor of the factor decoder was called before: stages of blocks of steps, in which activations had numbers."""
    def step(found: re.Match) -> str:
        block, kind, place = int(found[1]), found[2], found[3]
        return f"generator.stages.{block // 3}.{block % 3}.steps.{place}.{3 if kind == 'convs2' else 1}."

    name = re.sub(r"^generator\.resblocks\.(\d+)\.(convs[12]?)\.(\d+)\.", step, name)
    return name.replace("generator.conv_pre.", "generator.first.").replace("generator.conv_post.", "generator.last.")


@pytest.mark.parametrize("name", ["V1", "V3"])
def test_a_checkpoint_with_the_former_names_loads_as_the_same_network(name, tmp_path):
    decoder = FactorDecoder(replace({"V1": V1, "V3": V3}[name], channels=32), units=10).eval()
    weights = {former_name(key): value for key, value in plain_state(decoder).items()}
    last = "generator.stages.4.2.steps.2.3.weight" if name == "V1" else "generator.stages.4.2.steps.1.1.weight"
    assert {"generator.first.weight", "generator.last.bias", last} <= set(weights)
    assert not any("resblocks" in key or "conv_p" in key for key in weights)
    folder = Folder(tmp_path)
    folder.write("generator", weights, {"design": "hifigan", "size": name, "channels": 32, "units": 10, "temperature": 0.0})
    loaded = load_generator(folder)
    expected = {key: value.half().float() for key, value in plain_state(decoder).items()}  # as files keep them
    assert set(loaded.state_dict()) == set(expected)
    assert all(torch.equal(value, expected[key]) for key, value in loaded.state_dict().items())
    inputs = (torch.arange(FRAMES)[None], torch.full((1, FRAMES), 120.0), torch.ones(1, FRAMES), *torch.randn(2, 1, 128))
    with torch.no_grad():
        torch.testing.assert_close(loaded(*inputs), decoder(*inputs), atol=1e-3, rtol=0)


def test_a_training_state_with_the_former_names_goes_on_with_the_moments_of_each_tensor():
    """Names in the order in which they stood, since optimisers store moments by place."""
    decoder = FactorDecoder(replace(V1, channels=32), units=10)
    names = {value: key for key, value in decoder.named_parameters()}
    blocks = [names[value] for value in optimiser_of(decoder, 1e-4).param_groups[0]["params"] if "resblocks.0" in names[value]]
    former = [former_name(key) for key in blocks if key.endswith("bias")]
    assert former == [f"generator.stages.0.0.steps.{step}.{layer}.bias" for step in range(3) for layer in (1, 3)]
    assert len(parameters_by_layer(decoder)) == len(names) and set(parameters_by_layer(decoder)) == set(names)
    other = FactorDecoder(replace(V1, channels=32), units=10)
    other.load_state_dict({former_name(key): value for key, value in decoder.state_dict().items()})
    assert all(torch.equal(value, decoder.state_dict()[key]) for key, value in other.state_dict().items())
