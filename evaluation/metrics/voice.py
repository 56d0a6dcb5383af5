"""Voice kept? Cosines of speaker embeddings, and what a verifier and a list of known speakers would say.

An utterance in another emotion scores lower even in nature: the mark is natural_marks.py's cross-emotion cosine, and above it
more is not better.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from evaluation.instruments.speaker_similarity import RESEMBLYZER
from evaluation.metrics.base import MetricInfo, Seen, Value
from evaluation.metrics.needs import version
from evaluation.metrics.scores import cosine, percent, plain
from evaluation.natural_reference.computed import Centroids
from evaluation.pair import Pair

SOURCES = {"resemblyzer": "GE2E (arXiv 1710.10467)", "ecapa": "ECAPA-TDNN (arXiv 2005.07143)"}


@dataclass(frozen=True)
class _Voice:
    """What the metrics of this file share. model: of speaker embeddings."""

    model: str = RESEMBLYZER
    base = ""
    question = ""
    better = "higher"
    low, high = 0.0, 100.0
    unit = "%"

    @property
    def observer(self) -> str:
        return f"voice@{self.model}"

    @property
    def info(self) -> MetricInfo:
        name = self.base if self.model == RESEMBLYZER else f"{self.base}@{self.model}"
        package = "resemblyzer" if self.model == RESEMBLYZER else "speechbrain"
        return MetricInfo(name, self.question, self.better, self.low, self.high, self.unit, SOURCES[self.model],
                          f"{self.model}, {package} {version(package)}")

    def failed(self, pair: Pair) -> Value | None:
        """A miss where shares are counted; a cosine has no worst that a failure could be given."""
        return percent(False) if self.unit == "%" else None


@dataclass(frozen=True)
class ToSource(_Voice):
    """Cosine to the source. Judged against the natural cross-emotion cosine, not against 1."""

    base = "voice-to-source"
    question = "How alike is the voice to the source's? Natural speech in another emotion is the mark, not 1."
    low, high, unit = -1.0, 1.0, "cosine"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        return plain(cosine(seen.converted, seen.source)) if seen.converted and seen.source else None


@dataclass(frozen=True)
class ToReference(_Voice):
    """Cosine to the reference: leakage of its voice."""

    base = "voice-to-reference"
    question = "How alike is the voice to the reference's? What leaks from another speaker."
    better = "lower"
    low, high, unit = -1.0, 1.0, "cosine"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where source and reference are one speaker's: nothing can leak."""
        if not seen.converted or not seen.reference or _one_speaker(pair):
            return None
        return plain(cosine(seen.converted, seen.reference))


@dataclass(frozen=True)
class CloserToSource(_Voice):
    """Share of conversions that are closer to the source than to the reference; pairs of two speakers only."""

    base = "voice-closer-to-source"
    question = "In how many conversions is the voice closer to the source's than to the reference's?"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where source and reference are one speaker's."""
        if not (seen.converted and seen.source and seen.reference) or _one_speaker(pair):
            return None
        return percent(cosine(seen.converted, seen.source) > cosine(seen.converted, seen.reference))

    def failed(self, pair: Pair) -> Value | None:
        return None if _one_speaker(pair) else percent(False)


@dataclass(frozen=True)
class Accept(_Voice):
    """Share that a verifier would accept as the source's speaker at the threshold of equal errors on natural pairs."""

    threshold: float | None = None
    base = "voice-accepted"
    question = "How many conversions would a verifier accept as the source's speaker, at natural speech's equal-error threshold?"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        if self.threshold is None or not seen.converted or not seen.source:
            return None
        return percent(cosine(seen.converted, seen.source) >= self.threshold)

    def failed(self, pair: Pair) -> Value | None:
        return None if self.threshold is None else percent(False)

    def with_marks(self, marks: Any) -> Accept:
        """With the threshold of this embedding. Raises ZestError where no natural pairs told it."""
        return replace(self, threshold=marks.voice(self.model).threshold)


@dataclass(frozen=True)
class SpeakerAccuracy(_Voice):
    """Share recognised as the source's speaker among all labelled speakers of the natural clips.

    Speakers are the mean of their natural embeddings; the pair's own source is left out of its speaker's mean, or the
    answer would be in the question.
    """

    centroids: Centroids | None = field(default=None, repr=False)
    base = "speaker-accuracy"
    question = "In how many conversions is the source's speaker the nearest of all known speakers?"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where the source's speaker is not labelled, or known by this one recording only."""
        if self.centroids is None or not seen.converted or not seen.source:
            return None
        nearest = self.centroids.nearest(seen.converted, pair.source_speaker, seen.source)
        return None if nearest is None else percent(nearest == pair.source_speaker)

    def failed(self, pair: Pair) -> Value | None:
        known = self.centroids is not None and self.centroids.counts.get(pair.source_speaker, 0) > 1
        return percent(False) if known else None

    def with_marks(self, marks: Any) -> SpeakerAccuracy:
        """With the speakers' centroids. Raises ZestError where fewer than two speakers are labelled."""
        return replace(self, centroids=marks.voice(self.model).centroids_of_many())


def _one_speaker(pair: Pair) -> bool:
    return pair.source_speaker != "" and pair.source_speaker == pair.reference_speaker
