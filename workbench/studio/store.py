"""Takes on the server, in one folder a visitor. Only who knows a visitor's token can list or change what is in it.

    <root>/<visitor>/take/<id>/take.json        see `takes.Take`
    <root>/<visitor>/take/<id>/take.wav         the conversion
    <root>/<visitor>/take/<id>/<name>.json      what others keep beside it, such as contours
    <root>/<visitor>/recording/<hash><ending>   sources and references, once each
    <root>/<visitor>/seen                       touched at each visit; expiry counts from here

A token is made in the visitor's browser. The folder's name is its SHA-256, so that a list of folders gives no token away.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.counting import counted
from pipelines.errors import OutputError, ZestError
from pipelines.files import json_text, make_folder, write_whole
from workbench.studio.takes import NAME_LENGTH, NOTE_LENGTH, TAKE_ID, Take, read_take

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 random bits
EXTRA = re.compile(r"[a-z]{1,20}")
RECORDING = re.compile(r"[0-9a-f]{64}(\.[a-z0-9]{1,5})?")
AUDIO = "take.wav"
DAYS, UNDO_SECONDS, SWEEP_SECONDS = 7, 600, 600
NO_TAKE = "There is no such take any more; takes are deleted seven days after your last visit."
NO_TOKEN = "This browser sends no key to its takes, so there are none."
FULL = "Your takes are full ({limit}); this one is not kept. Download it above, or delete some takes and convert again."
NO_ROOM = "This server has no room for more takes; this one is not kept. Download it above."


class TakeError(ZestError):
    """What was asked of the takes cannot be."""


@dataclass(frozen=True)
class Limits:
    """takes, megabytes: of one visitor, deleted ones that can still be restored included. total_megabytes: of all visitors.
    days: after a visitor's last visit, when everything of theirs is deleted."""

    takes: int = 200
    megabytes: float = 500.0
    total_megabytes: float = 8000.0
    days: float = DAYS


@dataclass(frozen=True)
class NewTake:
    """What is to be kept. audio, source, reference: files, which are copied; mixed: those of a mix, with
    weights. The rest is as in `takes.Take`."""

    audio: Path
    source: Path
    reference: Path | None
    emotion: str | None
    settings: Mapping[str, Any]
    system: str
    document: Mapping[str, Any]
    mixed: tuple[tuple[Path, float], ...] = ()

    @property
    def files(self) -> list[Path]:
        """All that are copied."""
        return [self.audio, self.source, *([self.reference] if self.reference else []), *(path for path, _ in self.mixed)]


def visitor_folder(root: Path, token: str) -> Path:
    """Where everything of one visitor lies. Raises TakeError: it is no token."""
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise TakeError(NO_TOKEN)
    return root / hashlib.sha256(token.encode()).hexdigest()


