"""The paper's decoder in a form that two cores can train: factors to mel bands, mel bands to waveform.

The paper conditions HiFi-GAN on the factors (`factor_decoder.py`). Here a trunk of ConvNeXt blocks predicts the envelope's mel
bands first, which can be supervised frame by frame. The vocoder (`vocoder.py`) renders them, and may have been trained before.
The waveform's losses still reach the trunk.
"""

from __future__ import annotations

import torch
from torch import nn

from pipelines.features.vocoder_features import MELS
from pipelines.networks.layers import ConvBlock
from pipelines.networks.pitch_predictor import UNIT_WIDTH
from pipelines.networks.sace import SACE_WIDTH
from pipelines.networks.speaker import EASE_WIDTH
from pipelines.networks.vocoder import F0_CENTRE, Vocoder

FINE = 2  # frames of F0 and of the vocoder per unit frame
KERNEL = 7
MEL_CENTRE, MEL_SCALE = -9.0, 4.0  # log mel power of speech at the nominal level, roughly
GLOBAL_CONDITION = EASE_WIDTH + SACE_WIDTH  # width of what is known of the recording and the same in every frame


class Trunk(nn.Module):
    """Factors to the mel bands of the envelope: blocks at 50 Hz, where units are, then a few at 100 Hz, where the vocoder is.

    n samples have n // 320 + 1 unit frames and n // 160 + 1 of F0. Unit frame k lies where frame 2 k of the finer grid does;
    frames between two of them begin at their mean, the last one is repeated, and F0 and voicing at 100 Hz are added.

    unit_encoder, f0_encoder: the blocks at 50 Hz are what encodes units and F0 here; False keeps one of the two out of them, for
        ablations. Embeddings then pass by them through one linear layer, F0 and voicing through the one at 100 Hz alone.
    global_condition: width of what conditions every frame alike.
    """

    def __init__(self, units: int = 100, width: int = 256, blocks: int = 6, fine_blocks: int = 2, expand: int = 3,
                 unit_encoder: bool = True, f0_encoder: bool = True, global_condition: int = GLOBAL_CONDITION):
        super().__init__()
        self.f0_encoder = f0_encoder
        encoded = UNIT_WIDTH * unit_encoder + 2 * f0_encoder
        self.embed = nn.Linear(units, UNIT_WIDTH, bias=False)  # a table of units that also takes mixtures of them
        nn.init.normal_(self.embed.weight)
        self.enter = nn.Linear(encoded, width) if encoded else None
        self.pass_by = None if unit_encoder else nn.Linear(UNIT_WIDTH, width)
        self.modulate = nn.Linear(global_condition, width)
        self.condition = nn.Linear(global_condition, width)
        self.blocks = nn.ModuleList(ConvBlock(width, KERNEL, expand=expand) for _ in range(blocks if encoded else 0))
        self.melody = nn.Linear(2, width)  # of F0 and voicing; files call its tensors so
        self.fine_condition = nn.Linear(global_condition, width)
        self.fine_blocks = nn.ModuleList(ConvBlock(width, KERNEL, expand=expand) for _ in range(fine_blocks))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, MELS)

    @property
    def reach(self) -> int:
        """Unit frames to either side that a frame depends on."""
        return KERNEL // 2 * len(self.blocks) + -(-(KERNEL // 2) * len(self.fine_blocks) // FINE) + 1

    def forward(self, units: torch.Tensor, f0: torch.Tensor, voiced: torch.Tensor,
                *global_condition: torch.Tensor) -> torch.Tensor:
        """Natural-log power of 80 mel bands, 100 Hz.

        Args:
            units: (batch, time) int, or soft: (batch, time, units) float (UnitEncoder.soft_units). 50 Hz.
            f0: (batch, frames) Hz at every frame, 100 Hz, 2 time or 2 time - 1 frames. voiced: (batch, frames) 0..1.
            global_condition: EASE (batch, 128) and SACE (batch, 128), an utterance's mean; or others of that width together.
        Returns:
            (batch, frames, 80) float32, for speech at the nominal level (audio.NOMINAL).
        """
        soft = units if units.is_floating_point() else self.one_hot(units)
        contour = torch.stack([torch.log2(f0.clamp(min=20.0) / 100.0) - F0_CENTRE, voiced], dim=-1)
        known = torch.cat(global_condition, dim=-1)[:, None]
        x = self._encode(self.embed(soft), contour[:, ::2], known)
        x = twice_as_fine(x, f0.shape[1]) + self.melody(contour) + self.fine_condition(known)
        for block in self.fine_blocks:
            x = block(x)
        return self.out(self.norm(x)).float() * MEL_SCALE + MEL_CENTRE

    def _encode(self, embedded: torch.Tensor, contour: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """(batch, time, width) at 50 Hz, of what is to be encoded and of what passes by."""
        encoded = ([] if self.pass_by else [embedded]) + ([contour] if self.f0_encoder else [])
        x = self.enter(torch.cat(encoded, dim=-1)) if self.enter else 0.0
        x = x * (1 + self.modulate(known)) + self.condition(known)
        for block in self.blocks:
            x = block(x)
        return x + self.pass_by(embedded) if self.pass_by else x

    def one_hot(self, units: torch.Tensor) -> torch.Tensor:
        """(batch, time) int to (batch, time, units)."""
        return nn.functional.one_hot(units, self.embed.in_features).to(self.embed.weight.dtype)


class FactorGenerator(nn.Module):
    """Trunk and vocoder.

    temperature: of the soft units that it was trained with (UnitEncoder.soft_units); 0 means hard ones. Not a weight, but the
    network cannot be used without it.
    """

    def __init__(self, trunk: Trunk, vocoder: Vocoder, temperature: float = 0.0):
        super().__init__()
        self.trunk, self.vocoder, self.temperature = trunk, vocoder, temperature

    def forward(self, units: torch.Tensor, f0: torch.Tensor, voiced: torch.Tensor, ease: torch.Tensor, sace: torch.Tensor,
                noise: torch.Tensor, phase: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Mel bands (batch, frames, 80) and waveform (batch, frames * 160); arguments as Trunk's, then as Vocoder's."""
        mel = self.trunk(units, f0, voiced, ease, sace)
        return mel, self.vocoder(mel, f0, voiced, noise, phase)


def twice_as_fine(x: torch.Tensor, frames: int) -> torch.Tensor:
    """(batch, time, width) to (batch, frames, width): frame 2 k is frame k, those between are means, the last is repeated."""
    following = torch.cat([x[:, 1:], x[:, -1:]], dim=1)
    return torch.stack([x, (x + following) / 2], dim=2).flatten(1, 2)[:, :frames]
