"""Types of parameters: what a program may send, as JSON schemas say it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field

from pipelines.settings import about
from workbench.conversion_request import DEFAULTS

FORMAT = "file"  # in a schema: a parameter that is a file
File = Annotated[str, Field(json_schema_extra={"format": FORMAT})]
Strength = Annotated[float, Field(ge=about("strength").low, le=about("strength").high)]
Seed = Annotated[int, Field(ge=0)]
F0 = Literal["predicted", "source", "reference"]
Rate = str | int
Subtype = Literal["", "16", "24", "float"]
SETTINGS = tuple(asdict(DEFAULTS))
BEFORE = {"tempo": "Whether the tempo is transferred, too. ",  # where the page's words need their label
          "decoder": "A decoder or a baseline that /presets lists. "}


def describes_settings(function: Callable) -> Callable:
    """Adds the settings that a function takes to the Args of its docstring, which describe the parameters to programs."""
    lines = "".join(f"        {name}: {BEFORE.get(name, '')}{about(name).help}\n"
                    for name in SETTINGS if name in function.__annotations__)
    function.__doc__ = (function.__doc__ or "").replace("\n    Returns:", f"{lines}\n    Returns:")
    return function
