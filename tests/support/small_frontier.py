"""A small frontier whose every number is known beforehand: a system that moves the level, and a judge that hears levels.

At strength s the peak lies s of the way from 0.4, the neutral level, to the target's (0.9 angry, 0.2 sad). The judge hears the
nearest level: anger from strength 0.5 on, sadness at 1. The voice is 1 minus the change of the peak, so it is 1, 0.75 and 0.5
for anger at strengths 0, 0.5 and 1, and 1, 0.9 and 0.8 for sadness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.metrics.base import MetricInfo, Observer, Value
from evaluation.metrics.subjects import CHARACTER_ERRORS, EMOTION_ACCURACY, SPEAKER_SIMILARITY, SUBJECTS
from evaluation.pair import Pair
from evaluation.report.catalogue import CatalogueEntry
from evaluation.run.systems import Rendered
from pipelines.errors import ZestError
from pipelines.features.audio import load, save
from tests.support.run_folder import LEVELS, Fake, LevelJudge
from tests.support.speech import MAN, WOMAN, speak

SPEAKERS = ("anna", "bert")


@dataclass(frozen=True)
class Peaks:
    """Observes the peak. log: a file with one line a clip, so that repeated work shows."""

    log: Path | None = None
    key: str = "peaks-v1"
    per_language: bool = False

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        if self.log is not None:
            with self.log.open("a") as file:
                file.writelines("clip\n" for _ in clips)
        return [round(float(np.abs(clip).max()), 3) for clip in clips]


@dataclass(frozen=True)
class Louder:
    """A system with a strength. fails: id of a pair that it refuses. log: a file with one line a conversion."""

    name: str
    strength: float | None = None
    fails: str = ""
    log: Path | None = None

    checkpoint_hash = None

    @property
    def spec(self) -> dict[str, Any]:
        return {"kind": "louder", "strength": self.strength}

    def render(self, pair: Pair) -> Rendered:
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(f"{self.name}\n")
        if pair.id == self.fails:
            raise ZestError("This pair cannot be made louder.")
        samples, strength = load(pair.source).samples, self.strength or 0.0
        level = (1 - strength) * LEVELS["neutral"] + strength * LEVELS[pair.emotion]
        return Rendered(samples / np.abs(samples).max() * level)


def _info(name: str, better: str, low: float, high: float, unit: str) -> MetricInfo:
    return MetricInfo(name, "Known beforehand?", better, low, high, unit, "tests", "none")


def _change(seen) -> float:
    return abs(seen.converted - seen.source)


EMOTION = Fake(_info("emotion@level", "higher", 0, 100, "%"), "judge",
               lambda pair, seen: Value(100.0 * (max(seen.converted, key=seen.converted.get) == pair.emotion)), Value(0.0))
VOICE = Fake(_info("voice-to-source", "higher", -1, 1, "cosine"), "peaks", lambda pair, seen: Value(1 - _change(seen)))
WORDS = Fake(_info("cer", "lower", 0, np.inf, "%"), "peaks", lambda pair, seen: Value(100 * _change(seen), 10.0),
             Value(100.0, 10.0))
METRICS = (EMOTION, VOICE, WORDS)
ROLES = {"emotion": (EMOTION_ACCURACY, EMOTION), "voice": (SPEAKER_SIMILARITY, VOICE), "words": (CHARACTER_ERRORS, WORDS)}
ENTRIES = {metric.info.name: CatalogueEntry(metric.info, SUBJECTS[subject], metric, role)
           for subject, (role, metric) in ROLES.items()}


def observers(log: Path | None = None) -> dict[str, Observer | Any]:
    return {"judge": LevelJudge(), "peaks": Peaks(log)}


def level_pairs(folder: Path) -> list[Pair]:
    """Two speakers, each with one angry and one sad pair."""
    folder.mkdir(exist_ok=True)
    for name, voice in zip(SPEAKERS, (WOMAN, MAN), strict=True):
        clip = speak(voice, 0.8, seed=len(name))
        save(folder / f"{name}.wav", clip / np.abs(clip).max() * LEVELS["neutral"])
    return [Pair(f"{name}-{emotion}", folder / f"{name}.wav", folder / "anna.wav", emotion, "dsdt", source_speaker=name,
                 source_emotion="neutral") for name in SPEAKERS for emotion in ("angry", "sad")]


def at_strengths(*strengths: float, **options: Any) -> list[Louder]:
    return [Louder("louder" if strength == 1 else f"louder@{strength:g}", strength, **options) for strength in strengths]
