"""Recordings by other systems, to be scored: a CSV that lists them, or a zip of recordings with such a CSV inside.

Columns: source, reference, converted; optional: text, language, emotion (of the reference), system, id and every other
column of a protocol (setting, source_speaker, parallel...). Paths are relative to the CSV.
"""

from __future__ import annotations

import copy
import errno
import hashlib
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from evaluation.pair import Pair, PairsError, pairs_of, read_table
from evaluation.run.systems import SAFE_NAME, Rendered, System, contents
from pipelines.counting import counted
from pipelines.errors import AudioError, OutputError, ZestError
from pipelines.features.audio import load
from pipelines.features.decoding import ENDINGS, FORMATS
from pipelines.files import make_folder
from pipelines.names import find_file

SCORED_COLUMNS = "source, reference and converted"
COLUMNS = ("source", "reference")  # what a pair needs; `converted` is asked for separately
DEFAULT_SYSTEM = "converted"
MAX_FILES = 20_000
MAX_BYTES = 4 * 1024**3  # of all recordings together, unpacked
MAX_RATIO = 100  # unpacked to packed bytes of the whole zip; recordings pack to a half at best
CHUNK = 1 << 20  # bytes
UTF8_NAME = 0x800  # flag of a zip's member
RATIO_MATTERS = 10 * 1024**2  # bytes; a small file of one repeated byte harms nobody


@dataclass(frozen=True)
class ListedConversions:
    """The content of a list of conversions: pairs, and systems that return the listed recordings."""

    pairs: tuple[Pair, ...]
    systems: tuple[System, ...]


@dataclass(frozen=True)
class UnpackedList:
    """A zip that was unpacked. path: of its list; folder: of everything."""

    path: Path
    folder: Path


@dataclass(frozen=True)
class ListedSystem:
    """One system of a list; a worker process reads the list once. recordings, hash: as `systems.contents`."""

    name: str
    path: Path
    recordings: int
    hash: str

    checkpoint_hash = None

    @property
    def reads(self) -> tuple[Path, ...]:
        """What no run may write over."""
        return self.path, *(file for (system, _), file in _listing(self.path)[1].items() if system == self.name)

    @property
    def spec(self) -> dict[str, Any]:
        return {"kind": "given", "recordings": self.recordings, "hash": self.hash}

    def render(self, pair: Pair) -> Rendered:
        path = _listing(self.path)[1].get((self.name, pair.id))
        if path is None:
            raise ZestError(f"{self.path.name} has no conversion of {pair.id} by {self.name}.")
        recording = load(path)
        return Rendered(recording.samples, notes=recording.warnings)


def read_scored(path: Path, inside: Path | None = None) -> ListedConversions:
    """Read a list of conversions.

    Rows of different systems with the same id, or without ids the same source, reference and text, are one pair.

    Args:
        inside: a folder that no listed path may leave (for lists that strangers upload).
    Raises:
        ZestError: the list is missing, empty, not a CSV, lacks a column or cell, names a path outside the folder, gives one
            id to two pairs, or a pair two conversions by one system.
    """
    path = path.resolve()
    _listing.cache_clear()  # the list may have changed since this process last read one
    pairs, converted = _listing(path)
    if inside is not None:
        refuse_outside(pairs, converted, inside.resolve())
    systems = []
    for name in dict.fromkeys(system for system, _ in converted):
        own = [file for (system, _), file in converted.items() if system == name]
        systems.append(ListedSystem(name, path, **contents(own)))
    return ListedConversions(pairs, tuple(systems))


@lru_cache(maxsize=4)
def _listing(path: Path) -> tuple[tuple[Pair, ...], dict[tuple[str, str], Path]]:
    """The distinct pairs, and the file of every (system, pair id)."""
    table = read_table(path, (*COLUMNS, "converted"))
    table = table.assign(id=pd.Series(_ids(table), table.index, object), system=_systems(table))
    distinct: dict[str, Pair] = {}
    converted: dict[tuple[str, str], Path] = {}
    for index, pair in enumerate(pairs_of(table, path.parent, COLUMNS)):
        system, cell = table["system"].iloc[index], table["converted"].iloc[index]
        if not cell:
            raise PairsError(f"Line {table.index[index]} of {path.name} names no converted recording.")
        if distinct.setdefault(pair.id, pair) != pair:
            raise PairsError(f"{path.name} gives the id '{pair.id}' to two different pairs; ids must differ.")
        if (system, pair.id) in converted:
            raise PairsError(f"{path.name} has two conversions of the pair '{pair.id}' by {system}; "
                            "give each pair an id of its own, or each system a name.")
        converted[system, pair.id] = find_file(path.parent, cell)
    return tuple(distinct.values()), converted


