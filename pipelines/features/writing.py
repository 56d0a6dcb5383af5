"""Recordings as files: which format a file's name asks for, and samples in that format."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from pipelines.files import check_ending

FORMATS = {  # what libsndfile writes, by the ending of a file's name: container and encoding
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
}
ENDINGS = f"{', '.join(list(FORMATS)[:-1])} or {list(FORMATS)[-1]}"


def check_format(path: Path | str) -> None:
    """Raises OutputError: the name's ending is that of a format that is not written. Without an ending it is WAV."""
    check_ending(path, FORMATS, "recordings")


def encoded(samples: np.ndarray, rate: int, path: Path | str) -> bytes:
    """Samples, (n,) float, in the format that the name of the file asks for. Raises OutputError as `check_format`."""
    import soundfile  # imported late: a training on packed speech has none

    check_format(path)
    container, encoding = FORMATS.get(Path(path).suffix.lower(), FORMATS[".wav"])
    content = io.BytesIO()
    soundfile.write(content, samples, rate, format=container, subtype=encoding)
    return content.getvalue()
