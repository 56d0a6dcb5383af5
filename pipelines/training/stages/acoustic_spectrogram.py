"""What the acoustic stage learns from Whisper's lower blocks: the emotion that they tell from a spectrogram of the conversion."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from pipelines.features.prosody import FEATURES
from pipelines.features.world import BANDS
from pipelines.networks.sace import Sace
from pipelines.training.data.examples import Draw, labels, perturb, stack_bands, stack_contours, window
from pipelines.training.data.factors import FactorStore
from pipelines.training.loop.optim import Update
from pipelines.training.losses.drawn_spectrogram import SpectrogramEmotionClassifier, draw_log_mel
from pipelines.training.losses.emotion_classifiers import BAND_SCALE
from pipelines.training.stages.acoustic_batches import AcousticBatch, Converted, with_other_voices

SMOOTHING = 0.1  # of labels, so that no conversion is pushed to be surer than that


class SpectrogramLoss:
    """The classifier on drawn spectrograms; its last layer learns from real speech beside the acoustic model.

    sace: frozen, with Whisper's blocks. Every spectrogram has a random equaliser, so that one exact input cannot be exploited.
    """

    def __init__(self, sace: Sace, draw: Draw, factors: FactorStore, rate: float, device: str):
        self.draw, self.factors, self.device = draw, factors, device
        self.classifier = SpectrogramEmotionClassifier(sace)
        self.classifier.classify.to(device)
        self.optimiser = torch.optim.AdamW(self.classifier.classify.parameters(), rate, weight_decay=0.3)

    def teach(self, batch: int, longest: int, random: np.random.Generator, update: Update) -> torch.Tensor:
        """One step on pieces of real speech of at most `longest` frames, by other voices; the share of right answers."""
        examples = self.draw.examples
        windows = [window(examples, index, longest, random) for index in self.draw.by_emotions(random, batch)]
        contour, voiced = stack_contours(examples, windows)
        [bands], [contour] = with_other_voices([stack_bands(examples, windows)], [contour], random)
        rows = (row.to(self.device) for row in (bands, contour, voiced, self.factors.stack_units(windows)[1]))
        emotion = labels(examples, windows)[1].to(self.device)
        with update.autocast():
            scores = self._scores(*rows, random)
            loss = nn.functional.cross_entropy(scores, emotion, label_smoothing=SMOOTHING)
        update.apply(loss, self.optimiser, limit=5.0)
        return (scores.argmax(1) == emotion).float().mean()

    def of(self, conversion: Converted, source: AcousticBatch, target: torch.Tensor,
           random: np.random.Generator) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Cross-entropy of the target emotion, differentiable in the conversion's bands; the share recognised, for the log."""
        scores = self._scores(conversion.bands, conversion.octaves, source.voiced, source.mask, random)
        loss = nn.functional.cross_entropy(scores, target, label_smoothing=SMOOTHING)
        return loss, {"convert_spectrogram": (scores.argmax(1) == target).float().mean()}

    def _scores(self, bands: torch.Tensor, octaves: torch.Tensor, voiced: torch.Tensor, mask: torch.Tensor,
                random: np.random.Generator) -> torch.Tensor:
        """(batch, 5)."""
        equaliser = BAND_SCALE * perturb(torch.zeros(len(bands), 1, FEATURES), random)[..., :BANDS].to(self.device)
        return self.classifier(draw_log_mel(bands + equaliser, octaves, voiced, mask, self.classifier.filters), mask)
