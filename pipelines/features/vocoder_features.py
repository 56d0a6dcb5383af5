"""The vocoder's features of a recording at 100 Hz: the spectral envelope without its harmonics, F0 and voicing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.features.mel_bands import band_weights
from pipelines.features.pitch import SYNTHESIS_CONFIDENCE, PitchTrack, fill_unvoiced, track
from pipelines.features.world import FLOOR, envelope

MELS = 80
STEP = 0.01  # s


@dataclass(frozen=True)
class VocoderFeatures:
    """100 frames a second.

    Attributes:
        mel: (frames, 80) float16 or float32, natural-log power of CheapTrick's envelope, in which F0 leaves no trace.
        f0: (frames,) float32 Hz at every frame, interpolated where unvoiced. voiced: (frames,) float32, 0 or 1.
    """

    mel: np.ndarray
    f0: np.ndarray
    voiced: np.ndarray


def vocoder_features(samples: np.ndarray, pitch: PitchTrack | None = None) -> VocoderFeatures:
    """Of (n,) float32 at 16 kHz; pitch: its track with 10 ms steps, if there is one."""
    hz = (track(samples, STEP) if pitch is None else pitch).contour(SYNTHESIS_CONFIDENCE).hz
    return features_of(hz, mel_of(envelope(samples, hz, STEP)))


def mel_of(power: np.ndarray) -> np.ndarray:
    """(frames, 513) power to (frames, 80) float16 log power."""
    return np.log(power @ band_weights(MELS, power.shape[1]).T + FLOOR).astype(np.float16)


def features_of(hz: np.ndarray, mel: np.ndarray) -> VocoderFeatures:
    """Of F0 (frames,) in Hz, 0 where unvoiced, and mel (frames, 80), at 10 ms."""
    return VocoderFeatures(mel, fill_unvoiced(hz).astype(np.float32), (hz > 0).astype(np.float32))
