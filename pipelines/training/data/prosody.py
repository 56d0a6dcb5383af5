"""Cached prosody of a training clip: F0 track and compact WORLD envelope on the 20 ms grid."""

from __future__ import annotations

import numpy as np

from pipelines.features.pitch import SYNTHESIS_CONFIDENCE, track
from pipelines.features.world import BANDS, compact

KIND = f"prosody-{BANDS}"


def prosody_features(samples: np.ndarray) -> dict[str, np.ndarray]:
    """`f0` (frames,) Hz at every frame, `confidence` (frames,), `bands` (frames, 40) log power; 50 Hz."""
    fine = track(samples, 0.01)
    bands = compact(samples, fine.contour(SYNTHESIS_CONFIDENCE).hz)
    coarse = fine.every(2)
    return {"f0": coarse.hz.astype(np.float32), "confidence": coarse.confidence.astype(np.float16),
            "bands": bands.astype(np.float16)}
