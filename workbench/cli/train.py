"""`zest train STAGE`: one stage of a recipe, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pipelines.packages import need
from pipelines.training.loop.recipe import PRECISIONS, with_precision
from pipelines.training.stages.registry import STAGES, check_stage, stage_table
from workbench.cli.commands import refuse_given
from workbench.cli.options import Device, listed
from workbench.cli.progress import say

if TYPE_CHECKING:
    from pipelines.training.stages.stage import Measure

STAGE_HELP = (f"{', '.join(STAGES)}, in the order of training; what each reads is shown by --stages. all: every stage that the "
              "recipe has a table of, in this order; what is finished is left as it is. judge: the emotion judges of the "
              "evaluation.")


def need_training(work: str = "Training") -> None:
    """Refuse at once where the extra is missing that brings what stages import. Raises PackageError."""
    need(("transformers", "sklearn"), work, extra="train")


def show_stages(asked: bool) -> None:
    """Print the table of stages and stop."""
    if asked:
        need_training("The table of stages")
        print(stage_table(), end="")
        raise typer.Exit


def train(
    context: typer.Context,
    stage: Annotated[str, typer.Argument(metavar="STAGE", help=STAGE_HELP)],
    manifest: Annotated[Path, typer.Option(metavar="FILE", help="manifest.csv of the training speech.")],
    recipe: Annotated[Path, typer.Option(metavar="FILE", help="Recipe with the stages' settings.")] = Path("recipes/mini.toml"),
    device: Device = "cpu",
    minutes: Annotated[float, typer.Option(
        metavar="NUMBER", min=0.0, help="Stop (resumably) after so many minutes; 0 means never.")] = 0.0,
    precision: Annotated[Optional[str], typer.Option(
        metavar="NAME", help=f"In place of the recipe's precision: {listed(PRECISIONS)}.")] = None,
    stages: Annotated[bool, typer.Option(
        "--stages", callback=show_stages, is_eager=True,
        help="Print what each stage learns, reads and writes, and stop.")] = False,
) -> None:
    """Train one stage or all of a recipe's, or go on where it stopped. To train on another machine: train pack, train unpack."""
    check_stage(stage, ("all", "judge"))
    need_training()
    if stage == "judge":
        refuse_given(context, ("device", "minutes", "precision"), "Judges are trained on the CPU, to their end, so")
        from evaluation.judges.training import train_judges

        say(f"The judges are trained and described in {train_judges(recipe, manifest)}.")
        return
    from pipelines.training.loop.distributed import first_of_launched
    from pipelines.training.stages.running import read_tables, run_stage
    from pipelines.training.stages.whole_recipe import run_recipe

    seconds = minutes * 60 if minutes > 0 else float("inf")
    tables = with_precision(read_tables(recipe), precision)
    if stage == "all":
        tell = say if first_of_launched() else lambda sentence: None
        run_recipe(tables, manifest, device, seconds, lambda one: _measure(one, manifest), tell)
        return
    done = run_stage(stage, tables, manifest, device, seconds, _measure(stage, manifest))
    state = "is finished" if done else "was stopped in time and goes on with the same command"
    if first_of_launched():
        say(f"Stage {stage} {state}.")


def _measure(stage: str, manifest: Path) -> Measure | None:
    """What scores held-out speech while a stage trains, for the stages that make waveforms; None if there is none."""
    from pipelines.resynthesis import RESYNTHESES
    from pipelines.training.data.corpus import dev_clips, read_manifest
    from pipelines.training.loop.distributed import first_of_launched

    if stage not in RESYNTHESES or not first_of_launched() or not dev_clips(clips := read_manifest(manifest)):
        return None
    from evaluation.run.waveform_validation import measure  # it needs instruments that are missing where a pack is trained

    return measure(stage, clips)