def open_scored(path: Path, run_folder: Path) -> ListedConversions:
    """A list of conversions from a CSV, or from a zip that is unpacked into the run's folder (its players need the audio).

    The same zip is unpacked once, so that a killed run goes on.

    Raises:
        ZestError: as `read_scored` and `unpack`.
    """
    if path.suffix.lower() != ".zip":
        return read_scored(path)
    listing = unpacked_list(path, run_folder)
    return read_scored(listing.path, inside=listing.folder)


def unpacked_list(path: Path, run_folder: Path, columns: str = SCORED_COLUMNS) -> UnpackedList:
    """The list of a zip that is unpacked into the run's folder, once.

    Args:
        columns: that the list needs, for the sentence where there is no list.
    Raises:
        ZestError: as `unpack`.
    """
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""
    folder = run_folder / f"uploaded-{digest}"
    if not folder.is_dir():
        ours = not run_folder.exists()
        make_folder(run_folder)
        try:
            unpack(path, folder, columns)
        except ZestError:
            if ours:
                run_folder.rmdir()
            raise
    return UnpackedList(next(folder.rglob("*.[cC][sS][vV]")), folder)


def unpack(archive: Path, folder: Path, columns: str = SCORED_COLUMNS) -> Path:
    """Unpack a zip of recordings and one CSV into a new folder; all of it or nothing.

    Nothing is unpacked before every name and size in the zip has been looked at.

    Args:
        folder: does not exist yet, or is empty; its parent exists. columns: that the CSV needs.
    Returns:
        the CSV; read it with `read_scored(csv, inside=folder)`.
    Raises:
        AudioError: not a zip, damaged, encrypted, too big, a bomb, a path that leaves the folder, a link, a file that is
            neither a recording nor a CSV, no CSV or several. OutputError: the disk is full.
    """
    if not archive.is_file():
        raise AudioError(f"There is no file at {archive}; check the path.")
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".zest-") as partial:
            inner = Path(partial) / "unpacked"
            found = _unpack_into(archive, inner, columns)
            inner.rename(folder)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError) as error:
        raise _damaged(archive) from error
    except OSError as error:
        if error.errno == errno.EINVAL and error.filename is None:  # a damaged table of contents points before the beginning
            raise _damaged(archive) from error
        raise OutputError(f"{archive.name} cannot be unpacked into {folder}: {error.strerror or error}.") from error
    return folder / found


def _damaged(archive: Path) -> AudioError:
    return AudioError(f"{archive.name} is not a zip file that can be read, or it is damaged.")


def _unpack_into(archive: Path, folder: Path, columns: str) -> str:
    """Returns the CSV's path inside."""
    with zipfile.ZipFile(archive) as opened:
        members = _checked([_with_plain_name(member) for member in opened.infolist()], archive.name)
        lists = [member.filename for member in members if member.filename.lower().endswith(".csv")]
        if len(lists) != 1:
            raise AudioError(f"{archive.name} holds {len(lists) or 'no'} CSV files; it needs exactly one, with the columns "
                             f"{columns}.")
        for member in members:
            _extract(opened, member, folder)
    return lists[0]


def _ids(table: pd.DataFrame) -> list[str]:
    """The ids as given; else the two names, numbered where different pairs would share them."""
    if "id" in table.columns and (table["id"] != "").all():
        return list(table["id"])
    texts = table["text"] if "text" in table.columns else [""] * len(table)
    keys = list(zip(table["source"], table["reference"], texts, strict=True))
    known = {key: _new_id(key, number) for number, key in enumerate(dict.fromkeys(keys))}
    return [known[key] for key in keys]


def _new_id(key: tuple[str, ...], number: int) -> str:
    names = "~".join(re.sub(r"[^\w-]+", "-", PurePosixPath(part).stem)[:40] for part in key[:2])
    return f"{number:05d}-{names}"


