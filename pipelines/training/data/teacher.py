"""Teacher features for the small HuBERT: hidden states of Whisper base on un-padded clips."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from pipelines.checkpoints.whisper import encoder_blocks, load_packaged_whisper
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import Clip

TEACHER = "base"
BLOCK = 4  # of 6: later blocks lean towards text, earlier ones towards sound
KIND = f"whisper-{TEACHER}"


def teacher_features(model, waveform: np.ndarray) -> dict[str, np.ndarray]:
    """`frames` (frames, 512) of block 4 at 50 Hz, and `pooled` (6, 1024): mean and deviation over time of every block."""
    states = encoder_blocks(model, torch.from_numpy(waveform))
    pooled = [torch.cat([state.mean(0), state.std(0)]) for state in states]
    return {"frames": states[BLOCK - 1].numpy().astype(np.float16), "pooled": torch.stack(pooled).numpy().astype(np.float16)}


class Teacher:
    """Whisper with a disk cache in front; the model is loaded only when something is missing."""

    def __init__(self, cache: FeatureCache):
        self.cache, self.model = cache, None

    def __call__(self, clip: Clip, waveform: Callable[[], np.ndarray]) -> dict[str, np.ndarray]:
        return self.cache.get(KIND, clip.path, lambda: self._compute(waveform()))

    def _compute(self, waveform: np.ndarray) -> dict[str, np.ndarray]:
        if self.model is None:
            self.model = load_packaged_whisper(TEACHER)
        return teacher_features(self.model, waveform)
