"""Mel bands of a power spectrum, and back to its bins by straight lines between the bands' centres."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pipelines.features.audio import SAMPLE_RATE

LOWEST = 40.0  # Hz, the lower edge of the first band


@lru_cache(maxsize=4)
def band_weights(bands: int, bins: int) -> np.ndarray:
    """(bands, bins) triangles that average power within a band."""
    places, edges = bin_mels(bins), band_edges(bands)
    rising = (places - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - places) / (edges[2:] - edges[1:-1])[:, None]
    weights = np.maximum(np.minimum(rising, falling), 0)
    weights[np.arange(bands), np.argmax(np.minimum(rising, falling), axis=1)] += 1e-6  # no empty narrow band
    return weights / weights.sum(axis=1, keepdims=True)


@lru_cache(maxsize=4)
def band_to_bin(bands: int, bins: int) -> np.ndarray:
    """(bins, bands): linear interpolation between band centres on the mel axis."""
    centres = band_edges(bands)[1:-1]
    return np.stack([np.interp(bin_mels(bins), centres, row) for row in np.eye(bands)], axis=1)


def band_edges(bands: int) -> np.ndarray:
    """(bands + 2,) mel: the centres with both outer edges."""
    return np.linspace(_mel(LOWEST), _mel(SAMPLE_RATE / 2), bands + 2)


def bin_mels(bins: int) -> np.ndarray:
    """(bins,) mel of the bins of a spectrum from 0 to half the sampling rate."""
    return _mel(np.linspace(0, SAMPLE_RATE / 2, bins))


def _mel(hz: np.ndarray | float) -> np.ndarray:
    return 2595 * np.log10(1 + np.asarray(hz) / 700)