def _systems(table: pd.DataFrame) -> list[str]:
    names = [name or DEFAULT_SYSTEM for name in table["system"]] if "system" in table.columns else [DEFAULT_SYSTEM] * len(table)
    wrong = next((name for name in names if not SAFE_NAME.fullmatch(name)), None)
    if wrong is not None:
        raise PairsError(f"A system cannot be called '{wrong}'; use letters, digits and . _ + - @.")
    return names


def refuse_outside(pairs: Sequence[Pair], converted: Mapping[tuple[str, str], Path], folder: Path) -> None:
    """Raises AudioError: a recording lies outside the folder. converted: by (system, pair id)."""
    natural = (path for pair in pairs for path in (pair.source, pair.reference, pair.parallel) if path is not None)
    for path in (*natural, *converted.values()):
        if not _is_inside(path, folder):
            raise AudioError(f"The list in the zip names {path.name}, which lies outside the zip; pack it into the zip.")


def _is_inside(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder)
    except (OSError, ValueError, RuntimeError):  # a NUL, a loop of links
        return False


def _with_plain_name(member: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """A member under the name that its maker meant: slashes, and UTF-8 where a zip program forgot to say so."""
    plain = copy.copy(member)  # `ZipFile.open` compares the name in the file with `orig_filename`, which stays
    if not member.flag_bits & UTF8_NAME:
        with suppress(UnicodeError):
            plain.filename = member.filename.encode("cp437").decode("utf-8")
    if "/" not in plain.filename:
        plain.filename = plain.filename.replace("\\", "/")
    return plain


def _checked(members: list[zipfile.ZipInfo], name: str) -> list[zipfile.ZipInfo]:
    """The files worth unpacking; refuses the whole archive for one bad entry."""
    for member in members:
        _refuse_escape(member.filename, name)
    files = [member for member in members if not member.is_dir() and not _of_no_interest(member.filename)]
    if len(files) > MAX_FILES:
        raise AudioError(f"{name} holds {counted(len(files), 'file')}; at most {MAX_FILES} are taken.")
    total = sum(member.file_size for member in files)
    packed = sum(member.compress_size for member in files)
    if total > MAX_BYTES or (total > RATIO_MATTERS and total > MAX_RATIO * max(packed, 1)):
        raise AudioError(f"{name} would unpack to {total / 1024**2:.0f} MB from {packed / 1024**2:.1f} MB, which is more than "
                         "recordings do; pack fewer or other files.")
    for member in files:
        _refuse_member(member, name)
    return files


def _of_no_interest(path: str) -> bool:
    """Files that file managers add."""
    names = PurePosixPath(path).parts
    return "__MACOSX" in names or (bool(names) and names[-1].startswith(".")) or names[-1:] == ("Thumbs.db",)


def _refuse_escape(member: str, name: str) -> None:
    path = PurePosixPath(member)
    if path.is_absolute() or ".." in path.parts or "\\" in member or ":" in member:
        raise AudioError(f"{name} holds '{member[:80]}', a path that leaves the folder it is unpacked into.")


def _refuse_member(member: zipfile.ZipInfo, name: str) -> None:
    path = PurePosixPath(member.filename)
    if stat.S_ISLNK(member.external_attr >> 16):
        raise AudioError(f"{name} holds '{member.filename[:80]}', a link; pack the recording itself.")
    if member.flag_bits & 0x1:
        raise AudioError(f"{name} is encrypted; pack it without a password.")
    if path.suffix.lower() not in (*ENDINGS, ".csv"):
        raise AudioError(f"{name} holds '{member.filename[:80]}', which is neither a recording ({FORMATS}) "
                         "nor a CSV.")


def _extract(opened: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    """Copy at most as many bytes as the header names: a header may lie."""
    target = folder / member.filename
    make_folder(target.parent)
    written = 0
    with opened.open(member) as packed, target.open("wb") as file:
        while chunk := packed.read(CHUNK):
            written += len(chunk)
            if written > member.file_size:
                raise AudioError(f"'{member.filename[:80]}' in the zip is longer than the zip says; it may be a zip bomb.")
            file.write(chunk)
