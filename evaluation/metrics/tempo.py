"""Tempo moved? Characters of the transcript per second of speech, and lengths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.instruments.recogniser import is_looping, normalise
from evaluation.metrics.base import Metric, Observer, Seen, Value, plain
from evaluation.metrics.subjects import TEMPO
from evaluation.metrics.words import TranscriptMetric, speech_seconds
from evaluation.pair import Pair
from pipelines.features.audio import SAMPLE_RATE

SHORTEST = 0.1  # s of speech under which a rate says nothing


@dataclass(frozen=True)
class ClockObserver(Observer):
    """{"seconds": length, "speech": from the first to the last speech}."""

    kind = "clock"
    task = "Measuring the tempo"
    packages = ("librosa",)

    @property
    def key(self) -> str:
        return "clock-40db"

    def observations(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        return [{"seconds": round(len(clip) / SAMPLE_RATE, 4), "speech": speech_seconds(clip)} for clip in clips]


@dataclass(frozen=True)
class TempoRatio(TranscriptMetric):
    """Characters of the transcript per second, over the same of the reference. Seconds count from the first to the last speech
    (within 40 dB of the loudest frame). The reference is transcribed in the pair's language. Looping and empty transcripts have
    no tempo."""

    base = "tempo-ratio"
    question = "How fast against the reference? 1 is its tempo, above 1 is faster."
    better, unit, source = "closer", "x", "characters of the transcript a second, docs/metrics.md"
    subject = TEMPO

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where a transcript is empty, or the conversion's loops: its length is then no tempo."""
        if seen.converted is None or seen.reference is None:
            return None
        text = pair.text or (seen.source or {}).get("text", "")
        if text and is_looping(normalise(text, pair.language), normalise(seen.converted["text"], pair.language)):
            return None
        ours, target = _rate(pair, seen.converted), _rate(pair, seen.reference)
        return plain(self.compare(math.log(ours / target))) if ours and target else None

    def compare(self, logarithm: float) -> float:
        """logarithm: natural, of the ratio of the rates."""
        return math.exp(logarithm)


@dataclass(frozen=True)
class TempoError(TempoRatio):
    """|ln(tempo ratio)| in percent: faster and slower do not cancel."""

    base = "tempo-error"
    question = "How far is the speaking rate from the reference's, faster or slower alike?"
    better, unit = "lower", "%"

    def compare(self, logarithm: float) -> float:
        return 100 * abs(logarithm)


@dataclass(frozen=True)
class DurationRatio(Metric):
    """Length of speech over the source's."""

    base = "duration-ratio"
    question = "How long against the source? Above 1 is slower."
    better, unit = "closer", "x"
    source = "first to last frame within 40 dB of the loudest"
    libraries = ("librosa",)
    observed_by = ClockObserver
    subject = TEMPO

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        if not seen.converted or not seen.source or seen.source["speech"] < SHORTEST:
            return None
        return plain(seen.converted["speech"] / seen.source["speech"])


def _rate(pair: Pair, transcript: dict) -> float | None:
    """Characters without spaces a second; None where there are none or hardly any speech."""
    characters, seconds = len("".join(normalise(transcript["text"], pair.language).split())), transcript["seconds"]
    return characters / seconds if characters and seconds > SHORTEST else None


METRICS = (TempoRatio, TempoError, DurationRatio)
