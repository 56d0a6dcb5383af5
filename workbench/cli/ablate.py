"""`zest ablate STUDY.toml`: trains what a study of ablations needs, evaluates every variant, answers its questions."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Optional

import typer

from pipelines.counting import counted
from pipelines.errors import ZestError
from workbench.cli.commands import names, refuse_given
from workbench.cli.options import MANY, Device
from workbench.cli.progress import say, stage_bars


def ablate(
    context: typer.Context,
    study: Annotated[Path, typer.Argument(
        metavar="STUDY", help="TOML file with questions and their variants, as recipes/ablations-mini.toml.")],
    manifest: Annotated[Path, typer.Option(
        metavar="FILE", help="manifest.csv: speech to train on and, in another split, to convert.")],
    output: Annotated[Optional[Path], typer.Option(
        "--output", "-o", metavar="FOLDER", help="Folder of the study; the same command goes on with what is in it. Required "
                                                 "without --plan.")] = None,
    only: Annotated[Optional[list[str]], typer.Option(metavar="NAME", help=f"A question by its name. {MANY}")] = None,
    plan: Annotated[bool, typer.Option(
        "--plan", help="Only say what would be trained, and what is shared; nothing is written.")] = False,
    jobs: Annotated[int, typer.Option(
        metavar="NUMBER", min=1, help="Stages trained at a time, and workers of the evaluation; they share the cores.")] = 1,
    device: Device = "cpu",
) -> None:
    """Train what STUDY needs, sharing every stage that does not differ, and write a table and a plot per question."""
    if plan:
        refuse_given(context, ("output", "jobs", "device"), "With --plan nothing is trained or written, so")
    if output is None and not plan:
        raise ZestError("Where to? Name the folder of the study with -o.")
    from evaluation.ablation import ablate as run_ablation
    from evaluation.ablation import prepare

    ablation = prepare(study, manifest, names(only))
    if plan:
        _say_plan(ablation)
        return
    assert output is not None  # refused above
    with stage_bars() as bars:
        run_ablation(ablation, output, device, jobs, shlex.join(["zest", *sys.argv[1:]]), hook=bars)
    for question in ablation.study.questions:
        say(f"{question.title}: {output / question.name}.md")


def _say_plan(ablation) -> None:
    plan = ablation.plan
    for (question, variant), stages in plan.variants.items():
        own = [stage.label for stage in stages if stage.label not in plan.supplied]
        say(f"{question}, {variant}: {', '.join(own) or 'all from the checkpoint'}")
    say(f"From the checkpoint: {', '.join(sorted(plan.supplied)) or 'nothing'}.")
    counts = Counter(stage.name for stage in plan.training)
    say(f"To be trained: {', '.join(f'{name} {count} x' for name, count in counts.items()) or 'nothing'}.")
    say(f"To be converted: {counted(len(ablation.pairs), 'pair')}.")
