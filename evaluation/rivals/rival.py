"""What is known of a converter by others: a command template, and a manifest of what it needs."""

from __future__ import annotations

import os
import re
import shutil
import string
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pipelines.errors import ZestError

RUNNERS = Path(__file__).resolve().parent / "runners"
NO_TEXT, RECOGNISED, GIVEN = "", "recognised", "given"  # where the text comes from, for a rival that needs one
FILLED = ("python", "folder", "runners", "source", "reference", "output", "results", "text", "language", "emotion",
          "source_emotion", "speaker", "seed")
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,40}")
SECONDS, TEXT, TABLE, LIST = "a number of seconds above 0", "a text", "a table of texts", "a list of texts"


@dataclass(frozen=True)
class Rival:
    """A converter by others.

    Attributes:
        name: of the system. title: as people call it. page: where it comes from. licence, gpu, about: for readers.
        command: words of its command line; {source}, {reference}, {output}... are filled in (FILLED). No shell reads them.
        folder: of its installation, where it is started; '' where it is not installed. python: its interpreter; the one of
            folder/.venv if ''.
        files: paths in the folder without which it is not installed.
        text: where its text comes from: '' (none is needed), 'recognised' (Whisper's of the source) or 'given' (the pair's,
            recognised where there is none).
        languages: two letters, to what the program calls them; empty: all, and it is not told.
        emotions: targets, to what the program calls them; empty: all.
        environment: variables to set. timeout: seconds for one pair.
        keeps_voice: whether it is meant to keep the source's voice.
    """

    name: str
    title: str = ""
    page: str = ""
    licence: str = ""
    gpu: str = ""
    about: str = ""
    command: Sequence[str] = ()
    folder: str = ""
    python: str = ""
    files: Sequence[str] = ()
    text: str = NO_TEXT
    languages: Mapping[str, str] = field(default_factory=dict)
    emotions: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 900.0
    keeps_voice: bool = True

    def why_not(self) -> str | None:
        """Why it cannot be started here, as a sentence; None where it can. Starts nothing."""
        if not self.folder:
            return (f"{self.title or self.name} is not installed here; install it ({self.page or 'see its page'}) and name its "
                    "folder in the file of ZEST_RIVALS, as docs/rivals.md shows.")
        folder = self.path
        if not folder.is_dir():
            return f"{self.title or self.name} is not installed here: there is no folder {folder}."
        lacking = next((name for name in self.files if not (folder / name).exists()), None)
        if lacking is not None:
            return f"{self.title or self.name} is not installed here: {folder} has no {lacking}."
        program = self.program
        if shutil.which(program, path=os.environ.get("PATH")) is None:
            return f"{self.title or self.name} cannot be started here: there is no program {program}."
        return None

    @property
    def path(self) -> Path:
        return Path(self.folder).expanduser()

    @property
    def interpreter(self) -> str:
        """Its Python: as named, else that of its own environment, else the one on the PATH."""
        if self.python:
            return os.path.expanduser(self.python)
        own = self.path / ".venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        return str(own) if own.exists() else "python3"

    @property
    def program(self) -> str:
        """What is started: the command's first word, relative to its folder where it is a path."""
        first = self.command[0].format_map(_Kept(python=self.interpreter, folder=str(self.path), runners=str(RUNNERS)))
        return str(self.path / first) if os.sep in first and not os.path.isabs(first) else first

    @property
    def version(self) -> str | None:
        """First twelve digits of the commit in its folder; None where it is not installed, 'unknown' without git."""
        return _commit(self.path) if self.folder and self.path.is_dir() else None

    def words(self, values: Mapping[str, str]) -> list[str]:
        """The command line. values: of FILLED, without python, folder and runners."""
        known = {"python": self.interpreter, "folder": str(self.path), "runners": str(RUNNERS), **values}
        return [self.program, *(word.format_map(known) for word in self.command[1:])]

    def asks(self, name: str) -> bool:
        """Whether the command names a value."""
        return any(asked == name for word in self.command for _, asked, _, _ in string.Formatter().parse(word))


def read_rival(name: str, table: Mapping[str, Any], base: Rival | None = None, where: str = "") -> Rival:
    """A rival from a table of TOML, over what is known of it already.

    Raises:
        ZestError: an unknown key, a value of another kind, no command, or a command that names an unknown value.
    """
    here = f" of {where}" if where else ""
    if not NAME.fullmatch(name):
        raise ZestError(f"A rival cannot be called '{name}'{here}; use small letters, digits and . _ -")
    keys = [one.name for one in fields(Rival) if one.name != "name"]
    unknown = next((key for key in table if key not in keys), None)
    if unknown is not None:
        raise ZestError(f"The table [{name}]{here} has the unknown key '{unknown}'; it may have {', '.join(keys)}.")
    for key, value in table.items():
        kind = _kind(key)
        if not _is(kind, value):
            raise ZestError(f"The key '{key}' of [{name}]{here} must be {kind}, not {value!r}.")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    rival = replace(base or Rival(name), **values)
    _refuse(rival, here)
    return rival


def _refuse(rival: Rival, here: str) -> None:
    if not rival.command:
        raise ZestError(f"The table [{rival.name}]{here} has no command; write the words of the program's command line.")
    if rival.text not in (NO_TEXT, RECOGNISED, GIVEN):
        raise ZestError(f"The text of [{rival.name}]{here} must be '{RECOGNISED}', '{GIVEN}' or '', not '{rival.text}'.")
    try:
        asked = [name for word in rival.command for _, name, _, _ in string.Formatter().parse(word) if name is not None]
    except ValueError as error:
        raise ZestError(f"The command of [{rival.name}]{here} has an open brace; write {{{{ and }}}} for braces.") from error
    wrong = next((name for name in asked if name not in FILLED), None)
    if wrong is not None:
        raise ZestError(f"The command of [{rival.name}]{here} asks for {{{wrong}}}; known are "
                        f"{', '.join('{' + name + '}' for name in FILLED)}.")
    if not {"output", "results"} & set(asked):
        raise ZestError(f"The command of [{rival.name}]{here} must name where the result goes: {{output}}, a file, or "
                        "{results}, a folder.")


def _kind(key: str) -> str:
    if key == "timeout":
        return SECONDS
    if key in ("languages", "emotions", "environment"):
        return TABLE
    if key == "keeps_voice":
        return "true or false"
    return LIST if key in ("command", "files") else TEXT


def _is(kind: str, value: Any) -> bool:
    if kind == SECONDS:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf")
    if kind == TABLE:
        return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    if kind == LIST:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, str if kind == TEXT else bool)


class _Kept(dict):
    """Leaves what it does not know as it stands."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def _commit(folder: Path) -> str:
    """Read without git: HEAD, or the branch that it names."""
    try:
        head = (folder / ".git" / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head[:12]
        name = head.removeprefix("ref: ")
        file = folder / ".git" / name
        if file.is_file():
            return file.read_text().strip()[:12]
        packed = (folder / ".git" / "packed-refs").read_text().splitlines()
        return next(line.split()[0][:12] for line in packed if line.endswith(f" {name}"))
    except (OSError, ValueError, StopIteration):
        return "unknown"
