"""Networks of the paper's sizes with random weights, to be timed beside this project's small ones.

HuBERT base and wav2vec 2.0 large from transformers; HiFi-GAN V1 from this project; ECAPA-TDNN written out compactly at
its published size, because only its cost matters here.
"""

from __future__ import annotations

import torch
from torch import nn

from pipelines.networks.hifigan import V1, HifiganGenerator, without_weight_norm


def hubert_base() -> nn.Module:
    """HuBERT base: 12 layers of 768, about 95 M parameters. Takes (1, samples)."""
    from transformers import HubertConfig, HubertModel

    return HubertModel(HubertConfig()).eval()


def wav2vec_large() -> nn.Module:
    """wav2vec 2.0 large: 24 layers of 1024, about 315 M parameters. Takes (1, samples)."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    return Wav2Vec2Model(Wav2Vec2Config(
        hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096,
        feat_extract_norm="layer", do_stable_layer_norm=True, conv_bias=True)).eval()


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int, inner: int = 128):
        super().__init__()
        self.gate = nn.Sequential(nn.Conv1d(channels, inner, 1), nn.ReLU(), nn.Conv1d(inner, channels, 1), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gate(x.mean(2, keepdim=True))


class Res2Block(nn.Module):
    """ECAPA's SE-Res2Block with 8 groups."""

    def __init__(self, channels: int, dilation: int, groups: int = 8):
        super().__init__()
        width = channels // groups
        self.enter, self.leave = nn.Conv1d(channels, channels, 1), nn.Conv1d(channels, channels, 1)
        self.steps = nn.ModuleList(nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation) for _ in range(groups - 1))
        self.excite, self.groups = SqueezeExcite(channels), groups

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pieces = torch.relu(self.enter(x)).chunk(self.groups, dim=1)
        done = [pieces[0]]
        for step, piece in zip(self.steps, pieces[1:], strict=True):
            done.append(torch.relu(step(piece + done[-1] if len(done) > 1 else piece)))
        return x + self.excite(torch.relu(self.leave(torch.cat(done, dim=1))))


class Ecapa(nn.Module):
    """ECAPA-TDNN (Desplanques et al., 2020), 1024 channels, 192-d. Takes (1, 80, frames) at 100 Hz."""

    def __init__(self, channels: int = 1024):
        super().__init__()
        self.first = nn.Conv1d(80, channels, 5, padding=2)
        self.blocks = nn.ModuleList(Res2Block(channels, dilation) for dilation in (2, 3, 4))
        self.join = nn.Conv1d(3 * channels, 3072, 1)
        self.attend = nn.Sequential(nn.Conv1d(3 * 3072, 128, 1), nn.ReLU(), nn.Tanh(), nn.Conv1d(128, 3072, 1), nn.Softmax(2))
        self.embed = nn.Linear(2 * 3072, 192)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, outputs = torch.relu(self.first(x)), []
        for block in self.blocks:
            x = block(x)
            outputs.append(x)
        x = torch.relu(self.join(torch.cat(outputs, dim=1)))
        context = torch.cat([x, x.mean(2, keepdim=True).expand_as(x), x.std(2, keepdim=True).expand_as(x)], dim=1)
        weight = self.attend(context)
        mean = (x * weight).sum(2)
        deviation = ((x**2 * weight).sum(2) - mean**2).clamp(min=1e-8).sqrt()
        return self.embed(torch.cat([mean, deviation], dim=1))


def inputs(seconds: float) -> dict[str, tuple[nn.Module, torch.Tensor]]:
    """Every network with an input of so many seconds; built one at a time by the caller would save memory, but the
    sum of all four is what the paper's system needs."""
    samples = torch.randn(1, int(16_000 * seconds))
    return {
        "HuBERT base": (hubert_base(), samples), "wav2vec 2.0 large": (wav2vec_large(), samples),
        "ECAPA-TDNN": (Ecapa().eval(), torch.randn(1, 80, int(100 * seconds))),
        "HiFi-GAN V1": (without_weight_norm(HifiganGenerator(V1, 512)).eval(), torch.randn(1, int(50 * seconds), 512)),
    }
