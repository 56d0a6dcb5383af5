"""The acoustic models of the residual decoders: what emotion does to the spectral envelope.

A conversion runs one twice, with the source's emotion and with the target's, and uses only the difference.
"""

from __future__ import annotations

import torch
from torch import nn

from pipelines.features.prosody import LEVEL_CENTRE, LEVEL_SCALE
from pipelines.features.world import BANDS
from pipelines.networks.layers import ConvBlock, ConvStack, masked_mean, phrase_positions
from pipelines.networks.pitch_predictor import UNIT_WIDTH
from pipelines.networks.sace import SACE_WIDTH
from pipelines.networks.speaker import EASE_WIDTH

DILATIONS = (1, 2, 4, 1, 2, 4)
SPEAKS = -6.0  # nepers of power under the level of a recording, above which a frame counts as speech


class AcousticModel(nn.Module):
    """Predicts 40 log mel-band powers of the WORLD envelope at 50 Hz, from units, F0, EASE and SACE alone."""

    sees_source = False

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
                emotion: torch.Tensor, ease: torch.Tensor, source_bands: torch.Tensor | None = None) -> torch.Tensor:
        """Natural-log power of the bands.

        Args:
            units: (batch, time). octaves: (batch, time) F0 in octaves above 100 Hz. voicing: (batch, time) 0..1.
            emotion: (batch, 128) mean of the SACE frames. ease: (batch, 128). mask: (batch, time), ones then zeros.
            source_bands: not used.
        Returns:
            (batch, time, 40)
        """
        f0 = torch.stack([octaves - 0.8, voicing], dim=-1)
        x = self.enter(torch.cat([self.embed(units), phrase_positions(mask, self.position), f0], dim=-1))
        both = torch.cat([emotion, ease], dim=-1)
        x = x * (1 + self.modulate(both)[:, None]) + self.condition(both)[:, None]
        x = self.norm(self.blocks(x, mask))
        return self.out(x) * LEVEL_SCALE - LEVEL_CENTRE


class EnvelopeChange(nn.Module):
    """Sees the source's own bands too, and predicts how an emotion changes them: only differences of outputs mean anything.

    The mean band of the recording is taken from the bands, so that neither microphone nor gain reaches the network.
    """

    sees_source = True

    def __init__(self, units: int = 100, width: int = 192, position: int = 16):
        super().__init__()
        self.position = position
        self.embed = nn.Embedding(units, UNIT_WIDTH)
        self.enter = nn.Linear(UNIT_WIDTH + 3 * position + 2 + BANDS, width)
        self.condition = nn.Linear(SACE_WIDTH + EASE_WIDTH, 2 * width * len(DILATIONS))
        self.blocks = nn.ModuleList(ConvBlock(width, dilation=dilation) for dilation in DILATIONS)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, BANDS)

    def forward(self, units: torch.Tensor, octaves: torch.Tensor, voicing: torch.Tensor, mask: torch.Tensor,
                emotion: torch.Tensor, ease: torch.Tensor, source_bands: torch.Tensor | None = None) -> torch.Tensor:
        """Nepers of power, (batch, time, 40). As AcousticModel's; source_bands: (batch, time, 40), prosody.speech_bands."""
        assert source_bands is not None
        f0 = torch.stack([octaves - 0.8, voicing], dim=-1)
        x = self.enter(torch.cat([self.embed(units), phrase_positions(mask, self.position), f0,
                                  centred(source_bands, mask)], dim=-1))
        conditions = self.condition(torch.cat([emotion, ease], dim=-1))[:, None].chunk(2 * len(self.blocks), dim=-1)
        for block, gain, shift in zip(self.blocks, conditions[::2], conditions[1::2]):
            x = block(x * (1 + gain) + shift, mask)
        return self.out(self.norm(x)) * LEVEL_SCALE


def centred(bands: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(batch, time, 40), about zero mean over the frames that speak and unit deviation."""
    speaks = mask * (bands.amax(-1) > SPEAKS).float()
    return (bands - masked_mean(bands, speaks)[:, None]) / LEVEL_SCALE * mask[..., None]
