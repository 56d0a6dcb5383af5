"""The numbers of the paper (Dutta & Ganapathy, ICASSP 2024, arXiv 2401.04511, table 1), beside a run's own.

They were measured on ESD English with another recogniser, and emotions were judged by the converter's own encoder. Numbers
compare only within one recogniser, one judge and one corpus, so the paper's are shown under HEADING and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.metrics.base import MetricInfo
from evaluation.metrics.subjects import CHARACTER_ERRORS
from evaluation.report.blocks import Block, Cell, Column, Paragraph, Row, Section, Table
from evaluation.report.results import ALL, RunResults
from evaluation.report.sections import Material
from evaluation.report.tables import NOTHING, estimate_cell, setting_name

HEADING = "published (other recogniser, ESD)"
SOURCE = "Dutta & Ganapathy, ICASSP 2024, arXiv 2401.04511, table 1"
SETTINGS = ("ssst", "ssdt", "dsst", "dsdt", "ute", "uss")


@dataclass(frozen=True)
class Published:
    """One system of the paper. values: % per setting of SETTINGS, None where the paper has none."""

    system: str
    values: tuple[float | None, ...]

    def value(self, setting: str) -> float | None:
        """%; None where the paper has none, or does not know the setting."""
        return self.values[SETTINGS.index(setting)] if setting in SETTINGS else None


CER = (
    Published("VAWGAN", (7.9, 6.6, 7.9, 6.6, None, None)),
    Published("Polyak et al.", (7.0, 5.7, 7.0, 5.7, 6.1, 14.6)),
    Published("ZEST", (7.2, 5.6, 7.2, 5.4, 5.9, 14.8)),
)
EMOTION = (
    Published("VAWGAN", (41.4, 44.5, 41.4, 44.5, None, None)),
    Published("Polyak et al.", (36.4, 33.3, 28.3, 25.9, None, 26.6)),
    Published("ZEST no adversarial", (56.1, 42.4, 46.8, 38.6, None, 36.4)),
    Published("ZEST no F0 predictor", (55.8, 39.9, 45.3, 36.6, None, 28.4)),
    Published("ZEST no F0 encoder", (63.1, 59.2, 56.3, 54.7, None, 71.3)),
    Published("ZEST no unit encoder", (64.4, 58.5, 55.3, 50.8, None, 67.6)),
    Published("ZEST", (69.0, 63.8, 60.0, 55.6, None, 72.5)),
)
SPEAKER = (
    Published("VAWGAN", (62.4, 76.0, 62.4, 76.0, None, None)),
    Published("ZEST", (99.4, 99.8, 97.8, 99.7, 98.6, None)),
)


def beside_published(material: Material) -> Section:
    """The paper's table next to this run's numbers."""
    catalogue, results = material.catalogue, material.results
    tables = (("Character error rate, %", catalogue.with_role(CHARACTER_ERRORS), CER),
              ("Emotion accuracy, %", catalogue.accuracies(), EMOTION),
              ("Speaker accuracy, %", catalogue.speaker_accuracies(), SPEAKER))
    blocks: list[Block] = []
    for caption, infos, theirs in tables:
        if not infos:
            blocks.append(Paragraph(f"{caption.removesuffix(', %')}: not measured in this run.", "warning"))
        blocks.append(published_table(results, infos, theirs, caption))
    return Section("published", "Beside the published table", (
        Paragraph(f"Published: {SOURCE}. Character error rate and accuracy compare only within one recogniser, one "
                  "judge and one corpus; the authors judged emotion with the converter's own encoder. The columns below stand "
                  "beside each other for orientation and must not be subtracted."),
        *blocks))


def published_table(results: RunResults, infos: Sequence[MetricInfo], theirs: Sequence[Published],
                    caption: str) -> Table:
    """Rows: settings; columns: this run's systems, measured here, and beside them the paper's, headed as published.

    Args:
        infos: this run's metrics that ask the same question as the paper's number.
    """
    ours = [(system, info) for info in infos for system in results.matrix.systems if system not in results.matrix.natural]
    named = [setting for setting in results.matrix.settings if setting]
    settings = dict.fromkeys([*SETTINGS, *named])
    columns = [*(Column(system, group=f"measured in this run: {info.name}, %") for system, info in ours),
               *(Column(one.system, group=HEADING) for one in theirs)]
    rows = [Row(setting_name(setting), (*(measured_cell(results, setting, system, info) for system, info in ours),
                                        *(published_cell(one.value(setting)) for one in theirs))) for setting in settings]
    return Table(caption, "setting", tuple(columns), tuple(rows))


def measured_cell(results: RunResults, setting: str, system: str, info: MetricInfo) -> Cell:
    """A system's value in one setting of the paper, which the run may not have."""
    only = results.matrix.settings == (setting,)  # a run of one setting has it under ALL
    if setting not in results.matrix.settings:
        return Cell("not in this run", mark="faint")
    return estimate_cell(results.estimate(ALL if only else setting, system, info.name), info, results.expected(setting))


def published_cell(value: float | None) -> Cell:
    """A percentage of the paper."""
    return Cell(NOTHING, mark="faint") if value is None else Cell(f"{value:.1f}")
