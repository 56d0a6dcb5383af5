"""Pieces of a pack: zip files below a size, and the list of them with their hashes, pack.json."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from pipelines.errors import OutputError, RecipeError
from pipelines.files import make_folder, write_whole

LIST = "pack.json"
FORMAT = 1
MEGABYTE = 1_000_000
END, ENTRY = 22, 76  # bytes that a zip file takes, and each entry in it besides its name, twice, and content
PART = "@"  # between the name of a content that takes several entries and its part, as in 2of3


@dataclass(frozen=True)
class Piece:
    """One file of a pack. size: bytes. sha256: of its content, hexadecimal."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class PackList:
    """What pack.json says. stages: that can be trained. hours, clips: of speech. precision: of the recipe."""

    stages: tuple[str, ...]
    hours: float
    clips: int
    precision: str
    pieces: tuple[Piece, ...]

    @property
    def size(self) -> int:
        """Bytes of all pieces."""
        return sum(piece.size for piece in self.pieces)

    @property
    def key(self) -> str:
        """Tells packs apart by their content."""
        return hashlib.sha256("".join(piece.sha256 for piece in self.pieces).encode()).hexdigest()

    def write(self, folder: Path) -> None:
        write_whole(folder / LIST, (json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n").encode())


def read_list(folder: Path) -> PackList:
    """pack.json of a folder. Raises RecipeError: it is missing, damaged or of another version."""
    file = folder / LIST
    try:
        values = json.loads(file.read_text())
        known = values.pop("format") == FORMAT
        pieces = tuple(Piece(str(piece["name"]), int(piece["size"]), str(piece["sha256"])) for piece in values.pop("pieces"))
        pack = PackList(**{**values, "stages": tuple(values["stages"])}, pieces=pieces)
    except OSError as error:
        raise RecipeError(f"There is no {LIST} in {folder}; bring it along with the pieces.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecipeError(f"{file} is damaged; bring it again.") from error
    if not known:
        raise RecipeError(f"{file} is of another version; pack and unpack with the same version of zest.")
    return pack


class PieceWriter:
    """Fills pieces one after another. limit: bytes of a piece, at most; contents larger than half of it are divided."""

    def __init__(self, folder: Path, limit: int):
        self.folder, self.limit, self.pieces = folder, limit, []
        self._begin()

    def add(self, name: str, content: bytes) -> None:
        """name: of a file in the unpacked folder, with slashes."""
        largest = self.limit // 2 - ENTRY - END - 2 * len(name) - 40
        if largest < 1:
            raise RecipeError(f"A piece of {self.limit} bytes is too small; choose more --piece-megabytes.")
        parts = [content[at:at + largest] for at in range(0, len(content), largest)] or [b""]
        for number, part in enumerate(parts, start=1):
            self._add(name if len(parts) == 1 else f"{name}{PART}{number}of{len(parts)}", part)

    def close(self) -> tuple[Piece, ...]:
        """All pieces, the last one written."""
        if self.names:
            self._write()
        return tuple(self.pieces)

    def _begin(self) -> None:
        self.buffer, self.used, self.names = io.BytesIO(), END, 0
        self.archive = zipfile.ZipFile(self.buffer, "w", zipfile.ZIP_STORED)

    def _add(self, name: str, content: bytes) -> None:
        size = ENTRY + 2 * len(name.encode()) + len(content)
        if self.used + size > self.limit:
            self._write()
        self.archive.writestr(zipfile.ZipInfo(name), content)  # without today's date: the same pack has the same bytes
        self.used, self.names = self.used + size, self.names + 1

    def _write(self) -> None:
        self.archive.close()
        content, name = self.buffer.getvalue(), f"piece-{len(self.pieces) + 1:03}.zip"
        write_whole(self.folder / name, content)
        self.pieces.append(Piece(name, len(content), hashlib.sha256(content).hexdigest()))
        self._begin()


def new_folder(folder: Path) -> Path:
    """For a pack. Raises OutputError: there is something in it, or it cannot be created."""
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError(f"{folder} is not empty; name a new folder for the pack.")
    return make_folder(folder)


def read_piece(folder: Path, piece: Piece) -> dict[str, bytes] | None:
    """Names and contents; None where the piece is damaged. Raises FileNotFoundError: it is missing."""
    content = (folder / piece.name).read_bytes()
    if len(content) != piece.size or hashlib.sha256(content).hexdigest() != piece.sha256:
        return None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def inside(folder: Path, name: str) -> Path:
    """The file of an entry. Raises RecipeError: the name leads out of the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise RecipeError(f"The pack has a file called '{name}', which would lie outside {folder}; do not use this pack.")
    return folder / path
