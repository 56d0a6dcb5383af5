"""`zest train STAGE`: one stage of a recipe, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.streams import say

STAGES = ("hubert, units, ease, critics, sace, acoustic or tempo, in this order; vocoder needs none of them; "
          "generate needs hubert to sace and begins with the vocoder where there is one; f0_codes and vawgan need none "
          "of them; polyak needs hubert to ease and f0_codes, and begins with what generate has learnt, where it has. "
          "all: every stage that the recipe has a table of, in this order; what is finished is left as it is. "
          "Or judge: the emotion judges of the evaluation.")


def train(
    stage: Annotated[str, typer.Argument(help=STAGES)],
    manifest: Annotated[Path, typer.Option(help="manifest.csv of the training speech.")],
    recipe: Annotated[Path, typer.Option(help="Recipe with the stages' settings.")] = Path("recipes/mini.toml"),
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:0 or mps.")] = "cpu",
    minutes: Annotated[float, typer.Option(help="Stop (resumably) after so many minutes; 0 means never.")] = 0.0,
) -> None:
    """Train one stage or all of a recipe's, or go on where it stopped."""
    from pipelines.training.stages.stage_graph import check_stage

    check_stage(stage, ("all", "judge"))
    if stage == "judge":
        from evaluation.judges.training import train_judges

        say(f"The judges are trained and described in {train_judges(recipe, manifest)}.")
        return
    from pipelines.training.loop.distributed import first_of_launched
    from pipelines.training.stages.registry import run_stage
    from pipelines.training.stages.whole_recipe import run_recipe

    seconds = minutes * 60 if minutes > 0 else float("inf")
    if stage == "all":
        tell = say if first_of_launched() else lambda sentence: None
        run_recipe(recipe, manifest, device, seconds, lambda one: _scores(one, manifest), tell)
        return
    done = run_stage(stage, recipe, manifest, device, seconds, **_scores(stage, manifest))
    state = "is finished" if done else "was stopped in time and goes on with the same command"
    if first_of_launched():
        say(f"Stage {stage} {state}.")


def _scores(stage: str, manifest: Path) -> dict:
    """What measures held-out speech while a stage trains, for the stages that take long."""
    from pipelines.training.loop.distributed import first_of_launched

    if stage not in ("vocoder", "generate", "polyak") or not first_of_launched():
        return {}
    from evaluation.run.waveform_validation import generator_scores, vocoder_scores
    from pipelines.training.data.corpus import read_manifest

    clips = read_manifest(manifest)
    return {"vocoder_scores": vocoder_scores(clips)} if stage == "vocoder" else {"generator_scores": generator_scores(clips)}
