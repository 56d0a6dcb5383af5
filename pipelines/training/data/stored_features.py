"""Features of training clips that are computed once and stored: prosody, the vocoder's input, the teacher's states."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from tqdm import tqdm

from pipelines.checkpoints.whisper import encoder_blocks, load_packaged_whisper
from pipelines.features.pitch import SYNTHESIS_CONFIDENCE, track
from pipelines.features.vocoder_features import MELS, VocoderFeatures, vocoder_features
from pipelines.features.world import BANDS, compact
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import Clip, read_samples

PROSODY, VOCODER = f"prosody-{BANDS}", f"vocoder-{MELS}"
TEACHER = "base"  # of Whisper's sizes
TEACHER_STATES = f"whisper-{TEACHER}"
BLOCK = 4  # of 6, whose states are learnt: later blocks lean towards text, earlier ones towards sound


def prosody_features(samples: np.ndarray) -> dict[str, np.ndarray]:
    """`f0` (frames,) Hz at every frame, `confidence` (frames,), `bands` (frames, 40) log power; 50 Hz."""
    fine = track(samples, 0.01)
    bands = compact(samples, fine.contour(SYNTHESIS_CONFIDENCE).hz)
    coarse = fine.every(2)
    return {"f0": coarse.hz.astype(np.float32), "confidence": coarse.confidence.astype(np.float16),
            "bands": bands.astype(np.float16)}


def stored_features(clips: list[Clip], cache: FeatureCache) -> list[VocoderFeatures]:
    """The vocoder's input of every clip, in order."""
    return [VocoderFeatures(**cache.get(VOCODER + clip.variant, clip.path,
                                        lambda clip=clip: vars(vocoder_features(read_samples(clip)))))
            for clip in tqdm(clips, desc="vocoder features", unit="clip", mininterval=5)]


def teacher_features(model, waveform: np.ndarray) -> dict[str, np.ndarray]:
    """Of an un-padded clip, (n,) at 16 kHz: `frames` (frames, 512) of block 4 at 50 Hz, and `pooled` (6, 1024).

    pooled: mean and deviation over time of every block.
    """
    states = encoder_blocks(model, torch.from_numpy(waveform))
    pooled = [torch.cat([state.mean(0), state.std(0)]) for state in states]
    return {"frames": states[BLOCK - 1].numpy().astype(np.float16), "pooled": torch.stack(pooled).numpy().astype(np.float16)}


class Teacher:
    """Whisper's states of clips, from the cache; the model is loaded only when a clip's are missing."""

    def __init__(self, cache: FeatureCache):
        self.cache, self.model = cache, None

    def __call__(self, clip: Clip, waveform: Callable[[], np.ndarray]) -> dict[str, np.ndarray]:
        return self.cache.get(TEACHER_STATES, clip.path, lambda: self._compute(waveform()))

    def _compute(self, waveform: np.ndarray) -> dict[str, np.ndarray]:
        if self.model is None:
            self.model = load_packaged_whisper(TEACHER)
        return teacher_features(self.model, waveform)
