"""Building blocks that several networks share."""

from __future__ import annotations

import math

import torch
from torch import nn


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(context, x, weight):
        context.weight = weight
        return x.view_as(x)

    @staticmethod
    def backward(context, gradient):
        return -context.weight * gradient, None


def reverse_gradient(x: torch.Tensor, weight: float = 1.0) -> torch.Tensor:
    """Identity forwards, gradient times -weight backwards (Ganin & Lempitsky, ICML 2015)."""
    return _Reverse.apply(x, weight)


class ConvBlock(nn.Module):
    """A one-dimensional ConvNeXt block: depthwise convolution over time, two pointwise layers, residual.

    Shapes: (batch, time, width) in and out.
    """

    def __init__(self, width: int, kernel: int = 7, dilation: int = 1, expand: int = 2):
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=dilation * (kernel // 2), dilation=dilation, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, expand * width)
        self.narrow = nn.Linear(expand * width, width)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        inside = x if mask is None else x * mask[..., None]
        mixed = self.depthwise(inside.transpose(1, 2)).transpose(1, 2)
        return x + self.narrow(nn.functional.gelu(self.widen(self.norm(mixed))))


class ConvStack(nn.Module):
    """Blocks of growing dilation, so that a few layers see a phrase from end to end."""

    def __init__(self, width: int, dilations: tuple[int, ...], kernel: int = 7):
        super().__init__()
        self.blocks = nn.ModuleList(ConvBlock(width, kernel, dilation) for dilation in dilations)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        for block in self.blocks:
            x = block(x, mask)
        return x


def masked_mean(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(batch, time, width), (batch, time) to (batch, width)."""
    return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


def masked_deviation(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Standard deviation over the masked frames, (batch, width)."""
    centred = (x - masked_mean(x, mask)[:, None]) ** 2
    return (masked_mean(centred, mask) + 1e-4).sqrt()


def phrase_positions(mask: torch.Tensor, width: int = 32) -> torch.Tensor:
    """Where in the phrase a frame lies: sinusoids of seconds from its start, to its end, and of the relative position.

    Args:
        mask: (batch, time), ones then zeros.
    Returns:
        (batch, time, 3 * width)
    """
    index = torch.arange(mask.shape[1], device=mask.device, dtype=torch.float32)[None]
    length = mask.sum(1, keepdim=True)
    seconds = torch.stack([index.expand_as(mask), (length - 1 - index).clamp(min=0), 50 * index / length.clamp(min=1)]) / 50
    rates = torch.exp(torch.linspace(math.log(0.5), math.log(12.0), width // 2, device=mask.device))
    angles = seconds[..., None] * rates
    return torch.cat([angles.sin(), angles.cos()], -1).permute(1, 2, 0, 3).flatten(2)


def pad_stack(arrays: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Stack arrays of different first size with zeros behind; returns the stack and its (batch, time) mask."""
    stacked = nn.utils.rnn.pad_sequence(arrays, batch_first=True)
    lengths = torch.tensor([len(array) for array in arrays])
    return stacked, (torch.arange(stacked.shape[1])[None] < lengths[:, None]).float()


class CrossAttention(nn.Module):
    """Multi-head attention with the tensors and names of `nn.MultiheadAttention`, whose first call imports sympy
    and with it half a second that the command line does not have.
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, query: torch.Tensor, key: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """(batch, time, width), keys that are values too (batch, keys, width), (batch, keys) bool to (batch, time, width)."""
        weights, biases = self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3)
        q, k, v = (nn.functional.linear(x, weight, bias).unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for x, weight, bias in zip((query, key, key), weights, biases))
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=there[:, None, None])
        return self.out_proj(mixed.transpose(1, 2).flatten(2))
