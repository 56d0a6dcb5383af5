"""Voice kept? Cosines of speaker embeddings, and what a verifier and a list of known speakers would say.

An utterance in another emotion scores lower even in nature: the natural cross-emotion cosine is what can be reached, and above it
more is not better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from evaluation.instruments import training_data
from evaluation.instruments.needs import version
from evaluation.instruments.speaker_similarity import MODELS, PACKAGES
from evaluation.metrics.base import Metric, Observer, Seen, Value, percent, plain, rounded
from evaluation.metrics.subjects import SPEAKER_ACCURACY, SPEAKER_SIMILARITY, VOICE
from evaluation.natural_reference.computed import Centroids
from evaluation.pair import Pair

SOURCES = {"resemblyzer": "GE2E (arXiv 1710.10467)", "ecapa": "ECAPA-TDNN (arXiv 2005.07143)",
           "wavlm": "WavLM (arXiv 2110.13900), x-vector"}
TRAINING = {"resemblyzer": training_data.RESEMBLYZER, "ecapa": training_data.ECAPA, "wavlm": training_data.WAVLM}


@dataclass(frozen=True)
class VoiceObserver(Observer):
    """Speaker embedding of unit length, a list of numbers."""

    kind = "voice"
    task = "Comparing the voices ({model})"

    @property
    def key(self) -> str:
        from evaluation.instruments.speaker_similarity import key_of

        return key_of(self.model)

    def unavailable(self) -> str | None:
        from evaluation.instruments.speaker_similarity import unavailable

        return unavailable(self.model)

    def observations(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        from evaluation.instruments.speaker_similarity import speaker_embedding

        return [rounded(speaker_embedding(clip, self.model)) for clip in clips]


@dataclass(frozen=True)
class VoiceMetric(Metric):
    """What the metrics of this file share. model: of speaker embeddings."""

    better = "higher"
    high, unit = 100.0, "%"
    observed_by = VoiceObserver
    subject = VOICE

    @classmethod
    def models(cls) -> tuple[str, ...]:
        return MODELS

    def described_source(self) -> str:
        return SOURCES[self.model]

    def training_data(self) -> training_data.TrainingData | None:
        return TRAINING[self.model]

    def described_models(self) -> str:
        package = PACKAGES[self.model]
        return f"{self.model}, {package} {version(package)}"

    def failed(self, pair: Pair) -> Value | None:
        """A miss where shares are counted; a cosine has no worst that a failure could be given."""
        return percent(False) if self.unit == "%" else None


@dataclass(frozen=True)
class ToSource(VoiceMetric):
    """Cosine to the source."""

    base = "voice-to-source"
    question = "How alike is the voice to the source's? Natural speech in another emotion is the mark, not 1."
    low, high, unit = -1.0, 1.0, "cosine"
    role = SPEAKER_SIMILARITY

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        return plain(cosine(seen.converted, seen.source)) if seen.converted and seen.source else None


@dataclass(frozen=True)
class ToReference(VoiceMetric):
    """Cosine to the reference, which measures leakage. Only where the reference has another speaker."""

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
class CloserToSource(VoiceMetric):
    """Share of conversions whose cosine to the source is above that to the reference. Only between two speakers."""

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
class Accept(VoiceMetric):
    """Share that a verifier accepts as the source's speaker. The threshold is where natural pairs of this run give as many
    false rejections as false acceptances. Scored in a second pass, when the natural recordings have been measured."""

    threshold: float | None = None
    base = "voice-accepted"
    question = "How many conversions would a verifier accept as the source's speaker, at natural speech's equal-error threshold?"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        if self.threshold is None or not seen.converted or not seen.source:
            return None
        return percent(cosine(seen.converted, seen.source) >= self.threshold)

    def failed(self, pair: Pair) -> Value | None:
        return None if self.threshold is None else percent(False)

    def with_natural_reference(self, natural: Any) -> Accept:
        """With the threshold of this embedding. Raises ZestError where no natural pairs told it."""
        return replace(self, threshold=natural.voice(self.model).threshold)


@dataclass(frozen=True)
class SpeakerAccuracy(VoiceMetric):
    """Share in which the source's speaker is the nearest of all labelled speakers of the run's natural recordings. Nearest
    means nearest mean, and the pair's own source is left out of its speaker's mean. Second pass; only for speakers with two
    recordings."""

    centroids: Centroids | None = field(default=None, repr=False)
    base = "speaker-accuracy"
    question = "In how many conversions is the source's speaker the nearest of all known speakers?"
    role = SPEAKER_ACCURACY
    natural_rows = False  # a natural recording is a part of its own speaker's mean

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where the source's speaker is not labelled, or known by this one recording only."""
        if self.centroids is None or not seen.converted or not seen.source:
            return None
        nearest = self.centroids.nearest(seen.converted, pair.source_speaker, seen.source)
        return None if nearest is None else percent(nearest == pair.source_speaker)

    def failed(self, pair: Pair) -> Value | None:
        known = self.centroids is not None and self.centroids.counts.get(pair.source_speaker, 0) > 1
        return percent(False) if known else None

    def with_natural_reference(self, natural: Any) -> SpeakerAccuracy:
        """With the speakers' centroids. Raises ZestError where fewer than two speakers are labelled."""
        return replace(self, centroids=natural.voice(self.model).centroids_of_many())


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Cosine of two embeddings, -1 to 1."""
    a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _one_speaker(pair: Pair) -> bool:
    return pair.source_speaker != "" and pair.source_speaker == pair.reference_speaker


METRICS = (ToSource, ToReference, CloserToSource, Accept, SpeakerAccuracy)
