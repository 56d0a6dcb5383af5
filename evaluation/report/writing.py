"""From a RUN/ folder to report.html and report.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evaluation.pair import read_paths
from evaluation.report.blocks import Document
from evaluation.report.catalogue import CatalogueEntry, catalogue_of
from evaluation.report.statistics import DRAWS
from evaluation.run.folder import EvaluationRun, open_run
from pipelines.counting import counted
from pipelines.errors import ZestError
from pipelines.files import check_ending, write_whole
from pipelines.hooks import Event, Hook, silent
from pipelines.outputs import check_outputs

if TYPE_CHECKING:
    from evaluation.report.sections import Material

PAGES = (".html", ".htm")
TITLE = "How the conversions scored"
STAGES = ("natural rows", "intervals", "sections", "worst pairs")


@dataclass(frozen=True)
class Report:
    """Where a report lies."""

    html: Path
    markdown: Path


def write_report(folder: Path | str, output: Path | str | None = None, worst_of: str | None = None, worst: int = 10,
                 audio: bool = True, draws: int = DRAWS, seed: int = 0, entries: Mapping[str, CatalogueEntry] | None = None,
                 hook: Hook = silent) -> Report:
    """Write a run's report: one HTML file with everything inside, and its tables in Markdown beside it.

    Args:
        folder: RUN/, finished or not. output: the HTML file; report.html in the folder if None. The Markdown file has the
            same name with .md.
        worst_of: whose worst pairs are shown; the first system that is no baseline if None. worst: how many.
        audio: put their recordings into the HTML file.
        draws, seed: of the bootstrap.
        entries: what metrics are; the registry's if None.
        hook: gets 'progress' events of the stage 'report', value (done, total).
    Raises:
        ZestError: no run, a run without scores, or an unknown system. OutputError: the files cannot be written.
    """
    run = open_run(folder)
    page = run.folder / "report.html" if output is None else Path(output)
    files = Report(page, page.with_suffix(".md"))
    if files.html == files.markdown:
        raise ZestError(f"{page} would be both files of the report; name the HTML file, as in report.html.")
    check_outputs(_read(run), (files.html, files.markdown))
    check_ending(files.html, PAGES, "reports")
    _refuse(run, worst_of)
    document = document_of(run, worst_of, worst, audio, draws, seed, entries, hook)
    from evaluation.report.rendering import to_html, to_markdown

    content = to_html(document).encode(errors="replace"), to_markdown(document).encode(errors="replace")
    write_whole(files.html, content[0])
    write_whole(files.markdown, content[1])
    return files


def is_report(markdown: Path) -> bool:
    """Whether a file is an older report in Markdown."""
    try:
        with markdown.open("rb") as file:
            return file.readline().decode(errors="replace").strip() == f"# {TITLE}"
    except (OSError, ValueError):
        return False


def document_of(run: EvaluationRun, worst_of: str | None = None, worst: int = 10, audio: bool = True, draws: int = DRAWS,
                seed: int = 0, entries: Mapping[str, CatalogueEntry] | None = None, hook: Hook = silent) -> Document:
    """A run's report before it is HTML or Markdown; see `write_report`."""
    from evaluation.report import sections  # imported late: matplotlib and scipy take a second
    from evaluation.report.published import beside_published
    from evaluation.report.worst import focus_of, worst_section

    material = material_of(run, draws, seed, entries, hook=hook)
    written = [section(material) for section in (sections.glance, sections.settings, sections.separation, sections.comparisons,
                                         sections.confusions, sections.pictures, beside_published)]
    _tell(hook, 3)
    written += [worst_section(material, worst_of or focus_of(run.systems), worst, audio), sections.metrics(material),
              sections.provenance(run, material.results)]
    _tell(hook, 4)
    settings = ", ".join(setting.upper() for setting in material.results.matrix.settings if setting)
    created = (run.record.created or "").replace("T", " ").replace("+00:00", " UTC")
    subtitle = " \u00b7 ".join(filter(None, (f"{counted(len(run.pairs), 'pair')} (hash {run.record.pairs_hash})",
                                             counted(len(run.systems), "system"), settings, created)))
    return Document(TITLE, subtitle, tuple(written))


def material_of(run: EvaluationRun, draws: int = DRAWS, seed: int = 0, entries: Mapping[str, CatalogueEntry] | None = None,
                compare: bool = True, hook: Hook = silent) -> Material:
    """Everything that pages about a run are written from; arguments as in `write_report`.

    compare: also compute the difference of every two systems.
    """
    from evaluation.natural_reference.rows import natural_reference_rows, with_natural_rows
    from evaluation.report import sections
    from evaluation.report.results import matrix_of, results_of
    from evaluation.run.observing import RunObservations

    catalogue, observed = catalogue_of(run, entries), RunObservations(run)
    _tell(hook, 0)
    matrix = with_natural_rows(matrix_of(run), catalogue, observed)
    _tell(hook, 1)
    results = results_of(matrix, draws, seed, compare=compare)
    _tell(hook, 2)
    return sections.Material(run, catalogue, results, observed, natural_reference_rows(run, catalogue))


def _read(run: EvaluationRun) -> list[Path]:
    """What a report must not replace: the run's files, and the recordings of its pairs and systems."""
    rendered = [run.files.wav(system, pair.id) for system in run.systems for pair in run.pairs]
    return [run.files.record_file, run.files.pairs_file, *run.files.appended, *read_paths(run.pairs), *rendered]


def _refuse(run: EvaluationRun, worst_of: str | None) -> None:
    if run.scores.empty:
        raise ZestError(f"{run.folder} has no scores yet; run its zest evaluate first.")
    if worst_of is not None and worst_of not in run.systems:
        raise ZestError(f"The run has no system '{worst_of}'; it has {', '.join(run.systems)}.")


def _tell(hook: Hook, done: int) -> None:
    hook(Event("progress", "report", value=(done, len(STAGES)), label="Writing the report"))
