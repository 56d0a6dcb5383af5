"""The tempo predictor: durations of runs of equal units, their ratio between two emotions, and time warping.

A2A-ZEST (arXiv 2505.17655) predicts durations. Here only the ratio of two predictions is used.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from pipelines.networks.layers import ConvStack, phrase_positions
from pipelines.networks.pitch_predictor import UNIT_WIDTH
from pipelines.networks.sace import SACE_WIDTH
from pipelines.networks.speaker import EASE_WIDTH

RATIO_RANGE = (0.5, 2.0)


class TempoPredictor(nn.Module):
    """Log duration (frames) of every run from the runs' units, EASE and SACE."""

    def __init__(self, units: int = 100, width: int = 128, position: int = 16):
        super().__init__()
        self.position = position
        self.embed = nn.Embedding(units, UNIT_WIDTH)
        self.enter = nn.Linear(UNIT_WIDTH + 3 * position, width)
        self.condition = nn.Linear(SACE_WIDTH + EASE_WIDTH, width)
        self.blocks = ConvStack(width, (1, 2, 4), kernel=5)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 1)

    def forward(self, runs: torch.Tensor, mask: torch.Tensor, emotion: torch.Tensor, ease: torch.Tensor) -> torch.Tensor:
        """(batch, runs) int, (batch, runs), (batch, 128), (batch, 128) to (batch, runs) natural-log frames."""
        x = self.enter(torch.cat([self.embed(runs), phrase_positions(mask, self.position)], dim=-1))
        x = x + self.condition(torch.cat([emotion, ease], dim=-1))[:, None]
        return self.out(self.norm(self.blocks(x, mask)))[..., 0] + 1.0


def run_lengths(units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Runs of equal units: which unit (runs,), how many frames (runs,)."""
    starts = np.flatnonzero(np.append(True, units[1:] != units[:-1]))
    return units[starts], np.diff(np.append(starts, len(units)))


def warp_positions(durations: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """Where each output frame lies in the input when run k lasts ratios[k] times as long.

    Args:
        durations: (runs,) frames. ratios: (runs,) target duration over present duration.
    Returns:
        (new frames,) fractional input frames, increasing.
    """
    before = np.append(0.0, np.cumsum(durations))
    after = np.append(0.0, np.cumsum(durations * np.clip(ratios, *RATIO_RANGE)))
    frames = max(1, int(round(after[-1])))
    return np.interp(np.arange(frames) * (after[-1] / frames), after, before)
