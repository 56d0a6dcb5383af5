"""Discriminators of waveforms, and their losses.

`Discriminators` are small: HiFi-GAN's multi-period one (Kong et al., NeurIPS 2020), and strided ones on spectra
(multi-resolution, Jang et al., Interspeech 2021), which cost most and are therefore few and narrow. `HifiganDiscriminators` have
the published widths (Kong et al., sections 2.3 and 2.4).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

PERIODS = (2, 3, 5, 7, 11)
PERIOD_WIDTH, PERIOD_MULTIPLES = 32, (1, 4, 16, 32)
SCALES, SCALE_WIDTH = 3, 128
DISCRIMINATOR_WIDTH = 16  # of the small ones
Scores = list[tuple[torch.Tensor, list[torch.Tensor]]]  # per discriminator: its score and the layers before it


class PeriodDiscriminator(nn.Module):
    """Looks at every `period`-th sample. Layer k has width * multiples[k] channels."""

    def __init__(self, period: int, width: int = DISCRIMINATOR_WIDTH, multiples: tuple[int, ...] = (1, 2, 4, 8)):
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

    def __init__(self, size: int, hop: int, width: int = DISCRIMINATOR_WIDTH):
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
    """All of them side by side. width: of the first layers; wider ones tell more and need a GPU."""

    def __init__(self, width: int = DISCRIMINATOR_WIDTH, periods: tuple[int, ...] = PERIODS,
                 sizes: tuple[int, ...] = (256, 512, 1024)):
        super().__init__()
        self.parts = nn.ModuleList([*(PeriodDiscriminator(period, width) for period in periods),  # training states call them so
                                    *(SpectrumDiscriminator(size, size // 4, width) for size in sizes)])

    def forward(self, samples: torch.Tensor) -> Scores:
        return [part(samples) for part in self.parts]


def discriminator_loss(real: Scores, rendered: Scores) -> torch.Tensor:
    """Least squares (Mao et al., 2017), as HiFi-GAN: real is 1, rendered is 0."""
    pairs = zip(real, rendered, strict=True)
    return sum(((1 - one) ** 2).mean() + (other**2).mean() for (one, _), (other, _) in pairs) / len(real)


def adversarial_loss(rendered: Scores) -> torch.Tensor:
    """Least squares of the generator: its target is a score of 1 for all that it renders."""
    return sum(((1 - score) ** 2).mean() for score, _ in rendered) / len(rendered)


def feature_matching_loss(real: Scores, rendered: Scores) -> torch.Tensor:
    """Mean absolute difference of all layers (Larsen et al., 2016)."""
    pairs = _layers(real, rendered)
    return sum((a - b).abs().mean() for a, b in pairs) / len(pairs)


def relative_matching_loss(real: Scores, rendered: Scores) -> torch.Tensor:
    """The same, each layer's difference divided by the layer's mean on real speech (EnCodec, TMLR 2023, section 3.4).

    Layers differ in size by orders of magnitude; without the division only the first ones would count.
    """
    pairs = _layers(real, rendered)
    return sum((a - b).abs().mean() / a.abs().mean().clamp(min=1e-5) for a, b in pairs) / len(pairs)


def _layers(real: Scores, rendered: Scores) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [(a.detach(), b) for (_, one), (_, other) in zip(real, rendered, strict=True) for a, b in zip(one, other, strict=True)]


def run_layers(x: torch.Tensor, layers: nn.ModuleList, score: nn.Module) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The score map, flat, and the outputs of all layers before it: what every discriminator returns."""
    outputs = []
    for layer in layers:
        x = nn.functional.leaky_relu(layer(x), 0.1)
        outputs.append(x)
    return score(x).flatten(1), outputs



class ScaleDiscriminator(nn.Module):
    """Looks at every sample through strided, grouped convolutions (MelGAN, Kumar et al., NeurIPS 2019).

    width is a multiple of 16, the number of groups.
    """

    def __init__(self, width: int = SCALE_WIDTH, norm=weight_norm):
        super().__init__()
        layers = (  # channels in and out, kernel, stride, groups
            (1, width, 15, 1, 1), (width, width, 41, 2, 4), (width, 2 * width, 41, 2, 16), (2 * width, 4 * width, 41, 4, 16),
            (4 * width, 8 * width, 41, 4, 16), (8 * width, 8 * width, 41, 1, 16), (8 * width, 8 * width, 5, 1, 1))
        self.layers = nn.ModuleList(norm(nn.Conv1d(a, b, kernel, stride, kernel // 2, groups=groups))
                                    for a, b, kernel, stride, groups in layers)
        self.score = norm(nn.Conv1d(8 * width, 1, 3, padding=1))

    def forward(self, samples: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """(batch, n) to a score map and the layers' outputs."""
        return run_layers(samples[:, None], self.layers, self.score)


class MultiPeriod(nn.Module):
    """Five period discriminators; periods are prime, so that they share as few samples as possible."""

    def __init__(self, width: int = PERIOD_WIDTH):
        super().__init__()
        self.parts = nn.ModuleList(PeriodDiscriminator(period, width, PERIOD_MULTIPLES) for period in PERIODS)

    def forward(self, samples: torch.Tensor) -> Scores:
        """(batch, n) at 16 kHz to five scores."""
        return [part(samples) for part in self.parts]


class MultiScale(nn.Module):
    """The waveform itself, and its averages at a half and a quarter of the rate. The first has spectral norm, for stability."""

    def __init__(self, width: int = SCALE_WIDTH):
        super().__init__()
        self.parts = nn.ModuleList(ScaleDiscriminator(width, weight_norm if scale else spectral_norm) for scale in range(SCALES))
        self.halve = nn.AvgPool1d(4, 2, padding=2)

    def forward(self, samples: torch.Tensor) -> Scores:
        """(batch, n) at 16 kHz to three scores."""
        scores = []
        for part in self.parts:
            scores.append(part(samples))
            samples = self.halve(samples)
        return scores


class HifiganDiscriminators(nn.Module):
    """Both kinds side by side, to be used as `Discriminators` is. Narrower widths are for tests and small machines."""

    def __init__(self, period_width: int = PERIOD_WIDTH, scale_width: int = SCALE_WIDTH):
        super().__init__()
        self.periods = MultiPeriod(period_width)
        self.scales = MultiScale(scale_width)

    def forward(self, samples: torch.Tensor) -> Scores:
        """(batch, n) at 16 kHz to eight scores: five periods, then three scales."""
        return self.periods(samples) + self.scales(samples)
