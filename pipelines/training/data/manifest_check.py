"""Is every recording of a manifest there, with samples that are numbers? Looked at before any work, in a second or two.

Ten thousand recordings are glanced at, not decoded: their size, their first bytes, and where a WAV's samples lie. Samples
are read only where they are floats, since only those can be no numbers.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from pipelines.errors import AudioError, RecipeError
from pipelines.features.decoding import decode, refuse_unreadable
from pipelines.features.riff import is_wav, wav_parts
from pipelines.outputs import FileIdentity
from pipelines.tables import SHOWN
from pipelines.training.data.corpus import Clip, clips_by_line
from pipelines.training.data.packed_clips import is_packed

COMPRESSED = (b"fLaC", b"OggS")  # formats of corpora whose first bytes are enough
FLOAT, EXTENSIBLE = 3, 0xFFFE
WORKERS = 4


def read_checked_manifest(path: Path | str, splits: Collection[str] | None = None) -> list[Clip]:
    """Read a manifest whose recordings will be used.

    Args:
        splits: only recordings of these splits are looked at; all if None.
    Raises:
        RecipeError: as `read_manifest`; or recordings are missing, empty or have samples that are not numbers, or one stands
            there in two ways. The sentence names the first lines and counts the others.
    """
    clips = clips_by_line(path)
    _refuse_twice(path, clips)
    used = [(line, clip) for line, clip in clips.items() if splits is None or clip.split in splits]
    with ThreadPoolExecutor(WORKERS) as pool:
        reasons = list(pool.map(why_not, (clip.path for _, clip in used)))
    wrong = [(line, clip.path.name, reason) for (line, clip), reason in zip(used, reasons, strict=True) if reason]
    if wrong:
        named = "; ".join(f"line {line}, {name}: {reason}" for line, name, reason in wrong[:SHOWN])
        more = f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise RecipeError(f"The manifest {path} names recordings that cannot be used ({named}{more}); "
                          "mend or remove these lines.")
    return list(clips.values())


def _refuse_twice(path: Path | str, clips: dict[int, Clip]) -> None:
    """Raises RecipeError: two lines that differ name one file, so that it would be in two splits or have two labels. A line that
    is there again only counts again."""
    known, first = FileIdentity(), {}
    for line, clip in clips.items():
        earlier = first.setdefault(known.of(clip.path), line)
        if clip != clips[earlier]:
            raise RecipeError(f"The manifest {path} names one recording in two ways, in lines {earlier} and {line} "
                              f"({clip.path.name}); remove one of them.")


def why_not(path: Path) -> str | None:
    """Why a recording cannot be used, in a few words; None where it looks right."""
    try:
        size = path.stat().st_size
        if is_packed(path):
            return None if size else "it is empty"
        with path.open("rb") as file:
            head = file.read(12)
            if is_wav(head):
                return _why_not_wav(path, wav_parts(file, 0, size))
    except FileNotFoundError:
        return "there is no such file"
    except (OSError, ValueError):
        return _why_not_decoded(path)
    return None if head.startswith(COMPRESSED) and size > 200 else _why_not_decoded(path)


def _why_not_wav(path: Path, parts: list) -> str | None:
    if not parts:
        return _why_not_decoded(path)
    return _why_not_decoded(path) if parts[0].fields[0] in (FLOAT, EXTENSIBLE) or parts[0].is_coded else None


def _why_not_decoded(path: Path) -> str | None:
    try:
        refuse_unreadable(path)
        samples = decode(path).samples
    except AudioError as error:
        return "it is empty" if "is empty" in str(error) else "it cannot be read as a recording"
    if not len(samples):
        return "it is empty"
    return None if np.isfinite(samples).all() else "it has samples that are not numbers"
