"""Rendered pieces on disk, by what they depend on: a run goes on where it stopped, and only what changed is rendered again."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.files import LOCK, make_folder, write_whole

ENDING = ".phrase"
VERSION = 1  # of what is stored; another one is rendered again
SPARE = 4  # times as many pieces as a plan has are kept, the newest ones


@dataclass(frozen=True)
class Piece:
    """A converted piece of a recording.

    Attributes:
        samples: (n,) float32. start, end: which of them show the piece's own beginning and end; others lie around it.
        notes: plain sentences about its conversion.
    """

    samples: np.ndarray
    start: int
    end: int
    notes: tuple[str, ...] = ()


class PieceStore:
    """A folder of pieces. Raises OutputError where it cannot be written."""

    def __init__(self, folder: Path | str):
        self.folder = make_folder(folder)

    def find(self, key: str) -> Piece | None:
        """The piece of this key; None where there is none, or what is there cannot be read."""
        try:
            with np.load(self._path(key), allow_pickle=False) as kept:
                start, end = (int(place) for place in kept["places"])
                return Piece(kept["samples"], start, end, tuple(str(note) for note in kept["notes"]))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def keep(self, key: str, piece: Piece) -> None:
        content, places = io.BytesIO(), np.array([piece.start, piece.end])
        np.savez(content, samples=piece.samples, places=places, notes=np.array(piece.notes, dtype=str))
        write_whole(self._path(key), content.getvalue())

    def tidy(self, keys: Sequence[str]) -> None:
        """Delete pieces of earlier plans, the oldest first, where there are many more than this plan's `keys`."""
        spare = [path for path in self.folder.glob(f"*{ENDING}") if path.stem not in keys]
        spare.sort(key=lambda path: path.stat().st_mtime)
        for path in spare[:max(0, len(spare) - (SPARE - 1) * len(keys))]:
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete all pieces, and the folder where nothing else is in it."""
        for path in self.folder.glob(f"*{ENDING}"):
            path.unlink(missing_ok=True)
        self._remove_empty()

    @contextmanager
    def unless_empty(self) -> Iterator[None]:
        """A folder that holds no piece at the end is removed."""
        try:
            yield
        finally:
            self._remove_empty()

    def _remove_empty(self) -> None:
        if {path.name for path in self.folder.iterdir()} <= {LOCK}:
            (self.folder / LOCK).unlink(missing_ok=True)
            self.folder.rmdir()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{ENDING}"


def key_of(samples: np.ndarray, *others: object) -> str:
    """A name for what follows from samples, and from others whose `repr` tells all of them."""
    found = hashlib.blake2b(repr((VERSION, *others)).encode("utf-8", "surrogatepass"), digest_size=16)
    found.update(samples.tobytes())
    return found.hexdigest()


def file_key(path: Path | str) -> str:
    """A name for what a file holds."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
