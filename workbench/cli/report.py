"""`zest report RUN/`: one HTML file with tables, figures and players, and the tables in Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from workbench.cli.commands import refuse_given
from workbench.cli.names import check_replacing
from workbench.cli.options import AsJson, BootstrapSeed, Draws, Overwrite
from workbench.cli.output import print_json
from workbench.cli.progress import say


def report(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder that zest evaluate wrote, finished or not.")],
    output: Annotated[Optional[Path], typer.Option(
        "--output", "-o", metavar="FILE", help="HTML file to write; the Markdown file lies beside it. If left out, report.html "
                                               "in the folder, where an older report is replaced.")] = None,
    worst_of: Annotated[Optional[str], typer.Option(
        metavar="NAME", help="System whose worst pairs are shown; the first that is no baseline if left out.")] = None,
    worst: Annotated[int, typer.Option(metavar="NUMBER", min=0, max=100, help="How many of its worst pairs.")] = 10,
    audio: Annotated[bool, typer.Option(help="Put the recordings of the worst pairs into the HTML file.")] = True,
    draws: Draws = 2000,
    seed: BootstrapSeed = 0,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Write the report of an evaluation: intervals, comparisons, confusion matrices, the worst pairs, provenance."""
    from evaluation.report.writing import is_report, write_report

    if worst == 0:
        refuse_given(context, ("worst_of", "audio"), "With --worst 0 no pairs are shown, so")
    if output is not None:
        markdown = output.with_suffix(".md")
        check_replacing([output], [] if is_report(markdown) else [markdown], overwrite)
    files = write_report(run, output, worst_of, worst, audio, draws, seed)
    if as_json:
        print_json({"html": str(files.html), "markdown": str(files.markdown)})
    say(f"Wrote {files.html} ({files.html.stat().st_size / 1e6:.1f} MB) and {files.markdown}.")
