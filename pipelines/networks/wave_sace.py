"""SACE as the paper has it: a published wav2vec 2.0, fine-tuned above its convolutional front end (paper, section 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from pipelines.labels import EMOTIONS
from pipelines.networks.layers import masked_mean
from pipelines.networks.sace import SACE_WIDTH
from pipelines.networks.units import HOP, at_one_level, receptive_field

if TYPE_CHECKING:
    from transformers import Wav2Vec2Model


class WaveSace(nn.Module):
    """Hidden states of a wav2vec 2.0, summed with learned weights, and two convolutions (kernel 5).

    Its convolutional front end is frozen. Steps and layers are not dropped at random while it is fine-tuned, unlike when it was
    pretrained. The sum is normalised, since the layers of a large wav2vec 2.0 differ in size, and frames are bounded as those of
    `emotion.Sace` are.
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

        Kinds that normalise the whole recording in their first convolution were pretrained without a mask and get none.
        """
        there = torch.arange(waveform.shape[1], device=waveform.device)[None] < HOP * mask.sum(1, keepdim=True) - 1
        padded = nn.functional.pad(at_one_level(waveform, there), (self.pad, self.pad))
        if self.front.config.feat_extract_norm == "group":
            return padded, None
        return padded, nn.functional.pad(there.long(), (2 * self.pad, 0), value=1)
