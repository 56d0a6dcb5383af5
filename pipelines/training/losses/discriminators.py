"""Discriminators of waveforms: HiFi-GAN's multi-period one (Kong et al., NeurIPS 2020) in small, and strided ones on spectra
(multi-resolution, Jang et al., Interspeech 2021), which cost most and are therefore few and narrow."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

Scores = list[tuple[torch.Tensor, list[torch.Tensor]]]  # per discriminator: its score and the layers before it


class PeriodDiscriminator(nn.Module):
    """Looks at every `period`-th sample. Layer k has width * multiples[k] channels."""

    def __init__(self, period: int, width: int = 16, multiples: tuple[int, ...] = (1, 2, 4, 8)):
        super().__init__()
        self.period = period
        widths = (1, *(width * multiple for multiple in multiples))
        self.layers = nn.ModuleList(weight_norm(nn.Conv2d(a, b, (5, 1), (3, 1), (2, 0))) for a, b in pairwise(widths))
        self.layers.append(weight_norm(nn.Conv2d(widths[-1], widths[-1], (5, 1), 1, (2, 0))))
        self.score = weight_norm(nn.Conv2d(widths[-1], 1, (3, 1), 1, (1, 0)))

    def forward(self, samples: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """(batch, n) to a score map and the layers' outputs."""
        samples = nn.functional.pad(samples[:, None], (0, -samples.shape[1] % self.period), mode="reflect")
        return run_layers(samples.unflatten(-1, (-1, self.period)), self.layers, self.score)


class SpectrumDiscriminator(nn.Module):
    """Looks at log magnitudes at one resolution."""

    def __init__(self, size: int, hop: int, width: int = 16):
        super().__init__()
        self.size, self.hop = size, hop
        self.register_buffer("window", torch.hann_window(size), persistent=False)
        self.layers = nn.ModuleList([weight_norm(nn.Conv2d(1, width, (7, 5), (2, 2), (3, 2)))])
        for _ in range(3):
            self.layers.append(weight_norm(nn.Conv2d(width, width, (5, 3), (2, 1), (2, 1))))
        self.score = weight_norm(nn.Conv2d(width, 1, 3, 1, 1))

    def forward(self, samples: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """(batch, n) to a score map and the layers' outputs."""
        spectrum = torch.stft(samples, self.size, self.hop, window=self.window, return_complex=True)
        return run_layers(torch.log(spectrum.abs() + 1e-3)[:, None], self.layers, self.score)


class Discriminators(nn.Module):
    """All of them side by side."""

    def __init__(self, periods: tuple[int, ...] = (2, 3, 5, 7, 11), sizes: tuple[int, ...] = (256, 512, 1024)):
        super().__init__()
        self.parts = nn.ModuleList([*(PeriodDiscriminator(period) for period in periods),
                                    *(SpectrumDiscriminator(size, size // 4) for size in sizes)])

    def forward(self, samples: torch.Tensor) -> Scores:
        return [part(samples) for part in self.parts]


def discriminator_loss(real: Scores, made: Scores) -> torch.Tensor:
    """Least squares (Mao et al., 2017), as HiFi-GAN: real is 1, made is 0."""
    pairs = zip(real, made, strict=True)
    return sum(((1 - one) ** 2).mean() + (other**2).mean() for (one, _), (other, _) in pairs) / len(real)


def adversarial_loss(made: Scores) -> torch.Tensor:
    """What the generator wants: everything it made to be scored 1."""
    return sum(((1 - score) ** 2).mean() for score, _ in made) / len(made)


def feature_matching_loss(real: Scores, made: Scores) -> torch.Tensor:
    """Mean absolute difference of all layers (Larsen et al., 2016)."""
    pairs = _layers(real, made)
    return sum((a - b).abs().mean() for a, b in pairs) / len(pairs)


def relative_matching_loss(real: Scores, made: Scores) -> torch.Tensor:
    """The same, each layer's difference against what the layer is on real speech, as in EnCodec (Defossez et al., TMLR 2023,
    section 3.4): layers differ in size by orders of magnitude, and only the first ones would count."""
    pairs = _layers(real, made)
    return sum((a - b).abs().mean() / a.abs().mean().clamp(min=1e-5) for a, b in pairs) / len(pairs)


def _layers(real: Scores, made: Scores) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [(a.detach(), b) for (_, one), (_, other) in zip(real, made, strict=True) for a, b in zip(one, other, strict=True)]


def run_layers(x: torch.Tensor, layers: nn.ModuleList, score: nn.Module) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The score map, flat, and the outputs of all layers before it: what every discriminator returns."""
    heard = []
    for layer in layers:
        x = nn.functional.leaky_relu(layer(x), 0.1)
        heard.append(x)
    return score(x).flatten(1), heard
