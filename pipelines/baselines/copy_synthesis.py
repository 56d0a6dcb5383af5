"""Baseline: WORLD analysis and synthesis of the source, nothing moved. What the vocoder alone costs."""

from __future__ import annotations

import numpy as np

from pipelines.baselines.base import Baseline, Rendered, Request
from pipelines.features.world import analyse, synthesise


def copy_synthesis(samples: np.ndarray) -> np.ndarray:
    """(n,) float32 at 16 kHz through WORLD and back, of the same length up to one frame."""
    return synthesise(analyse(samples))


def convert(request: Request, _: None) -> Rendered:
    """The copy of the source."""
    return Rendered(copy_synthesis(request.source))


BASELINE = Baseline("copy", "Copy by WORLD", "WORLD copy-synthesis of the source: what that vocoder costs.", convert)
