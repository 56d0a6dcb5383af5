"""Inaudible sound that instruments stumble over: an offset, rumble below 40 Hz, and the hum of mains.

Everything that observes a clip gets it without these (metrics/base.py). A clip that has none of them stays as it is, to the
bit. A steep high-pass would not do: voices reach down to 55 Hz, and hum lies at 50 or 60.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.optimize import minimize_scalar
from scipy.signal import butter, resample_poly, sosfiltfilt, zoom_fft

from pipelines.features.audio import SAMPLE_RATE

LOWEST = 40.0  # Hz; no voice is below
OFFSET = 1e-3  # of full scale, from which it is removed
RUMBLE = 10 ** (-45 / 20)  # amplitude of what moves below 40 Hz, from which it is removed
MAINS = (50.0, 60.0)  # Hz
DRIFT = 0.4  # Hz by which mains and a recorder's clock may be off
HUM = 10 ** (-62 / 20)  # amplitude of a line from which it is removed
STANDS_OUT = 100.0  # power of a line against its neighbours
AWAY = np.array([-7.0, -6.0, -5.0, -4.0, -3.0, 3.0, 4.0, 5.0, 6.0, 7.0])  # Hz at which a line's neighbours are
COARSE = 2000  # Hz, a rate at which lines are looked for
HIGHEST = 900.0  # Hz of the last overtone of mains
STEP = 0.01  # Hz
BAND = (40.0, 130.0)  # Hz, where mains, their octaves and the neighbours of both are
SHORT = 16_000  # samples at COARSE, up to which the band alone is quicker than a whole transform
REFINED = 0.1  # Hz
LEFT = 0.15  # amplitude, relative to the hum, below which nothing but its rest is there
FRAME = SAMPLE_RATE // 20  # samples over which loudness is told
WINDOW = 4.0  # s over which hum keeps its phase
SAID_OFFSET, SAID_HUM = 5e-3, 10 ** (-56 / 20)  # amplitudes from which users are told
HEARD = SAMPLE_RATE // 2  # samples in each of which hum is looked for: a voice does not last through its pauses
THROUGHOUT = 20  # percentile of its amplitude over these


def notes_on(samples: np.ndarray, name: str) -> tuple[str, ...]:
    """Sentences on offset and hum in (n,) samples at 16 kHz; none where they have neither. name: of the recording."""
    if len(samples) < SAMPLE_RATE // 4:
        return ()
    signal = np.asarray(samples, dtype=np.float64)
    offset = float(signal.mean())
    found = [f"{name} has an offset of {100 * abs(offset):.1f} % of full scale, which is no sound; scores are measured without "
             "it, and an audio editor removes it."] if _lasting_offset(signal) >= SAID_OFFSET else []
    lines = _hum_lines(signal - offset)
    level = max((_lasting(signal - offset, line) for line in lines[:2]), default=0.0)
    if level >= SAID_HUM:
        found.append(f"{name} has hum of {lines[0]:.0f} Hz at {20 * np.log10(level):.0f} dBFS, which may be taken for a voice in "
                     "pauses; scores are measured without it, and another cable or a high-pass filter avoids it.")
    return tuple(found)


def _lasting_offset(signal: np.ndarray) -> float:
    """Size of the offset that is there all the time; 0 where only loud speech has a mean, as where it is clipped."""
    means = signal[:len(signal) // FRAME * FRAME].reshape(-1, FRAME).mean(axis=1)
    least, most = np.percentile(means, [THROUGHOUT, 100 - THROUGHOUT])
    return float(max(least, -most, 0.0))


def _lasting(signal: np.ndarray, hz: float) -> float:
    """Amplitude of a line that is there all the time."""
    size = min(len(signal), HEARD)
    frames = signal[:len(signal) // size * size].reshape(-1, size) * np.hanning(size)
    wave = np.exp(-2j * np.pi * hz * np.arange(size) / SAMPLE_RATE)
    return float(np.percentile(4 / size * np.abs(frames @ wave), THROUGHOUT))


def without_inaudible(samples: np.ndarray) -> np.ndarray:
    """(n,) float32 at 16 kHz without offset, rumble and hum; the same array where it has none."""
    if len(samples) < SAMPLE_RATE // 4:
        return samples
    signal = np.asarray(samples, dtype=np.float64)
    offset = signal.mean()
    clean = signal - offset if abs(offset) > OFFSET else signal
    low = clean - _high_passed(clean)
    if np.square(low - low.mean()).mean() > RUMBLE**2:
        clean = clean - low
    lines = _hum_lines(clean)
    if lines:
        clean = _without_hum(clean, lines)
    return samples if clean is signal else clean.astype(np.float32)


def _without_hum(signal: np.ndarray, lines: list[float]) -> np.ndarray:
    """Also silent where only what cannot be fitted of the hum is left: a tracker of F0 does not mind how soft it is."""
    clean = signal
    for _ in range(2):  # twice: without most of the hum it is seen better where speech pauses
        clean = clean - _fitted(clean, lines, _quietness(clean))
    removed = np.square(signal - clean).mean()
    audible = uniform_filter1d(np.square(clean), FRAME // 2, mode="nearest") > LEFT**2 * removed
    return clean * np.clip(2 * uniform_filter1d(audible.astype(float), FRAME // 4, mode="nearest"), 0, 1)


def _quietness(signal: np.ndarray) -> np.ndarray:
    """(n,) weights: 1 where a signal is quietest, less where speech covers the hum."""
    power = uniform_filter1d(np.square(signal), FRAME, mode="nearest")
    floor = max(float(np.percentile(power, 10)), 1e-10)
    return floor / np.maximum(power, floor)


def _high_passed(signal: np.ndarray) -> np.ndarray:
    sections = butter(4, LOWEST / 2**0.5, "highpass", fs=SAMPLE_RATE, output="sos")
    return sosfiltfilt(sections, signal, padtype="even", padlen=min(len(signal) - 1, SAMPLE_RATE // 4))


def _hum_lines(signal: np.ndarray) -> list[float]:
    """Frequencies of hum and its overtones, Hz; none where mains do not stand out."""
    amplitudes = _amplitudes(signal)
    for mains in MAINS:
        for order in (1, 2):
            near = np.arange(order * mains - DRIFT, order * mains + DRIFT, STEP)
            found = near[int(np.argmax(_at(amplitudes, near)))] / order
            if _stands_out(amplitudes, order * found):
                found = _refined(signal, order * found) / order
                return [float(line) for line in found * np.arange(1, int(HIGHEST / found) + 1)]
    return []


def _refined(signal: np.ndarray, hz: float) -> float:
    """The frequency near one of a line that leaves least where the signal is quiet."""
    coarse = resample_poly(signal - signal.mean(), 1, SAMPLE_RATE // COARSE)
    weights = np.sqrt(resample_poly(_quietness(signal), 1, SAMPLE_RATE // COARSE).clip(1e-6))
    times = np.arange(len(coarse)) / COARSE

    def left(frequency: float) -> float:
        phase = 2 * np.pi * frequency * times
        sines = np.stack([np.cos(phase), np.sin(phase)], axis=1) * weights[:, None]
        fit, *_ = np.linalg.lstsq(sines, coarse * weights, rcond=None)
        return float(np.square(coarse * weights - sines @ fit).sum())

    found: Any = minimize_scalar(left, bounds=(hz - REFINED, hz + REFINED), method="bounded", options={"xatol": 1e-4})
    return float(found.x)


def _amplitudes(signal: np.ndarray) -> np.ndarray:
    """Amplitudes of sines at every STEP Hz of BAND, seen through a Hann window."""
    coarse = resample_poly(signal - signal.mean(), 1, SAMPLE_RATE // COARSE)
    window = np.hanning(len(coarse))
    first, last = (round(hz / STEP) for hz in BAND)
    if len(coarse) <= SHORT:
        found = zoom_fft(coarse * window, BAND, last - first, fs=COARSE)
    else:
        found = np.fft.rfft(coarse * window, int(COARSE / STEP))[first:last]
    return 2 * np.abs(found) / window.sum()


def _at(amplitudes: np.ndarray, hz: np.ndarray | float) -> np.ndarray:
    return amplitudes[np.rint((np.asarray(hz) - BAND[0]) / STEP).astype(int)]


def _stands_out(amplitudes: np.ndarray, hz: float) -> bool:
    line = float(_at(amplitudes, hz))
    return line > HUM and line**2 > STANDS_OUT * float(np.median(_at(amplitudes, hz + AWAY) ** 2))


def _fitted(signal: np.ndarray, lines: list[float], weights: np.ndarray) -> np.ndarray:
    """(n,) sines of these frequencies, fitted by weight in windows that fade into each other."""
    size = min(len(signal), int(WINDOW * SAMPLE_RATE))
    phase = 2 * np.pi * np.outer(np.arange(size) / SAMPLE_RATE, lines)
    sines = np.concatenate([np.cos(phase), np.sin(phase)], axis=1)
    fade = np.hanning(size + 2)[1:-1]
    total, shares = np.zeros(len(signal)), np.zeros(len(signal))
    last = len(signal) - size
    for start in sorted({*range(0, last + 1, max(1, size // 2)), last}):
        part = slice(start, start + size)
        weighted = sines * weights[part, None]
        fit = np.linalg.solve(weighted.T @ sines + 1e-9 * np.eye(len(sines[0])), weighted.T @ signal[part])
        total[part] += fade * (sines @ fit)
        shares[part] += fade
    return total / shares
