"""Tempo moved? Characters that Whisper hears per second of speech, and lengths."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evaluation.instruments.recogniser import is_looping, normalise
from evaluation.metrics.base import MetricInfo, Seen, Value
from evaluation.metrics.needs import version
from evaluation.metrics.scores import plain
from evaluation.metrics.words import Transcribed, spoken
from evaluation.pair import Pair

RATE_SOURCE = "characters of the transcript a second, docs/metrics.md"
SHORTEST = 0.1  # s of speech under which a rate says nothing


@dataclass(frozen=True)
class TempoRatio(Transcribed):
    """Speaking rate over the reference's: characters of the transcript per second from first to last speech."""

    base = "tempo-ratio"
    question = "How fast against the reference? 1 is its tempo, above 1 is faster."
    better, unit, source = "closer", "x", RATE_SOURCE

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where nothing was heard, or the conversion's transcript loops: its length is then no tempo."""
        logarithm = self.logarithm(pair, seen)
        return None if logarithm is None else plain(math.exp(logarithm))

    def failed(self, pair: Pair) -> Value | None:
        return None

    def logarithm(self, pair: Pair, seen: Seen) -> float | None:
        """Natural logarithm of the ratio."""
        if seen.converted is None or seen.reference is None or _loops(pair, seen):
            return None
        ours, wanted = _rate(pair, seen.converted), _rate(pair, seen.reference)
        return math.log(ours / wanted) if ours and wanted else None


@dataclass(frozen=True)
class TempoError(TempoRatio):
    """How far the speaking rate is from the reference's, whichever way: |ln(ratio)| in percent."""

    base = "tempo-error"
    question = "How far is the speaking rate from the reference's, faster or slower alike?"
    better, unit = "lower", "%"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        logarithm = self.logarithm(pair, seen)
        return None if logarithm is None else plain(100 * abs(logarithm))


@dataclass(frozen=True)
class DurationRatio:
    """Length of speech over the source's."""

    observer = "clock"

    @property
    def info(self) -> MetricInfo:
        return MetricInfo("duration-ratio", "How long against the source? Above 1 is slower.", "closer", 0.0, float("inf"), "x",
                          "first to last frame within 40 dB of the loudest", f"librosa {version('librosa')}")

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        if not seen.converted or not seen.source or seen.source["speech"] < SHORTEST:
            return None
        return plain(seen.converted["speech"] / seen.source["speech"])

    def failed(self, pair: Pair) -> Value | None:
        return None


def _rate(pair: Pair, transcript: dict) -> float | None:
    characters, seconds = len(spoken(pair, transcript)), transcript["seconds"]
    return characters / seconds if characters and seconds > SHORTEST else None


def _loops(pair: Pair, seen: Seen) -> bool:
    wanted = pair.text or (seen.source or {}).get("text", "")
    return bool(wanted) and is_looping(normalise(wanted, pair.language), normalise(seen.converted["text"], pair.language))
