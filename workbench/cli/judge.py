"""`zest judge`: what the judges themselves are worth."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from pipelines.counting import counted
from pipelines.notices import not_measured
from workbench.cli.commands import ZestCommand, ZestGroup, names, paths
from workbench.cli.options import MANY, AsJson, BootstrapSeed, Checkpoint, Draws, Jobs, Manifests
from workbench.cli.output import print_json
from workbench.cli.progress import say, stage_bars

judge = typer.Typer(help="Emotion judges: audit them, and the metrics that use a distance.", cls=ZestGroup, no_args_is_help=True,
                    rich_markup_mode=None)


@judge.callback()
def about_judges() -> None:
    """Emotion judges: audit them, and the metrics that use a distance."""


@judge.command(cls=ZestCommand)
def audit(
    manifest: Manifests,
    output: Annotated[Path, typer.Option(
        "--output", "-o", metavar="FOLDER", help="Folder of the audit; the same command goes on with what is in it.")],
    judges: Annotated[Optional[list[str]], typer.Option(
        "--judge", "--judges", metavar="NAME", help=f"As in emotion@NAME; those that ship if left out. {MANY}")] = None,
    metric: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"Metrics that use a distance; emotion-nearer and target-posterior of each judge, voice-to-source "
                             f"and those of F0 if left out. {MANY}")] = None,
    condition: Annotated[Optional[list[str]], typer.Option(
        "--condition", "--conditions", metavar="NAME",
        help=f"copy-neural, copy, softer, louder, telephone, noise-20, noise-10, mp3 or opus; all if left out. {MANY}")] = None,
    changed: Annotated[int, typer.Option(
        metavar="NUMBER", min=1, help="Clips of each speaker and emotion that are also changed.")] = 4,
    split: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME", help=f"Split to take recordings from, dev if left out, or 'all'. {MANY}")] = None,
    listeners: Annotated[Optional[Path], typer.Option(
        metavar="FOLDER", help="Export of a listening test with the question emotion-choice.")] = None,
    run: Annotated[Optional[Path], typer.Option(metavar="FOLDER", help="The evaluation that the test was made from.")] = None,
    checkpoint: Checkpoint = None,
    keep: Annotated[bool, typer.Option(
        "--keep", help="Also write the result into the judges' card, and the verdicts that tables warn by.")] = False,
    jobs: Jobs = 1,
    draws: Draws = 2000,
    seed: BootstrapSeed = 0,
    as_json: AsJson = False,
) -> None:
    """Audit judges and distances on labelled speech: accuracy, changes, calibration, agreement, adversarial triplets."""
    from evaluation.audit import AuditRequest, Draw, audit_judges, read_clips
    from evaluation.audit.tables import as_text, main_tables

    lists, splits = paths(manifest), names(split) or ["dev"]
    clips = read_clips(lists, None if "all" in splits else splits)
    request = AuditRequest(names(judges) or None, names(metric) or None, None if condition is None else names(condition), changed,
                           checkpoint, listeners, run, keep)
    with stage_bars() as bars:
        found = audit_judges(clips, output, request, Draw(draws, seed), jobs, command=shlex.join(["zest", *sys.argv[1:]]),
                             hook=bars, reads=lists)
    if as_json:
        print_json(found.audit.document())
    else:
        print("\n\n".join(as_text(table) for table in main_tables(found.audit)))
    for sentence in (*found.audit.notes, *not_measured(found.audit.not_measured), *found.said):
        say(sentence)
    failed = sum(not one.passed for one in found.audit.verdicts)
    say(f"Wrote {found.files.html}: {found.audit.about}; {failed} of {counted(len(found.audit.verdicts), 'metric')} failed"
        f"{''.join(f'; wrote {card}' for card in found.cards)}.")
