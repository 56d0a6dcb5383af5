"""The lower part of Whisper's audio encoder in plain torch: log-mel, two convolutions and the first blocks.

SACE's front end. The paper takes wav2vec 2.0 large; Whisper's lower blocks keep prosody as well and are a fortieth of its size.
Names and tensors are those of openai-whisper's `AudioEncoder`, so that its weights load one to one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from pipelines.networks.units import HOP

FFT, MEL_HOP, MELS = 400, 160, 80  # samples at 16 kHz, and bands
LONGEST = 1500  # frames that Whisper has positions for: 30 s
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
        self.blocks = nn.ModuleList(_Block(sizes) for _ in range(sizes.blocks))
        self.register_buffer("mel_filters", torch.zeros(MELS, FFT // 2 + 1))
        self.register_buffer("positions", sinusoids(LONGEST, sizes.width), persistent=False)

    @property
    def layers(self) -> int:
        """How many states `forward` returns."""
        return len(self.blocks) + 1

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """(batch, samples) at 16 kHz to (batch, blocks + 1, samples // 320 + 1, width): below the blocks, and after each."""
        mel = self.log_mel(nn.functional.pad(waveform, (0, HOP)))
        x = nn.functional.gelu(self.conv2(nn.functional.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x[:, :waveform.shape[1] // HOP + 1]
        return torch.cat([self._states(piece) for piece in x.split(LONGEST, dim=1)], dim=2)

    def log_mel(self, waveform: torch.Tensor) -> torch.Tensor:
        """(batch, samples) to (batch, 80, samples // 160), as openai-whisper's `log_mel_spectrogram`."""
        window = torch.hann_window(FFT, device=waveform.device)
        power = torch.stft(waveform, FFT, MEL_HOP, window=window, return_complex=True)[..., :-1].abs().square()
        decades = (self.mel_filters @ power).clamp(min=1e-10).log10()
        decades = torch.maximum(decades, decades.amax((1, 2), keepdim=True) - DYNAMIC_RANGE)
        return (decades + 4) / 4

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


class _Block(nn.Module):
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


def front_of(whisper: nn.Module, blocks: int) -> WhisperFront:
    """The first blocks of an openai-whisper model, frozen."""
    from whisper.audio import mel_filters

    encoder = whisper.encoder
    front = WhisperFront(WhisperSizes(encoder.ln_post.weight.shape[0], encoder.blocks[0].attn.n_head, blocks))
    state = encoder.state_dict() | {"mel_filters": mel_filters("cpu", MELS)}
    front.load_state_dict({name: state[name] for name in front.state_dict()})
    return front.eval().requires_grad_(False)
