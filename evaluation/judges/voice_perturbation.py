"""Other voices and vocoder artefacts for the judges' training: WORLD copies with moved pitch, formants and level.

A judge that trains on eight voices per language learns those voices. A judge that trains without vocoded speech
takes the artefacts of a vocoder for an emotion.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np

from pipelines.features.world import FLOOR, analyse, synthesise


@dataclass(frozen=True)
class Perturbation:
    """semitones: shift of F0. formants: factor on the frequency axis of the envelope. gain: factor on the samples."""

    semitones: float
    formants: float
    gain: float


def draw(name: str, seed: int) -> Perturbation:
    """A random voice change, the same for the same clip name and seed: +-3 semitones, +-8 % formants that
    tend to go with the pitch as they do between speakers, +-6 dB."""
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    semitones = random.uniform(-3, 3)
    return Perturbation(semitones, 2 ** (random.uniform(-0.12, 0.12) + 0.02 * semitones), 10 ** (random.uniform(-6, 6) / 20))


def perturb(samples: np.ndarray, change: Perturbation) -> np.ndarray:
    """(n,) float32 at 16 kHz in another voice; the emotion's contour shape, tilt and timing stay."""
    frames = analyse(samples)
    moved = replace(frames, f0=frames.f0 * 2 ** (change.semitones / 12), envelope=_stretch(frames.envelope, change.formants),
                    aperiodicity=np.clip(_stretch(frames.aperiodicity, change.formants), 0.001, 1.0))
    changed = synthesise(moved) * change.gain
    return (changed / max(1.0, np.abs(changed).max(initial=0.0))).astype(np.float32)


def _stretch(power: np.ndarray, factor: float) -> np.ndarray:
    """Move (frames, bins) along the frequency axis, linear in log power."""
    bins = power.shape[1]
    place = np.clip(np.arange(bins) / factor, 0, bins - 1)
    low = np.floor(place).astype(int)
    part = place - low
    logs = np.log(np.maximum(power, FLOOR))
    return np.exp(logs[:, low] * (1 - part) + logs[:, np.minimum(low + 1, bins - 1)] * part)
