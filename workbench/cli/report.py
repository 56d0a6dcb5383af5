"""`zest report RUN/`: one HTML file with tables, figures and players, and the tables in Markdown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Optional

import typer

from workbench.cli.progress import say


def report(
    run: Annotated[Path, typer.Argument(help="Folder that zest evaluate wrote, finished or not.")],
    output: Annotated[Optional[Path], typer.Option(
        "--output", "-o", help="HTML file to write, report.html in the folder if left out; the Markdown file lies beside it. "
                               "Existing files are replaced.")] = None,
    worst_of: Annotated[Optional[str], typer.Option(
        help="System whose worst pairs are shown; the first that is no baseline if left out.")] = None,
    worst: Annotated[int, typer.Option(min=0, max=100, help="How many of its worst pairs.")] = 10,
    audio: Annotated[bool, typer.Option(help="Put the recordings of the worst pairs into the HTML file.")] = True,
    draws: Annotated[int, typer.Option(min=100, max=100_000, help="Resamples of the bootstrap.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap: same seed, same intervals.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Write the report of an evaluation: intervals, comparisons, confusion matrices, the worst pairs, provenance."""
    from evaluation.report import write_report

    files = write_report(run, output, worst_of, worst, audio, draws, seed)
    if as_json:
        print(json.dumps({"html": str(files.html), "markdown": str(files.markdown)}, indent=2, ensure_ascii=False))
    say(f"Wrote {files.html} ({files.html.stat().st_size / 1e6:.1f} MB) and {files.markdown}.")
