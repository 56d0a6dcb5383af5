"""`zest study import`: answers that another tool collected, in the analysis of this project's own studies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pipelines.counting import counted
from workbench.cli.commands import names
from workbench.cli.options import MANY, AsJson, BootstrapSeed, Draws
from workbench.cli.output import print_json
from workbench.cli.progress import say


def import_results(
    file: Annotated[Path, typer.Argument(
        metavar="FILE", help="webMUSHRA's mushra.csv, bs1116.csv, paired_comparison.csv, lss.csv or lms.csv, or the P.808 "
                             "toolkit's votes_per_worker_.csv, of P.835 all_votes_per_clip.csv.")],
    output: Annotated[Optional[Path], typer.Option(
        "--output", "-o", metavar="FOLDER", help="Folder for answers, results and pictures; replaces an older import.")] = None,
    question: Annotated[str, typer.Option(
        metavar="NAME", help="What was asked: quality, naturalness, degradation, comparison, mushra or another question of zest "
                             "study create; what the columns say if left out.")] = "",
    pattern: Annotated[str, typer.Option(
        metavar="PATTERN", help="Regular expression for names of clips, with (?P<system>...) and (?P<item>...); the toolkit's "
                                "condition columns if left out.")] = "",
    rename: Annotated[Optional[list[str]], typer.Option(
        metavar="OLD=NEW", help=f"Another name for a system; reference, anchor35, anchor70 are the hidden ones. {MANY}")] = None,
    leave_out: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"Trials or clips that do not count, such as those for training. {MANY}")] = None,
    anchor: Annotated[str, typer.Option(
        metavar="KHZ", help="Of MUSHRA, which anchor listeners are screened by: 3.5 or 7; 7 if left out.")] = "",
    as_json: AsJson = False, draws: Draws = 2000, seed: BootstrapSeed = 0,
) -> None:
    """Analyse results of webMUSHRA or the P.808 toolkit as a study's own; what names their listeners is not kept."""
    from evaluation.listening.importing import ImportOptions, import_answers, imported_results, write_import
    from evaluation.listening.importing.imported import renames
    from evaluation.listening.publish.markdown import results_markdown

    options = ImportOptions(question, pattern, renames(names(rename)), tuple(names(leave_out)), anchor)
    imported = import_answers(file, options)
    for note in imported.notes:
        say(f"Note: {note}")
    found = imported_results(imported, draws, seed)
    if output is not None:
        files = write_import(imported, found, output)
        say(f"Wrote {counted(len(files), 'file')} into {output}: {', '.join(one.name for one in files)}.")
    if as_json:
        print_json(found.document())
    else:
        print(results_markdown(found))
