"""What every training of a waveform does in a step: spectral losses, and one round of generator against discriminators."""

from __future__ import annotations

import torch
from torch import nn

from pipelines.training.discriminators import adversarial_loss, discriminator_loss, feature_matching_loss
from pipelines.training.spectral_loss import mel_loss, spectral_loss
from pipelines.training.trainer import autocast, descend

LIMIT = 10.0  # of a gradient's norm

Logged = dict[str, torch.Tensor]


def regression(made: torch.Tensor, real: torch.Tensor, mel_weight: float, spectral_weight: float) -> tuple[torch.Tensor, Logged]:
    """The weighted loss of (batch, n) waveforms by their spectra, and its two terms to log."""
    mel, spectral = mel_loss(made, real), spectral_loss(made, real)
    return mel_weight * mel + spectral_weight * spectral, {"mel": mel.detach(), "spectral": spectral.detach()}


def adversarial_step(critics: nn.Module, critics_optimiser: torch.optim.Optimizer, optimiser: torch.optim.Optimizer,
                     real: torch.Tensor, made: torch.Tensor, loss: torch.Tensor, matching_weight: float, device: str) -> Logged:
    """Teach the discriminators on this batch, then the generator by them and by `loss`.

    Args:
        real, made: (batch, n) float32; gradients flow through `made`. loss: what else the generator is to bring down.
    Returns:
        the terms to log.
    """
    with autocast(device):
        judged = discriminator_loss(critics(real), critics(made.detach()))
    descend(critics_optimiser, judged, limit=LIMIT)
    with autocast(device):
        heard_real, heard_made = critics(real), critics(made)
        adversarial, matching = adversarial_loss(heard_made), feature_matching_loss(heard_real, heard_made)
    descend(optimiser, loss + adversarial + matching_weight * matching, limit=LIMIT)
    return {"discriminator": judged.detach(), "adversarial": adversarial.detach(), "matching": matching.detach()}
