"""VAW-GAN: a variational autoencoder whose generator is conditioned on the emotion and has a Wasserstein critic.

Hsu et al., Interspeech 2017, for voices; Zhou, Sisman & Li, Odyssey 2020 and Interspeech 2020 ("Converting anyone's emotion"),
for emotions. One autoencoder converts the spectrum and is conditioned on F0 too, one converts wavelet coefficients of F0
(wavelets.py). As published, both see single frames. For two CPU cores the spectrum is 40 mel bands instead of 513 bins, and
layers are dense instead of convolutions over bins.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from pipelines.features.wavelets import SCALES
from pipelines.features.world import BANDS
from pipelines.labels import EMOTIONS

CONTEXT = 2  # conditions of the spectrum's generator besides the emotion: octaves above the voice's neutral mean, voicing
QUIETEST = 14.0  # natural-log power below the loud frames; what lies deeper is room noise


class Encoder(nn.Module):
    """(n, bins) to mean and log variance of the latent code, (n, latent) each."""

    def __init__(self, bins: int, width: int, latent: int):
        super().__init__()
        self.layers = dense(bins, width, 2 * latent)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.layers(x).float().chunk(2, dim=1)


class VawGanGenerator(nn.Module):
    """(n, latent), emotions (n,) and other conditions (n, context) to (n, bins)."""

    def __init__(self, bins: int, width: int, latent: int, context: int):
        super().__init__()
        self.layers = dense(latent + len(EMOTIONS) + context, width, bins)

    def forward(self, code: torch.Tensor, emotion: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        conditions = torch.cat([code, nn.functional.one_hot(emotion, len(EMOTIONS)).float(), context], dim=1)
        return self.layers(conditions).float()


class Critic(nn.Module):
    """Training only: (n, bins) and emotions (n,) to (n,), high for frames of real speech in that emotion.

    The emotion is compared with the frame by an inner product (Miyato & Koyama, ICLR 2018).
    """

    def __init__(self, bins: int, width: int):
        super().__init__()
        self.layers = dense(bins, width, 1 + len(EMOTIONS))

    def forward(self, x: torch.Tensor, emotion: torch.Tensor) -> torch.Tensor:
        scores = self.layers(x).float()
        return scores[:, 0] + scores[:, 1:].gather(1, emotion[:, None])[:, 0]


class Autoencoder(nn.Module):
    """Encoder and generator, for bins of mean 0 and deviation 1; `mean` and `deviation` are those of the training speech."""

    def __init__(self, bins: int, width: int, latent: int, context: int = 0):
        super().__init__()
        self.encode = Encoder(bins, width, latent)
        self.generate = VawGanGenerator(bins, width, latent, context)
        self.register_buffer("mean", torch.zeros(bins))
        self.register_buffer("deviation", torch.ones(bins))

    def learn_statistics(self, frames: np.ndarray) -> None:
        """From (n, bins) of training speech."""
        self.mean.copy_(torch.from_numpy(frames.mean(axis=0)))
        self.deviation.copy_(torch.from_numpy(frames.std(axis=0)).clamp(min=1e-4))

    def standardised(self, frames: torch.Tensor) -> torch.Tensor:
        return (frames - self.mean) / self.deviation

    @torch.inference_mode()
    def convert(self, frames: np.ndarray, emotion: int, context: np.ndarray | None = None) -> np.ndarray:
        """(frames, bins) to the same in another emotion, from the mean of the latent code."""
        device = self.mean.device
        code, _ = self.encode(self.standardised(torch.from_numpy(frames).to(device)))
        conditions = torch.from_numpy(np.zeros((len(frames), 0), np.float32) if context is None else context).to(device)
        target = torch.full((len(frames),), emotion, device=device)
        return (self.generate(code, target, conditions) * self.deviation + self.mean).cpu().numpy()


class VawGan(nn.Module):
    """Both autoencoders.

    emotions: names of those that it was trained on. level_change: (5,) octaves by which the mean of F0 lies above the neutral one
    in each emotion of the training speech.
    """

    level_change: torch.Tensor

    def __init__(self, width: int = 256, spectrum_latent: int = 32, f0_latent: int = 4, emotions: Sequence[str] = EMOTIONS):
        super().__init__()
        self.emotions = tuple(emotions)
        self.spectrum = Autoencoder(BANDS, width, spectrum_latent, CONTEXT)
        self.melody = Autoencoder(SCALES, width, f0_latent)  # on wavelet coefficients of F0; files call its tensors so
        self.register_buffer("level_change", torch.zeros(len(EMOTIONS)))


def shape_and_energy(bands: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The spectrum's shape (frames, 40), log power of which each frame sums to one, and log energy (frames, 1): only the shape is
    converted. bands: (frames, 40) natural-log power."""
    energy = np.logaddexp.reduce(bands, axis=1, keepdims=True)
    audible = np.maximum(bands, np.percentile(energy, 90) - QUIETEST)
    energy = np.logaddexp.reduce(audible, axis=1, keepdims=True)
    return (audible - energy).astype(np.float32), energy


def dense(inputs: int, width: int, outputs: int) -> nn.Sequential:
    hidden = (nn.Sequential(nn.Linear(size, width), nn.LayerNorm(width), nn.LeakyReLU(0.02)) for size in (inputs, width))
    return nn.Sequential(*hidden, nn.Linear(width, outputs))
