"""Which metrics a run has, what each asks, and which of them answer the questions that the report puts first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.metrics.base import Metric, MetricInfo
from evaluation.run.folder import EvaluationRun

SUBJECTS = {  # evaluation/metrics/<subject>.py: the question as a heading
    "words": "Words kept?", "emotion": "Emotion moved?", "unseen": "Any emotion moved, known to the judge or not?",
    "voice": "Voice kept?", "melody": "Melody moved?",
    "tempo": "Tempo moved?", "parallel": "Right for this speaker?", "other": "Other metrics",
    "naturalness": "Natural? Predicted by models, not heard by people",
}
CER, SHAPE = "cer", "f0-shape-rmse"


@dataclass(frozen=True)
class CatalogueEntry:
    """info: what the metric is. subject: a key of SUBJECTS. metric: to score natural rows with, None where it cannot be had."""

    info: MetricInfo
    subject: str
    metric: Metric | None = None


@dataclass(frozen=True)
class Catalogue:
    """entries: by name, in the run's order, measured metrics and others."""

    entries: Mapping[str, CatalogueEntry]
    measured: tuple[str, ...]

    def infos(self, subject: str | None = None) -> tuple[MetricInfo, ...]:
        """Of the metrics that were measured; of one subject or of all."""
        return tuple(self.entries[name].info for name in self.measured if subject in (None, self.entries[name].subject))

    def accuracies(self) -> tuple[MetricInfo, ...]:
        """Judges' accuracy: shares of pairs heard as the wanted emotion, one metric a judge."""
        return tuple(info for info in self.infos("emotion") if info.unit.startswith("%"))

    def posteriors(self) -> tuple[MetricInfo, ...]:
        """What judges give to the wanted emotion, between 0 and 1."""
        return tuple(info for info in self.infos("emotion") if not info.unit.startswith("%"))

    def to_source(self) -> tuple[MetricInfo, ...]:
        """Speaker cosines to the source."""
        return tuple(info for info in self.infos("voice") if info.unit == "cosine" and "source" in info.name)

    def speaker_accuracies(self) -> tuple[MetricInfo, ...]:
        """Closed-set speaker accuracy."""
        return tuple(info for info in self.infos("voice") if info.unit.startswith("%") and "accuracy" in info.name)

    def named(self, *names: str) -> tuple[MetricInfo, ...]:
        """Those of these names that were measured."""
        return tuple(self.entries[name].info for name in names if name in self.measured)

    def headlines(self) -> tuple[MetricInfo, ...]:
        """One number a question: words, emotion by every judge, voice, melody, predicted naturalness."""
        melody = self.named(SHAPE) or self.infos("melody")[:1]
        chosen = (*self.named(CER), *self.accuracies(), *self.to_source()[:1], *melody, *self.infos("naturalness")[:1])
        return chosen or self.infos()[:5]


def catalogue_of(run: EvaluationRun, entries: Mapping[str, CatalogueEntry] | None = None) -> Catalogue:
    """What is known of a run's metrics.

    Args:
        entries: by name; the registry's if None. A metric that nobody knows any more keeps its name and models.
    """
    known = {} if entries is None else dict(entries)
    if entries is None:
        known = {name: entry for name, about in run.info["metrics"].items() if (entry := _registered(name, about.get("key")))}
    found = {name: known.get(name) or _unknown(name, about.get("models", "")) for name, about in run.info["metrics"].items()}
    return Catalogue(found, run.metrics)


def subjects_of(catalogue: Catalogue) -> Sequence[str]:
    """Those with something measured, in the order of SUBJECTS."""
    return [subject for subject in SUBJECTS if catalogue.infos(subject)]


def _registered(name: str, key: str | None) -> CatalogueEntry | None:
    """A metric as it is now; to score with only where its observer is still the one that listened."""
    from evaluation.metrics import registry
    from pipelines.errors import ZestError

    try:
        metric = registry.metric(name)
    except ZestError:
        return None
    subject = type(metric).__module__.rpartition(".")[2]
    usable = metric if _key(metric.observer) == key else None
    return CatalogueEntry(metric.info, subject if subject in SUBJECTS else "other", usable)


def _key(observer: str) -> str | None:
    """None where its model is gone."""
    from evaluation.metrics import registry
    from pipelines.errors import ZestError

    try:
        return registry.OBSERVERS[observer].key
    except ZestError:
        return None


def _unknown(name: str, models: str) -> CatalogueEntry:
    info = MetricInfo(name, "Not known to this version of zest.", "closer", float("-inf"), float("inf"), "", "", models)
    return CatalogueEntry(info, "other")
