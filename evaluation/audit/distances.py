"""Everything of the metrics that uses a distance or a likeness, as a distance between two recordings.

Distances are those of the metrics themselves: a metric scores a pair in which the anchor stands for the recording that
conversions are held against. F0 and tempo are asked about emotions, embeddings about voices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.audit.triplets import EMOTION, VOICE
from evaluation.judges import registry as judges
from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Seen
from evaluation.metrics.emotion import NearerToReference, Posterior, judgement_distance
from evaluation.metrics.voice import VoiceMetric, cosine
from evaluation.pair import Pair
from pipelines.errors import ZestError

F0_METRICS = ("f0-mean-error", "f0-range-error", "f0-shape-rmse", "f0-correlation")  # held against the reference
VOICES = ("voice-to-source",)
NO_PAIR = Pair("audit", Path(), Path(), "")
Compare = Callable[[Any, Any, str], float | None]


@dataclass(frozen=True)
class Distance:
    """A distance under audit.

    Attributes:
        name: of the metric. observer: by the name that metrics give. about: EMOTION or VOICE. words: what is compared.
        between: (observation of the anchor, of the other, emotion of the anchor) to a number, smaller is nearer; None where
            it has none.
        changes: whether the anchor's observation counts, so that it can be asked of a changed anchor.
    """

    name: str
    observer: str
    about: str
    words: str
    between: Compare
    changes: bool = True


def default_distances(chosen: Sequence[str]) -> tuple[str, ...]:
    """Names of what is audited beside judges. chosen: names of the judges."""
    return (*(f"{base}@{judge}" for judge in chosen for base in ("emotion-nearer", "target-posterior")), *VOICES, *F0_METRICS)


def find_distance(name: str) -> Distance:
    """Raises ZestError: there is no such metric, or it uses no distance between two recordings."""
    metric = registry.metric(name)
    if isinstance(metric, NearerToReference):
        return Distance(name, metric.observer, EMOTION, "Jensen-Shannon distance of posteriors", _judged)
    if isinstance(metric, Posterior):
        return Distance(name, metric.observer, EMOTION, "posterior of the anchor's emotion", _less_likely, False)
    if isinstance(metric, VoiceMetric):
        return Distance(name, metric.observer, VOICE, "cosine of embeddings", _unlike)
    if metric.base in F0_METRICS:
        return Distance(name, metric.observer, EMOTION, metric.info.unit, partial(_scored, metric))
    known = (*(f"emotion-nearer@{judge}" for judge in judges.default_names()), *VOICES, *F0_METRICS)
    raise ZestError(f"The metric {name} uses no distance between two recordings; an audit takes {', '.join(known)}, "
                    "and others of these kinds.")


def _judged(anchor: Any, other: Any, emotion: str) -> float | None:
    return judgement_distance(anchor, other)


def _less_likely(anchor: Any, other: Any, emotion: str) -> float | None:
    return 1 - other[emotion] if emotion in other else None


def _unlike(anchor: Any, other: Any, emotion: str) -> float | None:
    return 1 - cosine(anchor, other)


def _scored(metric: Metric, anchor: Any, other: Any, emotion: str) -> float | None:
    value = metric.score(NO_PAIR, Seen(anchor, anchor, other))
    if value is None or not math.isfinite(value.value):
        return None
    return -value.value if metric.better == "higher" else value.value
