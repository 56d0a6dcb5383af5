"""The lower part of Whisper's audio encoder in plain torch: log-mel, two convolutions and the first blocks.

SACE's front end. The paper takes wav2vec 2.0 large; Whisper's lower blocks keep prosody as well and are a fortieth of its size.
Names and tensors are those of openai-whisper's `AudioEncoder`, so that its weights load one to one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch import nn

from pipelines.features.audio import SAMPLE_RATE
from pipelines.networks.units import HOP

FFT, MEL_HOP, MELS = 400, 160, 80  # samples at 16 kHz, and bands
LONGEST = 1500  # frames that Whisper has positions for: 30 s
LINEAR_HERTZ, LOG_STEP = 200 / 3, np.log(6.4) / 27  # Slaney's mel scale: straight up to 1 kHz, then logarithmic
DYNAMIC_RANGE = 8.0  # decades of power below the loudest band, as in openai-whisper


@dataclass(frozen=True)
class WhisperSizes:
    """Sizes of the encoder, and how many of its blocks there are; the defaults are Whisper base's first two."""

    width: int = 512
    heads: int = 8
    blocks: int = 2


class WhisperFront(nn.Module):
    """Log-mel to the residual stream after each block.

    A recording longer than 30 s is read in pieces of 30 s, since Whisper knows no later position.
    """

    def __init__(self, sizes: WhisperSizes = WhisperSizes()):
        super().__init__()
        self.sizes = sizes
        self.conv1 = nn.Conv1d(MELS, sizes.width, 3, padding=1)
        self.conv2 = nn.Conv1d(sizes.width, sizes.width, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(WhisperBlock(sizes) for _ in range(sizes.blocks))
        self.register_buffer("mel_filters", torch.zeros(MELS, FFT // 2 + 1))
        self.register_buffer("positions", sinusoids(LONGEST, sizes.width), persistent=False)

    @property
    def layers(self) -> int:
        """How many states `forward` returns."""
        return len(self.blocks) + 1

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """(batch, samples) at 16 kHz to (batch, blocks + 1, samples // 320 + 1, width): below the blocks, and after each."""
        mel = log_mel(nn.functional.pad(waveform, (0, HOP)), self.mel_filters, by_recording=True)
        x = nn.functional.gelu(self.conv2(nn.functional.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x[:, :waveform.shape[1] // HOP + 1]
        return torch.cat([self._states(piece) for piece in x.split(LONGEST, dim=1)], dim=2)

    def _states(self, x: torch.Tensor) -> torch.Tensor:
        states = [x + self.positions[:x.shape[1]]]
        for block in self.blocks:
            states.append(block(states[-1]))
        return torch.stack(states, dim=1)


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.value, self.out = (nn.Linear(width, width) for _ in range(3))
        self.key = nn.Linear(width, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = (part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
                             for part in (self.query, self.key, self.value))
        return self.out(nn.functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))


class WhisperBlock(nn.Module):
    """Attention and two dense layers, each on normalised input, added to the residual stream."""

    def __init__(self, sizes: WhisperSizes):
        super().__init__()
        width = sizes.width
        self.attn, self.attn_ln = _Attention(width, sizes.heads), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.attn_ln(x))
        return x + self.mlp(self.mlp_ln(x))


def sinusoids(length: int, channels: int) -> torch.Tensor:
    """(length, channels): Whisper's position embedding, sines then cosines."""
    rates = torch.exp(-math.log(10000) / (channels // 2 - 1) * torch.arange(channels // 2))
    angles = torch.arange(length)[:, None] * rates[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


@lru_cache(maxsize=1)
def mel_filters() -> np.ndarray:
    """(80, 201) float32: triangles of equal area on Slaney's mel scale, 0 to 8 kHz, as in openai-whisper."""
    def hertz(mel: np.ndarray) -> np.ndarray:
        return np.where(mel < 15, mel * LINEAR_HERTZ, 1000 * np.exp(LOG_STEP * (mel - 15)))

    highest = 15 + np.log(SAMPLE_RATE / 2 / 1000) / LOG_STEP
    edges = hertz(np.linspace(0, highest, MELS + 2))
    bins = np.linspace(0, SAMPLE_RATE / 2, FFT // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.maximum(np.minimum(rising, falling), 0)
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


class WhisperEncoder(nn.Module):
    """The whole encoder, the teacher of the small HuBERT. The floor of its log-mel lies below the loudest band of a batch."""

    positional_embedding: torch.Tensor

    def __init__(self, sizes: WhisperSizes):
        super().__init__()
        self.sizes = sizes
        self.conv1 = nn.Conv1d(MELS, sizes.width, 3, padding=1)
        self.conv2 = nn.Conv1d(sizes.width, sizes.width, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(LONGEST, sizes.width))
        self.blocks = nn.ModuleList(WhisperBlock(sizes) for _ in range(sizes.blocks))
        self.ln_post = nn.LayerNorm(sizes.width)

    def forward(self, waveform: torch.Tensor, blocks: int | None = None) -> list[torch.Tensor]:
        """(batch, samples) at 16 kHz, not padded, at most 30 s: the states below the blocks and after each of the first.

        Returns:
            blocks + 1 tensors of (batch, frames, width), 50 frames a second; all blocks if their number is left out.
        """
        gelu = nn.functional.gelu
        x = gelu(self.conv2(gelu(self.conv1(log_mel(waveform))))).transpose(1, 2)
        states = [x + self.positional_embedding[:x.shape[1]]]
        for block in self.blocks[:blocks]:
            states.append(block(states[-1]))
        return states

    def first(self, blocks: int) -> WhisperEncoder:
        """An encoder of the first blocks, which it shares; its last norm is the first one of the block that would follow."""
        if blocks >= len(self.blocks):
            return self
        shorter = WhisperEncoder(replace(self.sizes, blocks=blocks))
        shorter.conv1, shorter.conv2, shorter.positional_embedding = self.conv1, self.conv2, self.positional_embedding
        shorter.blocks, shorter.ln_post = self.blocks[:blocks], self.blocks[blocks].attn_ln
        return shorter.train(self.training)


def log_mel(waveform: torch.Tensor, filters: torch.Tensor | None = None, by_recording: bool = False) -> torch.Tensor:
    """(batch, samples) at 16 kHz to (batch, 80, frames), 100 frames a second; computed in float32 whatever the autocast.

    Args:
        filters: (80, 201); Whisper's own if left out. by_recording: the floor lies DYNAMIC_RANGE below each recording's loudest
            band, and not below the loudest of the batch as in openai-whisper's `log_mel_spectrogram`.
    """
    filters = torch.from_numpy(mel_filters()).to(waveform.device) if filters is None else filters
    with torch.autocast(waveform.device.type, enabled=False):
        window = torch.hann_window(FFT, device=waveform.device)
        spectrum = torch.stft(waveform.float(), FFT, MEL_HOP, window=window, return_complex=True)
        power = spectrum[..., :-1].abs().square()
        bands = (filters @ power).clamp(min=1e-10).log10()
        loudest = bands.amax((1, 2), keepdim=True) if by_recording else bands.max()
        return (torch.maximum(bands, loudest - DYNAMIC_RANGE) + 4) / 4


def front_of(encoder: WhisperEncoder) -> WhisperFront:
    """A front end of all the blocks of an encoder, frozen."""
    front = WhisperFront(encoder.sizes)
    state = encoder.state_dict() | {"mel_filters": torch.from_numpy(mel_filters())}
    front.load_state_dict({name: state[name] for name in front.state_dict()})
    return front.eval().requires_grad_(False)
