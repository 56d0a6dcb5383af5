"""Takes as one zip: each recording with a JSON of its settings and numbers under the same name."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from pipelines.files import json_text
from workbench.studio.takes import Take


def write_archive(path: Path, takes: Sequence[tuple[Take, Path]]) -> Path:
    """Write the zip. takes: each with its recording. Names that repeat get a number."""
    taken: set[str] = set()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for take, audio in takes:
            name = unused(take.file_name(), taken)
            archive.write(audio, f"{name}.wav", zipfile.ZIP_STORED)
            archive.writestr(f"{name}.json", json_text(take.told() | {"file_name": f"{name}.wav"}, indent=2))
    return path


def unused(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken in any spelling of cases; it is taken from now on."""
    found, number = name, 2
    while found.casefold() in taken:
        found, number = f"{name}-{number}", number + 1
    taken.add(found.casefold())
    return found
