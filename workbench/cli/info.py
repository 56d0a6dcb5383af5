"""`zest info`: what is installed, what the checkpoint can do, what inputs are accepted."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipelines.errors import ZestError
from pipelines.packages import command_for
from pipelines.version import zest_version
from workbench.cli.options import AsJson, Checkpoint
from workbench.cli.output import print_json
from workbench.cli.progress import say

if TYPE_CHECKING:
    from pipelines.conversion import Converter

PACKAGES = ("torch", "transformers", "pyworld", "swift-f0", "gradio")


def info(checkpoint: Checkpoint = None, as_json: AsJson = False) -> None:
    """Show what is installed and what the checkpoint can do."""
    document = describe(checkpoint)
    if as_json:
        print_json(document)
        return
    places = {name: f"{name} ({arousal:+g}, {valence:+g})" for name, (arousal, valence) in document["affect"].items()}
    for key, value in (document | {"affect": f"(arousal, valence) of {', '.join(places.values())}"}).items():
        print(f"{key + ':':14}{', '.join(value) if isinstance(value, list) else value}")


def tell_version() -> None:
    """What `zest --version` prints. Raises typer.Exit."""
    print(f"zest {zest_version()}")
    raise typer.Exit


def describe(checkpoint: str | None = None, loaded: Converter | None = None) -> dict[str, Any]:
    """The document that `zest info --json` prints. Loads the checkpoint, so it also proves that it can be loaded.

    Args:
        loaded: the checkpoint's converter, where there is one already.
    """
    from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT
    from pipelines.conversion import Converter
    from pipelines.features.audio import LIMITS
    from pipelines.features.mark import SHOWN
    from pipelines.settings import about

    where, strength = checkpoint or str(DEFAULT_CHECKPOINT), about("strength")
    converter = loaded or Converter.from_pretrained(where)
    return {
        "checkpoint": where,
        "size_mb": _megabytes(Path(where)),
        "weights": converter.weights[:SHOWN],
        "presets": list(converter.presets),
        "affect": _affect(converter),
        "decoders": list(converter.decoders),
        "strength": f"{strength.low:g} to {strength.high:g}",
        "recordings": LIMITS,
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
    }


def _affect(converter: Any) -> dict[str, tuple[float, float]]:
    """(arousal, valence) of the presets; empty for a checkpoint with too few of them."""
    try:
        return {name: (place.arousal, place.valence) for name, place in converter.affect.places.items()}
    except ZestError:
        return {}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        say(f"Note: {package} is not installed; run '{command_for(package)}'.")
        return "not installed"


def _megabytes(folder: Path) -> float | None:
    """Size of a local checkpoint; None for a hub id."""
    if not folder.is_dir():
        return None
    return round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6, 1)
