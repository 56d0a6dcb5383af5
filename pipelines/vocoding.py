"""Features to waveform with a trained vocoder: a seed for its noise, and pieces for long recordings."""

from __future__ import annotations

import numpy as np
import torch

from pipelines.vocoder import HOP, Vocoder
from pipelines.vocoder_features import VocoderFeatures


@torch.inference_mode()
def render(vocoder: Vocoder, features: VocoderFeatures, device: str = "cpu", seed: int = 0) -> np.ndarray:
    """(frames * 160,) float32 at 16 kHz; the same seed gives the same samples."""
    mel, f0, voiced = (torch.as_tensor(part.astype(np.float32), device=device)[None]
                       for part in (features.mel, features.f0, features.voiced))
    noise = torch.randn(1, mel.shape[1] * HOP, generator=torch.Generator().manual_seed(seed)).to(device)
    return vocoder(mel, f0, voiced, noise)[0].float().cpu().numpy()
