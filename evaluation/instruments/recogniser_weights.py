"""Whisper of any size: from an installed package where there is one, else OpenAI's own checkpoint, cached or downloaded."""

from __future__ import annotations

import importlib.util
import os
from functools import cache, lru_cache
from pathlib import Path

from evaluation.instruments.needs import missing_package, reachable
from pipelines.errors import ZestError
from pipelines.packages import install_command

SIZES = ("tiny.en", "tiny", "base.en", "base", "small.en", "small", "medium", "large-v3", "turbo")


def unavailable(size: str) -> str | None:
    """Why this size cannot be used here, as a sentence; None where it can. Loads no weights.

    Raises:
        ZestError: there is no such size.
    """
    _refuse_unknown(size)
    missing = missing_package("whisper", "openai-whisper") or missing_package("jiwer")
    if missing or _packaged(size) or _cached(size).is_file():
        return missing
    if reachable(_url(size)):
        return None
    hint = f"run '{install_command('offline')}'" if _is_packaged_size(size) else "choose the size base"
    return f"Whisper {size} is not on this machine and cannot be downloaded now; {hint} or try again with a network."


@cache
def digest(size: str) -> str:
    """First 8 hex digits of the sha256 of the weights that `load` would use, without loading them."""
    _refuse_unknown(size)
    if _packaged(size):
        from pipelines.checkpoints.whisper import PACKAGED

        return PACKAGED[size].sha256[:8]
    return _url(size).split("/")[-2][:8]  # OpenAI names every checkpoint's folder after its hash


@lru_cache(maxsize=1)
def load(size: str):
    """openai-whisper's `Whisper` in eval mode on the CPU, its weights' hash checked.

    Raises:
        ZestError: unknown size, not installed, or it cannot be downloaded.
    """
    reason = unavailable(size)
    if reason:
        raise ZestError(reason)
    if _packaged(size):
        from pipelines.checkpoints.whisper import load_packaged_whisper

        return load_packaged_whisper(size)
    import whisper

    try:
        return whisper.load_model(size, device="cpu", download_root=str(_cached(size).parent)).eval()
    except (OSError, RuntimeError) as error:  # no network, no space, a damaged download
        raise ZestError(f"Whisper {size} could not be downloaded or read ({error}); try again, or choose base.") from error


def _refuse_unknown(size: str) -> None:
    if size not in SIZES:
        raise ZestError(f"There is no Whisper of the size '{size}'; choose one of {', '.join(SIZES)}.")


def _is_packaged_size(size: str) -> bool:
    from pipelines.checkpoints.whisper import PACKAGED

    return size in PACKAGED


def _packaged(size: str) -> bool:
    """Are all packages that carry this size installed?"""
    from pipelines.checkpoints.whisper import PACKAGED

    return size in PACKAGED and all(importlib.util.find_spec(package) for package, _ in PACKAGED[size].files)


def _url(size: str) -> str:
    import whisper

    return whisper._MODELS[size]


def _cached(size: str) -> Path:
    """Where openai-whisper keeps this checkpoint."""
    root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "whisper"
    return root / Path(_url(size)).name
