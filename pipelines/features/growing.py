"""A recording that is written bit by bit and can be played meanwhile, and its copy in another format; memory stays flat."""

from __future__ import annotations

import os
import struct
import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np

from pipelines.errors import OutputError
from pipelines.features.mark import TOOL, info_chunk
from pipelines.features.writing import FORMATS, SUBTYPES, AudioForm
from pipelines.files import told_writing

BITS = {"PCM_16": 16, "PCM_24": 24, "FLOAT": 32}  # codings of WAV that are written here
PCM, FLOAT = 1, 3  # format tags
HEAD = 44  # bytes before the samples
BLOCK = 1 << 18  # samples copied at a time


class GrowingWav:
    """A mono WAV file whose header is right after each `add`.

    Args:
        rate: Hz. coding: one of BITS. Integers are samples times their full scale, rounded, so that what was read from a file
            of that width is written bit for bit.
    Raises:
        OutputError: from the start or from `add`, where it cannot be written.
    """

    def __init__(self, path: Path, rate: int, coding: str = "PCM_16"):
        self.path, self.rate, self.coding, self.count = path, rate, coding, 0
        with told_writing(path):
            path.unlink(missing_ok=True)  # what a link leads to stays
            self._file = path.open("wb")
            self._file.write(self._head())
            self._file.flush()

    def __enter__(self) -> GrowingWav:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def add(self, samples: np.ndarray) -> None:
        """Append (n,) float32 within [-1, 1]."""
        with told_writing(self.path):
            self._file.write(_coded(samples, self.coding))
            self.count += len(samples)
            self._file.seek(0)
            self._file.write(self._head())
            self._file.seek(0, os.SEEK_END)
            self._file.flush()

    def tell(self, mark: str) -> None:
        """Append a mark (mark.py) behind all samples; nothing can be added afterwards."""
        chunk = self.count * BITS[self.coding] // 8 % 2 * b"\0" + info_chunk(mark)
        with told_writing(self.path):
            self._file.write(chunk)
            self._file.seek(0)
            self._file.write(self._head(len(chunk)))
            self._file.flush()

    def _head(self, behind: int = 0) -> bytes:
        """behind: bytes after the samples."""
        width = BITS[self.coding] // 8
        size = self.count * width
        fmt = struct.pack("<HHIIHH", FLOAT if self.coding == "FLOAT" else PCM, 1, self.rate, self.rate * width, width, 8 * width)
        return (b"RIFF" + struct.pack("<I", HEAD - 8 + size + behind) + b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt
                + b"data" + struct.pack("<I", size))


def coding_of(path: Path, form: AudioForm) -> str:
    """What a GrowingWav is written in whose end is a file of this name: the same coding, or float where that is none of WAV."""
    container, coding = _format(path, form)
    return coding if container == "WAV" else "FLOAT"


def finish(wav: GrowingWav, path: Path, form: AudioForm, mark: str = "") -> None:
    """Move a complete file to its place, in the format that the place's name asks for; whole or not at all.

    mark: what the metadata say, '' for nothing.
    Raises:
        OutputError: it cannot be written.
    """
    ready = wav.path
    try:
        with told_writing(path):
            if mark:
                wav.tell(mark)
            wav.close()
            if _format(path, form) != ("WAV", wav.coding):
                handle, name = tempfile.mkstemp(dir=path.parent, prefix=".zest-", suffix=form.ending(path))
                os.close(handle)
                ready = Path(name)
                _copy(wav.path, ready, *_format(path, form), mark)
                ready.chmod(0o644)  # mkstemp's 0600 would hide the result from everyone else
            os.replace(ready, path)
    finally:
        for left in {wav.path, ready}:
            left.unlink(missing_ok=True)


def _format(path: Path, form: AudioForm) -> tuple[str, str]:
    """Container and coding of a file of this name. Raises OutputError: none that is written."""
    form.check(path)
    container, coding = FORMATS[form.ending(path)]
    return container, SUBTYPES.get(form.subtype, coding)


def _copy(wav: Path, path: Path, container: str, coding: str, mark: str) -> None:
    import soundfile  # imported late, as in decoding.py

    try:
        with soundfile.SoundFile(wav) as own:
            with soundfile.SoundFile(path, "w", own.samplerate, 1, subtype=coding, format=container) as other:
                if mark:
                    other.software, other.comment = TOOL, mark
                while len(block := own.read(BLOCK, dtype="float32")):
                    other.write(block)
    except soundfile.SoundFileError as error:
        raise OutputError(f"Cannot write {path}: {error}.") from error


def _coded(samples: np.ndarray, coding: str) -> bytes:
    if coding == "FLOAT":
        return samples.astype("<f4").tobytes()
    full = 2 ** (BITS[coding] - 1)
    values = np.clip(np.rint(samples.astype(np.float64) * full), -full, full - 1).astype("<i4")
    return values.astype("<i2").tobytes() if coding == "PCM_16" else values.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
