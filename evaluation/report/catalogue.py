"""The metrics of a run, and which of them the report shows first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.metrics.base import Metric, MetricInfo
from evaluation.metrics.subjects import (
    EMOTION_ACCURACY,
    OTHER,
    SPEAKER_ACCURACY,
    SPEAKER_SIMILARITY,
    SUBJECTS,
    TARGET_POSTERIOR,
    KnownOrder,
    Role,
    Subject,
)
from evaluation.run.folder import EvaluationRun


@dataclass(frozen=True)
class CatalogueEntry:
    """What the report knows of a metric.

    Attributes:
        info: name, question, range, unit. subject: the table it stands in. metric: scores natural rows, None where it is missing.
        role: its part in summaries. order: two natural rows of which one must score better, the subject's if None.
        accident: it counts faults that no natural recording has. natural_rows: natural recordings are scored like conversions.
    """

    info: MetricInfo
    subject: Subject
    metric: Metric | None = None
    role: Role | None = None
    order: KnownOrder | None = None
    accident: bool = False
    natural_rows: bool = True


@dataclass(frozen=True)
class Catalogue:
    """entries: by name, in the run's order, measured metrics and others."""

    entries: Mapping[str, CatalogueEntry]
    measured: tuple[str, ...]

    def infos(self, subject: Subject | None = None) -> tuple[MetricInfo, ...]:
        """Of the metrics that were measured; of one subject or of all."""
        return tuple(self.entries[name].info for name in self.measured if subject in (None, self.entries[name].subject))

    def with_role(self, role: Role) -> tuple[MetricInfo, ...]:
        """Of the measured metrics that play a role."""
        return tuple(self.entries[name].info for name in self.measured if self.entries[name].role == role)

    def accuracies(self) -> tuple[MetricInfo, ...]:
        """Judges' accuracy: shares of pairs judged as the target emotion, one metric a judge."""
        return self.with_role(EMOTION_ACCURACY)

    def posteriors(self) -> tuple[MetricInfo, ...]:
        """Judges' posteriors of the target emotion, 0 to 1."""
        return self.with_role(TARGET_POSTERIOR)

    def to_source(self) -> tuple[MetricInfo, ...]:
        """Speaker cosines to the source."""
        return self.with_role(SPEAKER_SIMILARITY)

    def speaker_accuracies(self) -> tuple[MetricInfo, ...]:
        """Closed-set speaker accuracy."""
        return self.with_role(SPEAKER_ACCURACY)

    def named(self, *names: str) -> tuple[MetricInfo, ...]:
        """Those of these names that were measured."""
        return tuple(self.entries[name].info for name in names if name in self.measured)

    def headlines(self) -> tuple[MetricInfo, ...]:
        """The main metric of each subject: words, emotion by every judge, voice, F0, predicted naturalness."""
        chosen: list[MetricInfo] = []
        for subject in subjects_of(self):
            own = self.with_role(subject.headline) if subject.headline else ()
            own = own or (self.infos(subject) if subject.otherwise else ())
            chosen += own if subject.every else own[:1]
        return tuple(chosen) or self.infos()[:5]


def catalogue_of(run: EvaluationRun, entries: Mapping[str, CatalogueEntry] | None = None) -> Catalogue:
    """What is known of a run's metrics.

    Args:
        entries: by name; the registry's if None. A metric that is no longer registered keeps its name and models.
    """
    known = {} if entries is None else dict(entries)
    if entries is None:
        known = {name: entry for name, about in run.record.metrics.items() if (entry := _registered(name, about.key))}
    found = {name: known.get(name) or _unknown(name, about.models) for name, about in run.record.metrics.items()}
    return Catalogue(found, run.metrics)


def subjects_of(catalogue: Catalogue) -> Sequence[Subject]:
    """Subjects with a measured metric, in the order of SUBJECTS; subjects that only a metric defines come last."""
    named = dict.fromkeys((*SUBJECTS.values(), *(entry.subject for entry in catalogue.entries.values())))
    return [subject for subject in named if catalogue.infos(subject)]


def entry_of(metric: Metric, usable: bool = True) -> CatalogueEntry:
    """The entry of a metric. usable: it can score natural rows of the run."""
    plays = metric.role is not None and not (metric.role.default_model and metric.info.name != metric.base)
    return CatalogueEntry(metric.info, metric.subject, metric if usable else None, metric.role if plays else None, metric.order,
                          metric.accident, metric.natural_rows)


def _registered(name: str, key: str | None) -> CatalogueEntry | None:
    """A metric as it is now; to score with only where its observer is still the one that observed the run."""
    from evaluation.metrics import registry
    from pipelines.errors import ZestError

    try:
        metric = registry.metric(name)
    except ZestError:
        return None
    try:
        return entry_of(metric, metric.observing().key == key)
    except ZestError:  # its model is gone
        return entry_of(metric, key is None)


def _unknown(name: str, models: str) -> CatalogueEntry:
    info = MetricInfo(name, "Not known to this version of zest.", "closer", float("-inf"), float("inf"), "", "", models)
    return CatalogueEntry(info, OTHER)
