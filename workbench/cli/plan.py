"""`zest plan`: a plan of a long recording to edit, one row for each phrase."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pipelines.counting import counted
from pipelines.files import check_ending
from pipelines.outputs import check_outputs
from pipelines.settings import Settings
from workbench.cli.names import check_replacing
from workbench.cli.options import AsJson, Overwrite, setting_option
from workbench.cli.output import print_json
from workbench.cli.progress import say, stage_bars
from workbench.plan_template import template_of

DEFAULTS = Settings()


def plan(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Recording of up to 60 minutes.")],
    output: Annotated[Optional[Path], typer.Option(
        "--output", "-o", metavar="FILE", help="CSV to write; SOURCE-plan.csv if left out.")] = None,
    emotion: Annotated[str, typer.Option(
        metavar="NAME", help="Emotion of every row, to begin with; left out, every phrase stays as it is.")] = "",
    strength: Annotated[float, setting_option("strength", metavar="NUMBER")] = DEFAULTS.strength,
    tempo: Annotated[bool, setting_option("tempo", metavar=None)] = DEFAULTS.tempo,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Cut SOURCE at its pauses and write a plan to edit, for zest convert --plan."""
    template = template_of(emotion, Settings(strength=strength, tempo=tempo))
    path = output or Path(f"{source.stem}-plan.csv")
    check_outputs([source], [path])
    check_ending(path, (".csv",), "plans")
    check_replacing([path] if output else [], [] if output else [path], overwrite)
    from pipelines.plan.phrases import plan_of  # imported late: they need torch
    from pipelines.plan.table import write_plan

    with stage_bars() as hook:
        segments = plan_of(source, template, hook)
    write_plan(path, segments)
    if as_json:
        print_json({"plan": str(path), "segments": [{"start": one.start, "end": one.end} for one in segments]})
    speech = sum(one.seconds for one in segments)
    say(f"Wrote {path}: {counted(len(segments), 'phrase')}, {speech:.1f} s in all. Edit emotion, strength and tempo, then run "
        f"'zest convert {source} --plan {path}'.")
