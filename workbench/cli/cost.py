"""`zest cost`: what training a recipe takes on one large GPU, from counted operations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.counting import counted
from workbench.cli import exit_codes
from workbench.cli.options import AsJson
from workbench.cli.output import print_json
from workbench.cli.progress import say
from workbench.cli.train import need_training


def cost(
    recipe: Annotated[Path, typer.Option(metavar="FILE", help="Recipe whose stages are counted.")] = Path("recipes/paper.toml"),
    clips: Annotated[int, typer.Option(
        metavar="NUMBER", min=1, help="Recordings to train on; ESD's English training part if left out.")] = 15_000,
    seconds: Annotated[float, typer.Option(metavar="NUMBER", min=0.5, max=30.0, help="Their length on average.")] = 2.8,
    utilisation: Annotated[float, typer.Option(
        metavar="NUMBER", min=0.01, max=1.0,
        help="Share of an A100's 312 TFLOP/s (bfloat16) that is kept busy; 0.3 to 0.4 is usual.")] = 0.35,
    as_json: AsJson = False,
) -> None:
    """Estimate what each stage of a recipe costs: floating-point operations, counted in real steps, and GPU hours."""
    need_training("Counting what training costs")
    from pipelines.training.stages.cost import PEAK, Corpus, recipe_cost
    from pipelines.training.stages.running import read_tables

    read_tables(recipe)  # a bad recipe is told at once
    say("Counting one step of every stage, with random weights of the recipe's sizes; the paper's networks take some minutes "
        "and 6 GB of memory.")
    costs = recipe_cost(recipe, Corpus(clips, seconds))
    hours = {one.stage: one.hours(utilisation) for one in costs}
    if as_json:
        rows = [{"stage": one.stage, "steps": one.steps, "flops_per_step": one.step, "flops_of_reading": one.reading,
                 "flops": one.total, "hours": hours[one.stage]} for one in costs]
        print_json({"recipe": str(recipe), "clips": clips, "seconds": seconds, "peak_flops": PEAK, "utilisation": utilisation,
                    "stages": rows, "hours": sum(hours.values())})
        raise typer.Exit(exit_codes.OK)
    print(f"{'stage':10} {'steps':>8} {'GFLOP a step':>13} {'PFLOP, reading':>15} {'PFLOP in all':>13} {'hours':>8}")
    for one in costs:
        print(f"{one.stage:10} {one.steps:8,d} {one.step / 1e9:13,.1f} {one.reading / 1e15:15,.3f} {one.total / 1e15:13,.3f} "
              f"{hours[one.stage]:8.2f}")
    print(f"{'all':10} {'':8} {'':13} {'':15} {sum(one.total for one in costs) / 1e15:13,.3f} {sum(hours.values()):8.2f}")
    print(f"On {counted(clips, 'recording')} of {seconds:g} s; hours of one GPU of the A100's class, {100 * utilisation:.0f} % "
          f"of {PEAK / 1e12:.0f} TFLOP/s busy.")
    print("F0, envelopes and audio are read by the CPU, once, and are not counted.")
