"""Spectral distances between waveforms."""

from __future__ import annotations

import torch

from pipelines.features.mel_bands import band_weights

RESOLUTIONS = ((1024, 256), (512, 128), (256, 64))  # samples of window and hop
MEL_SIZE, MEL_HOP, MELS = 1024, 256, 80
FLOOR = 1e-4


def spectral_loss(rendered: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Log magnitude L1 and spectral convergence at several resolutions (Parallel WaveGAN, Yamamoto et al., ICASSP 2020).

    Args:
        rendered, real: (batch, n).
    """
    total = rendered.new_zeros(())
    for size, hop in RESOLUTIONS:
        one, other = _magnitude(rendered, size, hop), _magnitude(real, size, hop)
        convergence = torch.linalg.norm(other - one) / torch.linalg.norm(other).clamp(min=1e-3)
        total = total + convergence + ((one + FLOOR).log() - (other + FLOOR).log()).abs().mean()
    return total / len(RESOLUTIONS)


def mel_loss(rendered: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """L1 of log mel magnitudes, as HiFi-GAN's."""
    return (log_mel(rendered) - log_mel(real)).abs().mean()


def log_mel(samples: torch.Tensor) -> torch.Tensor:
    """(batch, n) to (batch, 80, frames)."""
    weights = torch.from_numpy(band_weights(MELS, MEL_SIZE // 2 + 1).astype("float32")).to(samples.device)
    return torch.log(weights @ _magnitude(samples, MEL_SIZE, MEL_HOP) + FLOOR)


def _magnitude(samples: torch.Tensor, size: int, hop: int) -> torch.Tensor:
    window = torch.hann_window(size, device=samples.device)
    spectrum = torch.stft(samples, size, hop, window=window, return_complex=True)
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-9)
