"""A small evaluation whose every number is known beforehand: one system that halves, one metric that measures loudness."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from evaluation.metrics.base import MetricInfo, Seen, Value
from evaluation.pair import Pair
from evaluation.run import evaluate
from evaluation.run.systems import Rendered
from pipelines.errors import ZestError
from pipelines.features.audio import save
from tests.support.speech import MAN, WOMAN, speak


@dataclass(frozen=True)
class Loudness:
    """Observes the root mean square and length; counts what it observed in a file, so that repeated work shows."""

    key: str = "loudness-1"
    per_language: bool = False
    log: Path | None = None
    sentence: str = ""

    def observe(self, clips, language):
        if self.sentence:
            raise ZestError(self.sentence)
        if self.log is not None:
            with self.log.open("a") as file:
                file.writelines(f"{len(clip)}\n" for clip in clips)
        return [{"rms": round(float(np.sqrt(np.mean(clip**2))), 6), "samples": len(clip)} for clip in clips]


def info(name: str) -> MetricInfo:
    return MetricInfo(name, "Is it as loud?", "closer", 0, 10, "x", "made up for this test", "none")


@dataclass(frozen=True)
class LoudnessRatio:
    """Converted over source, weighted by length; a failed pair counts 0."""

    info: MetricInfo = field(default_factory=lambda: info("loudness-ratio"))
    observer: str = "loudness"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        return Value(seen.converted["rms"] / seen.source["rms"], seen.converted["samples"])

    def failed(self, pair: Pair) -> Value | None:
        return Value(0.0)


@dataclass(frozen=True)
class OnlyAngry(LoudnessRatio):
    """Applies to angry pairs only, and cannot score a failure."""

    info: MetricInfo = field(default_factory=lambda: info("only-angry"))

    def score(self, pair, seen):
        return super().score(pair, seen) if pair.emotion == "angry" else None

    def failed(self, pair):
        return None


@dataclass(frozen=True)
class Breaking(LoudnessRatio):
    """Crashes on the second pair."""

    info: MetricInfo = field(default_factory=lambda: info("breaking"))

    def score(self, pair, seen):
        if pair.id == "p1":
            raise ValueError("no such luck")
        return Value(1.0)


@dataclass(frozen=True)
class Halved:
    """A system: half as loud; refuses one pair, crashes on another, and never comes back from a third."""

    name: str = "halved"
    refuses: str = ""
    crashes: str = ""
    hangs: str = ""
    log: Path | None = None

    checkpoint_hash = None

    @property
    def spec(self):
        return {"kind": "halved"}

    def render(self, pair):
        from pipelines.features.audio import load

        if pair.id == self.hangs:
            time.sleep(600)
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(f"{pair.id}\n")
        if pair.id == self.crashes:
            raise IndexError("off by one")
        if pair.id == self.refuses:
            raise ZestError("This pair cannot be halved.")
        return Rendered(load(pair.source).samples / 2)


@dataclass(frozen=True)
class Killed(Halved):
    """Kills its own process at one pair, the first time. tests: the process of the tests, which must not be the worker."""

    before: Path = Path()
    tests: int = 0

    def render(self, pair):
        assert os.getpid() != self.tests, "the work was not sent to a worker"
        if pair.id == "p3" and not self.before.exists():
            self.before.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().render(pair)


METRICS = (LoudnessRatio(), OnlyAngry())
OBSERVERS = {"loudness": Loudness()}


def make_pairs(folder: Path, count: int = 6) -> list[Pair]:
    """Two sources shared by all pairs, one reference."""
    folder.mkdir(exist_ok=True)
    for name, voice, seed in (("man", MAN, 0), ("woman", WOMAN, 1), ("reference", MAN, 2)):
        save(folder / f"{name}.wav", speak(voice, 0.8, seed))
    return [Pair(f"p{index}", folder / ("man.wav", "woman.wav")[index % 2], folder / "reference.wav",
                 ("angry", "sad")[index % 2], "dsdt", source_speaker=("m", "w")[index % 2]) for index in range(count)]


def run(pairs, folder, systems=(Halved(),), metrics=METRICS, observers=OBSERVERS, **options):
    return evaluate(pairs, systems, folder, metrics, observers, **options)


def hanging_run(folder: Path) -> None:
    """Of 12 pairs, the sixth of which never ends."""
    run(make_pairs(folder / "speech", 12), folder / "run", (Halved(hangs="p5", log=folder / "log"),))


def values(run, metric="loudness-ratio"):
    table = run.scores[run.scores.metric == metric]
    return dict(zip(table.pair, table.value, strict=True))


def comparable(run):
    """Scores and audio, without what depends on the clock; a kill within a write leaves a hidden part of a file."""
    audio = {str(path.relative_to(run.folder)): path.read_bytes() for path in sorted(run.folder.rglob("[!.]*.wav"))}
    return run.scores.to_json(), audio
