"""What the two encoders of a whole recording hear of it: those trained here prosody and HuBERT's states, published ones its
waveform."""

from __future__ import annotations

import torch

from pipelines.networks.published_speaker import PublishedSpeaker
from pipelines.networks.sace import Sace
from pipelines.networks.speaker import SpeakerEncoder
from pipelines.networks.units import HOP
from pipelines.networks.wave_sace import WaveSace


def ease_vector(speaker: SpeakerEncoder | PublishedSpeaker, waveform: torch.Tensor, features: torch.Tensor,
                mask: torch.Tensor) -> torch.Tensor:
    """(batch, 128) of (batch, samples) or of (batch, time, 43) and (batch, time)."""
    return speaker(waveform) if isinstance(speaker, PublishedSpeaker) else speaker(features, mask)


def voice_vector(speaker: SpeakerEncoder | PublishedSpeaker, waveform: torch.Tensor, features: torch.Tensor,
                 mask: torch.Tensor) -> torch.Tensor:
    """The x-vector in place of EASE, of the same: (batch, width)."""
    return speaker.voice(waveform) if isinstance(speaker, PublishedSpeaker) else speaker.voice(features, mask)


def emotion_frames(sace: Sace | WaveSace, waveform: torch.Tensor, hidden: torch.Tensor, features: torch.Tensor,
                   mask: torch.Tensor) -> torch.Tensor:
    """(batch, time, 128) of (batch, samples), or of (batch, layers, time, width) and (batch, time, 43); mask: (batch, time)."""
    if isinstance(sace, WaveSace):
        return sace(waveform[:, :mask.shape[1] * HOP - 1], mask)
    return sace(hidden, features, mask)
