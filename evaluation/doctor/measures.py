"""Numbers of a recording that tell whether it can be converted well. All of them are measured at 16 kHz, without a transcript."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.instruments.speaker_similarity import windows_of
from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.pitch import VOICED_CONFIDENCE, track
from pipelines.features.voice_activity import STEP, levels, speech_frames

FLAT_RUN = 3  # samples in a row at the same extreme value
HUM_HZ, HUM_LINES = (50.0, 60.0), 4  # mains, and the harmonics that are looked at
HUM_SECONDS = 0.5  # of a window; lines of hum are narrower than its 2 Hz
NARROW_HZ = (4300.0, 7500.0)  # a telephone has nothing there
DECAY_FRAMES = 8  # frames over which a decay is fitted, 80 ms
STEADY_SEMITONES, STEADY_FRAMES = 0.3, 8  # a note: F0 moves by less in so many frames of 20 ms


@dataclass(frozen=True)
class Measures:
    """Of one recording.

    Attributes:
        range_db: dB from the softest to the loud frames, a lower bound of the signal-to-noise ratio.
        clipped: share of samples in flat tops.
        hum_db: dB of the strongest line of 50 or 60 Hz over its neighbours. hum_hz: which mains.
        narrow_db: dB of the loudest frames above 4.3 kHz against the loud frames.
        decay: dB/s of the fast decays; a room of reverberation time T has at most 60 / T.
        speech: share of the audible frames that are speech. voiced: share of the speech that is voiced.
        steady: share of the voiced frames within a held note.
        speakers: cosine between the two most different halves, 1 where the recording is too short to tell.
    """

    range_db: float
    clipped: float
    hum_db: float
    hum_hz: float
    narrow_db: float
    decay: float
    speech: float
    voiced: float
    steady: float
    speakers: float


def measure(samples: np.ndarray, original: np.ndarray | None = None) -> Measures:
    """Of (n,) float32 at 16 kHz; original: the same at the file's own rate, in which flat tops of clipping are still flat."""
    level = levels(samples)
    audible, speech = speech_frames(samples, level)
    pitch = track(samples)
    voiced = np.interp(np.arange(len(level)), 2 * np.arange(len(pitch.confidence)), pitch.confidence) >= VOICED_CONFIDENCE
    hum_db, hum_hz = hum(samples)
    return Measures(
        range_db=float(np.percentile(level, 95) - np.percentile(level, 5)),
        clipped=clipped_share(samples if original is None else original),
        hum_db=hum_db, hum_hz=hum_hz, narrow_db=narrow_band(samples), decay=decay_rate(level), speech=_share(speech, audible),
        voiced=_share(voiced & speech, speech), steady=steady_share(pitch.hz, pitch.confidence >= VOICED_CONFIDENCE),
        speakers=speaker_change(samples))


def clipped_share(samples: np.ndarray) -> float:
    """Share of samples in runs of FLAT_RUN or more at the same value near the peak."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < 1e-4:
        return 0.0
    flat = (np.abs(samples[1:]) > 0.98 * peak) & (np.abs(np.diff(samples)) < 1e-3 * peak)
    run = np.convolve(flat, np.ones(FLAT_RUN - 1), mode="valid") > FLAT_RUN - 1.5
    return float(run.sum() / len(samples))


def hum(samples: np.ndarray) -> tuple[float, float]:
    """dB of the strongest mains frequency over its neighbours, as the median over time, and which it is (Hz)."""
    size = int(HUM_SECONDS * SAMPLE_RATE)
    if len(samples) < 2 * size:
        samples = np.tile(samples, -(-2 * size // max(1, len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::size // 2] * np.hanning(size)
    power = np.percentile(np.square(np.abs(np.fft.rfft(frames, axis=1)[:, :400])), 25, axis=0) + 1e-12
    found = []
    for mains in HUM_HZ:
        lines = [round(mains * number * HUM_SECONDS) for number in range(1, HUM_LINES + 1)]
        around = [np.median(np.r_[power[line - 8:line - 3], power[line + 4:line + 9]]) for line in lines]
        over = [10 * np.log10(power[line] / floor) for line, floor in zip(lines, around)]
        found.append((float(np.mean(sorted(over)[-2:])), mains))
    return max(found)


def narrow_band(samples: np.ndarray) -> float:
    """dB of the loudest frames within NARROW_HZ against the loud frames of the whole band."""
    from scipy.signal import stft

    frequencies, _, bins = stft(samples, SAMPLE_RATE, nperseg=512)
    power, upper = np.square(np.abs(bins)), (frequencies > NARROW_HZ[0]) & (frequencies < NARROW_HZ[1])
    whole, above = (10 * np.log10(part.sum(axis=0) + 1e-12) for part in (power, power[upper]))
    return float(np.percentile(above, 98) - np.percentile(whole, 95))


def decay_rate(level: np.ndarray) -> float:
    """dB/s of the fast decays of (frames,) dB, as a positive number."""
    if len(level) <= DECAY_FRAMES:
        return float("inf")
    windows = np.lib.stride_tricks.sliding_window_view(level, DECAY_FRAMES)
    times = (np.arange(DECAY_FRAMES) - (DECAY_FRAMES - 1) / 2) * STEP
    slopes = windows @ times / (times @ times)
    loud = windows[:, 0] > np.percentile(level, 95) - 25
    falling = -slopes[loud & (slopes < 0)]
    return float(np.percentile(falling, 90)) if len(falling) else float("inf")


def steady_share(hz: np.ndarray, voiced: np.ndarray) -> float:
    """Share of voiced 20 ms frames in stretches in which F0 holds still, as notes do and speech does not."""
    if len(hz) < STEADY_FRAMES:
        return 0.0
    semitones = 12 * np.log2(np.maximum(hz, 1.0))
    windows = np.lib.stride_tricks.sliding_window_view(semitones, STEADY_FRAMES)
    inside = np.asarray(np.lib.stride_tricks.sliding_window_view(voiced, STEADY_FRAMES).all(axis=1))
    held = inside & (np.ptp(windows, axis=1) < STEADY_SEMITONES)
    return _share(held, inside)


def speaker_change(samples: np.ndarray) -> float:
    """Cosine between the mean voices before and after the moment at which they differ most."""
    vectors = windows_of(samples)
    if len(vectors) < 4:
        return 1.0
    cosines = []
    for cut in range(2, len(vectors) - 1):
        one, other = vectors[:cut].mean(axis=0), vectors[cut:].mean(axis=0)
        cosines.append(float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other) + 1e-9)))
    return min(cosines)


def _share(part: np.ndarray, whole: np.ndarray) -> float:
    return float(part.sum() / max(1, whole.sum()))
