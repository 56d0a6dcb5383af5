"""What a metric needs besides this repository, asked without loading anything heavy."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path

from pipelines.packages import command_for, is_installed, pip_name

SECONDS = 2.0  # for a server to answer that it is there


def missing_package(module: str, package: str = "") -> str | None:
    """A sentence where a Python module is not installed, else None. package: its name for pip where that differs."""
    if is_installed(module):
        return None
    name = package or pip_name(module)
    command = f"pip install {package}" if package else command_for(module)
    return f"The package {name} is not installed; run '{command}' and try again."


def version(package: str) -> str:
    """Installed version, or 'not installed'."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


@cache
def reachable(url: str) -> bool:
    """Does a server answer there? Asked once a process."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=SECONDS):
            return True
    except urllib.error.HTTPError:  # it answered, though not with what was asked for
        return True
    except (OSError, ValueError):
        return False


def cached_revision(hub_id: str) -> str | None:
    """First 8 hex digits of the commit in the hub's cache on this machine, None where there is none."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import constants

    main = Path(constants.HF_HUB_CACHE) / f"models--{hub_id.replace('/', '--')}" / "refs" / "main"
    return main.read_text().strip()[:8] if main.is_file() else None


@cache
def hub_revision(hub_id: str) -> str:
    """The commit that loading would use: the cached one, else the hub's newest; 'not-here' where neither is to be had."""
    cached = cached_revision(hub_id)
    if cached or unavailable_from_hub(hub_id, ""):
        return cached or "not-here"
    from huggingface_hub import HfApi

    try:
        return (HfApi().model_info(hub_id, timeout=10).sha or "not-here")[:8]
    except Exception:  # noqa: BLE001 - loading will say in a sentence what is wrong
        return "not-here"


def unavailable_from_hub(hub_id: str, instead: str) -> str | None:
    """A sentence where a model is neither in the hub's cache nor to be had from the hub now, else None."""
    missing = missing_package("huggingface_hub")
    if missing or cached_revision(hub_id):
        return missing
    from huggingface_hub import constants

    if not constants.HF_HUB_OFFLINE and reachable(constants.ENDPOINT):
        return None
    return f"{hub_id} is not on this machine and the hub cannot be reached; try again with a network, or use {instead}."
