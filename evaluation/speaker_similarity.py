"""Is the voice kept? Cosine of Resemblyzer's speaker embeddings (GE2E, 256-d; weights in the package)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pipelines.audio import SAMPLE_RATE


def speaker_embedding(samples: np.ndarray) -> np.ndarray:
    """(n,) float32 at 16 kHz to (256,) of unit length; silences are cut and the level evened first."""
    from resemblyzer import preprocess_wav

    speech = preprocess_wav(np.asarray(samples, dtype=np.float32), source_sr=SAMPLE_RATE)
    if len(speech) < SAMPLE_RATE // 4:  # its voice activity detector found next to nothing: judge the whole clip
        speech = np.asarray(samples, dtype=np.float32)
    return _encoder().embed_utterance(speech)


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Cosine of two embeddings, -1 to 1."""
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


@lru_cache(maxsize=1)
def _encoder():
    from resemblyzer import VoiceEncoder

    return VoiceEncoder("cpu", verbose=False)
