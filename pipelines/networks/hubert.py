"""HuBERT's forward pass in plain torch, for conversion: the same tensors and names as `transformers.HubertModel`.

Importing transformers takes longer than converting a sentence, and conversion needs none of it. Training builds and
trains the real `transformers.HubertModel`; a test holds both to the same output.

One thing goes beyond it. Layers that were taken over from a network with absolute positions need these positions. Where the sizes
have `positions`, a table of them is added below the layer `positions_before`, and longer recordings go through the layers from
there on in windows that overlap.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from pipelines.errors import CheckpointError


@dataclass(frozen=True)
class HubertSizes:
    """What of `transformers.HubertConfig` shapes the forward pass, with its names and defaults (HuBERT base)."""

    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    conv_dim: tuple[int, ...] = (512,) * 7
    conv_kernel: tuple[int, ...] = (10, 3, 3, 3, 3, 2, 2)
    conv_stride: tuple[int, ...] = (5, 2, 2, 2, 2, 2, 2)
    conv_bias: bool = False
    num_conv_pos_embeddings: int = 128
    num_conv_pos_embedding_groups: int = 16
    feat_proj_layer_norm: bool = True
    layer_norm_eps: float = 1e-5
    mask_time_prob: float = 0.05
    mask_feature_prob: float = 0.0
    feat_extract_norm: str = "group"
    do_stable_layer_norm: bool = False
    positions: int = 0  # frames of the table, 50 Hz; 0: there is none
    positions_before: int = 0  # the layer, from 0, below which they are added


ALTERNATIVES = {"feat_extract_norm": ("group", "layer"), "hidden_act": ("gelu",), "feat_extract_activation": ("gelu",),
                "conv_pos_batch_norm": (False,)}  # only these are built here, the first if the config does not say


def read_sizes(config: dict) -> HubertSizes:
    """Sizes from a HubertConfig's JSON. Raises CheckpointError for a kind of HuBERT that is not built here."""
    for key, built in ALTERNATIVES.items():
        if config.get(key, built[0]) not in built:
            raise CheckpointError(f"The checkpoint's HuBERT has {key} = {config[key]}, but only {' or '.join(map(str, built))} "
                                  "can be converted with.")
    names = {field.name for field in fields(HubertSizes)}
    return HubertSizes(**{key: value for key, value in config.items() if key in names})

OVERLAP = 8  # one part in so many of a window of positions is the next one's, too


class HiddenStates(NamedTuple):
    """hidden_states: the embedding below the transformer, then every layer's output, each (batch, frames, width). With
    do_stable_layer_norm they are the residual stream, which transformers' last_hidden_state alone normalises."""

    hidden_states: tuple[torch.Tensor, ...]


class Hubert(nn.Module):
    """Loads the state dict of `transformers.HubertModel` strictly."""

    def __init__(self, config: HubertSizes):
        super().__init__()
        self.config = config
        self.feature_extractor, self.feature_projection = _Frontend(config), _Projection(config)
        self.encoder = _Encoder(config)
        if config.mask_time_prob > 0 or config.mask_feature_prob > 0:  # a weight of training, there but unused
            self.masked_spec_embed = nn.Parameter(torch.empty(config.hidden_size))

    def forward(self, waveform: torch.Tensor, output_hidden_states: bool = True) -> HiddenStates:
        """(batch, samples) to hidden states; the argument is there for transformers' callers and must stay True."""
        x = self.feature_projection(self.feature_extractor(waveform))
        return HiddenStates(self.encoder(x))


class _ConvLayer(nn.Module):
    def __init__(self, config: HubertSizes, index: int):
        super().__init__()
        before, after = (1, *config.conv_dim)[index], config.conv_dim[index]
        self.conv = nn.Conv1d(before, after, config.conv_kernel[index], config.conv_stride[index], bias=config.conv_bias)
        if config.feat_extract_norm == "layer":
            self.layer_norm = _ChannelNorm(after)
        else:
            self.layer_norm = nn.GroupNorm(after, after) if index == 0 else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.gelu(self.layer_norm(self.conv(x)))


