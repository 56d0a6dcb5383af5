"""Does it sound natural? DistillMOS, a predictor: not a mean opinion score of listeners, and never printed as one."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


def predicted_mos(samples: np.ndarray) -> float:
    """DistillMOS of (n,) float32 at 16 kHz, about 1 to 5."""
    import torch

    with torch.no_grad():
        return float(_model()(torch.from_numpy(np.asarray(samples, dtype=np.float32))[None])[0, 0])


@lru_cache(maxsize=1)
def _model():
    import distillmos

    return distillmos.ConvTransformerSQAModel().eval()
