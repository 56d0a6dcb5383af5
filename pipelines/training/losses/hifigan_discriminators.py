"""HiFi-GAN's discriminators at the published widths and the generator's loss with the published weights (Kong, Kim, Bae,
NeurIPS 2020, sections 2.3 and 2.4)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from pipelines.training.losses.discriminators import (
    PeriodDiscriminator,
    Scores,
    adversarial_loss,
    feature_matching_loss,
    run_layers,
)
from pipelines.training.losses.spectral_loss import mel_loss

PERIODS = (2, 3, 5, 7, 11)
PERIOD_WIDTH, PERIOD_MULTIPLES = 32, (1, 4, 16, 32)
SCALES, SCALE_WIDTH = 3, 128
MATCHING_WEIGHT, MEL_WEIGHT = 2.0, 45.0


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


def generator_loss(made: torch.Tensor, real: torch.Tensor, heard_made: Scores, heard_real: Scores) -> torch.Tensor:
    """The generator's loss with the published weights.

    The paper sums over discriminators and their layers where the shared losses take means; this undoes the means. Matching
    is over every intermediate layer; the released code adds the score maps. The mel is this project's (`spectral_loss.py`).

    Args:
        made, real: (batch, n) at 16 kHz. heard_made, heard_real: what the discriminators returned for them.
    """
    layers = sum(len(heard) for _, heard in heard_real)
    adversarial = len(heard_made) * adversarial_loss(heard_made)
    matching = layers * feature_matching_loss(heard_real, heard_made)
    return adversarial + MATCHING_WEIGHT * matching + MEL_WEIGHT * mel_loss(made, real)