class _ChannelNorm(nn.LayerNorm):
    """Over the channels of each frame: (batch, channels, frames)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class _Frontend(nn.Module):
    def __init__(self, config: HubertSizes):
        super().__init__()
        self.conv_layers = nn.Sequential(*(_ConvLayer(config, index) for index in range(len(config.conv_dim))))

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """(batch, samples) to (batch, frames, channels)."""
        return self.conv_layers(waveform[:, None]).transpose(1, 2)


class _Projection(nn.Module):
    def __init__(self, config: HubertSizes):
        super().__init__()
        channels = config.conv_dim[-1]
        self.layer_norm = nn.LayerNorm(channels, config.layer_norm_eps) if config.feat_proj_layer_norm else nn.Identity()
        self.projection = nn.Linear(channels, config.hidden_size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.projection(self.layer_norm(x))


class _Positions(nn.Module):
    """A grouped convolution over time instead of position embeddings."""

    def __init__(self, config: HubertSizes):
        super().__init__()
        kernel = config.num_conv_pos_embeddings
        conv = nn.Conv1d(config.hidden_size, config.hidden_size, kernel, padding=kernel // 2,
                         groups=config.num_conv_pos_embedding_groups)
        self.conv = weight_norm(conv, dim=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        positions = self.conv(x.transpose(1, 2))[:, :, :x.shape[1]]  # an even kernel gives one frame too many
        return nn.functional.gelu(positions).transpose(1, 2)


class _Attention(nn.Module):
    def __init__(self, config: HubertSizes):
        super().__init__()
        width, self.heads = config.hidden_size, config.num_attention_heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = (part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
                             for part in (self.q_proj, self.k_proj, self.v_proj))
        attended = nn.functional.scaled_dot_product_attention(query, key, value)
        return self.out_proj(attended.transpose(1, 2).flatten(2))


class _FeedForward(nn.Module):
    def __init__(self, config: HubertSizes):
        super().__init__()
        self.intermediate_dense = nn.Linear(config.hidden_size, config.intermediate_size)
        self.output_dense = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.output_dense(nn.functional.gelu(self.intermediate_dense(x)))


class _Layer(nn.Module):
    def __init__(self, config: HubertSizes):
        super().__init__()
        self.norm_first = config.do_stable_layer_norm
        self.attention, self.feed_forward = _Attention(config), _FeedForward(config)
        self.layer_norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.final_layer_norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.norm_first:
            x = x + self.attention(self.layer_norm(x))
            return x + self.feed_forward(self.final_layer_norm(x))
        x = self.layer_norm(x + self.attention(x))
        return self.final_layer_norm(x + self.feed_forward(x))


class _Encoder(nn.Module):
    def __init__(self, config: HubertSizes):
        super().__init__()
        self.norm_first = config.do_stable_layer_norm
        self.pos_conv_embed = _Positions(config)
        self.layer_norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.num_hidden_layers))
        self.free = config.positions_before if config.positions else config.num_hidden_layers  # layers without positions
        if config.positions:
            self.positions = nn.Parameter(torch.zeros(config.positions, config.hidden_size))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = x + self.pos_conv_embed(x)
        states = [x if self.norm_first else self.layer_norm(x)]
        for layer in self.layers[:self.free]:
            states.append(layer(states[-1]))
        return (*states, *self._positioned(states[-1])) if self.free < len(self.layers) else tuple(states)

    def _positioned(self, x: torch.Tensor) -> list[torch.Tensor]:
        """(batch, frames, width) to the states after the layers that know positions."""
        length = len(self.positions)
        overlap, windows = length // OVERLAP, []
        for start in range(0, max(1, x.shape[1] - overlap), length - overlap):
            window = x[:, start:start + length]
            states = [window + self.positions[:window.shape[1]]]
            for layer in self.layers[self.free:]:
                states.append(layer(states[-1]))
            first = overlap // 2 if start else 0
            last = window.shape[1] if start + length >= x.shape[1] else length - overlap + overlap // 2
            windows.append([state[:, first:last] for state in states[1:]])
        return [torch.cat(states, dim=1) for states in zip(*windows)]
