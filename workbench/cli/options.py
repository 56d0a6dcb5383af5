"""Options that several commands share; those of a conversion have the bounds and the help of its settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Optional

import typer

from pipelines.settings import about

Checkpoint = Annotated[Optional[str], typer.Option(help="Folder or hub id of a checkpoint; zest-mini if left out.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there already, without asking.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def listed(names: Iterable[str]) -> str:
    """Names as a help text lists them: 'a, b or c'."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def setting_option(name: str, choices: Iterable[str] = (), help: str = "") -> Any:
    """The option of a setting. choices: names to list. help: other words than the setting's own."""
    setting = about(name)
    names = tuple(choices) or tuple(setting.choices)
    words = (help or setting.help) + (f" One of {listed(names)}." if names else "")
    return typer.Option(min=setting.low, max=setting.high, help=words)
