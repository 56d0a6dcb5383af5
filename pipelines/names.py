"""Files that a list names, found though another system wrote their names otherwise.

Tried in turn: the name as it stands; with slashes for backslashes; in the other Unicode form (Macs decompose letters); with
other capitals; and, where exactly one file fits, with letters beyond ASCII that a zip program spelled in an older alphabet.
Then without quotation marks; below the home folder for ~; as a file: address or with %20 for a blank; and, of a path on a
drive of Windows, its end below the list's folder.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote


def find_file(folder: Path, name: str) -> Path:
    """The file that a list in `folder` names; the plain path where no file fits, so that a message can name it."""
    found = _find(folder, name)
    return found if _exists(found) else next(filter(_exists, (_find(folder, one) for one in _meant(name))), found)


def _meant(name: str) -> Iterator[str]:
    """Other ways in which a name may have been written."""
    bare = name.strip("\"'“”‘’«»")
    unquoted = unquote(bare)
    if bare.casefold().startswith("file:"):
        unquoted = unquote(re.sub("^file:/*", "/", bare, flags=re.I))
        yield unquoted
        bare = unquoted.removeprefix("/")  # a drive, or relative
    if bare.startswith("~"):
        yield os.path.expanduser(bare)
    yield bare
    yield unquoted
    on_drive = PureWindowsPath(bare)
    if on_drive.drive:
        yield from ("/".join(on_drive.parts[start:]) for start in range(1, len(on_drive.parts)))


def _find(folder: Path, name: str) -> Path:
    plain = folder / name
    if _exists(plain):
        return plain
    parts = PurePosixPath(name.replace("\\", "/"))
    place = Path(parts.root) if parts.is_absolute() else folder
    for part in parts.parts[1:] if parts.is_absolute() else parts.parts:
        found = _entry(place, part)
        if found is None:
            return folder / parts if "\\" in name else plain
        place = found
    return place


def forget_folders() -> None:
    """What folders hold may have changed since they were last looked at."""
    _entries.cache_clear()


def _entry(folder: Path, name: str) -> Path | None:
    """What a name stands for in a folder."""
    for spelled in (name, _as_bytes(name), _as_letters(name)):
        if spelled in (".", "..") or (spelled and _exists(folder / spelled)):
            return folder / spelled
    for key in (_folded, _ascii):
        fitting = _entries(folder, key).get(key(name), ())
        if len(fitting) == 1:
            return folder / fitting[0]
    return None


@lru_cache(maxsize=256)
def _entries(folder: Path, key: Callable[[str], str]) -> dict[str, list[str]]:
    """What a folder holds, by key."""
    found: dict[str, list[str]] = {}
    try:
        for name in sorted(os.listdir(folder)):
            found.setdefault(key(name), []).append(name)
    except (OSError, ValueError):
        return {}
    return found


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _ascii(name: str) -> str:
    """A name with every run of other letters as one mark: they are spelled differently by each alphabet."""
    return re.sub(r"[^\x00-\x7f]+", "\x00", _folded(name))


def _as_bytes(name: str) -> str:
    """The file whose name has the bytes of older Windows, which is no text here; '' where that had no such letters."""
    try:
        return os.fsdecode(name.encode("cp1252"))
    except UnicodeError:
        return ""


def _as_letters(name: str) -> str:
    """The other way round: the file whose name has the letters that bytes of older Windows stand for; '' where they are none."""
    try:
        return os.fsencode(name).decode("cp1252")
    except UnicodeError:
        return ""


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, a NUL inside
        return False
