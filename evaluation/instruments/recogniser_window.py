"""Whisper on short clips without paying for 30 s: the silence after a clip is thinned out, and what is left of it weighs more.

Whisper was trained on windows of 30 s and recognises differently when the window is cut, because its attention then misses the
padding. But frames of padding differ only in their position. So every fifth of them stays, and attention counts it five times:
its logit gets the logarithm of 5, in the encoder's self-attention and in the decoder's cross-attention. That leaves 500 frames
of 1,500 for a clip of 3 s. Text and speed are measured by benchmarks/recogniser_speed.py.

The mel spectrogram is padded as openai-whisper's `transcribe` pads it: with zeros behind the clip's own frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import whisper
from torch.nn.functional import gelu, scaled_dot_product_attention
from whisper.model import MultiHeadAttention, Whisper

from pipelines.features.audio import SAMPLE_RATE

FULL = 30  # s
RATE = 50  # frames a second behind the convolutions
STRIDE = 5  # one of so many frames of padding stays
MARGIN = 0.5  # s of padding that is kept whole
DENSE = (5, 9, 14)  # s from the start that are kept whole; longer clips get the whole window
HORIZON = 10  # frames behind `dense` at which the convolutions see nothing but padding


class WeightedAttention(MultiHeadAttention):
    """Attention in which a key may count several times. bias: (1, 1, 1, keys) logarithms of how often."""

    bias: torch.Tensor

    def qkv_attention(self, q, k, v, mask=None):
        """As the class it extends, for attention without a causal mask."""
        q, k, v = (part.view(*part.shape[:2], self.n_head, -1).permute(0, 2, 1, 3) for part in (q, k, v))
        return scaled_dot_product_attention(q, k, v, attn_mask=self.bias).permute(0, 2, 1, 3).flatten(start_dim=2), None


@dataclass(frozen=True)
class Thinned:
    """A Whisper whose window is whole for the first seconds and thinned out behind them.

    Attributes:
        model: shares its weights with the full model; `whisper.decode` takes what `encode` gives.
        dense: seconds that are kept whole; FULL for the plain model. kept: frames that are left.
    """

    model: Any
    dense: int
    kept: int

    @torch.no_grad()
    def encode(self, clips: Sequence[np.ndarray]) -> torch.Tensor:
        """(n,) float32 at 16 kHz each, at most `dense` seconds, to (clips, kept, width)."""
        encoder = self.model.encoder
        if self.dense == FULL:
            return encoder(torch.stack([_mel(clip, self.model.dims.n_mels, 2 * RATE * FULL) for clip in clips]))
        start = RATE * self.dense
        mels = torch.stack([_mel(clip, self.model.dims.n_mels, 2 * (start + 2 * HORIZON)) for clip in clips])
        x = gelu(encoder.conv2(gelu(encoder.conv1(mels)))).permute(0, 2, 1)
        padding = x[:, start + HORIZON, None].expand(-1, self.kept - start, -1)
        x = torch.cat([x[:, :start], padding], dim=1) + encoder.positional_embedding
        for block in encoder.blocks:
            x = block(x)
        return encoder.ln_post(x)


def window_of(clip: np.ndarray) -> int | None:
    """Seconds that are kept whole for a clip of (n,) samples, FULL for the plain window; None where no window holds it."""
    seconds = len(clip) / SAMPLE_RATE
    return next((dense for dense in DENSE if seconds <= dense - MARGIN), FULL if seconds <= FULL else None)


def thinned(full: Whisper, dense: int, stride: int = STRIDE) -> Thinned:
    """Thin out a model's window behind `dense` seconds; the model itself stays as it is."""
    if dense == FULL:
        return Thinned(full, FULL, full.dims.n_audio_ctx)
    frames, start = full.dims.n_audio_ctx, RATE * dense
    tail = torch.arange(start + stride // 2, frames, stride)
    keep = torch.cat([torch.arange(start), tail])
    state = full.state_dict()
    state["encoder.positional_embedding"] = state["encoder.positional_embedding"][keep]
    model = Whisper(replace(full.dims, n_audio_ctx=len(keep)))
    model.load_state_dict(state, assign=True)  # shared, not copied
    bias = torch.zeros(1, 1, 1, len(keep))
    bias[..., start:] = float(np.log((frames - start) / len(tail)))
    blocks: list[Any] = [block.attn for block in model.encoder.blocks] + [block.cross_attn for block in model.decoder.blocks]
    for attention in blocks:
        attention.__class__, attention.bias = WeightedAttention, bias
    return Thinned(model.eval(), dense, len(keep))


def _mel(clip: np.ndarray, bands: int, frames: int) -> torch.Tensor:
    """(bands, frames): the clip's own frames, then zeros."""
    own = whisper.log_mel_spectrogram(np.asarray(clip, dtype=np.float32), bands, padding=SAMPLE_RATE)[:, :len(clip) // 160]
    padded: Any = whisper.pad_or_trim(own, frames)  # a tensor of a tensor, an array of an array
    return padded