class TakeStore:
    """The takes of all visitors. clock: seconds since the epoch, for tests.

    Every method raises TakeError where the token or the id is none, or the take is gone.
    """

    def __init__(self, root: Path, limits: Limits = Limits(), clock: Callable[[], float] = time.time):
        self.root, self.limits, self.clock = root, limits, clock
        self._swept = 0.0

    def takes(self, token: str) -> list[Take]:
        """A visitor's takes, the newest first; deleted ones are left out. Counts as a visit."""
        visitor = self._visitor(token)
        self.sweep()
        if not visitor.exists():
            return []
        self._seen(visitor)
        return sorted((one for one in self._all(visitor) if not one.deleted), key=lambda one: one.made, reverse=True)

    def add(self, token: str, new: NewTake) -> Take:
        """Keep a conversion. Raises TakeError: there is no room; nothing was kept, and nothing was lost."""
        visitor = self._visitor(token)
        self.sweep()
        try:
            with self._alone(visitor):
                self._check_room(visitor, new)
                return self._write(visitor, new)
        except (OSError, OutputError) as error:
            raise TakeError(NO_ROOM) from error

    def change(self, token: str, take_id: str, name: str | None = None, star: bool | None = None,
               note: str | None = None) -> Take:
        """Another name, star or note; None leaves it as it is. Raises TakeError: too long."""
        for text, most, what in ((name, NAME_LENGTH, "name"), (note, NOTE_LENGTH, "note")):
            if text is not None and len(text) > most:
                raise TakeError(f"A {what} has at most {counted(most, 'letter')}; this one has {len(text)}.")
        changes = {"name": None if name is None else name.strip(), "star": star, "note": None if note is None else note.strip()}
        return self._changed(token, take_id, **{key: value for key, value in changes.items() if value is not None})

    def tell(self, token: str, take_id: str, **numbers: Any) -> Take:
        """Add what was found out later to a take's document."""
        return self._changed(token, take_id, document=dict(self.take(token, take_id).document) | numbers)

    def delete(self, token: str, take_id: str) -> Take:
        """Take it off the list; it can be restored for ten minutes."""
        return self._changed(token, take_id, deleted=self.clock())

    def restore(self, token: str, take_id: str) -> Take:
        """Back onto the list."""
        return self._changed(token, take_id, deleted=0.0)

    def forget(self, token: str) -> None:
        """Delete everything of a visitor, at once and for good."""
        shutil.rmtree(self._visitor(token), ignore_errors=True)

    def take(self, token: str, take_id: str) -> Take:
        return self._read(self._folder(self._visitor(token), take_id))

    def audio(self, token: str, take_id: str) -> Path:
        """The file of a conversion."""
        return self._folder(self._visitor(token), take_id) / AUDIO

    def recordings(self, token: str, take: Take) -> tuple[Path, Path | None]:
        """The files of its source and of its reference."""
        found = [self._visitor(token) / "recording" / name for name in (take.source_file, take.reference_file)
                 if RECORDING.fullmatch(name)]
        if not found or not all(path.exists() for path in found):
            raise TakeError(NO_TAKE)
        return found[0], found[1] if len(found) > 1 else None

    def mixed(self, token: str, take: Take) -> list[tuple[Path, str, float]]:
        """File, own name and weight of every recording of a mix."""
        folder = self._visitor(token) / "recording"
        found = [(folder / file, name, weight) for name, file, weight in take.mixed if RECORDING.fullmatch(file)]
        if not all(path.exists() for path, _, _ in found):
            raise TakeError(NO_TAKE)
        return found

    def attach(self, token: str, take_id: str, name: str, document: Any) -> None:
        """Keep a JSON document beside a take, by a name of small letters."""
        if not EXTRA.fullmatch(name):
            raise TakeError(f"'{name}' is no name of a document.")
        write_whole(self._folder(self._visitor(token), take_id) / f"{name}.json", json_text(document).encode())

    def attached(self, token: str, take_id: str, name: str) -> Any:
        """Such a document, None where there is none."""
        path = self._folder(self._visitor(token), take_id) / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if EXTRA.fullmatch(name) and path.exists() else None

    def sweep(self) -> None:
        """Delete what has expired; does nothing within ten minutes of the last time."""
        now = self.clock()
        if now - self._swept < SWEEP_SECONDS or not self.root.exists():
            return
        self._swept = now
        for visitor in self.root.iterdir():
            with suppress(OSError):
                if now - (visitor / "seen").stat().st_mtime > 86400 * self.limits.days:
                    shutil.rmtree(visitor, ignore_errors=True)
                    continue
                for one in self._all(visitor):
                    if one.deleted and now - one.deleted > UNDO_SECONDS:
                        shutil.rmtree(visitor / "take" / one.id, ignore_errors=True)
                self._forget_unused_recordings(visitor)

    def _visitor(self, token: str) -> Path:
        return visitor_folder(self.root, token)

    def _folder(self, visitor: Path, take_id: str) -> Path:
        if not isinstance(take_id, str) or not TAKE_ID.fullmatch(take_id):
            raise TakeError(NO_TAKE)
        folder = visitor / "take" / take_id
        if not (folder / "take.json").exists():
            raise TakeError(NO_TAKE)
        return folder

    def _read(self, folder: Path) -> Take:
        try:
            return read_take(json.loads((folder / "take.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise TakeError(NO_TAKE) from error

    def _all(self, visitor: Path) -> Iterator[Take]:
        for path in (visitor / "take").glob("*/take.json"):
            with suppress(TakeError):  # one that is damaged hides no other
                yield self._read(path.parent)

    def _changed(self, token: str, take_id: str, **changes: Any) -> Take:
        visitor = self._visitor(token)
        folder = self._folder(visitor, take_id)
        with self._alone(visitor):
            take = replace(self._read(folder), **changes)
            write_whole(folder / "take.json", json_text(take.kept()).encode())
        return take

    def _write(self, visitor: Path, new: NewTake) -> Take:
        source = self._recording(visitor, new.source)
        reference = self._recording(visitor, new.reference) if new.reference else ""
        mixed = tuple((path.name, self._recording(visitor, path), weight) for path, weight in new.mixed)
        take = Take(secrets.token_urlsafe(16), self.clock(), new.source.name, dict(new.settings), new.system, dict(new.document),
                    source, new.reference and new.reference.name, reference, new.emotion, mixed=mixed)
        folder = make_folder(visitor / "take" / take.id)
        try:
            shutil.copyfile(new.audio, folder / AUDIO)
            write_whole(folder / "take.json", json_text(take.kept()).encode())
        except (OSError, OutputError):
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return take

    def _recording(self, visitor: Path, path: Path) -> str:
        """Keep a recording once, by what it holds; returns its name in the visitor's folder."""
        content = path.read_bytes()
        ending = path.suffix.lower() if re.fullmatch(r"\.[a-z0-9]{1,5}", path.suffix.lower()) else ""
        name = hashlib.sha256(content).hexdigest() + ending
        place = make_folder(visitor / "recording") / name
        if not place.exists():
            write_whole(place, content)
        return name

    def _check_room(self, visitor: Path, new: NewTake) -> None:
        coming = sum(path.stat().st_size for path in new.files)
        if sum(1 for _ in (visitor / "take").glob("*")) >= self.limits.takes:
            raise TakeError(FULL.format(limit=f"{self.limits.takes} takes"))
        if bytes_in(visitor) + coming > 1e6 * self.limits.megabytes:
            raise TakeError(FULL.format(limit=f"{self.limits.megabytes:g} MB"))
        if bytes_in(self.root) + coming > 1e6 * self.limits.total_megabytes:
            raise TakeError(NO_ROOM)

    def _forget_unused_recordings(self, visitor: Path) -> None:
        used = {name for one in self._all(visitor)
                for name in (one.source_file, one.reference_file, *(file for _, file, _ in one.mixed))}
        for path in (visitor / "recording").glob("*"):
            if path.name not in used and self.clock() - path.stat().st_mtime > UNDO_SECONDS:
                path.unlink()

    def _seen(self, visitor: Path) -> None:
        make_folder(visitor)
        (visitor / "seen").touch()
        os.utime(visitor / "seen", (self.clock(), self.clock()))

    @contextmanager
    def _alone(self, visitor: Path) -> Iterator[None]:
        """Nobody else changes this visitor's folder meanwhile. Raises OSError: the folder cannot be made."""
        self._seen(visitor)
        with (visitor / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def bytes_in(folder: Path) -> int:
    """Of all files under a folder."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total
