"""Speech as another microphone, room and pace would give it: an equaliser, band limits, noise and a little speed.

A judge that trains on few corpora learns their microphones. The changes are bounded so that the emotion stays.
"""

from __future__ import annotations

import zlib

import numpy as np
import soxr

from pipelines.features.audio import SAMPLE_RATE
from pipelines.files import PATH_BYTES

SPEED = 0.12  # octaves; pitch and formants move with it


def altered(samples: np.ndarray, name: str, seed: int = 1) -> np.ndarray:
    """(n,) float32 at 16 kHz through a channel that is drawn from the clip's name and the seed; the peak is 0.5."""
    random = np.random.default_rng([seed, zlib.crc32(name.encode(errors=PATH_BYTES))])
    wave = soxr.resample(np.asarray(samples, dtype=np.float32), SAMPLE_RATE * 2 ** random.uniform(-SPEED, SPEED), SAMPLE_RATE)
    hz = np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE)
    wave = np.fft.irfft(np.fft.rfft(wave) * 10 ** (_response(hz, random) / 20), len(wave))
    if random.random() < 0.7:
        wave = wave + _noise(wave, hz, random)
    return (wave / max(1e-3, np.abs(wave).max()) * 0.5).astype(np.float32)


def _response(hz: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """dB at each frequency: a tilt of at most 1.5 dB an octave, one wave of at most 4 dB, now and then a band limit."""
    octaves = np.log2(np.maximum(hz, 60) / 1000)
    response = random.uniform(-1.5, 1.5) * octaves
    response = response + random.uniform(-4, 4) * np.cos(octaves * random.uniform(0.5, 1.5) + random.uniform(0, 2 * np.pi))
    if random.random() < 0.35:
        response = response - 60 * np.clip(np.log2(np.maximum(hz, 1) / random.uniform(3200, 7000)), 0, None)
    if random.random() < 0.25:
        response = response - 18 * np.clip(np.log2(random.uniform(80, 250) / np.maximum(hz, 1)), 0, None)
    return response


def _noise(wave: np.ndarray, hz: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """White or falling noise, 12 to 40 dB below the speech."""
    noise = random.normal(size=len(wave))
    if random.random() < 0.6:
        noise = np.fft.irfft(np.fft.rfft(noise) / np.maximum(hz, 50) ** random.uniform(0.2, 1), len(wave))
    level = np.sqrt(np.mean(wave**2) / max(np.mean(noise**2), 1e-12))
    return noise * level * 10 ** (-random.uniform(12, 40) / 20)
