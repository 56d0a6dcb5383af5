"""Does a metric separate natural speech from a floor? A metric that does not is useless for comparing systems.

Every metric scores two rows whose order is known beforehand, over the same pairs. The metric or its subject names the rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluation.metrics.base import MetricInfo
from evaluation.metrics.subjects import KnownOrder
from evaluation.natural_reference.rows import is_by_definition
from evaluation.report.blocks import Cell, Column, Row, Table
from evaluation.report.catalogue import Catalogue, CatalogueEntry, subjects_of
from evaluation.report.results import Matrix
from evaluation.report.statistics import Difference, differences, estimates, resample
from evaluation.report.tables import ARROWS, difference_cell, estimate_cell

SEPARATES, BY_DEFINITION = "separates them", "separates them (one of them by definition)"
USELESS, REVERSED = "does not separate them: useless here", "ranks them the wrong way round: useless here"
UNASKED, ACCIDENT = "not measured", "counts accidents: both should be near 0"


def separation_table(matrix: Matrix, catalogue: Catalogue, draws: int, seed: int) -> Table:
    """One row a metric: both values, their difference, and the verdict."""
    rows = [_row(matrix, catalogue.entries[info.name], draws, seed)
            for subject in subjects_of(catalogue) for info in catalogue.infos(subject)]
    columns = (Column("verdict", words=True), Column("must be better"), Column("must be worse"), Column("difference", "paired"),
               Column("over", words=True))
    return Table("Does each metric separate natural speech from a floor?", "metric", columns, tuple(rows))


def useless(table: Table) -> list[str]:
    """Names of metrics that do not separate, of a `separation_table`."""
    return [row.head for row in table.rows if row.cells[0].text in (USELESS, REVERSED)]


def verdict(difference: Difference | None, info: MetricInfo) -> str:
    """Verdict on a metric from the difference 'must be better' minus 'must be worse'."""
    if difference is None or difference.low is None:
        return UNASKED
    if not difference.clear:
        return USELESS
    right = {"higher": difference.value > 0, "lower": difference.value < 0}.get(info.better, True)
    return SEPARATES if right else REVERSED


def _row(matrix: Matrix, entry: CatalogueEntry, draws: int, seed: int) -> Row:
    info, order = entry.info, entry.order or entry.subject.order
    rows = np.array([index for index, pair in enumerate(matrix.pairs) if order.applies(pair)], dtype=int)
    found_names = [_first(matrix, info, candidates, rows) for candidates in (order.better, order.worse)]
    names = [name for name in found_names if name is not None]
    if len(names) < len(found_names):
        return _unasked(info, order, found_names)
    rows = rows[np.all([matrix.scores(name, info.name, rows).weights > 0 for name in names], axis=0)]  # both were measured
    sides = [matrix.scores(name, info.name, rows) for name in names]
    resamples = resample(matrix.speakers[rows], draws, seed)
    found, difference = estimates(sides, resamples, len(rows)), differences([(sides[0], sides[1])], resamples)[0]
    trivial = any(is_by_definition(matrix, name, info.name) for name in names)
    said = ACCIDENT if entry.accident else verdict(difference, info)
    if said == SEPARATES and trivial:  # a recording compared with itself proves little
        said = BY_DEFINITION
    cells = [_named(estimate_cell(estimate, info, len(rows)), name) for estimate, name in zip(found, names, strict=True)]
    return Row(info.name, (Cell(said, mark="words clear" if said in (USELESS, REVERSED) else "words"), *cells,
                           difference_cell(difference, info), Cell(f"{len(rows)} of {order.pairs}", mark="words")),
               ARROWS.get(info.better, ""))


def _unasked(info: MetricInfo, order: KnownOrder, names: Sequence[str | None]) -> Row:
    """A row for a metric that lacks one recording or both."""
    missing = [" or ".join(candidates) for name, candidates in zip(names, (order.better, order.worse), strict=True) if not name]
    why = Cell(f"no row of {' and '.join(missing)}", mark="words")
    return Row(info.name, (Cell(UNASKED, mark="words"), why, Cell(""), Cell(""), Cell(order.pairs, mark="words")),
               ARROWS.get(info.better, ""))


def _first(matrix: Matrix, info: MetricInfo, candidates: Sequence[str], rows: np.ndarray) -> str | None:
    """The first row that was measured. A row whose value is fixed by definition is taken only where there is no other."""
    there = [name for name in candidates if name in matrix.systems and matrix.scores(name, info.name, rows).measured]
    honest = [name for name in there if not is_by_definition(matrix, name, info.name)]
    return next(iter(honest or there), None)


def _named(cell: Cell, name: str) -> Cell:
    return Cell(f"{name}: {cell.text}", cell.detail)
