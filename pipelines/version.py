"""The version of this project."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path


def zest_version() -> str:
    """Of the installed package, or of the source tree that runs uninstalled."""
    try:
        return importlib.metadata.version("zest-workbench")
    except importlib.metadata.PackageNotFoundError:
        project = Path(__file__).resolve().parents[1] / "pyproject.toml"
        return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
