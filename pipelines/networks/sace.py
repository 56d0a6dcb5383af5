"""How something is said: SACE, the speaker-adversarial classifier of emotions (paper, section 3.3)."""

from __future__ import annotations

import torch
from torch import nn

from pipelines.features.prosody import FEATURES
from pipelines.labels import EMOTIONS
from pipelines.networks.layers import masked_mean, reverse_gradient

SACE_WIDTH = 128
WINDOW = 25  # frames of a pooled emotion frame: half a second


class Sace(nn.Module):
    """Hidden states of the self-supervised encoder, summed with learned weights, and two convolutions (kernel 5).

    The paper fine-tunes wav2vec 2.0; this one reads the small HuBERT's frozen hidden states and, since those were
    trained to forget melody, the prosody features beside them.
    """

    def __init__(self, hidden_layers: int, hidden_width: int, width: int = 128):
        super().__init__()
        self.mix = nn.Parameter(torch.zeros(hidden_layers))
        self.project = nn.Sequential(nn.LayerNorm(hidden_width), nn.Linear(hidden_width, width // 2))
        self.prosody = nn.Linear(FEATURES, width // 2)
        self.first = nn.Conv1d(width, width, 5, padding=2)
        self.second = nn.Conv1d(width, SACE_WIDTH, 5, padding=2)
        self.norm = nn.LayerNorm(width)
        self.classify = nn.Linear(SACE_WIDTH, len(EMOTIONS))

    def forward(self, hidden: torch.Tensor, features: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Frame embeddings.

        Args:
            hidden: (batch, layers, time, hidden width).
            features: (batch, time, 43). mask: (batch, time).
        Returns:
            (batch, time, 128); their mean over time is the utterance's embedding.
        """
        weights = self.mix.softmax(0)
        summed = torch.einsum("l,bltw->btw", weights, hidden)
        x = torch.cat([self.project(summed), self.prosody(features)], dim=-1) * mask[..., None]
        x = torch.relu(self.first(x.transpose(1, 2))).transpose(1, 2)
        x = self.second((self.norm(x) * mask[..., None]).transpose(1, 2)).transpose(1, 2)
        return torch.tanh(x / 3) * 3 * mask[..., None]

    def utterance(self, frames: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(batch, time, 128) to (batch, 128)."""
        return masked_mean(frames, mask)


class SpeakerAdversary(nn.Module):
    """Training only: tries to tell the speaker from the utterance embedding, behind the gradient reversal."""

    def __init__(self, speakers: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(SACE_WIDTH, 192), nn.ReLU(), nn.Linear(192, speakers))

    def forward(self, utterance: torch.Tensor, reversal: float) -> torch.Tensor:
        return self.layers(reverse_gradient(utterance, reversal))


def pool_frames(frames: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Average over half-second windows: the emotion frames that the pitch predictor attends to.

    Pooling keeps the reference's own melody from leaking through frame by frame; the paper attends to every frame.

    Returns:
        (batch, windows, 128) and (batch, windows) of ones where a window has frames.
    """
    extra = -frames.shape[1] % WINDOW
    frames = nn.functional.pad(frames, (0, 0, 0, extra)).unflatten(1, (-1, WINDOW))
    counts = nn.functional.pad(mask, (0, extra)).unflatten(1, (-1, WINDOW))
    pooled = (frames * counts[..., None]).sum(2) / counts.sum(2, keepdim=True).clamp(min=1)
    enough = (counts.sum(2) >= WINDOW // 3).float()
    enough[:, 0] = 1.0
    return pooled, enough
