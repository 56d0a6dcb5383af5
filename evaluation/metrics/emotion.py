"""Emotion moved? What independent judges say of a conversion. Their accuracy on natural speech stands beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.instruments.training_data import TrainingData
from evaluation.judges import registry as judges
from evaluation.metrics.base import Metric, Observer, Seen, Value, percent, rounded
from evaluation.metrics.subjects import ANY_EMOTION, EMOTION, EMOTION_ACCURACY, TARGET_POSTERIOR
from evaluation.pair import Pair


@dataclass(frozen=True)
class EmotionObserver(Observer):
    """Posteriors of the emotion judge `model`: {emotion: probability} over the emotions it knows."""

    kind = "emotion"
    task = "Judging the emotion (judge {model})"

    @property
    def key(self) -> str:
        return f"judge-{self.model}-{judges.judge(self.model).digest()}"

    def unavailable(self) -> str | None:
        return judges.judge(self.model).unavailable()

    def observations(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        judge = judges.judge(self.model).load()
        return [dict(zip(judge.emotions, rounded(row), strict=True)) for row in judge.posteriors(clips)]


@dataclass(frozen=True)
class JudgeMetric(Metric):
    """What the metrics of this file share. model: the judge."""

    better = "higher"
    high, unit = 100.0, "%"
    observed_by = EmotionObserver
    always_named = True
    subject = EMOTION

    @classmethod
    def models(cls) -> tuple[str, ...]:
        return judges.names()

    @classmethod
    def default_models(cls) -> tuple[str, ...]:
        return judges.default_names()

    def described_source(self) -> str:
        return judges.judge(self.model).source

    def described_sharing(self) -> str:
        return judges.judge(self.model).shares

    def training_data(self) -> TrainingData | None:
        return judges.judge(self.model).training

    def described_models(self) -> str:
        return judges.judge(self.model).described_models()


@dataclass(frozen=True)
class TargetEmotionMetric(JudgeMetric):
    """A metric that asks for the target emotion by name."""

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where the judge does not know the emotion."""
        return self.compare(seen.converted, pair.emotion) if seen.converted and pair.emotion in seen.converted else None

    def failed(self, pair: Pair) -> Value | None:
        """A miss, where the judge knows the emotion."""
        return Value(0.0) if pair.emotion in judges.judge(self.model).emotions else None

    def compare(self, posteriors: Mapping[str, float], target: str) -> Value:
        """posteriors: of the conversion, by emotion; the target is one of them."""
        raise NotImplementedError


@dataclass(frozen=True)
class Accuracy(TargetEmotionMetric):
    """Share of conversions in which the judge finds the target emotion likelier than any other that it knows. A failed
    conversion is a miss."""

    base = "emotion"
    question = "In how many conversions does the judge {model} find the target emotion likeliest?"
    role = EMOTION_ACCURACY

    def compare(self, posteriors: Mapping[str, float], target: str) -> Value:
        return percent(max(posteriors, key=posteriors.__getitem__) == target)


@dataclass(frozen=True)
class Posterior(TargetEmotionMetric):
    """Probability that the judge gives to the target emotion, 0 to 1."""

    base = "target-posterior"
    question = "How probable does the judge {model} find the target emotion?"
    high, unit = 1.0, "probability"
    role = TARGET_POSTERIOR

    def compare(self, posteriors: Mapping[str, float], target: str) -> Value:
        return Value(posteriors[target])


@dataclass(frozen=True)
class NearerToReference(JudgeMetric):
    """Share of conversions whose posteriors, all of them, are nearer to those of the reference than to those of the source
    (Jensen-Shannon distance). It asks for no emotion by name. So it also judges emotions that a judge does not know: a judge
    gives fearful speech some mixture of the five. It cannot tell fear from a similar mixture, and does not say how far the
    conversion moved. The unchanged source has 0 by definition, the reference itself 100."""

    base = "emotion-nearer"
    question = "In how many conversions is the judgement of {model} nearer to the reference's than to the source's?"
    subject = ANY_EMOTION

    def described_source(self) -> str:
        return f"Lin 1991 (distance); {super().described_source()}"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where one of the three was not observed, or source and reference are judged alike."""
        if not (seen.source and seen.reference and seen.converted) or seen.source == seen.reference:
            return None
        return percent(judgement_distance(seen.converted, seen.reference) < judgement_distance(seen.converted, seen.source))

    def failed(self, pair: Pair) -> Value | None:
        return percent(False)


def judgement_distance(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Jensen-Shannon distance of two judgements, posteriors by emotion; 0 to 0.83."""
    from scipy.spatial.distance import jensenshannon

    return float(jensenshannon([one[name] for name in one], [other[name] for name in one]))


METRICS = (Accuracy, Posterior, NearerToReference)
