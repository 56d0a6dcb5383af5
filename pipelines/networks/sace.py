"""How something is said: SACE, the speaker-adversarial classifier of emotions (paper, section 3.3).

`Sace` is small and reads frozen hidden states: of a front end of its own, Whisper's lower blocks, or of this project's HuBERT.
`WaveSace` is the paper's: a published wav2vec 2.0, fine-tuned above its convolutional front end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from pipelines.features.prosody import FEATURES
from pipelines.labels import EMOTIONS
from pipelines.networks.layers import masked_mean, reverse_gradient
from pipelines.networks.units import HOP, at_one_level, receptive_field
from pipelines.networks.whisper_front import WhisperFront

if TYPE_CHECKING:
    from transformers import Wav2Vec2Model

SACE_WIDTH = 128
WINDOW = 25  # frames of a pooled emotion frame: half a second


class Sace(nn.Module):
    """Hidden states of the self-supervised encoder, summed with learned weights, and two convolutions (kernel 5).

    The paper fine-tunes wav2vec 2.0. This one reads frozen hidden states, and the prosody features beside them.

    front: a front end of its own, whose states are standardised: the residual stream of a transformer has few large
        dimensions, which would hide the others. Without one it reads the content encoder's states.
    """

    def __init__(self, hidden_layers: int, hidden_width: int, width: int = 128, front: WhisperFront | None = None):
        super().__init__()
        self.front = front
        if front is not None:
            self.register_buffer("centre", torch.zeros(hidden_layers, 1, hidden_width))
            self.register_buffer("spread", torch.ones(hidden_layers, 1, hidden_width))
        self.mix = nn.Parameter(torch.zeros(hidden_layers))
        normalise = nn.LayerNorm(hidden_width) if front is None else nn.Identity()
        self.project = nn.Sequential(normalise, nn.Linear(hidden_width, width // 2))
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
        if self.front is not None:
            hidden = (hidden - self.centre) / self.spread
        summed = torch.einsum("l,bltw->btw", self.mix.softmax(0), hidden)
        x = torch.cat([self.project(summed), self.prosody(features)], dim=-1) * mask[..., None]
        x = torch.relu(self.first(x.transpose(1, 2))).transpose(1, 2)
        x = self.second((self.norm(x) * mask[..., None]).transpose(1, 2)).transpose(1, 2)
        return torch.tanh(x / 3) * 3 * mask[..., None]

    def utterance(self, frames: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(batch, time, 128) to (batch, 128)."""
        return masked_mean(frames, mask)

    @torch.no_grad()
    def standardise(self, states: Sequence[np.ndarray]) -> None:
        """Take mean and deviation of the front end's states from these, (layers, frames, width) each."""
        count = sum(clip.shape[1] for clip in states)
        mean = sum(clip.sum(1, dtype=np.float64) for clip in states) / count
        square = sum((clip.astype(np.float32)**2).sum(1, dtype=np.float64) for clip in states) / count
        self.centre.copy_(torch.from_numpy(mean)[:, None])
        self.spread.copy_(torch.from_numpy((square - mean**2).clip(1e-6)**0.5)[:, None])


class WaveSace(nn.Module):
    """Hidden states of a wav2vec 2.0, summed with learned weights, and two convolutions (kernel 5).

    Its convolutional front end is frozen. Steps and layers are not dropped at random while it is fine-tuned, unlike when it was
    pretrained. The sum is normalised, since the layers of a large wav2vec 2.0 differ in size, and frames are bounded as those of
    `Sace` are.
    """

    def __init__(self, front: Wav2Vec2Model):
        super().__init__()
        self.front, width = front, front.config.hidden_size
        front.config.apply_spec_augment, front.config.layerdrop = False, 0.0
        front.freeze_feature_encoder()
        self.pad = receptive_field(front.config) // 2
        self.mix = nn.Parameter(torch.zeros(front.config.num_hidden_layers + 1))
        self.norm = nn.LayerNorm(width)
        self.first = nn.Conv1d(width, SACE_WIDTH, 5, padding=2)
        self.second = nn.Conv1d(SACE_WIDTH, SACE_WIDTH, 5, padding=2)
        self.classify = nn.Linear(SACE_WIDTH, len(EMOTIONS))

    def forward(self, waveform: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Frame embeddings.

        Args:
            waveform: (batch, samples) at 16 kHz, zeros behind a row's end. mask: (batch, samples // 320 + 1), its frames.
        Returns:
            (batch, time, 128); their mean over time is the utterance's embedding.
        """
        states = self.front(*self._padded(waveform, mask), output_hidden_states=True).hidden_states
        summed = sum(weight * state for weight, state in zip(self.mix.softmax(0), states))
        x = (self.norm(summed) * mask[..., None]).transpose(1, 2)
        x = torch.relu(self.first(x)) * mask[:, None]
        return torch.tanh(self.second(x).transpose(1, 2) / 3) * 3 * mask[..., None]

    def utterance(self, frames: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(batch, time, 128) to (batch, 128)."""
        return masked_mean(frames, mask)

    def _padded(self, waveform: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """At one level, with frames centred on k * 20 ms, and which samples are there.

        Kinds whose first convolution normalises over the recording were pretrained without a mask and get none.
        """
        there = torch.arange(waveform.shape[1], device=waveform.device)[None] < HOP * mask.sum(1, keepdim=True) - 1
        padded = nn.functional.pad(at_one_level(waveform, there), (self.pad, self.pad))
        if self.front.config.feat_extract_norm == "group":
            return padded, None
        return padded, nn.functional.pad(there.long(), (2 * self.pad, 0), value=1)


class SpeakerAdversary(nn.Module):
    """Training only: tries to tell the speaker from the utterance embedding, behind the gradient reversal."""

    def __init__(self, speakers: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(SACE_WIDTH, 192), nn.ReLU(), nn.Linear(192, speakers))

    def forward(self, utterance: torch.Tensor, reversal: float) -> torch.Tensor:
        return self.layers(reverse_gradient(utterance, reversal))


def pool_frames(frames: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Average over half-second windows: the emotion frames that the pitch predictor attends to.

    Pooling keeps the reference's own F0 from leaking through frame by frame. The paper attends to every frame.

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


def emotion_frames(sace: Sace | WaveSace, waveform: torch.Tensor, hidden: torch.Tensor, features: torch.Tensor,
                   mask: torch.Tensor) -> torch.Tensor:
    """(batch, time, 128) of (batch, samples), or of (batch, layers, time, width) and (batch, time, 43); mask: (batch, time)."""
    if isinstance(sace, WaveSace):
        return sace(waveform[:, :mask.shape[1] * HOP - 1], mask)
    if sace.front is not None:
        hidden = sace.front(waveform)[:, :, :mask.shape[1]]
    return sace(hidden, features, mask)
