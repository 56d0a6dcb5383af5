"""Options that several commands share; those of a conversion have the bounds and the help of its settings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from pipelines.settings import about

MANY = "Several with commas, or by giving the option again."  # how every list is written

Checkpoint = Annotated[Optional[str], typer.Option(
    metavar="FOLDER", help="Folder or hub id of a checkpoint; zest-mini if left out.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there already, without asking.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Device = Annotated[str, typer.Option(metavar="NAME", help="cpu, cuda, cuda:0 or mps.")]
Converting = Annotated[str, typer.Option(
    "--device", metavar="NAME", help="cpu, cuda, cuda:0 or mps; auto takes a GPU where a conversion was measured faster.")]
Jobs = Annotated[int, typer.Option(metavar="NUMBER", min=1, help="Worker processes; they share the cores.")]
Manifest = Annotated[Path, typer.Option(metavar="FILE", help="manifest.csv with the recordings.")]
Manifests = Annotated[list[Path], typer.Option("--manifest", metavar="FILE", help=f"manifest.csv with the recordings. {MANY}")]
Draws = Annotated[int, typer.Option(metavar="NUMBER", min=100, max=100_000, help="Resamples of the bootstrap.")]
BootstrapSeed = Annotated[int, typer.Option(metavar="NUMBER", min=0, help="Of the bootstrap: same seed, same intervals.")]
RunOutput = Annotated[Path, typer.Option(
    "--output", "-o", metavar="FOLDER", help="Folder of the run; the same command goes on with what is in it.")]


def listed(names: Iterable[str]) -> str:
    """Names as a help text lists them: 'a, b or c'."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def setting_option(name: str, choices: Iterable[str] = (), help: str = "", metavar: str | None = "NAME") -> Any:
    """The option of a setting. choices: names to list. help: other words than the setting's own. metavar: None for a switch."""
    setting = about(name)
    names = tuple(choices) or tuple(setting.choices)
    words = (help or setting.help) + (f" One of {listed(names)}." if names else "")
    return typer.Option(min=setting.low, max=setting.high, help=words, metavar=metavar)
