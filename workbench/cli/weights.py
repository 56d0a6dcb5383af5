"""`zest average`, `zest refit`, `zest carry`: averages of weights, a generator for a new SACE, trainings that go elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.counting import counted
from workbench.cli.commands import ZestCommand, ZestGroup
from workbench.cli.progress import say

carry = typer.Typer(help="Carry a training to another machine.", cls=ZestGroup, no_args_is_help=True, rich_markup_mode=None)


def average(
    first: Annotated[Path, typer.Argument(metavar="FIRST", help="Folder of a checkpoint, or of a stage's run.")],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="Another one.")],
    output: Annotated[Path, typer.Option(
        "--output", "-o", metavar="FOLDER", help="Folder of the same kind as FIRST, for the mean.")],
    part: Annotated[str, typer.Option(
        metavar="NAME", help="The network: a checkpoint file, or a part of one, as vocoder or generator.vocoder.")],
    part_of_second: Annotated[str, typer.Option(metavar="NAME", help="Its name in SECOND, if another.")] = "",
    weight: Annotated[float, typer.Option(metavar="NUMBER", min=0.0, max=1.0, help="Of SECOND.")] = 0.5,
) -> None:
    """Write the mean of two networks' weights; a run that is written goes on at the step of FIRST."""
    from pipelines.training.loop.average import average as write_average

    write_average(first, second, output, part, part_of_second, weight)
    say(f"{output} has the mean of {part}.")


def refit(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Checkpoint whose SACE the generator was trained with.")],
    new: Annotated[Path, typer.Argument(
        metavar="NEW", help="Checkpoint with that generator and a new SACE; its generator is rewritten.")],
    manifest: Annotated[Path, typer.Option(metavar="FILE", help="manifest.csv of the training speech.")],
    cache: Annotated[Path, typer.Option(
        metavar="FOLDER", help="Folder of stored features, as in the recipe.")] = Path(".cache/features"),
    temperature: Annotated[float | None, typer.Option(
        metavar="NUMBER", min=0.001, help="Of the soft units that the generator reads from now on.")] = None,
) -> None:
    """Make a checkpoint's networks read its new SACE or its new units, by linear maps that are fitted on training clips."""
    from pipelines.training.data.corpus import read_manifest, training_clips
    from pipelines.training.refit import refit

    clips = training_clips(read_manifest(manifest))
    for name, what, explained in refit(old, new, clips, cache, temperature):
        share = f"{100 * explained:.0f} % of the old embeddings' variance"
        say(f"The network {name} of {new} reads its {what}; the map explains {share}.")


@carry.command(cls=ZestCommand)
def pack(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a stage below the recipe's runs.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write, .safetensors.")],
    eight_bits: Annotated[bool, typer.Option("--eight-bits", help="Store matrices in 8 bits, half as large as 16.")] = False,
    piece_megabytes: Annotated[float, typer.Option(
        metavar="NUMBER", min=0.01, help="Largest file; a larger training becomes FILE-1of2, FILE-2of2 and so on.")] = 1000.0,
) -> None:
    """Write a run's networks (16 bits), step and log into one file; the optimisers' moments are left out."""
    from pipelines.training.loop.carried import pack as write_packed
    from pipelines.training.loop.carried import pieces_of

    step = write_packed(run, file, eight_bits, piece_megabytes)
    pieces = pieces_of(file)
    megabytes = sum(piece.stat().st_size for piece in pieces) / 1e6
    divided = f", in {counted(len(pieces), 'file')} from {pieces[0].name}" if len(pieces) > 1 else ""
    say(f"{file} holds step {step}, {megabytes:.0f} MB{divided}.")


@carry.command(cls=ZestCommand)
def unpack(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File that zest carry pack was given, if it wrote several, too.")],
    run: Annotated[Path, typer.Argument(
        metavar="RUN", help="Folder of a stage below the recipe's runs, in which zest train goes on.")],
) -> None:
    """Make a run of a carried training."""
    from pipelines.training.loop.carried import unpack as read_packed

    say(f"{run} goes on from step {read_packed(file, run)}.")
