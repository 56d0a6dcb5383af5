"""Held-out recordings through a generator in training, as a conversion at strength 0 would make them again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_models
from pipelines.conversion import Converter
from pipelines.features.audio import Recording
from pipelines.labels import EMOTIONS
from pipelines.networks.factor_decoder import FactorDecoder
from pipelines.networks.generator import FactorGenerator
from pipelines.settings import Settings


def resynthesis(checkpoint: Folder, generator: FactorGenerator | FactorDecoder,
                device: str = "cpu") -> Callable[[Recording], np.ndarray]:
    """A function of a recording to (n,) float32 at 16 kHz, made from the recording's own factors.

    Raises:
        CheckpointError: the checkpoint lacks a part that a conversion needs.
    """
    converter = Converter(replace(load_models(checkpoint, device), generator=generator))
    unchanged = Settings(strength=0.0, tempo=False, decoder="generate")
    return lambda recording: converter.convert(recording, emotion=EMOTIONS[0], settings=unchanged).samples
