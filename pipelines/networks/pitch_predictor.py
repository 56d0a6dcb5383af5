"""The pitch predictor: F0 from units (queries) and emotion frames with EASE (keys and values) (paper, section 3.4)."""

from __future__ import annotations

import torch
from torch import nn

from pipelines.networks.layers import ConvStack, CrossAttention, phrase_positions
from pipelines.networks.sace import SACE_WIDTH
from pipelines.networks.speaker import EASE_WIDTH

UNIT_WIDTH = 128


class PitchPredictor(nn.Module):
    """Cross-attention with four heads, then convolutions.

    Differs from the paper in what it predicts: octaves above 100 Hz at every frame instead of log(F0 + 1) with zeros.
    Voicing stays the source's. The query also knows its place in the phrase, since contours fall and rise by phrase.
    """

    def __init__(self, units: int = 100, width: int = 128, heads: int = 4, position: int = 16):
        super().__init__()
        self.position = position
        self.embed = nn.Embedding(units, UNIT_WIDTH)
        self.query = nn.Linear(UNIT_WIDTH + 3 * position, width)
        self.key = nn.Linear(SACE_WIDTH + EASE_WIDTH, width)
        self.before = ConvStack(width, (1,))
        self.attention = CrossAttention(width, heads)
        self.condition = nn.Linear(SACE_WIDTH + EASE_WIDTH, width)
        self.after = ConvStack(width, (1, 2, 4))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 1)

    def forward(self, units: torch.Tensor, mask: torch.Tensor, emotion: torch.Tensor, emotion_mask: torch.Tensor,
                ease: torch.Tensor) -> torch.Tensor:
        """Octaves above 100 Hz.

        Args:
            units: (batch, time) int. mask: (batch, time).
            emotion: (batch, windows, 128) pooled SACE frames. emotion_mask: (batch, windows).
            ease: (batch, 128).
        Returns:
            (batch, time)
        """
        query = self.query(torch.cat([self.embed(units), phrase_positions(mask, self.position)], dim=-1))
        query = self.before(query, mask)
        pairs = torch.cat([emotion, ease[:, None].expand(-1, emotion.shape[1], -1)], dim=-1)
        key = self.key(pairs)
        attended = self.attention(query, key, emotion_mask > 0.5)
        mean = (pairs * emotion_mask[..., None]).sum(1) / emotion_mask.sum(1, keepdim=True)
        x = self.after(query + attended + self.condition(mean)[:, None], mask)
        return self.out(self.norm(x))[..., 0] + 0.8  # 0.8 octaves above 100 Hz: where speech lies before training
