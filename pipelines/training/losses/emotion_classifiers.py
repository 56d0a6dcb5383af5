"""Networks on prosody features that the acoustic model learns from: emotion classifiers, a unit classifier, a discriminator.

They are needed only while the acoustic stage trains. They share nothing with the judges of the evaluation but the corpora.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils import spectral_norm

from pipelines.features.prosody import FEATURES
from pipelines.labels import EMOTIONS
from pipelines.networks.layers import masked_deviation, masked_mean

LOWEST, HIGHEST = -9.0, 7.0  # nepers of power around the speaker's neutral mean
BAND_SCALE = 3.0


def relative_features(bands: torch.Tensor, octaves: torch.Tensor, voicing: torch.Tensor, mask: torch.Tensor,
                      baseline: torch.Tensor) -> torch.Tensor:
    """Prosody features relative to the speaker's own neutral speech.

    Relative to that baseline, loudness and pitch tell the emotion and not the speaker. The baseline is a training label; a
    conversion needs none.

    Args:
        bands: (batch, time, 40). octaves, voicing, mask: (batch, time).
        baseline: (batch, 41), mean bands and mean octaves of the speaker's neutral voiced frames.
    Returns:
        (batch, time, 43), differentiable in bands and octaves.
    """
    usual = baseline[:, None, :-1]
    relative = (bands - usual).clamp(LOWEST, HIGHEST)
    energy = (bands.amax(-1) - usual.amax(-1)).clamp(LOWEST, HIGHEST)
    f0 = 2 * (octaves - baseline[:, -1:]) * voicing
    extra = torch.stack([f0, 2 * voicing - 1, energy / BAND_SCALE], dim=-1)
    return torch.cat([relative / BAND_SCALE, extra], dim=-1) * mask[..., None]


CLASSIFIERS = ((64, 5), (80, 3), (48, 9))  # width and kernel of each; several are harder to fool than one


def new_emotion_classifiers() -> nn.ModuleList:
    """Untrained ones."""
    return nn.ModuleList(FrameEmotionClassifier(*shape) for shape in CLASSIFIERS)


class FrameEmotionClassifier(nn.Module):
    """A convolutional emotion classifier on mean and deviation over time, of its layers and of the features themselves.

    Normalised per frame, never over time: an utterance's level and spread are what tell an emotion.
    """

    def __init__(self, width: int, kernel: int):
        super().__init__()
        self.layers = nn.ModuleList([
            nn.Conv1d(FEATURES, width, kernel, padding=kernel // 2),
            nn.Conv1d(width, width, kernel, padding=kernel // 2 * 2, dilation=2)])
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in self.layers)
        self.classify = nn.Sequential(nn.Dropout(0.2), nn.Linear(2 * (width + FEATURES), 96), nn.GELU(), nn.Dropout(0.2),
                                      nn.Linear(96, len(EMOTIONS)))

    def forward(self, features: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = features * mask[..., None]
        for layer, norm in zip(self.layers, self.norms):
            x = nn.functional.gelu(norm(layer(x.transpose(1, 2)).transpose(1, 2))) * mask[..., None]
        both = torch.cat([x, features], dim=-1)
        return self.classify(torch.cat([masked_mean(both, mask), masked_deviation(both, mask)], dim=-1))


class UnitClassifier(nn.Module):
    """Recognises the units in the bands: a conversion that changes them has changed the words."""

    def __init__(self, units: int, width: int = 96):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv1d(FEATURES, width, 5, padding=2), nn.Conv1d(width, width, 5, padding=4, dilation=2),
                                     nn.Conv1d(width, units, 1)])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(batch, time, 43) to (batch, units, time) scores. F0 is left out: words do not depend on it."""
        x = torch.cat([features[..., :-3], torch.zeros_like(features[..., -3:])], dim=-1).transpose(1, 2)
        for layer in self.layers[:-1]:
            x = nn.functional.gelu(layer(x))
        return self.layers[-1](x)


class Discriminator(nn.Module):
    """Real or converted, frame by frame and given the emotion (projection, Miyato & Koyama, ICLR 2018)."""

    def __init__(self, width: int = 64):
        super().__init__()
        self.layers = nn.ModuleList([
            spectral_norm(nn.Conv1d(FEATURES, width, 5, padding=2)),
            spectral_norm(nn.Conv1d(width, width, 5, stride=2, padding=2)),
            spectral_norm(nn.Conv1d(width, 2 * width, 5, stride=2, padding=2)),
            spectral_norm(nn.Conv1d(2 * width, 2 * width, 5, padding=4, dilation=2))])
        self.real = spectral_norm(nn.Conv1d(2 * width, 1, 3, padding=1))
        self.emotion = spectral_norm(nn.Embedding(len(EMOTIONS), 2 * width))

    def forward(self, features: torch.Tensor, mask: torch.Tensor, emotion: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores (batch, time / 4) and their weights (batch, time / 4)."""
        x = features.transpose(1, 2)
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), 0.2)
        score = self.real(x)[:, 0] + torch.einsum("bct,bc->bt", x, self.emotion(emotion)) / 16
        weight = nn.functional.max_pool1d(mask[:, None], 4, ceil_mode=True)[:, 0, :score.shape[1]]
        return score, weight


def weighted_mean(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Mean of values with weights of the same shape; 0 where all weights are 0."""
    return (values * weight).sum() / weight.sum().clamp(min=1)


def classifiers_loss(classifiers: nn.ModuleList, features: torch.Tensor, mask: torch.Tensor,
                 emotion: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Summed cross-entropy of all classifiers, and the share of right answers."""
    scores = [classifier(features, mask) for classifier in classifiers]
    loss = sum(nn.functional.cross_entropy(score, emotion, label_smoothing=0.1) for score in scores)
    return loss, torch.stack([(score.argmax(1) == emotion).float().mean() for score in scores]).mean()
