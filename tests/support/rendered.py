"""What every decoder owes: as long as WORLD's rendering, within range, and at the pitch that was asked for."""

from __future__ import annotations

import numpy as np

from pipelines.conversion import Converter
from pipelines.features.audio import Recording
from pipelines.features.pitch import track
from pipelines.settings import Settings


def check_length_and_pitch(converter: Converter, recording: Recording, settings: Settings, voiced_share: float) -> None:
    """voiced_share: of frames, voiced in what was asked for and in what was made."""
    by_world, made = (converter.convert(recording, emotion="angry", settings=each) for each in (Settings(), settings))
    assert abs(len(made.samples) - len(by_world.samples)) <= 160
    assert np.isfinite(made.samples).all() and np.abs(made.samples).max() <= 1
    heard, asked = track(made.samples).contour(), made.predicted
    count = min(len(heard.hz), len(asked.hz))
    voiced = heard.voiced[:count] & asked.voiced[:count]
    cents = 1200 * np.abs(np.log2(heard.hz[:count][voiced] / asked.hz[:count][voiced]))
    assert voiced.mean() > voiced_share and np.median(cents) < 50
