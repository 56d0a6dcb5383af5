"""What the judges look at: one vector per clip."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from evaluation.judges.functionals import functionals
from evaluation.judges.voice_states import voice_states
from pipelines.features.audio import SAMPLE_RATE

WHISPER_BLOCKS = (2, 3, 4, 5, 6)  # of Whisper base's encoder, from 1; chosen on held-out training speakers
MAX_SAMPLES = 30 * SAMPLE_RATE  # Whisper's window


def whisper_vector(samples: np.ndarray) -> np.ndarray:
    """Mean and deviation over time of Whisper base's encoder blocks 2 to 6: (5120,) float32."""
    import torch

    from pipelines.checkpoints.whisper import encoder_blocks

    states = encoder_blocks(_whisper(), torch.from_numpy(np.asarray(samples[:MAX_SAMPLES], dtype=np.float32)))
    return select_blocks(torch.stack([torch.cat([state.mean(0), state.std(0)]) for state in states]).numpy())


def select_blocks(pooled: np.ndarray) -> np.ndarray:
    """(6, 1024) pooled states of all blocks to the vector the judge uses."""
    return pooled[[block - 1 for block in WHISPER_BLOCKS]].reshape(-1).astype(np.float32)


def egemaps_vector(samples: np.ndarray) -> np.ndarray:
    """eGeMAPSv02 functionals (Eyben et al., 2016): (88,) float32."""
    return _smile().process_signal(np.asarray(samples, dtype=np.float32), SAMPLE_RATE).to_numpy()[0].astype(np.float32)


def acoustic_vector(samples: np.ndarray) -> np.ndarray:
    """Functionals of spectrum and F0, and states of Resemblyzer's encoder: (2396,) float32. Nothing of it is Whisper's."""
    clip = np.asarray(samples[:MAX_SAMPLES], dtype=np.float32)
    return np.concatenate([functionals(clip), voice_states(clip)]).astype(np.float32)


FEATURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "acoustic": acoustic_vector, "whisper": whisper_vector, "egemaps": egemaps_vector}


@lru_cache(maxsize=1)
def _whisper():
    from pipelines.checkpoints.whisper import load_packaged_encoder

    return load_packaged_encoder("base")


@lru_cache(maxsize=1)
def _smile():
    import opensmile

    return opensmile.Smile(feature_set=opensmile.FeatureSet.eGeMAPSv02,
                           feature_level=opensmile.FeatureLevel.Functionals)
