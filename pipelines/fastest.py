"""The device on which a conversion is fastest, by a measurement on this machine: `--device auto`.

The networks of a conversion are small, and much of its time goes into WORLD, which runs on the CPU. A GPU may thus be slower
than the CPU, Apple's too. Nothing is taken for faster that was not measured so.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT, find_folder, folder_key
from pipelines.device import AUTO, gpus
from pipelines.errors import OutputError
from pipelines.files import make_folder, write_whole

CPU = "cpu"
GAIN = 1.1  # a GPU is taken where it is so many times as fast: less is within what times vary by
FILE = "devices.json"


def fastest_device(checkpoint: Path | str, measure: Callable[[str], float] | None = None, kept: Path | None = None) -> str:
    """cpu, or the GPU that converts faster. The first call takes some seconds; its result is kept for this machine.

    Args:
        checkpoint: folder or hub id. measure: seconds of a conversion on a device; `seconds_on` if None.
        kept: the file of results; in the user's cache if None.
    Raises:
        CheckpointError: there is no such checkpoint.
    """
    names = {name: about for name, about, _ in gpus()}
    if not names:
        return CPU
    folder, kept = find_folder(checkpoint), kept or _cache() / FILE
    key, known = _key(folder, names), _read(kept)
    if known.get(key) in (CPU, *names):
        return known[key]
    measure = measure or (lambda device: seconds_on(folder, device))
    device = choose({name: _seconds(measure, name) for name in (CPU, *names)})
    with suppress(OutputError):  # a cache that cannot be written costs the next call some seconds
        write_whole(make_folder(kept.parent) / kept.name, json.dumps(known | {key: device}, indent=1).encode())
    return device


def resolved(device: str, checkpoint: Path | str | None = None) -> str:
    """A device's name as it is, but `fastest_device` for 'auto'. Raises CheckpointError: there is no such checkpoint."""
    return fastest_device(checkpoint or DEFAULT_CHECKPOINT) if device == AUTO else device


def choose(seconds: dict[str, float]) -> str:
    """The fastest of devices, the CPU where no GPU gains at least a tenth. seconds: of a conversion by device."""
    best = min(seconds, key=lambda name: seconds[name])
    return best if seconds[best] * GAIN <= seconds[CPU] else CPU


def seconds_on(folder: Path, device: str) -> float:
    """Of the second conversion of a three-second sound; the first one warms up. Raises ZestError, RuntimeError of torch."""
    from pipelines.conversion import Converter
    from pipelines.self_test import buzz

    converter, sound = Converter.from_pretrained(folder, device), buzz()
    emotion = converter.presets[0]
    converter.convert(sound, emotion=emotion)
    begun = time.perf_counter()
    converter.convert(sound, emotion=emotion)
    return time.perf_counter() - begun


def _seconds(measure: Callable[[str], float], device: str) -> float:
    """Infinite where a GPU cannot convert at all."""
    try:
        return measure(device)
    except (RuntimeError, NotImplementedError):
        if device == CPU:
            raise
        return float("inf")


def _key(folder: Path, names: dict[str, str]) -> str:
    """What a result depends on: the machine, torch, and the weights."""
    import torch

    return f"{platform.node()} {torch.__version__} {sorted(names.items())} {folder_key(folder)}"


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zest"


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
