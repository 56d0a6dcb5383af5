"""Two recordings of one sentence, laid side by side: mel-cepstra, their alignment, and what differs along it.

Mel-cepstra are the cepstra of WORLD's cheaptrick envelope on an all-pass warped frequency axis (Tokuda et al., 1994). They
differ from SPTK's sp2mc by 0.01 dB. Order 24, alpha 0.41 (16 kHz), 5 ms frames, silence at the ends cut off.
Mel-cepstral distortion after Kubichek (1993), without the 0th coefficient (loudness): 10 / ln 10 * sqrt(2 * sum of squared
differences), in dB, averaged over the aligned frames.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.world import import_pyworld

STEP = 0.005  # s
ORDER, ALPHA = 24, 0.41
SPEECH_DB = 40.0
DB = 10 / np.log(10) * np.sqrt(2)


@dataclass(frozen=True)
class AlignedCepstra:
    """Frames of two recordings along the cheapest alignment.

    Attributes:
        distortion: mean mel-cepstral distortion, dB.
        one_hz, other_hz: (steps,) F0 in Hz, 0 where unvoiced.
        one_seconds, other_seconds: lengths of speech.
    """

    distortion: float
    one_hz: np.ndarray
    other_hz: np.ndarray
    one_seconds: float
    other_seconds: float


def analyse(samples: np.ndarray) -> dict[str, Any]:
    """(n,) float32 at 16 kHz to {"hz": [Hz per 5 ms, 0 unvoiced], "cepstra": base64 of little-endian float16 (frames, 25)}."""
    import librosa

    from evaluation.instruments.f0 import world_f0

    pyworld = import_pyworld()
    speech, _ = librosa.effects.trim(samples, top_db=SPEECH_DB, frame_length=400, hop_length=80)
    speech = speech.astype(np.float64)
    hz = world_f0(speech, STEP)
    envelope = pyworld.cheaptrick(speech, hz, STEP * np.arange(len(hz)), SAMPLE_RATE)
    cepstra = mel_cepstra(envelope)
    return {"hz": np.round(hz, 1).tolist(), "cepstra": base64.b64encode(cepstra.astype("<f2").tobytes()).decode()}


def mel_cepstra(power: np.ndarray) -> np.ndarray:
    """(frames, bins from 0 to half the sample rate) power to (frames, 25) mel-cepstra of the logarithmic amplitude.

    The amplitude's logarithm is read at frequencies that are evenly spaced on the warped axis, then transformed.
    """
    grid = np.linspace(0, np.pi, power.shape[1])
    plain = grid - 2 * np.arctan(ALPHA * np.sin(grid) / (1 + ALPHA * np.cos(grid)))  # where the warped axis is even
    places = plain / np.pi * (power.shape[1] - 1)
    low = np.minimum(places.astype(int), power.shape[1] - 2)
    share = places - low
    amplitude = 0.5 * np.log(power)
    cepstra = np.fft.irfft((1 - share) * amplitude[:, low] + share * amplitude[:, low + 1])[:, :ORDER + 1]
    return np.concatenate([cepstra[:, :1], 2 * cepstra[:, 1:]], axis=1)


def align(one: dict[str, Any], other: dict[str, Any]) -> AlignedCepstra:
    """Align two observations of `analyse` by dynamic time warping over coefficients 1 to 24."""
    distortion, path = _path(one["cepstra"], other["cepstra"])
    a, b = np.asarray(one["hz"]), np.asarray(other["hz"])
    return AlignedCepstra(distortion, a[path[:, 0]], b[path[:, 1]], len(a) * STEP, len(b) * STEP)


@lru_cache(maxsize=8)
def _path(one: str, other: str) -> tuple[float, np.ndarray]:
    """Mean distortion and (steps, 2) frame pairs; cached, because several metrics ask for the same two clips in turn."""
    import librosa
    from scipy.spatial.distance import cdist

    costs = cdist(_decoded(one), _decoded(other))
    _, path = librosa.sequence.dtw(C=costs)
    return float(DB * costs[path[:, 0], path[:, 1]].mean()), path[::-1]


def _decoded(text: str) -> np.ndarray:
    """(frames, 24), loudness left out."""
    return np.frombuffer(base64.b64decode(text), dtype="<f2").reshape(-1, ORDER + 1)[:, 1:].astype(np.float64)
