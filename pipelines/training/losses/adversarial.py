"""Losses and steps that all trainings of waveforms share: spectral losses, and generator against discriminators."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from pipelines.networks.hifigan import parameters_by_layer
from pipelines.training.loop.optim import Update
from pipelines.training.losses.discriminators import (
    Scores,
    adversarial_loss,
    discriminator_loss,
    feature_matching_loss,
    relative_matching_loss,
)
from pipelines.training.losses.spectral_loss import mel_loss, spectral_loss

MATCHING_WEIGHT, MEL_WEIGHT = 2.0, 45.0  # of HiFi-GAN's loss
LIMIT = 10.0  # of a gradient's norm
QUIET = 0.01  # RMS below which a crop is not amplified for the discriminators
AVERAGED = 0.999  # decay of the exponential moving average of weights, which is exported: it evens out adversarial steps

Logged = dict[str, torch.Tensor]


def running_average(network: nn.Module, decay: float = AVERAGED) -> AveragedModel:
    """The exponential running mean of a network's weights; `module` is the network, `update_parameters` after every step."""
    return AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay))


def optimiser_of(network: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    """AdamW with the betas of HiFi-GAN (Kong et al., NeurIPS 2020, section 3)."""
    return torch.optim.AdamW(parameters_by_layer(network), learning_rate, (0.8, 0.99), weight_decay=0.01)


def regression(rendered: torch.Tensor, real: torch.Tensor, mel_weight: float,
               spectral_weight: float) -> tuple[torch.Tensor, Logged]:
    """The weighted loss of (batch, n) waveforms by their spectra, and its two terms to log."""
    mel, spectral = mel_loss(rendered, real), spectral_loss(rendered, real)
    return mel_weight * mel + spectral_weight * spectral, {"mel": mel.detach(), "spectral": spectral.detach()}


@dataclass(frozen=True)
class Shares:
    """How strongly each adversarial loss pulls at the waveform, as a multiple of the spectral losses' gradient.

    Losses' values say nothing about that: with usual weights the spectral gradient was 20 to 50 times the adversarial one here,
    and the adversarial part had almost no influence (docs/lab-notes/vocoder.md).
    """

    adversarial: float
    matching: float


def teach_discriminators(discriminators: nn.Module, optimiser: torch.optim.Optimizer, real: torch.Tensor, rendered: torch.Tensor,
                         update: Update, limit: float) -> torch.Tensor:
    """One step of the discriminators on (batch, n) waveforms; gives the loss to log. limit: of the gradient's norm."""
    with update.autocast():
        loss = discriminator_loss(discriminators(real), discriminators(rendered.detach()))
    update.apply(loss, optimiser, limit=limit)
    return loss.detach()


def judge(discriminators: nn.Module, real: torch.Tensor, rendered: torch.Tensor, update: Update) -> tuple[Scores, Scores]:
    """Scores of real speech, without gradient, and of what is rendered."""
    with update.autocast():
        with torch.no_grad():
            of_real = discriminators(real)
        return of_real, discriminators(rendered)


def adversarial_step(discriminators: nn.Module, discriminators_optimiser: torch.optim.Optimizer, optimiser: torch.optim.Optimizer,
                     real: torch.Tensor, rendered: torch.Tensor, spectral: torch.Tensor, rest: torch.Tensor | float,
                     shares: Shares, update: Update) -> Logged:
    """Teach the discriminators on this batch, then the generator by them, by `spectral` and by `rest`.

    Gradients at the waveform are balanced as in EnCodec (Defossez et al., TMLR 2023, section 3.4), but by this batch's norms
    alone, so that nothing outlives a step. Discriminators are given every crop at one level; spectra tell how loud it is.

    Args:
        real, rendered: (batch, n) float32; gradients flow through `rendered`. spectral: loss of `rendered`. rest: other losses.
    Returns:
        the terms to log.
    """
    level = real.pow(2).mean(-1, keepdim=True).sqrt().clamp(min=QUIET)
    leaf = rendered.detach().requires_grad_()
    taught = teach_discriminators(discriminators, discriminators_optimiser, real / level, leaf.detach() / level, update, LIMIT)
    of_real, of_rendered = judge(discriminators, real / level, leaf / level, update)
    with update.autocast():
        losses = adversarial_loss(of_rendered), relative_matching_loss(of_real, of_rendered)
    pulls = [torch.autograd.grad(loss, leaf, retain_graph=True)[0] for loss in losses]
    size = torch.autograd.grad(spectral, rendered, retain_graph=True)[0].norm()
    pull = sum(share * size / one.norm().clamp(min=1e-12) * one
               for share, one in zip((shares.adversarial, shares.matching), pulls, strict=True))
    update.apply(spectral + rest + (rendered * pull).sum(), optimiser, limit=LIMIT)
    return {"discriminator": taught, "adversarial": losses[0].detach(), "matching": losses[1].detach()}


def hifigan_loss(rendered: torch.Tensor, real: torch.Tensor, of_rendered: Scores, of_real: Scores) -> torch.Tensor:
    """The generator's loss with the published weights.

    The paper sums over discriminators and their layers where the shared losses take means; this undoes the means. Matching
    is over every intermediate layer; the released code adds the score maps. The mel is this project's (`spectral_loss.py`).

    Args:
        rendered, real: (batch, n) at 16 kHz. of_rendered, of_real: what the discriminators returned for them.
    """
    layers = sum(len(outputs) for _, outputs in of_real)
    adversarial = len(of_rendered) * adversarial_loss(of_rendered)
    matching = layers * feature_matching_loss(of_real, of_rendered)
    return adversarial + MATCHING_WEIGHT * matching + MEL_WEIGHT * mel_loss(rendered, real)
