"""Arousal and valence moved? Dimensions beside categories: a conversion may sound more aroused long before it sounds angry.

A judge of categories gives a place: the mean of the published places of its emotions, weighted with its posteriors (Russell &
Mehrabian 1977, Journal of Research in Personality 11, 273-294). Neutral is the origin, and the scale
goes from -1 to 1. audeering is a regression of its own. Numbers of different models do not compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from evaluation.instruments import dimensional
from evaluation.instruments.training_data import PODCASTS, TrainingData
from evaluation.judges import registry as judges
from evaluation.metrics.base import Metric, Observer, Seen, Value, plain
from evaluation.metrics.emotion import EmotionObserver
from evaluation.metrics.subjects import AFFECT
from evaluation.pair import Pair

AROUSAL, VALENCE, DOMINANCE = dimensional.DIMENSIONS
ANCHORS: Mapping[str, Mapping[str, float]] = {
    emotion: {VALENCE: valence, AROUSAL: arousal} for emotion, valence, arousal in (
        ("neutral", 0.0, 0.0), ("angry", -0.51, 0.59), ("happy", 0.81, 0.51), ("sad", -0.63, -0.27), ("surprised", 0.40, 0.67),
        ("fearful", -0.64, 0.60), ("disgusted", -0.60, 0.35))}
AUDEERING = dimensional.NAME
REGRESSION = "Wagner et al. 2023 (arXiv 2203.07378)"


@dataclass(frozen=True)
class DimensionalObserver(Observer):
    """{"arousal", "valence", "dominance"}, -1 to 1, by audEERING's regression."""

    kind = "affect"
    task = "Measuring arousal and valence ({model})"

    @property
    def key(self) -> str:
        return dimensional.key()

    def unavailable(self) -> str | None:
        return dimensional.unavailable()

    def observations(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        model = dimensional.load()
        return [{name: round(value, 5) for name, value in model(clip).items()} for clip in clips]


@dataclass(frozen=True)
class AffectMetric(Metric):
    """What the metrics of this file share. model: a judge of categories, or audeering. dimension: of the plane."""

    subject = AFFECT
    unit = "units"
    low, high = 0.0, 2.0
    always_named = True
    by_default = False
    dimension: ClassVar[str] = AROUSAL

    @classmethod
    def models(cls) -> tuple[str, ...]:
        return (*judges.names(), AUDEERING)

    def observing(self) -> Observer:
        return DimensionalObserver(self.model) if self.model == AUDEERING else EmotionObserver(self.model)

    def training_data(self) -> TrainingData | None:
        return PODCASTS if self.model == AUDEERING else judges.judge(self.model).training

    def described_source(self) -> str:
        if self.model == AUDEERING:
            return REGRESSION
        return f"Russell & Mehrabian 1977 (places of emotions); {judges.judge(self.model).source}"

    def described_sharing(self) -> str:
        return "" if self.model == AUDEERING else judges.judge(self.model).shares

    def described_models(self) -> str:
        return dimensional.described() if self.model == AUDEERING else judges.judge(self.model).described_models()

    def place(self, observed: Mapping[str, float] | None) -> float | None:
        """Of an observation, -1 to 1; None where nothing was observed."""
        return place_of(observed, self.dimension)

    def difference(self, converted: Mapping[str, float] | None, other: Mapping[str, float] | None) -> float | None:
        ours, theirs = self.place(converted), self.place(other)
        return None if ours is None or theirs is None else ours - theirs


@dataclass(frozen=True)
class ArousalShift(AffectMetric):
    """Arousal of the conversion minus the source's: up is more aroused. Calm is -1 and excited 1."""

    base = "arousal-shift"
    question = "How far did arousal move from the source's, by {model} (up is more aroused)?"
    better, low = "closer", -2.0

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        return plain(self.difference(seen.converted, seen.source))


@dataclass(frozen=True)
class ArousalError(AffectMetric):
    """Distance of arousal to the reference's. The unchanged source shows how far it was before."""

    base = "arousal-error"
    question = "How far is arousal from the reference's, by {model}?"

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        found = self.difference(seen.converted, seen.reference)
        return None if found is None else plain(abs(found))


@dataclass(frozen=True)
class ValenceShift(ArousalShift):
    """The same of valence: up is more pleasant. Unpleasant is -1 and pleasant 1."""

    base, dimension = "valence-shift", VALENCE
    question = "How far did valence move from the source's, by {model} (up is more pleasant)?"


@dataclass(frozen=True)
class ValenceError(ArousalError):
    """Distance of valence to the reference's."""

    base, dimension = "valence-error", VALENCE
    question = "How far is valence from the reference's, by {model}?"


@dataclass(frozen=True)
class DominanceShift(ArousalShift):
    """The same of dominance, by a regression alone. From categories it would say little: the places of the five emotions
    differ too little on that axis."""

    base, dimension = "dominance-shift", DOMINANCE
    question = "How far did dominance move from the source's, by {model} (up is more dominant)?"

    @classmethod
    def models(cls) -> tuple[str, ...]:
        return (AUDEERING,)


@dataclass(frozen=True)
class DominanceError(ArousalError):
    """Distance of dominance to the reference's, by a regression alone."""

    base, dimension = "dominance-error", DOMINANCE
    question = "How far is dominance from the reference's, by {model}?"

    @classmethod
    def models(cls) -> tuple[str, ...]:
        return (AUDEERING,)


def place_of(observed: Mapping[str, float] | None, dimension: str) -> float | None:
    """Of posteriors by emotion, the weighted mean of the emotions' places; of dimensions, the dimension itself.

    An emotion without a place, such as 'other', is left out, and the others keep their proportions.
    """
    if not observed:
        return None
    if dimension in observed:
        return float(observed[dimension])
    known = {name: share for name, share in observed.items() if name in ANCHORS}
    weight = sum(known.values())
    return sum(share * ANCHORS[name][dimension] for name, share in known.items()) / weight if weight > 0 else None


METRICS = (ArousalShift, ArousalError, ValenceShift, ValenceError, DominanceShift, DominanceError)
