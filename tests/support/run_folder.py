"""A small evaluation, really run: synthetic voices, plain systems, and listeners that measure simple things exactly.

The listeners stand in for models: they hear level, energy per moment and spectrum, so what they say of a clip can be foreseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.metrics.base import MetricInfo, Seen, Value
from evaluation.metrics.subjects import (
    CHARACTER_ERRORS,
    EMOTION_ACCURACY,
    SPEAKER_SIMILARITY,
    SUBJECTS,
    TARGET_POSTERIOR,
)
from evaluation.pair import Pair
from evaluation.report.catalogue import CatalogueEntry
from evaluation.run.folder import EvaluationRun
from evaluation.run.runner import evaluate
from evaluation.run.systems import parse_systems
from pipelines.errors import ZestError
from pipelines.features.audio import save
from tests.support.speech import MAN, WOMAN, Voice, in_emotion, speak

LEVELS = {"neutral": 0.4, "angry": 0.9, "sad": 0.2}
VOICES = {"anna": WOMAN, "bert": MAN, "cora": Voice(mean_hz=190.0, tract=1.08), "dirk": Voice(mean_hz=95.0, tract=0.92),
          "emma": Voice(mean_hz=230.0, tract=1.2), "finn": Voice(mean_hz=130.0, tract=1.04)}
SECONDS = 0.8
FAILING = "ssdt-emma-sad"


@dataclass(frozen=True)
class Transcript:
    """Writes down one letter a tenth of a second: how loud it is, relative to the clip's loudest."""

    key: str = "letters-v1"
    per_language: bool = True

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        return ["".join(chr(97 + int(level)) for level in _energies(clip)) for clip in clips]


@dataclass(frozen=True)
class LevelJudge:
    """Hears anger in loud and sadness in soft clips."""

    key: str = "level-judge-v1"
    per_language: bool = False

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        return [_softmax({name: -8 * abs(np.log(peak / level)) for name, level in LEVELS.items()})
                for peak in (np.abs(clip).max() for clip in clips)]


@dataclass(frozen=True)
class Spectrum:
    """A voice as its mean spectrum in 24 bands."""

    key: str = "spectrum-v1"
    per_language: bool = False

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        return [_unit(np.log(1e-3 + band)) for clip in clips for band in [_bands(clip)]]


@dataclass(frozen=True)
class Absent:
    """A model that is not installed."""

    key: str = "absent-v1"
    per_language: bool = False

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        raise ZestError("The model is not installed; pip install it.")


@dataclass(frozen=True)
class Fake:
    """One metric by a function of what was seen; `worst` is what a failed conversion counts."""

    info: MetricInfo
    observer: str
    how: Any
    worst: Value | None = None

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        return self.how(pair, seen)

    def failed(self, pair: Pair) -> Value | None:
        return self.worst


def _cer(pair: Pair, seen: Seen) -> Value:
    length = max(len(seen.source), len(seen.converted))
    wrong = sum(a != b for a, b in zip(seen.source.ljust(length), seen.converted.ljust(length), strict=True))
    return Value(100 * wrong / len(seen.source), len(seen.source))


def _hit(pair: Pair, seen: Seen) -> Value:
    return Value(100.0 * (max(seen.converted, key=seen.converted.get) == pair.emotion))


def hash_of(pair: Pair) -> int:
    """A number that says nothing of the clip: what a useless metric measures."""
    return int(hashlib.sha256(pair.id.encode()).hexdigest(), 16)


def _info(name: str, question: str, better: str, low: float, high: float, unit: str, models: str) -> MetricInfo:
    return MetricInfo(name, question, better, low, high, unit, "tests/support/run_folder.py", models)


