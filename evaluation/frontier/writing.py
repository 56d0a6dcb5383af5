"""From a RUN/ folder to the frontier's page, tables and pictures, all of them in the folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from evaluation.frontier.curve import Frontier, curves_of, frontier_of
from evaluation.report.blocks import Block, Document, Fold, Paragraph, Section
from evaluation.report.catalogue import Catalogue, CatalogueEntry, catalogue_of
from evaluation.report.statistics import DRAWS, FEW_SPEAKERS
from evaluation.run.folder import EvaluationRun, open_run
from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.files import write_whole
from pipelines.notices import not_measured

READING = ("Each cell: the value of the set, its 95 % bootstrap interval over source speakers and their pairs, and the pairs "
           "measured of those expected. An emotion counts as recognised where the judge finds it likeliest of those that it "
           "knows. A failed conversion stays in the denominator.")
AREA_READING = ("The area is that of the unit square below and left of a system's points. One side is the share of pairs with "
                "the target emotion recognised, 0 to 100 %. The other is what is kept: cosine 0 to 1, CER 100 to 0 %, or "
                "predicted MOS 1 to 5. Its reference point is the worst of both. More strengths can only enlarge an area, so "
                "compare curves of the same strengths.")
DOMINATED_READING = ("A point is dominated where another point of this page recognises and keeps at least as much, and more of "
                     "one of them. This looks at the values alone; points whose intervals overlap may change places.")


@dataclass(frozen=True)
class FrontierFiles:
    """Where everything lies. picture, strengths: PNG and SVG of emotion against voice, and of every metric over strength."""

    html: Path
    markdown: Path
    points: Path
    areas: Path
    picture: Path
    vector: Path
    strengths: Path
    strengths_vector: Path

    @classmethod
    def of(cls, folder: Path | str) -> FrontierFiles:
        """The files in a RUN/ folder, whether they are there or not."""
        names = ("frontier.html", "frontier.md", "frontier.csv", "frontier-areas.csv", "frontier.png", "frontier.svg",
                 "frontier-strength.png", "frontier-strength.svg")
        return cls(*(Path(folder) / name for name in names))

    @property
    def every(self) -> tuple[Path, ...]:
        return astuple(self)


def write_frontier(folder: Path | str, systems: Sequence[str] | None = None, draws: int = DRAWS, seed: int = 0,
                   entries: Mapping[str, CatalogueEntry] | None = None) -> tuple[Frontier, FrontierFiles]:
    """Write the frontier of any run: page, Markdown, two CSVs, and two pictures as PNG and SVG.

    Args:
        folder: RUN/, finished or not. systems: names; all of the run if None.
        draws, seed: of the bootstrap. entries: what metrics are; the registry's if None.
    Raises:
        ZestError: no run, one without scores, an unknown system, or no judge or nothing kept was measured.
        OutputError: the files cannot be written.
    """
    from evaluation.frontier.plot import strength_figure, trade_off_figure
    from evaluation.frontier.tables import areas_frame, points_frame
    from evaluation.plots import save_figure
    from evaluation.report.rendering import to_html, to_markdown
    from evaluation.report.results import matrix_of

    run = open_run(folder)
    _refuse(run, systems)
    catalogue, matrix = catalogue_of(run, entries), matrix_of(run)
    frontier = frontier_of(run, matrix, catalogue, systems, draws, seed)
    document, files = _document(run, frontier, catalogue, draws, seed), FrontierFiles.of(run.folder)
    for path, frame in ((files.points, points_frame(frontier)), (files.areas, areas_frame(frontier))):
        write_whole(path, frame.to_csv(index=False).encode(errors="replace"))
    trade_off, strengths = trade_off_figure(frontier), strength_figure(frontier)
    for figure, paths in ((trade_off, (files.picture, files.vector)), (strengths, (files.strengths, files.strengths_vector))):
        for path in paths:
            save_figure(figure, path)
    write_whole(files.markdown, to_markdown(document).encode(errors="replace"))
    write_whole(files.html, to_html(document).encode(errors="replace"))
    return frontier, files


def _refuse(run: EvaluationRun, systems: Sequence[str] | None) -> None:
    if run.scores.empty:
        raise ZestError(f"{run.folder} has no scores yet; run its zest frontier or zest evaluate first.")
    unknown = next((name for name in systems or () if name not in run.systems), None)
    if unknown is not None:
        raise ZestError(f"The run has no system '{unknown}'; it has {', '.join(run.systems)}.")
    if not curves_of(run, systems):
        raise ZestError("Which systems? Name at least one of the run.")


def _document(run: EvaluationRun, frontier: Frontier, catalogue: Catalogue, draws: int, seed: int) -> Document:
    from evaluation.frontier.chart import chart
    from evaluation.frontier.tables import areas_table, differences_table, emotion_name, points_table
    from evaluation.natural_reference.rows import natural_reference_rows
    from evaluation.report.sections import audited

    warned = audited(run, frontier.metrics)
    natural = natural_reference_rows(run, catalogue)
    caption = ("Recognised emotion against what is kept. Choose the emotion and both axes; hollow points are dominated. Thin "
               "lines are 95 % intervals.")
    files = FrontierFiles.of(run.folder)
    figure = Section("frontier", "Frontier", (chart(frontier, files.picture.name, caption), Paragraph(DOMINATED_READING),
                                              *warned, *_warnings(run)))
    areas: list[Block] = [areas_table(frontier), Paragraph(AREA_READING), *warned]
    if frontier.differences:
        areas.append(differences_table(frontier))
    first, *others = frontier.emotions
    points: list[Block] = [points_table(frontier, first, natural), Paragraph(READING), *warned]
    points += [Fold(emotion_name(emotion).capitalize(), (points_table(frontier, emotion),)) for emotion in others]
    subtitle = " \u00b7 ".join((f"{counted(len(run.pairs), 'pair')} (hash {run.record.pairs_hash})",
                                counted(len(frontier.curves), "system"), f"{counted(draws, 'resample')}, seed {seed}"))
    return Document("Emotion against voice and words", subtitle, (
        figure, Section("areas", "Areas", tuple(areas)), Section("points", "Points", tuple(points)),
        _provenance(run, draws, seed)))


def _provenance(run: EvaluationRun, draws: int, seed: int) -> Section:
    from evaluation.report.results import matrix_of, results_of
    from evaluation.report.sections import provenance

    return provenance(run, results_of(matrix_of(run), draws, seed, compare=False))


def _warnings(run: EvaluationRun) -> list[Paragraph]:
    speakers = len({pair.source_speaker for pair in run.pairs})
    failed = sum(one.failed is not None for one in run.conversions.values())
    said = list(not_measured(run.not_measured))
    if speakers < FEW_SPEAKERS:
        said.append(f"The pairs come from {counted(speakers, 'source speaker')}: intervals over so few are too narrow "
                    "(docs/report.md).")
    if failed:
        said.append(f"{counted(failed, 'conversion')} failed; the report of the run says why (zest report {run.folder.name}).")
    if not run.complete:
        said.append("Some systems of the run were not scored by every metric; see how many pairs were measured.")
    return [Paragraph(sentence, "warning") for sentence in said]
