"""Where the melody of a conversion comes from: the pitch predictor, or, to see what that is worth, one of the recordings."""

from __future__ import annotations

import numpy as np

from pipelines.errors import ZestError
from pipelines.factors import Emotion

PREDICTED, SOURCE, REFERENCE = "predicted", "source", "reference"
MELODIES = (PREDICTED, SOURCE, REFERENCE)


def check_melody(name: str) -> None:
    """Raises ZestError for a name that is not there."""
    if name not in MELODIES:
        raise ZestError(f"There is no F0 '{name}'; choose one of {', '.join(MELODIES)}.")


def reference_melody(own: np.ndarray, voiced: np.ndarray, emotion: Emotion) -> np.ndarray:
    """The reference's contour in the source's length and at the source's level: (frames,) octaves above 100 Hz.

    Stretched in a straight line from end to end, since no alignment of two different sentences is right. Moved so that the
    means over voiced frames agree, since the level of F0 tells first of all who speaks.

    Args:
        own, voiced: (frames,) octaves of the source, and which of its frames are voiced.
    Raises:
        ZestError: the emotion is a preset, which has no contour, or its recording has no voiced speech.
    """
    if emotion.melody is None:
        raise ZestError("F0 of the reference needs a reference recording; a preset has none.")
    if not emotion.voiced.any():
        raise ZestError(f"{emotion.name} has no voiced speech whose F0 could be taken; choose another reference.")
    places = np.linspace(0, len(emotion.melody) - 1, len(own))
    stretched = np.interp(places, np.arange(len(emotion.melody)), emotion.melody)
    level = own[voiced].mean() if voiced.any() else own.mean()
    return stretched + level - emotion.melody[emotion.voiced].mean()
