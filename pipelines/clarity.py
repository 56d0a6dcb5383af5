"""References made clearer: a reference's embedding moves towards the presets that SACE recognises in it.

SACE is less clear on voices it was not trained on. There the mean of many recordings, a preset, tells an emotion better than
one recording does. How far the embedding moves is stored with the checkpoint, as `reference_clarity`.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from pipelines.checkpoints.loading import Models
from pipelines.factors import Emotion
from pipelines.labels import EMOTIONS


@torch.inference_mode()
def clarified(emotion: Emotion, models: Models) -> Emotion:
    """Every frame moved by `reference_clarity` of the way from the recording's mean to its mixture of presets.

    The mixture weighs the presets with the posteriors of SACE's own classifier. What changes within the recording stays.
    Checkpoints without a preset for each emotion keep the reference as it is.
    """
    if models.reference_clarity == 0 or models.presets.keys() != set(EMOTIONS):
        return emotion
    posteriors = models.sace.classify(models.tensor(emotion.utterance)[None]).softmax(-1)[0].cpu()
    presets = torch.stack([models.presets[name].mean(0) for name in EMOTIONS])
    moved = models.reference_clarity * ((posteriors @ presets).numpy() - emotion.utterance)
    return replace(emotion, frames=emotion.frames + moved, utterance=emotion.utterance + moved)
