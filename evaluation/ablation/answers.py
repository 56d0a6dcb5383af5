"""A question's numbers: every variant's value of every metric with its interval, and its difference from the first variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evaluation.metrics import registry
from evaluation.metrics.base import MetricInfo
from evaluation.report.results import Matrix, matrix_of
from evaluation.report.statistics import FEW_SPEAKERS, Difference, Estimate, differences, estimates, resample
from evaluation.run import EvaluationRun
from pipelines.counting import counted
from pipelines.notices import not_measured
from pipelines.training.ablation.study import AblationQuestion


@dataclass(frozen=True)
class AnswerLine:
    """One row of the table. beside: no variant, but a system that is shown for comparison.

    Attributes:
        estimates, differences: one a metric; differences from the first variant, None for that itself and where there is none.
    """

    name: str
    system: str
    beside: bool
    estimates: tuple[Estimate | None, ...]
    differences: tuple[Difference | None, ...]


@dataclass(frozen=True)
class Answer:
    """Attributes:
        infos: of the metrics that were measured and are shown.
        notes: why a metric was not, which conversions failed, and whether intervals rest on few speakers.
        pairs, speakers: how many; intervals rest on the speakers. draws, seed: of the bootstrap.
    """

    name: str
    title: str
    infos: tuple[MetricInfo, ...]
    lines: tuple[AnswerLine, ...]
    notes: tuple[str, ...]
    pairs: int
    pairs_hash: str
    speakers: int
    draws: int
    seed: int


def answer_of(run: EvaluationRun, question: AblationQuestion, names: Mapping[tuple[str, str], str], beside: Sequence[str] = (),
              draws: int = 2000, seed: int = 0) -> Answer:
    """The question's part of a run.

    Args:
        names: (question, variant) to the system's name in the run. beside: systems that are shown, too.
    """
    matrix = matrix_of(run)
    asked = question.metrics or tuple(run.record.metrics)
    shown = tuple(name for name in asked if name in matrix.metrics)
    rows, resamples = matrix.rows(), resample(matrix.speakers, draws, seed)
    first = names[question.name, question.variants[0].name]

    def line(name: str, system: str, beside: bool) -> AnswerLine:
        sides = [matrix.scores(system, metric, rows) for metric in shown]
        against = [(side, matrix.scores(first, metric, rows)) for side, metric in zip(sides, shown, strict=True)]
        own = system == first or beside or not sides
        return AnswerLine(name, system, beside, tuple(estimates(sides, resamples, len(rows)) if sides else ()),
                          (None,) * len(shown) if own else tuple(differences(against, resamples)))

    lines = [line(variant.name, names[question.name, variant.name], False) for variant in question.variants]
    lines += [line(system, system, True) for system in beside]
    return Answer(question.name, question.title, tuple(registry.metric(name).info for name in shown), tuple(lines),
                  (*not_measured({name: why for name, why in run.not_measured.items() if name in asked}),
                   *_failures(run, lines), *_doubt(matrix)),
                  len(rows), run.record.pairs_hash, len(set(matrix.speakers)), draws, seed)


def _failures(run: EvaluationRun, lines: Sequence[AnswerLine]) -> Iterator[str]:
    """A sentence for each row that has failed conversions, with the reason of the first."""
    for line in lines:
        failed = [one.failed for (system, _), one in run.conversions.items() if system == line.system and one.failed]
        if failed:
            yield f"{line.name}: {len(failed)} of {counted(len(run.pairs), 'conversion')} failed; the first: {failed[0]}"


def _doubt(matrix: Matrix) -> Iterator[str]:
    speakers = len(set(matrix.speakers))
    if speakers < FEW_SPEAKERS:
        yield f"Of so few source speakers ({speakers}) the intervals are too narrow (docs/report.md)."
