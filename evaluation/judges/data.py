"""What the judges learn from and are checked on: features of natural clips, of altered and changed ones, and of WORLD copies.

Altered clips went through another channel (channel.py): a judge that trains on few corpora learns their microphones.
Changed voices are WORLD copies with moved pitch, formants and level: a judge that trains without vocoded speech may take
the artefacts of a vocoder for an emotion.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from evaluation.judges.channel import altered
from evaluation.judges.features import FEATURES, select_blocks
from pipelines.baselines.copy_synthesis import copy_synthesis
from pipelines.features.world import FLOOR, analyse, synthesise
from pipelines.files import PATH_BYTES
from pipelines.labels import EMOTIONS
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import Clip, read_samples
from pipelines.training.data.stored_features import Teacher

NATURAL, ALTERED, CHANGED, COPY = "natural", "altered", "changed", "copy"


@dataclass(frozen=True)
class Examples:
    """Rows for one judge.

    Attributes:
        features: (clips, width) float32, not standardised.
        emotions, speakers, corpora: (clips,) names.
    """

    features: np.ndarray
    emotions: np.ndarray
    speakers: np.ndarray
    corpora: np.ndarray

    def where(self, chosen: np.ndarray) -> Examples:
        return Examples(self.features[chosen], self.emotions[chosen], self.speakers[chosen], self.corpora[chosen])


def join(*sets: Examples) -> Examples:
    return Examples(*(np.concatenate([getattr(one, name) for one in sets])
                      for name in ("features", "emotions", "speakers", "corpora")))


def judged(clips: Sequence[Clip]) -> list[Clip]:
    """Clips whose emotion is one of the five; calm, fearful, disgusted and unlabelled speech is left out."""
    return [clip for clip in clips if clip.emotion in EMOTIONS]


def some_of_each(clips: Sequence[Clip], per_cell: int, seed: int) -> list[Clip]:
    """At most `per_cell` clips of every corpus and emotion, drawn with a seed."""
    random, cells, chosen = np.random.default_rng(seed), {}, []
    for index in random.permutation(len(clips)):
        cell = (clips[index].corpus, clips[index].emotion)
        cells[cell] = cells.get(cell, 0) + 1
        if cells[cell] <= per_cell:
            chosen.append(clips[index])
    return chosen


class JudgeData:
    """Features with a disk cache in front. version: NATURAL, ALTERED (another channel), CHANGED (another
    voice) or COPY (plain WORLD copy)."""

    def __init__(self, cache: FeatureCache, seed: int = 0):
        self.cache, self.seed, self.teacher = cache, seed, Teacher(cache)

    def examples(self, name: str, clips: Sequence[Clip], version: str = NATURAL) -> Examples:
        """Rows of judge `name` for clips."""
        rows = [self._vector(name, clip, version) for clip in tqdm(clips, desc=f"{name}, {version}", disable=None)]
        columns = [np.array([getattr(clip, field) for clip in clips]) for field in ("emotion", "speaker", "corpus")]
        return Examples(np.stack(rows), *columns)

    def _vector(self, name: str, clip: Clip, version: str) -> np.ndarray:
        if name == "whisper":
            return select_blocks(self._pooled(clip, version))
        kind = f"judge-{name}-{self._tag(version)}"
        return self.cache.get(kind, clip.path, lambda: {"vector": FEATURES[name](self._samples(clip, version))})["vector"]

    def _pooled(self, clip: Clip, version: str) -> np.ndarray:
        if version == NATURAL:
            return self.teacher(clip, lambda: read_samples(clip))["pooled"]
        kind = f"judge-whisper-{self._tag(version)}"
        return self.cache.get(kind, clip.path, lambda: {
            "pooled": self.teacher._compute(self._samples(clip, version))["pooled"]})["pooled"]

    def _tag(self, version: str) -> str:
        return f"{version}{self.seed}" if version in (ALTERED, CHANGED) else version

    def _samples(self, clip: Clip, version: str) -> np.ndarray:
        samples = read_samples(clip)
        if version == CHANGED:
            return perturb(samples, draw(clip.path.stem, self.seed))
        if version == ALTERED:
            return altered(samples, clip.path.stem, self.seed + 1)
        return copy_synthesis(samples) if version == COPY else samples


@dataclass(frozen=True)
class Perturbation:
    """semitones: shift of F0. formants: factor on the frequency axis of the envelope. gain: factor on the samples."""

    semitones: float
    formants: float
    gain: float


def draw(name: str, seed: int) -> Perturbation:
    """A random voice change, the same for the same clip name and seed: +-3 semitones, +-8 % formants that
    tend to go with the pitch as they do between speakers, +-6 dB."""
    random = np.random.default_rng([seed, zlib.crc32(name.encode(errors=PATH_BYTES))])
    semitones = random.uniform(-3, 3)
    return Perturbation(semitones, 2 ** (random.uniform(-0.12, 0.12) + 0.02 * semitones), 10 ** (random.uniform(-6, 6) / 20))


def perturb(samples: np.ndarray, change: Perturbation) -> np.ndarray:
    """(n,) float32 at 16 kHz in another voice; the emotion's contour shape, tilt and timing stay."""
    frames = analyse(samples)
    moved = replace(frames, f0=frames.f0 * 2 ** (change.semitones / 12), envelope=_stretch(frames.envelope, change.formants),
                    take_aperiodicity=lambda: np.clip(_stretch(frames.aperiodicity, change.formants), 0.001, 1.0))
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