METRICS = {
    "words": Fake(_info("cer", "Share of letters that changed.", "lower", 0, np.inf, "%", "letters v1"), "letters", _cer,
                  Value(100.0, 8.0)),
    "emotion": Fake(_info("emotion-level", "Is the target emotion recognised?", "higher", 0, 100, "%", "level judge v1"), "judge",
                    _hit, Value(0.0)),
    "emotion ": Fake(_info("target-level", "What the judge gives to the target emotion.", "higher", 0, 1, "probability",
                           "level judge v1"), "judge", lambda pair, seen: Value(seen.converted[pair.emotion])),
    "voice": Fake(_info("voice-to-source", "Is it the source's voice?", "higher", -1, 1, "cosine", "spectrum v1"), "spectrum",
                  lambda pair, seen: Value(float(np.dot(seen.source, seen.converted)))),
    "naturalness": Fake(_info("guessed-mos", "Does it sound natural?", "higher", 1, 5, "MOS 1-5", "guess v1"), "judge",
                        lambda pair, seen: Value(2.5 + 0.01 * (hash_of(pair) % 100))),
    "parallel": Fake(_info("mcd", "How far from the real recording?", "lower", 0, np.inf, "dB", "absent v1"), "absent",
                     lambda pair, seen: Value(0.0)),
}
OBSERVERS = {"letters": Transcript(), "judge": LevelJudge(), "spectrum": Spectrum(), "absent": Absent()}
ROLES = {"cer": CHARACTER_ERRORS, "emotion-level": EMOTION_ACCURACY, "target-level": TARGET_POSTERIOR,
         "voice-to-source": SPEAKER_SIMILARITY}
ENTRIES = {metric.info.name: CatalogueEntry(metric.info, SUBJECTS[subject.strip()], metric, ROLES.get(metric.info.name))
           for subject, metric in METRICS.items()}


def make_run(folder: Path, systems: Sequence[str] = ("source", "copy")) -> EvaluationRun:
    """Evaluate 24 pairs of six speakers in two settings with these systems and `loud`: the source at the level of its target.

    One pair of `loud` has no recording and fails.
    """
    pairs = _pairs(folder / "clips")
    loud = folder / "loud"
    for pair in pairs:
        if pair.id != FAILING:
            clip = speak(in_emotion(VOICES[pair.source_speaker], "neutral"), SECONDS, seed=_seed(pair.source_speaker))
            save(loud / f"{pair.id}.wav", clip / np.abs(clip).max() * LEVELS[pair.emotion])
    return evaluate(pairs, parse_systems([*systems, f"loud={loud}"]), folder / "RUN", list(METRICS.values()), OBSERVERS,
                    command="zest evaluate pairs.csv --system source --system copy -o RUN")


def _pairs(clips: Path) -> list[Pair]:
    clips.mkdir(parents=True)
    (clips.parent / "loud").mkdir()
    recorded = {(name, emotion): save(clips / f"{name}-{emotion}.wav", _spoken(name, emotion))
                for name in VOICES for emotion in LEVELS}
    names = list(VOICES)
    pairs = []
    for index, name in enumerate(names):
        for setting, other in (("ssdt", name), ("dsdt", names[(index + 1) % len(names)])):
            for emotion in ("angry", "sad"):
                pairs.append(Pair(f"{setting}-{name}-{emotion}", recorded[name, "neutral"], recorded[other, emotion], emotion,
                                  setting, source_emotion="neutral", source_speaker=name, reference_speaker=other,
                                  parallel=recorded[name, emotion]))
    return pairs


def _spoken(name: str, emotion: str) -> np.ndarray:
    voice = in_emotion(VOICES[name], emotion)
    clip = speak(voice, SECONDS, seed=_seed(name) + 10 * list(LEVELS).index(emotion))
    return clip / np.abs(clip).max() * LEVELS[emotion]


def _seed(name: str) -> int:
    return list(VOICES).index(name)


def _energies(clip: np.ndarray) -> np.ndarray:
    frames = clip[:len(clip) // 1600 * 1600].reshape(-1, 1600)
    level = np.sqrt((frames**2).mean(axis=1))
    return np.round(6 * level / level.max())


def _bands(clip: np.ndarray) -> np.ndarray:
    spectrum = np.abs(np.fft.rfft(clip / np.abs(clip).max()))
    return np.array([band.mean() for band in np.array_split(spectrum[:len(spectrum) // 2], 24)])


def _unit(vector: np.ndarray) -> list[float]:
    vector = vector - vector.mean()
    return (vector / np.linalg.norm(vector)).tolist()


def _softmax(logits: dict[str, float]) -> dict[str, float]:
    total = sum(np.exp(value) for value in logits.values())
    return {name: float(np.exp(value) / total) for name, value in logits.items()}
