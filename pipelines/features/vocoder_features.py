"""What the vocoder hears of a recording: the spectral envelope without its harmonics, F0, voicing; 100 Hz."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.features import world_cores
from pipelines.features.mel_bands import band_weights
from pipelines.features.pitch import SYNTHESIS_CONFIDENCE, PitchTrack, fill_unvoiced, track
from pipelines.features.world import FLOOR
from pipelines.networks.vocoder import MELS

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
    """Of (n,) float32 at 16 kHz; pitch: a track with 10 ms steps, where one was made already."""
    hz = (track(samples, STEP) if pitch is None else pitch).contour(SYNTHESIS_CONFIDENCE).hz
    return features_of(hz, mel_of(world_cores.envelope(samples, hz, STEP)))


def mel_of(envelope: np.ndarray) -> np.ndarray:
    """(frames, 513) power to (frames, 80) float16 log power."""
    return np.log(envelope @ band_weights(MELS, envelope.shape[1]).T + FLOOR).astype(np.float16)


def features_of(hz: np.ndarray, mel: np.ndarray) -> VocoderFeatures:
    """Of F0 (frames,) in Hz, 0 where unvoiced, and mel (frames, 80), at 10 ms."""
    return VocoderFeatures(mel, fill_unvoiced(hz).astype(np.float32), (hz > 0).astype(np.float32))
