"""Features of training clips that are computed once and stored: prosody, and what the vocoder is given."""

from __future__ import annotations

import numpy as np
from tqdm import tqdm

from pipelines.features.pitch import SYNTHESIS_CONFIDENCE, track
from pipelines.features.vocoder_features import MELS, VocoderFeatures, vocoder_features
from pipelines.features.world import BANDS, compact
from pipelines.training.data.audio_store import read_samples
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import Clip

PROSODY = f"prosody-{BANDS}"


def prosody_features(samples: np.ndarray) -> dict[str, np.ndarray]:
    """`f0` (frames,) Hz at every frame, `confidence` (frames,), `bands` (frames, 40) log power; 50 Hz."""
    fine = track(samples, 0.01)
    bands = compact(samples, fine.contour(SYNTHESIS_CONFIDENCE).hz)
    coarse = fine.every(2)
    return {"f0": coarse.hz.astype(np.float32), "confidence": coarse.confidence.astype(np.float16),
            "bands": bands.astype(np.float16)}


VOCODER = f"vocoder-{MELS}"


def stored_features(clips: list[Clip], cache: FeatureCache) -> list[VocoderFeatures]:
    """Of every clip, in order."""
    return [_stored(clip, cache) for clip in tqdm(clips, desc="vocoder features", unit="clip", mininterval=5)]


def _stored(clip: Clip, cache: FeatureCache) -> VocoderFeatures:
    arrays = cache.get(VOCODER + clip.variant, clip.path, lambda: vars(vocoder_features(read_samples(clip))))
    return VocoderFeatures(**arrays)
