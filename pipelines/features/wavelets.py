"""F0 contours as wavelet coefficients: ten bands an octave apart, from single syllables to the phrase.

Continuous wavelet transform with Mexican hats at scales of 2^(i+1) x 5 ms, i = 1 to 10 (Suni et al., SSW 2013; Zhou et al.,
Odyssey 2020), and the way back (Torrence & Compo, 1998, equation 11) with the constant of hats an octave apart.
"""

from __future__ import annotations

import math

import numpy as np

from pipelines.features.pitch import FRAME_SECONDS

SCALES = 10
SECONDS = 0.005 * 2.0 ** np.arange(2, SCALES + 2)  # 0.02 to 10.24
BACK = math.log(2) * math.sqrt(3) * math.pi**0.25 / (2 * math.sqrt(2 * math.pi))


def decompose(contour: np.ndarray) -> np.ndarray:
    """Wavelet coefficients of a contour about its mean.

    Args:
        contour: (frames,) at 50 Hz, at every frame.
    Returns:
        (frames, 10) float32 in the contour's unit, finest scale first; their sum is the contour but for its mean, nearly.
    """
    import pywt  # imported late: only this baseline needs it

    scales = SECONDS / FRAME_SECONDS
    centred = contour - contour.mean()
    widest = int(scales[-1])
    padded = np.pad(centred, widest, mode="symmetric")
    found, _ = pywt.cwt(padded, scales, "mexh", method="fft", precision=12)
    inside = found[:, widest:len(found[0]) - widest]
    return (BACK * inside / np.sqrt(scales)[:, None]).T.astype(np.float32)


def restore(coefficients: np.ndarray) -> np.ndarray:
    """(frames, 10) to (frames,): the contour about its mean."""
    return coefficients.sum(axis=1)
