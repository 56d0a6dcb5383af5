"""The acoustic model of the residual decoders: spectral envelope and energy from units, F0, EASE and SACE.

A conversion runs it twice, with the source's emotion and with the target's, and uses only the difference.
"""

from __future__ import annotations

import torch
from torch import nn

from pipelines.features.prosody import LEVEL_CENTRE, LEVEL_SCALE
from pipelines.features.world import BANDS
from pipelines.networks.layers import ConvStack, phrase_positions
from pipelines.networks.pitch_predictor import UNIT_WIDTH
from pipelines.networks.sace import SACE_WIDTH
from pipelines.networks.speaker import EASE_WIDTH


class AcousticModel(nn.Module):
    """Predicts 40 log mel-band powers of the WORLD envelope at 50 Hz."""

    def __init__(self, units: int = 100, width: int = 160, position: int = 16):
        super().__init__()
        self.position = position
        self.embed = nn.Embedding(units, UNIT_WIDTH)
        self.enter = nn.Linear(UNIT_WIDTH + 3 * position + 2, width)
        self.condition = nn.Linear(SACE_WIDTH + EASE_WIDTH, width)
        self.modulate = nn.Linear(SACE_WIDTH + EASE_WIDTH, width)
        self.blocks = ConvStack(width, (1, 2, 4))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, BANDS)

    def forward(self, units: torch.Tensor, octaves: torch.Tensor, voicing: torch.Tensor, mask: torch.Tensor,
                emotion: torch.Tensor, ease: torch.Tensor) -> torch.Tensor:
        """Natural-log power of the bands.

        Args:
            units: (batch, time). octaves: (batch, time) F0 in octaves above 100 Hz. voicing: (batch, time) 0..1.
            emotion: (batch, 128) mean of the SACE frames. ease: (batch, 128). mask: (batch, time), ones then zeros.
        Returns:
            (batch, time, 40)
        """
        f0 = torch.stack([octaves - 0.8, voicing], dim=-1)
        x = self.enter(torch.cat([self.embed(units), phrase_positions(mask, self.position), f0], dim=-1))
        both = torch.cat([emotion, ease], dim=-1)
        x = x * (1 + self.modulate(both)[:, None]) + self.condition(both)[:, None]
        x = self.norm(self.blocks(x, mask))
        return self.out(x) * LEVEL_SCALE - LEVEL_CENTRE
