"""One vector of a clip's sound for the judge `acoustic`: spectrum, cepstra, F0, loudness, voicing and modulation over time.

Level and length are relative to the clip, so that a microphone's gain says nothing.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.pitch import track

BANDS, CEPSTRA = 64, 20
HOP, WINDOW, FFT = 160, 400, 512  # samples
ACTIVE = 6.0  # nepers of power below the loudest frames, from which a frame is speech
LOW, HIGH = slice(0, 22), slice(30, 52)  # bands up to about 1 kHz and from 1.9 to 5.2 kHz
MODULATION = ((3, 10), (10, 20), (20, 36), (36, 62), (62, 105), (105, 180))  # bins of 0.2 Hz


def functionals(samples: np.ndarray) -> np.ndarray:
    """(n,) float32 at 16 kHz to (604,) float32."""
    mel = log_mel(samples)
    pitch = track(np.asarray(samples, dtype=np.float32), 0.01).every(2)
    return of_frames(mel, pitch.hz.astype(np.float32), pitch.confidence.astype(np.float32))


def log_mel(samples: np.ndarray) -> np.ndarray:
    """(frames, 64) log power in mel bands from 50 to 7600 Hz, 100 Hz."""
    import torch

    bank, window = _mel_bank()
    wave = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))
    if len(wave) < FFT:
        wave = torch.nn.functional.pad(wave, (0, FFT - len(wave)))
    power = torch.stft(wave, FFT, HOP, WINDOW, window, return_complex=True).abs() ** 2
    return torch.log(bank @ power + 1e-8).T.numpy()


def of_frames(mel: np.ndarray, hz: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """The vector of `log_mel` at 100 Hz, and of F0 in Hz with its confidence at 50 Hz."""
    energy = np.log(np.exp(mel).sum(1))
    threshold = np.percentile(energy, 95) - ACTIVE
    active = _or_all(energy > threshold)
    frames = min(len(hz), len(mel) // 2)
    coarse = mel[:2 * frames].reshape(frames, 2, BANDS).mean(1)
    loudness = energy[:2 * frames].reshape(frames, 2).mean(1)
    voiced = _or_all((confidence[:frames] > 0.5) & (hz[:frames] > 50))
    semitones = 12 * np.log2(np.maximum(hz[:frames], 1) / 100)
    parts = (_spread(mel[active] - energy[active].mean())[:5 * BANDS],
             _spread(((mel - energy[:, None]) @ _cosines())[active]),
             _contour(semitones, voiced), _loudness(energy, threshold, active, loudness, semitones, voiced),
             _voiced_spectrum(coarse[voiced]), _modulation(mel, energy))
    return np.nan_to_num(np.concatenate(parts)).astype(np.float32)


def _or_all(chosen: np.ndarray) -> np.ndarray:
    """A choice of frames; all of them where fewer than 5 are chosen."""
    return chosen if chosen.sum() >= 5 else np.ones_like(chosen)


def _spread(values: np.ndarray) -> np.ndarray:
    """Per column of (frames, d): mean, deviation, 10 and 90 % points, mean step, median; (6 d,)."""
    if len(values) < 3:
        return np.zeros(6 * values.shape[1], dtype=np.float32)
    low, middle, high = np.percentile(values, [10, 50, 90], axis=0)
    return np.concatenate([values.mean(0), values.std(0), low, high, np.abs(np.diff(values, axis=0)).mean(0), middle])


def _contour(semitones: np.ndarray, voiced: np.ndarray) -> np.ndarray:
    """Range, shape and movement of F0, and how speech is split into voiced runs."""
    frames, spoken = len(semitones), semitones[voiced]
    place = np.arange(frames)[voiced] / max(frames, 1)
    quantiles = np.percentile(spoken, [5, 25, 50, 75, 95])
    steps = np.diff(semitones)[voiced[1:] & voiced[:-1]]
    steps = steps if len(steps) >= 3 else np.zeros(3)
    slope, bend = (np.polyfit(place, spoken, degree)[0] if len(spoken) > 3 else 0.0 for degree in (1, 2))
    thirds = [_mean_within(spoken, place, start) - spoken.mean() for start in (0, 1 / 3, 2 / 3)]
    runs = np.diff(np.flatnonzero(np.diff(np.r_[0, voiced.astype(int), 0])))[::2]
    return np.r_[spoken.mean(), spoken.std(), quantiles, quantiles[4] - quantiles[0], quantiles[3] - quantiles[1], slope, bend,
                 thirds, np.abs(steps).mean(), steps.std(), np.percentile(steps, [5, 95]), voiced.mean(), runs.mean() / 50,
                 runs.max() / 50, len(runs) / (frames / 50), np.log(frames / 50)]


def _mean_within(values: np.ndarray, place: np.ndarray, start: float) -> float:
    """Over the third of the clip that begins at `start`; the mean of all where it holds nothing."""
    within = (place >= start) & (place < start + 1 / 3)
    return float(values[within].mean() if within.any() else values.mean())


def _loudness(energy: np.ndarray, threshold: float, active: np.ndarray, coarse: np.ndarray, semitones: np.ndarray,
              voiced: np.ndarray) -> np.ndarray:
    """Dynamics, peaks a second (a rate of syllables), slope, share of speech, and how loudness goes with F0."""
    smooth = np.convolve(energy, np.ones(5) / 5, "same")
    middle = smooth[1:-1]
    peaks = ((middle > smooth[:-2]) & (middle > smooth[2:]) & (middle > threshold + 2)).sum() / (len(energy) / 100)
    spoken = semitones[voiced]
    moving = spoken.std() > 1e-3 and coarse[voiced].std() > 1e-3
    together = np.corrcoef(spoken, coarse[voiced])[0, 1] if moving else 0.0
    slope = np.polyfit(np.linspace(0, 1, len(coarse)), coarse, 1)[0]
    return np.r_[coarse.std(), np.percentile(energy, [5, 25, 50, 75, 95]) - energy.mean(), np.abs(np.diff(energy)).mean(),
                 peaks, slope, active.mean(), together]


def _voiced_spectrum(mel: np.ndarray) -> np.ndarray:
    """Every fourth band relative to its frame, and the balance of low against high bands, in voiced frames."""
    tilt = mel[:, LOW].max(1) - mel[:, HIGH].max(1)
    shape = _spread((mel - mel.mean(1, keepdims=True))[:, ::4])
    return np.r_[shape, tilt.mean(), tilt.std(), np.percentile(tilt, [10, 90])]


def _modulation(mel: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Log power of slow movements (0.6 to 35 Hz) of loudness and of four bands."""
    found = []
    for course in (energy, *(mel[:, start:start + 16].mean(1) for start in range(0, BANDS, 16))):
        power = np.abs(np.fft.rfft((course - course.mean()) * np.hanning(len(course)), 512)) ** 2 / len(course)
        found += [np.log(power[low:high].mean() + 1e-4) for low, high in MODULATION]
    return np.array(found)


@lru_cache(maxsize=1)
def _mel_bank():
    import librosa
    import torch

    bank = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=FFT, n_mels=BANDS, fmin=50, fmax=7600)
    return torch.from_numpy(bank).float(), torch.hann_window(WINDOW)


@lru_cache(maxsize=1)
def _cosines() -> np.ndarray:
    """(64, 20): from log mel bands to cepstra."""
    return np.cos(np.pi / BANDS * np.outer(np.arange(BANDS) + 0.5, np.arange(CEPSTRA))).astype(np.float32) / 8
