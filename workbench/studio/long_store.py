"""Long recordings on the server, one for each visitor, with its plan, its rendered phrases and its result.

    <root>/<visitor>/seen                          touched at each visit; expiry counts from here
    <root>/<visitor>/<id>/project.json             see `LongProject`
    <root>/<visitor>/<id>/upload/<name>            what was given, until it is read
    <root>/<visitor>/<id>/source.wav               mono, 16 bits, at the rate of the result
    <root>/<visitor>/<id>/sketch                   peaks of its waveform
    <root>/<visitor>/<id>/plan/plan.csv            and the references that it names
    <root>/<visitor>/<id>/phrases/                 rendered phrases
    <root>/<visitor>/<id>/result.wav, result.json  the newest result; result.part.wav, part.json: as far as it is

Files are served to who knows visitor and id, which only the visitor's own page is told.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.errors import ZestError
from pipelines.files import json_text, make_folder, write_whole
from pipelines.plan.rendering import partial_path
from workbench.studio.store import bytes_in, visitor_folder
from workbench.studio.takes import TAKE_ID

VISITOR = re.compile(r"[0-9a-f]{64}")
DAYS, SWEEP_SECONDS = 2.0, 600.0
NAME_LENGTH = 120  # letters of a file's name
GIVEN, READY = "given", "ready"  # states of a project: its phrases are found yet, or not
NONE = "There is no long recording here any more; it is deleted two days after your last visit. Give it again."
ONE = "Another long recording is open. Remove it first; its plan and its result can be downloaded before."
NO_ROOM = "This server has no room for a recording of this size at the moment; try it later, or use the command line."
TOO_LARGE = "{name} is larger than {megabytes:.0f} MB; make it mono, or save it as FLAC, and give it again."


class LongError(ZestError):
    """What was asked of a long recording cannot be."""


@dataclass(frozen=True)
class LongLimits:
    """megabytes: of one recording. total_megabytes: of all visitors. days: after a visitor's last visit."""

    megabytes: float = 1000.0
    total_megabytes: float = 30_000.0
    days: float = DAYS


@dataclass(frozen=True)
class LongProject:
    """A long recording with what is to become of it.

    Attributes:
        folder: of its files. name: of the recording. made: seconds since the epoch. state: GIVEN or READY.
        seconds, rate: of source.wav. notes: what was noticed while it was read. findings: what is doubtful, see `doubts.py`.
    """

    folder: Path
    name: str
    made: float
    state: str = GIVEN
    seconds: float = 0.0
    rate: int = 0
    notes: tuple[str, ...] = field(default_factory=tuple)
    findings: tuple[dict[str, str], ...] = field(default_factory=tuple)

    @property
    def key(self) -> str:
        """What its files are reached by."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def upload(self) -> Path:
        return self.folder / "upload" / self.name

    @property
    def source(self) -> Path:
        return self.folder / "source.wav"

    @property
    def sketch(self) -> Path:
        return self.folder / "sketch"

    @property
    def plan(self) -> Path:
        return self.folder / "plan" / "plan.csv"

    @property
    def phrases(self) -> Path:
        return self.folder / "phrases"

    @property
    def result(self) -> Path:
        return self.folder / "result.wav"

    @property
    def partial(self) -> Path:
        """What a rendering grows in."""
        return partial_path(self.result)

    def references(self) -> list[str]:
        """Names of the recordings that its plan may name."""
        return sorted(path.name for path in self.plan.parent.glob("*") if path != self.plan)

    def keep(self) -> LongProject:
        """Write project.json."""
        written = {name: value for name, value in asdict(self).items() if name != "folder"}
        write_whole(self.folder / "project.json", json_text(written).encode())
        return self

    def document(self, name: str) -> Any:
        """result.json or part.json, None where there is none."""
        with suppress(OSError, ValueError):
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        return None

    def keep_document(self, name: str, document: Any) -> None:
        if self.folder.exists():  # it may have been removed meanwhile
            write_whole(self.folder / name, json_text(document).encode())


class LongStore:
    """The long recordings of all visitors. clock: seconds since the epoch, for tests.

    Every method with a token raises TakeError where that is none.
    """

    def __init__(self, root: Path, limits: LongLimits = LongLimits(), clock: Callable[[], float] = time.time):
        self.root, self.limits, self.clock = root, limits, clock
        self._swept = 0.0

    def find(self, token: str) -> LongProject | None:
        """A visitor's recording, None where there is none. Counts as a visit."""
        visitor = visitor_folder(self.root, token)
        self.sweep()
        found = [one for folder in visitor.glob("*") if (one := _read(folder)) is not None]
        if found:
            self._seen(visitor)
        return max(found, key=lambda one: one.made, default=None)

    def project(self, token: str) -> LongProject:
        """The same. Raises LongError: there is none."""
        found = self.find(token)
        if found is None:
            raise LongError(NONE)
        return found

    def begin(self, token: str, name: str, size: int) -> LongProject:
        """A place for a recording of so many bytes: `upload`. Raises LongError: there is one already, or no room."""
        if self.find(token) is not None:
            raise LongError(ONE)
        name = plain_name(name)
        if size > 1e6 * self.limits.megabytes:
            raise LongError(TOO_LARGE.format(name=name, megabytes=self.limits.megabytes))
        visitor = visitor_folder(self.root, token)
        self._seen(visitor)
        if bytes_in(self.root) + 4 * size > 1e6 * self.limits.total_megabytes or shutil.disk_usage(self.root).free < 4 * size:
            raise LongError(NO_ROOM)
        project = LongProject(visitor / secrets.token_urlsafe(16), name, self.clock())
        make_folder(project.upload.parent)
        make_folder(project.plan.parent)
        return project.keep()

    def ready(self, project: LongProject, **found: Any) -> LongProject:
        """Its phrases are found. found: seconds, rate, notes and findings."""
        shutil.rmtree(project.upload.parent, ignore_errors=True)
        return replace(project, state=READY, **found).keep()

    def remove(self, token: str) -> None:
        """Delete a visitor's recording with all that belongs to it."""
        shutil.rmtree(visitor_folder(self.root, token), ignore_errors=True)

    def file(self, visitor: str, project_id: str, name: str) -> Path:
        """A file of a project. Raises LongError: there is none."""
        if VISITOR.fullmatch(visitor) and TAKE_ID.fullmatch(project_id):
            path = self.root / visitor / project_id / name
            if path.is_file():
                return path
        raise LongError(NONE)

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

    def _seen(self, visitor: Path) -> None:
        make_folder(visitor)
        (visitor / "seen").touch()
        os.utime(visitor / "seen", (self.clock(), self.clock()))


def plain_name(name: str) -> str:
    """A file's name as any file system and any plan takes it: no folders, no commas or colons, not too long."""
    stem, dot, ending = re.sub(r"[^\w .()&+-]+", "_", name.replace("\\", "/").rpartition("/")[2]).strip(" .").rpartition(".")
    name = f"{stem[:NAME_LENGTH]}{dot}{ending[:10]}"
    return "recording" if not name or name.casefold() == "plan.csv" else name


def _read(folder: Path) -> LongProject | None:
    try:
        document = json.loads((folder / "project.json").read_text(encoding="utf-8"))
        return LongProject(folder, **document | {name: tuple(document.get(name, ())) for name in ("notes", "findings")})
    except (OSError, ValueError, TypeError, KeyError):
        return None
