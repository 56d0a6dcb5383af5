"""HiFi-GAN's generator at the published sizes (Kong, Kim, Bae, NeurIPS 2020): features at 50 Hz in, waveform at 16 kHz out.

Upsampling is that of resynthesis from units (Polyak et al., Interspeech 2021), which ZEST takes over: 5 x 4 x 4 x 2 x 2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import prod
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

SLOPE = 0.1  # of every leaky ReLU but the last
LAST_SLOPE = 0.01  # as in the released code, so that released weights sound the same here
EDGE = 7  # kernel of the first and the last convolution

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class HifiganSizes:
    """Sizes of a generator (HiFi-GAN, appendix A).

    Attributes:
        channels: after the first convolution; each upsampling halves them.
        kernels: one per residual block of a stage; the blocks run side by side and are averaged.
        dilations: per residual block, of its steps in order.
        block: 1 follows every dilated convolution by a plain one, 2 does not.
        rates: upsampling of each stage; their product is the number of samples per frame.
        rate_kernels: of the transposed convolutions. kernel - rate is even, so that lengths multiply exactly.
    """

    channels: int
    kernels: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]
    block: int
    rates: tuple[int, ...] = (5, 4, 4, 2, 2)
    rate_kernels: tuple[int, ...] = (11, 8, 8, 4, 4)

    @property
    def hop(self) -> int:
        """Samples per frame."""
        return prod(self.rates)


V1 = HifiganSizes(512, (3, 7, 11), ((1, 3, 5), (1, 3, 5), (1, 3, 5)), block=1)
V2 = HifiganSizes(128, (3, 7, 11), ((1, 3, 5), (1, 3, 5), (1, 3, 5)), block=1)
V3 = HifiganSizes(256, (3, 5, 7), ((1, 2), (2, 6), (3, 12)), block=2)
SIZES = {"V1": V1, "V2": V2, "V3": V3}


def sizes_of(name: str, channels: int = 0) -> HifiganSizes:
    """A published size by name; channels: other ones than published, unless 0."""
    return replace(SIZES[name], channels=channels or SIZES[name].channels)


class ResidualBlock(nn.Module):
    """Dilated convolutions with a residual around each step. Shapes: (batch, channels, n) in and out.

    Tensors have the published names: `convs1` and `convs2` where a plain convolution follows each dilated one, else `convs`.
    """

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...], block: int):
        super().__init__()
        dilated, plain = nn.ModuleList(), nn.ModuleList()
        for dilation in dilations:
            dilated.append(_same(channels, channels, kernel, dilation))
            if block == 1:
                plain.append(_same(channels, channels, kernel))
        self.steps = len(dilations)
        if block == 1:
            self.convs1, self.convs2 = dilated, plain
        else:
            self.convs = dilated

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for step in range(self.steps):
            change = x
            for layer in self.layers_of(step):
                change = layer(nn.functional.leaky_relu(change, SLOPE))
            x = x + change
        return x

    def layers_of(self, step: int) -> tuple[nn.Module, ...]:
        """The convolutions of a step, in order."""
        return (self.convs[step],) if hasattr(self, "convs") else (self.convs1[step], self.convs2[step])


class HifiganGenerator(nn.Module):
    """Features to waveform. Tensors have the names of the released code (github.com/jik876/hifi-gan).

    Weights begin as PyTorch's convolutions do. The released code draws them from N(0, 0.01) after adding weight norm, whose
    next forward pass overwrites the draw, so the published networks began like this one.

    multiplied: signals at 16 kHz, filtered and decimated, by which each upsampled stage is multiplied. A source and a filter as
        in Wang, Takaki, Yamagishi (ICASSP 2019), where the source is added; added, a flat one was not used within 2,600 steps
        (docs/lab-notes/generate.md). added: signals that are added in the same way. Without both, the published network.
    """

    def __init__(self, sizes: HifiganSizes, inputs: int, multiplied: int = 0, added: int = 0):
        super().__init__()
        self.conv_pre = _same(inputs, sizes.channels, EDGE)
        self.ups, self.resblocks, self.excite, self.add = (nn.ModuleList() for _ in range(4))
        self.multiplied = multiplied
        channels, rest = sizes.channels, sizes.hop
        for rate, kernel in zip(sizes.rates, sizes.rate_kernels, strict=True):
            self.ups.append(weight_norm(nn.ConvTranspose1d(channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2)))
            channels, rest = channels // 2, rest // rate
            for signals, filters in ((multiplied, self.excite), (added, self.add)):
                if signals:  # rest is even, or 1 behind the last upsampling: lengths divide exactly
                    filters.append(nn.Conv1d(signals, channels, 2 * rest - rest % 2, rest, padding=rest // 2))
            self.resblocks.extend(ResidualBlock(channels, width, dilations, sizes.block)
                                  for width, dilations in zip(sizes.kernels, sizes.dilations, strict=True))
        self.conv_post = _same(channels, 1, EDGE)
        self.register_load_state_dict_pre_hook(_read_former_names)

    def forward(self, features: torch.Tensor, excitation: torch.Tensor | None = None) -> torch.Tensor:
        """(batch, time, inputs) to (batch, time * hop), within -1 and 1; with the sizes here, 50 Hz to 16 kHz.

        excitation: (batch, multiplied + added, time * hop), where the network has any.
        """
        x = self.conv_pre(features.transpose(1, 2))
        side_by_side = len(self.resblocks) // len(self.ups)
        for stage, up in enumerate(self.ups):
            x = up(nn.functional.leaky_relu(x, SLOPE))
            if excitation is not None:
                x = x * (1 + self.excite[stage](excitation[:, :self.multiplied]))
                x = x + self.add[stage](excitation[:, self.multiplied:]) if self.add else x
            blocks = [self.resblocks[stage * side_by_side + place] for place in range(side_by_side)]
            x = sum(block(x) for block in blocks) / side_by_side
        return torch.tanh(self.conv_post(nn.functional.leaky_relu(x, LAST_SLOPE)))[:, 0]


def parameters_by_layer(module: nn.Module) -> list[nn.Parameter]:
    """`module.parameters()`, but residual blocks give theirs step by step, not `convs1` before `convs2`.

    Optimisers store moments by place. Training states from before the published names have them in this order.
    """
    if isinstance(module, ResidualBlock):
        return [value for step in range(module.steps) for layer in module.layers_of(step) for value in layer.parameters()]
    own = list(module.parameters(recurse=False))
    return own + [value for child in module.children() for value in parameters_by_layer(child)]


def _read_former_names(generator: HifiganGenerator, state: dict[str, torch.Tensor], prefix: str, *_) -> None:
    """Rename what checkpoints and training states from before the published names call `first`, `stages` and `last`."""
    side_by_side = len(generator.resblocks) // len(generator.ups)
    single = hasattr(generator.resblocks[0], "convs")

    def block(found: re.Match) -> str:
        stage, place, step, layer = (int(number) for number in found.groups())
        convs = "convs" if single else "convs1" if layer == 1 else "convs2"  # layers 0 and 2 were activations
        return f"resblocks.{stage * side_by_side + place}.{convs}.{step}."

    for name in [name for name in state if name.startswith(prefix)]:
        former = name[len(prefix):]
        published = re.sub(r"^stages\.(\d+)\.(\d+)\.steps\.(\d+)\.([13])\.", block, former)
        published = re.sub(r"^first\.", "conv_pre.", re.sub(r"^last\.", "conv_post.", published))
        if published != former:
            state[prefix + published] = state.pop(name)


def without_weight_norm(module: Network) -> Network:
    """The same module, changed in place to plain weights that give the same output faster: for synthesis, not for training.

    The state dict then holds plain weights too; to load it, build the module, call this, and load.
    """
    for part in list(module.modules()):
        if is_parametrized(part, "weight"):
            remove_parametrizations(part, "weight")
    return module


def plain_state(module: nn.Module) -> dict[str, torch.Tensor]:
    """The state dict that `without_weight_norm` would leave, of a module that goes on training.

    No copy of the module will do: torch lets a copy share the class that holds the parametrised weight, and taking it from the
    copy takes it from the module, too.
    """
    kept = {name: value for name, value in module.state_dict().items() if ".parametrizations." not in name}
    plain = {f"{name}.weight": part.weight.detach() for name, part in module.named_modules() if is_parametrized(part, "weight")}
    return kept | plain


def receptive_field(sizes: HifiganSizes) -> int:
    """Input frames that one output sample depends on, at that place within its frame where they are most."""
    seen = [frames_seen(sizes, sample) for sample in range(sizes.hop)]
    return max(last - first + 1 for first, last in seen)


def context(sizes: HifiganSizes) -> int:
    """Input frames before and behind a frame that must be given for its samples to be those of the uncut recording."""
    return max(-frames_seen(sizes, 0)[0], frames_seen(sizes, sizes.hop - 1)[1])


def frames_seen(sizes: HifiganSizes, sample: int) -> tuple[int, int]:
    """First and last input frame that an output sample depends on, without regard to where the recording begins and ends.

    Walks back from the output. A convolution widens the interval by half its span to both sides. A transposed one spreads its
    input i over i * rate - padding and the kernel - 1 samples after it, so it sees all i whose spread meets the interval.
    """
    block = max(_reach(kernel, dilations, sizes.block) for kernel, dilations in zip(sizes.kernels, sizes.dilations, strict=True))
    first, last = sample - EDGE // 2, sample + EDGE // 2
    for rate, kernel in zip(sizes.rates[::-1], sizes.rate_kernels[::-1], strict=True):
        padding = (kernel - rate) // 2
        first, last = first - block, last + block
        first, last = -((kernel - 1 - padding - first) // rate), (last + padding) // rate  # ceiling and floor
    return first - EDGE // 2, last + EDGE // 2


def _reach(kernel: int, dilations: tuple[int, ...], block: int) -> int:
    """Samples to one side that a residual block sees."""
    return sum(step * (kernel // 2) for dilation in dilations for step in _step(dilation, block))


def _step(dilation: int, block: int) -> tuple[int, ...]:
    """Dilations of the convolutions of one step."""
    return (dilation, 1) if block == 1 else (dilation,)


def _same(inputs: int, outputs: int, kernel: int, dilation: int = 1) -> nn.Module:
    """A weight-normalised convolution that keeps the length."""
    return weight_norm(nn.Conv1d(inputs, outputs, kernel, padding=dilation * (kernel // 2), dilation=dilation))
