"""Recordings resynthesised by a network in training from what the network is given of them, by stage.

An evaluation measures the results (evaluation/run/waveform_validation.py) and imports no network for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from torch import nn

from pipelines.baselines.unit_resynthesis import resynthesis as polyak_resynthesis
from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_models
from pipelines.conversion import Converter
from pipelines.decoders.rendering import render
from pipelines.features.audio import Recording
from pipelines.features.vocoder_features import vocoder_features
from pipelines.labels import EMOTIONS
from pipelines.networks.vocoder import Vocoder
from pipelines.settings import Settings

Resynthesise = Callable[[Recording], np.ndarray]  # (n,) float32 at 16 kHz


def vocoder_resynthesis(checkpoint: Folder, vocoder: Vocoder, device: str = "cpu") -> Resynthesise:
    """By a vocoder from the recording's own envelope and F0."""
    return lambda recording: render(vocoder, vocoder_features(recording.samples), device)


def generator_resynthesis(checkpoint: Folder, generator: nn.Module, device: str = "cpu") -> Resynthesise:
    """By a generator from the recording's own factors, as a conversion at strength 0.

    Raises:
        CheckpointError: the checkpoint lacks a file that a conversion needs.
    """
    converter = Converter(replace(load_models(checkpoint, device), generator=generator))
    unchanged = Settings(strength=0.0, tempo=False, decoder="generate")
    return lambda recording: converter.convert(recording, emotion=EMOTIONS[0], settings=unchanged).samples


RESYNTHESES: dict[str, Callable[[Folder, Any, str], Resynthesise]] = {  # by stage
    "vocoder": vocoder_resynthesis, "generate": generator_resynthesis, "polyak": polyak_resynthesis}
