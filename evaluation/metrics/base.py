"""What a metric is: an observer listens to single clips, a metric reads what was observed of a pair.

Observing (transcribing, embedding, judging) is expensive and done once per distinct clip; scoring is arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from evaluation.pair import Pair


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
    """

    name: str
    question: str
    better: str
    low: float
    high: float
    unit: str
    source: str
    models: str


class Observer(Protocol):
    """Listens to clips, one by one or in batches.

    Attributes:
        key: names what is observed, the model and its version, safe as a file name; another key is another observer.
        per_language: whether observations depend on the language (then `observe` is called per language).
    """

    key: str
    per_language: bool

    def observe(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        """JSON-able observations, in order; a clip is (n,) float32 at 16 kHz. None where this clip cannot be observed.

        Raises:
            ZestError: the model is not installed or cannot be loaded; the sentence is shown as the reason for 'not measured'.
        """

    def unavailable(self) -> str | None:
        """Why it cannot observe here, as a sentence; None where it can. Loads no weights."""


@dataclass(frozen=True)
class Seen:
    """What one observer observed of a pair's clips; None where there is no such clip."""

    source: Any
    reference: Any
    converted: Any
    parallel: Any = None


class Metric(Protocol):
    """One number a pair. `observer` is a key into evaluation/metrics/registry.py's OBSERVERS."""

    info: MetricInfo
    observer: str

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where it does not apply to this pair (no text, no parallel recording, another language...)."""

    def failed(self, pair: Pair) -> Value | None:
        """What a pair counts whose conversion failed: the worst, or None where there is no worst."""


@runtime_checkable
class Marked(Protocol):
    """A metric that needs marks of natural speech first (a threshold, speakers' centroids): it is scored in a second pass.

    Without marks `score` gives None for every pair, so its row says 'measured 0 of n' and never a made-up number.
    """

    def with_marks(self, marks: Any) -> Metric:
        """The same metric with what it needs from evaluation/natural_reference/computed.py's Marks.

        Raises:
            ZestError: the natural clips do not tell it (no speaker labels, one speaker only).
        """
