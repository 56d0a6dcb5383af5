"""`zest study budget`: what a listening test will cost, and which differences it will find."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from workbench.cli.commands import names
from workbench.cli.options import MANY, AsJson
from workbench.cli.output import print_json

QUESTIONS = ("naturalness", "emotion-similarity")  # as zest study create


def budget(
    folder: Annotated[Optional[Path], typer.Argument(
        metavar="STUDY", help="Folder that zest study create wrote; or leave it out and say with --run what is planned.",
        show_default=False)] = None,
    run: Annotated[Optional[Path], typer.Option(metavar="FOLDER", help="Folder of a finished zest evaluate.")] = None,
    systems: Annotated[Optional[list[str]], typer.Option(metavar="NAME", help=f"Systems to be judged, as create. {MANY}")] = None,
    questions: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"As create; naturalness and emotion-similarity if left out. {MANY}")] = None,
    listeners: Annotated[int, typer.Option(metavar="NUMBER", help="How many shall finish and count.")] = 20,
    cap: Annotated[int, typer.Option(metavar="NUMBER", min=1, max=500, help="Most trials a listener answers.")] = 40,
    rate: Annotated[Optional[str], typer.Option(metavar="MONEY", help="Pay for an hour; no cost if left out.")] = None,
    currency: Annotated[str, typer.Option(metavar="NAME", help="Of the rate.")] = "GBP",
    fee: Annotated[str, typer.Option(metavar="PERCENT", help="What the platform adds to the pay.")] = "0",
    excluded: Annotated[Optional[str], typer.Option(
        metavar="PERCENT", help="Listeners who finish and will not count; as in the earlier study, or 0, if left out.")] = None,
    left: Annotated[str, typer.Option("--dropouts", metavar="PERCENT", help="Listeners who begin and will not finish.")] = "0",
    earlier: Annotated[Optional[Path], typer.Option(
        "--from", metavar="PATH", help="Earlier study whose variances are taken: its folder, export or archive; usual ones if "
                                       "left out.")] = None,
    difference: Annotated[Optional[list[str]], typer.Option(
        metavar="SIZE", help="Say how probably such a difference is found, as 0.3 or naturalness=0.3, in points of the scale; of "
                             f"preference and abx in percentage points above 50. {MANY}")] = None,
    simulations: Annotated[int, typer.Option(metavar="NUMBER", min=50, max=10_000, help="Simulated studies a number.")] = 100,
    seed: Annotated[int, typer.Option(metavar="NUMBER", min=0, help="Of drawing and simulation: same seed, same numbers.")] = 0,
    database: Annotated[Optional[str], typer.Option(metavar="ADDRESS", help="Database of the earlier study.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a study will cost, and which difference of two systems it will find; before it is made, or of a made one."""
    from evaluation.listening.analysis.earlier import read_earlier
    from evaluation.listening.analysis.estimate import estimate, estimate_sentences, parse_differences
    from evaluation.listening.design.budget import parse_pay
    from evaluation.listening.design.create import plan_study
    from evaluation.listening.design.study import open_study
    from evaluation.listening.errors import StudyError
    from evaluation.run import open_run

    if (folder is None) == (run is None):
        raise StudyError("Name a study, or with --run a finished evaluation; one of the two.")
    known = read_earlier(earlier, database) if earlier else None
    lost = excluded if excluded is not None else known.excluded_percent if known else 0
    pay = parse_pay(rate, currency, fee, lost, left)
    study = open_study(folder) if folder else plan_study(
        open_run(run or Path()), names(systems), names(questions) or QUESTIONS, listeners, seed, cap)
    found = estimate(study, pay, known, parse_differences(names(difference), study), simulations, seed)
    if as_json:
        print_json(found.document())
    else:
        print("\n".join(estimate_sentences(found)))
