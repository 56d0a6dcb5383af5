"""Commands as pages show them: indented lines, those that go on with a backslash joined, without comments."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
ZEST = (["zest"], ["python", "-m", "workbench.cli.main"])  # two ways to begin the same call
STREAMS = (">", ">>", "<", "2>")
PROGRAMS = ("zest", "python", "hf", "git", "pip", "accelerate", "export", "cd", "make")


BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$|((?:^ {4,}\S[^\n]*\n(?:\n(?= {4}))?)+)", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A block of code as a page shows it. kind: the language of its fence; commands where it is indented and has no fence."""

    kind: str
    text: str

    def commands(self) -> list[list[str]]:
        """The words of each command in a block of them, as a shell reads them."""
        lines = [line.strip() for line in self.text.replace("\\\n", " ").splitlines()]
        found = [shlex.split(part, comments=True) for line in lines for part in re.split(r"&&|;", line)]
        return [_as_zest([os.path.expanduser(word) for word in words]) for words in found if words]


def blocks_of(page: Path | str) -> list[Block]:
    """Every block of code on a page of docs/, in order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [Block(found[1] or "commands", found[2] or found[3]) for found in BLOCK.finditer(text)]


def commands_of(page: Path | str) -> list[list[str]]:
    """The words of every command on a page of docs/, in order; calls of zest begin with `zest`."""
    text = re.sub(r"```.*?```", "", (DOCS / page).read_text(encoding="utf-8"), flags=re.S)
    lines = re.findall(r"^ {4,}(\S.*)$", text.replace("\\\n", " "), re.M)
    found = [_without_streams(shlex.split(part, comments=True)) for line in lines for part in re.split(r"&&|\||;", line)]
    return [_as_zest([os.path.expanduser(word) for word in words]) for words in found if words and words[0] in PROGRAMS]


def zest_calls(page: Path | str) -> list[list[str]]:
    """Of those the calls of zest, without their first word."""
    return [words[1:] for words in commands_of(page) if words[0] == "zest"]


def _without_streams(words: list[str]) -> list[str]:
    """Without the files that a shell sends to and from."""
    return [word for before, word in zip(["", *words], words) if before not in STREAMS and word not in STREAMS]


def _as_zest(words: list[str]) -> list[str]:
    start = next((start for start in ZEST if words[:len(start)] == start), None)
    return words if start is None else ["zest", *words[len(start):]]
