"""The mark of synthetic speech: a sentence in a file's metadata that names tool, system, settings, emotion and weights.

WAV has it in a LIST chunk (INFO, ICMT), FLAC, Ogg and Opus in their comments, MP3 in ID3. The samples are not changed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

from pipelines.features.decoding import talks_aloud
from pipelines.version import zest_version

TOOL = "ZEST workbench"
BEGINS = "Synthetic speech"  # every mark
SHOWN = 12  # letters of the hash of the weights


def mark_of(system: str, weights: str = "", emotion: str = "") -> str:
    """The sentence.

    Args:
        system: as `Conversion.system`. weights: their hash as `Converter.weights`, '' where there are none.
        emotion: the preset or the mix of presets; '' where it came from a recording, or where there are several.
    """
    told = (f"; emotion {emotion}" if emotion else "") + (f"; weights {weights[:SHOWN]}" if weights else "")
    return f"{BEGINS}, converted by {TOOL} {zest_version()}; system {system}{told}."


def read_mark(path: Path | str) -> str | None:
    """The mark of a file, also of one that another tool copied; None where it has none, or cannot be read."""
    import soundfile  # imported late, as in decoding.py

    try:
        if talks_aloud(path):
            return _mark_in(_comments(path))
        with soundfile.SoundFile(str(path)) as file:
            found = [file.comment]
    except (soundfile.SoundFileError, OSError, ValueError):
        found = _comments(path)
    return _mark_in(found)


def _mark_in(comments: Iterable[str]) -> str | None:
    return next((text for text in comments if text.startswith(BEGINS)), None)


def info_chunk(mark: str) -> bytes:
    """A mark as a chunk behind the samples of a WAV file."""
    entries = b"".join(_entry(name, text) for name, text in ((b"ISFT", TOOL), (b"ICMT", mark)))
    return b"LIST" + struct.pack("<I", 4 + len(entries)) + b"INFO" + entries


def _entry(name: bytes, text: str) -> bytes:
    content = text.encode() + b"\0"
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _comments(path: Path | str) -> list[str]:
    """Of formats that libsndfile does not read."""
    import av

    try:
        with av.open(str(path)) as container:
            return [text for source in (container, *container.streams.audio) for text in source.metadata.values()]
    except (av.FFmpegError, OSError, ValueError):
        return []
