"""A synthetic voice for tests: harmonics of a moving F0 through formant filters, with consonant noise in between.

No recording of anyone is needed, every property is known beforehand, and the same voice and seed give the same samples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, iirpeak, lfilter, sosfilt

RATE = 16_000  # Hz
VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))  # Hz, F1 to F3
CONSONANT_SECONDS = 0.06


@dataclass(frozen=True)
class Voice:
    """How the synthetic speaker speaks.

    mean_hz: F0 in the middle of its range. range_semitones: from the highest to the lowest F0. rate: syllables a second.
    tract: formant frequencies relative to an average man's. tilt: harmonic k has amplitude k ** -tilt. level: peak.
    whispered: noise instead of harmonics.
    """

    mean_hz: float = 120.0
    range_semitones: float = 5.0
    rate: float = 4.0
    tract: float = 1.0
    tilt: float = 1.2
    level: float = 0.4
    whispered: bool = False


MAN, WOMAN = Voice(), Voice(mean_hz=210.0, tract=1.15)


def in_emotion(voice: Voice, emotion: str) -> Voice:
    """The same speaker, exaggerating one of the five emotions."""
    pitch, melody, rate, tilt, level = {
        "neutral": (1.0, 4.0, 4.0, 1.2, 0.4), "angry": (1.4, 9.0, 5.0, 0.7, 0.9), "happy": (1.5, 11.0, 4.6, 1.0, 0.6),
        "sad": (0.9, 2.0, 2.8, 1.8, 0.2), "surprised": (1.7, 14.0, 3.6, 1.1, 0.6)}[emotion]
    return replace(voice, mean_hz=voice.mean_hz * pitch, range_semitones=melody, rate=rate, tilt=tilt, level=level)


def speak(voice: Voice = MAN, seconds: float = 1.5, seed: int = 0) -> np.ndarray:
    """(seconds * 16000,) float32: random vowels on a falling, waving melody."""
    return _spoken(voice, seconds, seed).copy()


@lru_cache(maxsize=256)  # many tests speak the same
def _spoken(voice: Voice, seconds: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    count = int(seconds * RATE)
    time = np.arange(count) / RATE
    syllable = (time * voice.rate).astype(int)
    since = time - syllable / voice.rate  # seconds from the syllable's start
    speaking = uniform_filter1d((since > CONSONANT_SECONDS).astype(float), int(0.02 * RATE))
    source = _source(voice, _melody(voice, time, random), random)
    vowels = random.integers(len(VOWELS), size=syllable[-1] + 1)[syllable]
    speech = speaking * _through_vowels(source, vowels, voice.tract)
    hiss = sosfilt(butter(4, 3000, "highpass", fs=RATE, output="sos"), random.standard_normal(count))
    speech = speech / np.abs(speech).max() + 0.05 * (1 - speaking) * hiss + 1e-4 * random.standard_normal(count)
    return (voice.level * speech / np.abs(speech).max()).astype(np.float32)


def _melody(voice: Voice, time: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(samples,) F0 in Hz: a fall over the phrase with a wave on top, spanning the voice's range."""
    wave = np.sin(2 * np.pi * (1.3 * time + random.random()))
    shape = 0.5 * wave - time / time[-1] + 0.5
    shape = (shape - shape.min()) / (shape.max() - shape.min()) - 0.5
    return voice.mean_hz * 2 ** (voice.range_semitones * shape / 12)


def _source(voice: Voice, f0: np.ndarray, random: np.random.Generator) -> np.ndarray:
    if voice.whispered:
        return random.standard_normal(len(f0))
    phase = 2 * np.pi * np.cumsum(f0) / RATE
    lower, harmonic, twice = np.zeros_like(phase), np.sin(phase), 2 * np.cos(phase)
    source = np.zeros_like(phase)
    for k in range(1, int(7000 / f0.min()) + 1):  # sin kx = 2 cos x sin (k-1)x - sin (k-2)x, a third of the time of sines
        source += harmonic * k**-voice.tilt * (k * f0 < 7500)
        lower, harmonic = harmonic, twice * harmonic - lower
    return source


def _through_vowels(source: np.ndarray, vowels: np.ndarray, tract: float) -> np.ndarray:
    """Every vowel's resonances over the whole source, faded from one to the next within 40 ms."""
    speech = np.zeros_like(source)
    for index, formants in enumerate(VOWELS):
        weight = uniform_filter1d((vowels == index).astype(float), int(0.04 * RATE))
        if weight.any():
            bands = [lfilter(*iirpeak(hz * tract, 6.0, fs=RATE), source) / (place + 1) for place, hz in enumerate(formants)]
            speech += weight * sum(bands)
    return speech
