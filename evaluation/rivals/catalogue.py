"""All rivals by name: those of manifests/, and over them what the file of ZEST_RIVALS says.

    [seed-vc]
    folder = "/opt/seed-vc"                # its clone; .venv in it is its environment
    timeout = 300                          # every key of a manifest may be set

    [mine]                                 # another converter
    folder = "/opt/mine"
    command = ["{python}", "convert.py", "{source}", "{reference}", "-o", "{output}"]
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from evaluation.rivals.rival import Rival, read_rival
from pipelines.baselines import BASELINES
from pipelines.errors import ZestError
from pipelines.settings import read_specification

VARIABLE = "ZEST_RIVALS"
MANIFESTS = Path(__file__).resolve().parent / "manifests"


def rivals() -> dict[str, Rival]:
    """By name; read anew at each call, as the variable and its file may change.

    Raises:
        ZestError: the file of ZEST_RIVALS is missing, is no TOML, or holds what no rival can be.
    """
    found = dict(shipped())
    for name, table in _own().items():
        where = os.environ[VARIABLE]
        if name in BASELINES or read_specification(name) is not None:
            raise ZestError(f"The rival '{name}' of {where} has the name of a system of zest; call it by another.")
        if not isinstance(table, dict):
            raise ZestError(f"{where} has '{name}' outside of a table; write it below a line such as [seed-vc].")
        found[name] = read_rival(name, table, found.get(name), where)
    return found


def find_rival(name: str) -> Rival | None:
    """None where there is none of this name. Raises ZestError: as `rivals`."""
    return rivals().get(name)


@cache
def shipped() -> Mapping[str, Rival]:
    """Those of manifests/, by name."""
    paths = sorted(MANIFESTS.glob("*.toml"))
    return {path.stem: read_rival(path.stem, tomllib.loads(path.read_text(encoding="utf-8"))) for path in paths}


def _own() -> Mapping[str, Any]:
    name = os.environ.get(VARIABLE, "")
    if not name:
        return {}
    try:
        return tomllib.loads(Path(name).expanduser().read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ZestError(f"{VARIABLE} names {name}, and there is no such file.") from error
    except (OSError, ValueError) as error:
        raise ZestError(f"{VARIABLE} names {name}, which cannot be read as TOML ({error}).") from error
