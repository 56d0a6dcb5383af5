"""`zest train pack` and `zest train unpack`: a training that goes to a machine without network and audio decoder, in pieces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pipelines.counting import counted
from pipelines.errors import RecipeError
from pipelines.training.stages.registry import STAGES, check_stage
from workbench.cli.commands import names, paths
from workbench.cli.options import listed
from workbench.cli.progress import say


def pack_training(
    stages: Annotated[list[str], typer.Argument(
        metavar="STAGE", help=f"What will be trained: {listed(STAGES)}; several share their speech.")],
    manifest: Annotated[Path, typer.Option(metavar="FILE", help="manifest.csv of the training speech.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="New folder for the pieces and pack.json.")],
    recipe: Annotated[Path, typer.Option(metavar="FILE", help="Recipe with the stages' settings.")] = Path("recipes/mini.toml"),
    hours: Annotated[float, typer.Option(
        metavar="NUMBER", min=0.0, help="Of speech at most, of every speaker and emotion in turn; 0: all.")] = 0.0,
    corpora: Annotated[Optional[list[str]], typer.Option(
        metavar="NAME",
        help="Corpora of the manifest; all if left out. Several with commas, or by giving the option again.")] = None,
    piece_megabytes: Annotated[float, typer.Option(metavar="NUMBER", min=0.05, help="Size of a piece at most.")] = 18.0,
    audio: Annotated[str, typer.Option(
        metavar="NAME",
        help="int16: samples, which need no decoder. recorded: files as they are; unpacking them takes soundfile.")] = "int16",
    wheel: Annotated[Optional[list[Path]], typer.Option(
        metavar="FILE", help="Package that is missing there, .whl. Several with commas, or by giving the option again.")] = None,
    state: Annotated[bool, typer.Option(help="Whether trainings that have begun here go on there.")] = True,
) -> None:
    """Pack what a training needs into small pieces, for a machine without network and audio decoder."""
    for stage in stages:
        check_stage(stage)
    from pipelines.training.packing.pack import PackOptions, pack_training

    options = PackOptions(hours or float("inf"), tuple(names(corpora)), piece_megabytes, audio, tuple(paths(wheel)), state)
    pack = pack_training(stages, recipe, manifest, output, options)
    pieces = counted(len(pack.pieces), "piece")
    say(f"{output} has {pieces} of {pack.size / 1e6:.1f} MB in all, with {pack.hours:.2f} hours of speech; "
        f"'zest train unpack {output} FOLDER' puts them together elsewhere.")


def unpack_training(
    pack: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder with pack.json and those pieces that have come.")],
    folder: Annotated[Path, typer.Argument(
        metavar="NEW", help="Folder for the training: new, or with pieces that came earlier.")],
) -> None:
    """Put a pack together, piece by piece as they come, and say exactly which pieces are missing or damaged."""
    from pipelines.training.packing.unpack import unpack_training

    unpacked = unpack_training(pack, folder)
    if not unpacked.complete:
        raise RecipeError(unpacked.sentence)
    precision = "bf16" if unpacked.pack.precision == "auto" else unpacked.pack.precision
    say(f"{unpacked.sentence} To train, go to this folder and run:")
    for stage in unpacked.pack.stages:
        say(f"    zest train {stage} --recipe recipe.toml --manifest manifest.csv --device cuda --precision {precision}")
