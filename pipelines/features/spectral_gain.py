"""A filter that changes over time: gains on the bins of a short-time Fourier transform, overlapped and added."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipelines.features.world import FFT_SIZE

HOP = 160  # samples at 16 kHz, 10 ms
PIECE = 500  # frames that are filtered at once, so that memory stays flat

Gains = Callable[[slice], np.ndarray]  # of frames: factors of amplitude, (frames, 513)


def filtered(samples: np.ndarray, gains: Gains) -> np.ndarray:
    """(n,) float32 at 16 kHz.

    Args:
        samples: (n,) at 16 kHz.
        gains: of frames, 100 a second; frame k is centred at sample 160 k. There are `n // 160 + 1` of them.
    """
    frames, half, window = len(samples) // HOP + 1, FFT_SIZE // 2, np.hanning(FFT_SIZE + 1)[:-1]
    padded = np.pad(samples, (half, half + HOP))
    result, weight = np.zeros(len(padded)), np.zeros(len(padded))
    seen = np.lib.stride_tricks.sliding_window_view(padded, FFT_SIZE)[::HOP]
    for start in range(0, frames, PIECE):
        inside = slice(start, min(start + PIECE, frames))
        spectra = np.fft.rfft(seen[inside] * window) * gains(inside)
        for frame, piece in enumerate(np.fft.irfft(spectra) * window, start):
            result[frame * HOP:frame * HOP + FFT_SIZE] += piece
            weight[frame * HOP:frame * HOP + FFT_SIZE] += window**2
    return (result / np.maximum(weight, 1e-3))[half:half + len(samples)].astype(np.float32)
