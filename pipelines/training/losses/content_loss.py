"""What is said, as a loss: rendered speech must give a frozen content encoder what the real speech gives it.

StarGANv2-VC compares features of a frozen recogniser in this way (Li et al., Interspeech 2021, section 2.2).
"""

from __future__ import annotations

import torch
from torch import nn

from pipelines.networks.units import ContentEncoder

LEAST = 1e-3  # of a dimension's deviation


class ContentLoss:
    """Mean absolute difference of one layer's states, each dimension over its deviation in the real batch.

    The residual stream has few large dimensions, which would hide the others.
    """

    def __init__(self, encoder: ContentEncoder, layer: int):
        self.encoder, self.layer = encoder.eval().requires_grad_(False), layer

    def __call__(self, rendered: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """(batch, n) waveforms at 16 kHz to a number; gradients flow through `rendered`."""
        with torch.no_grad():
            target = self.encoder(real)[self.layer].float()
            spread = target.std((0, 1)).clamp(min=LEAST)
        states = self.encoder(rendered)[self.layer].float()
        return nn.functional.l1_loss(states / spread, target / spread)
