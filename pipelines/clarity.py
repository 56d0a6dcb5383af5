"""References made clearer: a reference's embedding moves towards the presets of the emotions that SACE recognises in it.

SACE is less clear on voices it was not trained on. There the mean of many recordings, a preset, tells an emotion better than
one recording does. How far the embedding moves is stored with the checkpoint, as `reference_clarity`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipelines.checkpoints.loading import Models
from pipelines.factors import Emotion
from pipelines.labels import EMOTIONS, NEUTRAL

UNSURE = 0.5  # posterior of the likeliest emotion; below it, SACE is right on 42 % of dev recordings, from it on 74 %
NEUTRAL_NOTE = ("The reference is recognised as neutral, so the conversion may change little; "
                "give a more emotional recording or a preset.")
UNSURE_NOTE = "No emotion is recognised for sure in the reference; a preset is clearer, alone or mixed with it."


def recognised(emotion: Emotion) -> dict[str, float] | None:
    """The posterior of each emotion that SACE's classifier finds in a recording, the likeliest first; None of a preset or mix."""
    if emotion.posteriors is None:
        return None
    return {EMOTIONS[index]: float(emotion.posteriors[index]) for index in np.argsort(-emotion.posteriors, kind="stable")}


def clarity_notes(emotion: Emotion) -> tuple[str, ...]:
    """What a user should know of a reference whose emotion is not clear."""
    if emotion.posteriors is None:
        return ()
    if emotion.posteriors.max() < UNSURE:
        return (UNSURE_NOTE,)
    return (NEUTRAL_NOTE,) if EMOTIONS[emotion.posteriors.argmax()] == NEUTRAL else ()


def clarified(emotion: Emotion, models: Models) -> Emotion:
    """Every frame moved by `reference_clarity` of the way from the recording's mean to its mixture of presets.

    The mixture weighs the presets with SACE's posteriors. What changes within the recording stays. Checkpoints without a preset
    for each emotion keep the reference as it is, and so is what has no posteriors.
    """
    if models.gains.reference_clarity == 0 or models.presets.keys() != set(EMOTIONS) or emotion.posteriors is None:
        return emotion
    presets = np.stack([models.presets[name].mean(0).numpy() for name in EMOTIONS])
    moved = models.gains.reference_clarity * (emotion.posteriors @ presets - emotion.utterance)
    return replace(emotion, frames=emotion.frames + moved, utterance=emotion.utterance + moved)
