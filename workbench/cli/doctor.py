"""`zest doctor`: whether everything that zest needs is there and works."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli import exit_codes
from workbench.cli.options import AsJson, Checkpoint
from workbench.cli.output import print_json
from workbench.cli.progress import say

SIGNS = {"ok": "ok", "missing": "-", "failed": "FAILED"}


def doctor(
    checkpoint: Checkpoint = None,
    convert: Annotated[bool, typer.Option(
        "--convert/--no-convert", help="Whether three seconds of sound are converted, which takes some seconds.")] = True,
    as_json: AsJson = False,
) -> None:
    """Say without a network what is installed, what is missing and how to add it, and whether a conversion works."""
    from workbench.health import examine

    items = []
    for item in examine(checkpoint, convert):
        items.append(item)
        if not as_json:
            print(f"{SIGNS[item.state]:8}{item.name + ':':20}{item.told}" + (f"  [{item.mend}]" if item.mend else ""), flush=True)
    failed = [item for item in items if item.error is not None]
    if as_json:
        print_json({"items": [item.document() for item in items], "works": not failed})
    if failed:
        say(f"{failed[0].name.capitalize()}: {failed[0].error}")
        raise typer.Exit(exit_codes.of(failed[0].error))
    if not as_json:
        print("Everything that zest needs is there. Parts with - are optional.")
