"""The factors of a recording, and those that a transfer gives to the decoders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.features.audio import Recording
from pipelines.features.pitch import FRAME_SECONDS, VOICED_CONFIDENCE, F0Contour
from pipelines.features.prosody import Prosody
from pipelines.features.world import WorldFrames


@dataclass(frozen=True)
class Emotion:
    """An emotion as SACE encodes it.

    Attributes:
        name: of the recording or the preset.
        frames: (windows, 128), pooled over half seconds. utterance: (128,) their recording's mean.
        octaves: (frames,) F0 of that recording, octaves above 100 Hz, 50 Hz. voiced: (frames,) bool. None for a preset.
        posteriors: (5,) how surely it is each of EMOTIONS, by SACE's classifier; None for a preset or a mix.
        parts: what a mix consists of, with weights that sum to 1; empty for one emotion (pipelines/mix.py).
    """

    name: str
    frames: np.ndarray
    utterance: np.ndarray
    octaves: np.ndarray | None = None
    voiced: np.ndarray | None = None
    posteriors: np.ndarray | None = None
    parts: tuple[tuple[Emotion, float], ...] = ()

    @property
    def weighted(self) -> tuple[tuple[Emotion, float], ...]:
        """Its parts, or the emotion alone."""
        return self.parts or ((self, 1.0),)


@dataclass(frozen=True)
class Factors:
    """A recording taken apart; arrays on the 50 Hz grid share their first size.

    Attributes:
        units: (frames,) int. prosody: F0, voicing and mel bands. ease: (128,).
        emotion: its own. world: full-resolution WORLD frames (200 Hz); None for a reference, which needs none.
        soft_units: (frames, units) float32, the soft units, where the checkpoint has a generator that was trained on them.
    """

    recording: Recording
    units: np.ndarray
    prosody: Prosody
    ease: np.ndarray
    emotion: Emotion
    world: WorldFrames | None
    soft_units: np.ndarray | None = None


@dataclass(frozen=True)
class Transferred:
    """The source's factors with another emotion, in the new timing; 50 Hz.

    Attributes:
        source: the factors before. emotion: the target.
        positions: (frames,) where each new frame lies in the source's frames.
        units: (frames,) int. voicing: (frames,) 0..1.
        octaves: (frames,) target F0, octaves above 100 Hz. source_octaves: (frames,) the source's, warped.
        difference: (frames, 40) to be added to the source's log envelope.
        strength: how far the emotion goes from the source's to the target; octaves, positions and difference have gone that
            far already.
    """

    source: Factors
    emotion: Emotion
    positions: np.ndarray
    units: np.ndarray
    voicing: np.ndarray
    octaves: np.ndarray
    source_octaves: np.ndarray
    difference: np.ndarray
    strength: float

    @property
    def timing(self) -> np.ndarray:
        """(frames,) seconds of the source that each 20 ms frame of the new timing shows; increasing."""
        return self.positions * FRAME_SECONDS

    @property
    def contour(self) -> F0Contour:
        """The predicted F0, Hz, 0 where unvoiced."""
        return F0Contour(np.where(self.voicing >= VOICED_CONFIDENCE, 100.0 * 2.0**self.octaves, 0.0))
