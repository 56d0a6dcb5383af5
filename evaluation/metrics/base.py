"""What a metric and an observer are: an observer turns single clips into observations, a metric computes one number a pair.

Observing (transcribing, embedding, judging) is expensive and done once per distinct clip; scoring is arithmetic.
A new metric is a subclass of `Metric` in a file of this folder and that file's name in registry.py: docs/how-to/add-a-metric.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np

from evaluation.instruments.needs import missing_package, version
from evaluation.instruments.training_data import TrainingData
from evaluation.metrics.subjects import OTHER, KnownOrder, Role, Subject
from evaluation.pair import Pair
from pipelines.errors import ZestError


class Value(NamedTuple):
    """A metric's value of one pair. A set's value is sum(value * weight) / sum(weight): a CER weighs by characters."""

    value: float
    weight: float = 1.0


@dataclass(frozen=True)
class MetricInfo:
    """What a reader must know before believing a number.

    Attributes:
        name: as in tables and --metric. question: what it answers, in plain words. better: 'higher', 'lower' or 'closer'
            (to natural speech; no direction by itself).
        low, high: range of possible values. unit: '%', 'cosine', 'semitones', 'MOS 1-5', 'x', ...
        source: the paper or document it comes from. models: model and version used, as in run.json.
        training: what its model learnt from, '' for a metric that learnt nothing.
    """

    name: str
    question: str
    better: str
    low: float
    high: float
    unit: str
    source: str
    models: str
    training: str = ""


@dataclass(frozen=True)
class Seen:
    """What one observer observed of a pair's clips; None where there is no such clip."""

    source: Any
    reference: Any
    converted: Any
    parallel: Any = None


MEASURING = "Measuring the recordings"  # by an observer that says nothing of itself


