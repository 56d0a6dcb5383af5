"""What natural speech reaches by a run's marks.json: judges' accuracy, the speaker threshold, the cross-emotion cosine.

Written by evaluation/natural_reference/computed.py (`Marks.document`); whatever is not there gives no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluation.metrics.base import Marked, Metric
from evaluation.natural_reference.computed import Centroids, Marks, VoiceMark
from evaluation.report.catalogue import Catalogue
from evaluation.report.observed import observer_keys
from evaluation.run.folder import EvaluationRun
from pipelines.errors import ZestError


@dataclass(frozen=True)
class Mark:
    """A row of natural speech. values: per metric; notes: per metric, how many clips or pairs."""

    title: str
    explanation: str
    values: Mapping[str, float]
    notes: Mapping[str, str] = field(default_factory=dict)


def marks_of(run: EvaluationRun, catalogue: Catalogue) -> tuple[Mark, ...]:
    """Rows to stand beside the systems'."""
    judged = {info.name: mark for info in catalogue.accuracies() if (mark := _judge(run, info.name))}
    voices = {info.name: mark for info in catalogue.to_source() if (mark := _voice(run, info.name))}
    crossed = {name: mark["cross_emotion"] for name, mark in voices.items() if mark.get("cross_emotion")}
    rows = (
        Mark("judge on natural speech", "mean accuracy over emotions, on the run's labelled recordings",
             {name: mark["accuracy"] for name, mark in judged.items()},
             {name: f"{mark['clips']} clips" for name, mark in judged.items()}),
        Mark("same speaker, another emotion", "natural recordings of one speaker: above this mark, more is not better",
             {name: mark["mean"] for name, mark in crossed.items()},
             {name: f"{mark['pairs']} pairs" for name, mark in crossed.items()}),
        Mark("equal-error threshold", "below it, a verifier says: another speaker",
             {name: mark["threshold"] for name, mark in voices.items()},
             {name: f"error {mark['equal_error_rate']:.1f} %" for name, mark in voices.items()}),
    )
    return tuple(row for row in rows if row.values)


def with_marks(metric: Metric, run: EvaluationRun) -> Metric:
    """A metric that needs a threshold or speakers, with those of the run; as it is where the run has none."""
    model = metric.observer.partition("@")[2]
    mark = _voice(run, metric.info.name)
    if not isinstance(metric, Marked) or not mark:
        return metric
    known = VoiceMark(**{**mark, "centroids": Centroids(**mark["centroids"])})
    try:
        return metric.with_marks(Marks(voices={model: known}))
    except ZestError:  # one speaker only: nothing can be asked
        return metric


def natural_accuracy(run: EvaluationRun, metric: str) -> dict[str, float]:
    """Per emotion, what a judge reaches on natural speech, %; empty where it was not marked."""
    rows = _judge(run, metric).get("confusion", {})
    return {wanted: 100 * heard.get(wanted, 0) / sum(heard.values()) for wanted, heard in rows.items() if sum(heard.values())}


def natural_confusions(run: EvaluationRun, metric: str) -> list[tuple[str, dict[str, dict[str, int]]]]:
    """(title, counts) of a judge on natural speech; empty where it was not marked."""
    rows = _judge(run, metric).get("confusion", {})
    return [("natural speech, all labelled clips", rows)] if rows else []


def _judge(run: EvaluationRun, metric: str) -> dict[str, Any]:
    return run.marks.get("judges", {}).get(observer_keys(run).get(metric, ""), {})


def _voice(run: EvaluationRun, metric: str) -> dict[str, Any]:
    return run.marks.get("voices", {}).get(observer_keys(run).get(metric, ""), {})
