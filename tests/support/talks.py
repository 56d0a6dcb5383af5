"""Long recordings with known pauses, and a converter that costs nothing and counts its work."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import soundfile

from pipelines.errors import ZestError
from pipelines.features.audio import load
from pipelines.features.resampling import resample
from tests.support.speech import RATE

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HUM = 1e-3  # amplitude of a room's noise
STRETCH = 1.25  # of the converter's result, where the tempo follows


def clips() -> list[np.ndarray]:
    """Two phrases that a voice activity detector knows for speech, 16 kHz."""
    return [load(EXAMPLES / name).samples for name in ("source-man.wav", "source-woman.wav")]


def talk(pauses: list[float], seed: int = 0) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """(n,) float32 of whole 16-bit steps, and where its phrases are, s: a pause before each phrase but the first, and one behind
    the last."""
    random, parts, places, now = np.random.default_rng(seed), [], [], 0
    for number, pause in enumerate([0.0, *pauses]):
        phrase = clips()[number % 2] if number < len(pauses) else np.zeros(0, np.float32)
        parts += [np.zeros(round(pause * RATE), np.float32), phrase]
        now += len(parts[-2])
        places.append((now / RATE, (now + len(phrase)) / RATE))
        now += len(phrase)
    samples = np.concatenate(parts)
    samples = samples + HUM * random.standard_normal(len(samples)).astype(np.float32)
    return (np.rint(samples * 2**15) / 2**15).astype(np.float32), places[:-1]


def write_talk(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    soundfile.write(path, np.rint(samples * 2**15).astype(np.int16), rate)
    return path


def long_talk(folder: Path) -> Path:
    """62 s, of which 6 are speech: two phrases."""
    samples = talk([0.8, 55.2])[0]
    assert len(samples) > 60 * RATE
    return write_talk(folder / "long.wav", samples)


@dataclass
class CountingConverter:
    """Answers with a tone instead of speech, 300 Hz, as long as what it is given, or STRETCH times so with the tempo.

    gains: dB by which its answers are louder than what they are given, in turn. interrupt: at which call it is interrupted.
    """

    identity: str = "counting"
    weights: str = "0123456789abcdef"
    gains: list[float] = field(default_factory=lambda: [0.0])
    interrupt: int = -1
    calls: list[tuple[float, str]] = field(default_factory=list)

    def prepared(self, reference: Path) -> str:
        return load(reference).name

    def check_emotion(self, emotion: str) -> None:
        if emotion not in ("sad", "angry", "happy"):
            raise ZestError(f"There is no emotion '{emotion}'; use sad, angry or happy.")

    def convert(self, source: Any, reference: Any = None, emotion: str | None = None, settings: Any = None,
                hook: Any = None) -> SimpleNamespace:
        if len(self.calls) == self.interrupt:
            self.interrupt = -1
            raise KeyboardInterrupt
        self.calls.append((round(source.seconds, 3), reference or emotion or ""))
        stretch = STRETCH if settings.tempo else 1.0
        time = np.arange(round(stretch * len(source.samples))) / RATE
        level = np.sqrt(2) * source.samples.std() * 10 ** (self.gains[len(self.calls) % len(self.gains)] / 20)
        timing = np.arange(len(time) // 320 + 1) * 0.02 / stretch
        tone = (level * np.sin(2 * np.pi * 300 * time + len(self.calls))).astype(np.float32)
        return SimpleNamespace(at_rate=lambda rate: tone if rate == RATE else resample(tone, RATE, rate),
                               timing=timing if settings.tempo else None, notes=())