@dataclass(frozen=True)
class Observer:
    """Observes clips, one by one or in batches. Building one costs nothing; its model is loaded with the first clip.

    Attributes:
        model: which of several models, '' where there is one only. kind: what is observed.
        task: what is going on while it observes, in a reader's words; {model} is filled in.
        per_language: whether observations depend on the language (then `observe` is called per language).
        packages: Python modules that it needs.
    """

    model: str = ""

    kind: ClassVar[str] = ""
    task: ClassVar[str] = ""
    per_language: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ()

    @property
    def name(self) -> str:
        """By which metrics ask for it: 'f0', 'transcript@base', 'emotion@whisper', ..."""
        return f"{self.kind}@{self.model}" if self.model else self.kind

    @property
    def doing(self) -> str:
        """What is going on while it observes; never a package or a version."""
        return self.task.format(model=self.model) or MEASURING

    @property
    def key(self) -> str:
        """Names what is observed, the model and its version, safe as a file name; another key is another observer."""
        raise NotImplementedError

    def unavailable(self) -> str | None:
        """Why it cannot observe here, as a sentence; None where it can. Loads no weights."""
        return next((reason for name in self.packages if (reason := missing_package(name))), None)

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        """JSON-able observations, in order; a clip is (n,) float32 at 16 kHz. None where this clip cannot be observed.

        Raises:
            ZestError: the model is not installed or cannot be loaded; the sentence is shown as the reason for 'not measured'.
        """
        reason = self.unavailable()
        if reason:
            raise ZestError(reason)
        from pipelines.features.inaudible import without_inaudible  # imported late: a list of metrics need not wait for scipy

        return self.observations([without_inaudible(clip) for clip in clips], language)

    def observations(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        """As `observe`, of an observer that is available, and of clips without offset, rumble and hum."""
        raise NotImplementedError


@dataclass(frozen=True)
class Metric:
    """One number a pair. Everything that lists, tables and reports say of a metric is an attribute of its class.

    Attributes:
        model: which of `models()`, the first of them if ''.
        base: the name without model. question, better, low, high, unit, source: see MetricInfo; '{model}' in the question is
            replaced. libraries: packages whose installed versions belong to the number.
        observed_by: the class of its observer.
        always_named: the model belongs to the name ('emotion@whisper'), also of the default one.
        subject: the table it stands in. role: what reports take it for. order: two natural rows of which one must score better,
            the subject's if None. accident: what no natural recording should do, so that nothing can be separated.
        natural_rows: natural recordings can be scored like conversions.
        by_default: it belongs to what is measured unless other metrics are asked for.
        training: what its model learnt from, where it has one model.
    """

    model: str = ""

    base: ClassVar[str] = ""
    question: ClassVar[str] = ""
    better: ClassVar[str] = "lower"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")
    unit: ClassVar[str] = ""
    source: ClassVar[str] = ""
    libraries: ClassVar[tuple[str, ...]] = ()
    observed_by: ClassVar[type[Observer]] = Observer
    always_named: ClassVar[bool] = False
    subject: ClassVar[Subject] = OTHER
    role: ClassVar[Role | None] = None
    order: ClassVar[KnownOrder | None] = None
    accident: ClassVar[bool] = False
    natural_rows: ClassVar[bool] = True
    by_default: ClassVar[bool] = True
    training: ClassVar[TrainingData | None] = None

    def __post_init__(self):
        if not self.model and self.models():
            object.__setattr__(self, "model", self.models()[0])

    @classmethod
    def models(cls) -> tuple[str, ...]:
        """Names that may stand after the @, the default one first; empty where there is one way only."""
        return ()

    @classmethod
    def default_models(cls) -> tuple[str, ...]:
        """Those of the default set."""
        return cls.models()[:1]

    @classmethod
    def name_with(cls, model: str = "") -> str:
        """The metric's name with a model; a default model is left out."""
        is_default = not model or (not cls.always_named and model == cls.models()[0])
        return cls.base if is_default else f"{cls.base}@{model}"

    def described_sharing(self) -> str:
        """Which features its model has in common with a converter, one sentence; '' where it has none or nobody said."""
        return ""

    @property
    def info(self) -> MetricInfo:
        return MetricInfo(self.name_with(self.model), self.question.format(model=self.model), self.better, self.low, self.high,
                          self.unit, self.described_source(), self.described_models(),
                          learnt.about if (learnt := self.training_data()) else "")

    @property
    def observer(self) -> str:
        """Name of its observer."""
        return self.observing().name

    def observing(self) -> Observer:
        """Its observer."""
        return self.observed_by(self.model)

    def training_data(self) -> TrainingData | None:
        """What its model learnt from; None where it learnt nothing."""
        return self.training

    def described_source(self) -> str:
        """For MetricInfo.source."""
        return self.source

    def described_models(self) -> str:
        """For MetricInfo.models."""
        return ", ".join(f"{name} {version(name)}" for name in self.libraries)

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where it does not apply to this pair (no text, no parallel recording, another language...)."""
        raise NotImplementedError

    def failed(self, pair: Pair) -> Value | None:
        """What a pair counts whose conversion failed: the worst, or None where there is no worst, as of a distance."""
        return None


@runtime_checkable
class NeedsNaturalReference(Protocol):
    """A metric that needs numbers of natural speech first (a threshold, speakers' centroids): it is scored in a second pass.

    Before that `score` gives None for every pair, so its row says 'measured 0 of n' and never an invented number.
    """

    def with_natural_reference(self, natural: Any) -> Metric:
        """The same metric with what it needs from evaluation/natural_reference/computed.py's NaturalReference.

        Raises:
            ZestError: the natural clips do not tell it (no speaker labels, one speaker only).
        """
        ...


def percent(hit: bool) -> Value:
    """100 or 0; the mean over a set is a share in percent."""
    return Value(100.0 if hit else 0.0)


def plain(value: float | None) -> Value | None:
    """A value of weight 1, None where it is missing or not a number."""
    return None if value is None or not math.isfinite(value) else Value(float(value))


def rounded(vector: np.ndarray) -> list[float]:
    """A vector as an observation: five digits; float64 first, or 0.1 would be written with seventeen."""
    return np.round(np.asarray(vector, dtype=np.float64), 5).tolist()
