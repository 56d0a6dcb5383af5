"""Pages that are run: every block of a page in its order and as it is written, but for those that NOT_RUN lists.

What does not run here is read by its own program (test_documented_commands), and has its reason in NOT_RUN alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

import pytest
import typer

from evaluation import pages
from tests.support.documented import ROOT, Block, blocks_of

RECORDINGS = {"me.wav": "source-man.wav", "excited-friend.wav": "reference-lively.wav"}  # of pages, of examples/
NETWORK, SHELL, CONTAINERS = "asks a network", "belongs to a shell", "needs Docker or Podman (tests/test_containers.py)"
NOT_RUN = {  # how a command begins: why it is not run
    "git clone ADDRESS-OF-THIS-REPOSITORY": "the address is the reader's",
    "make run": "installs packages from an index and serves until it is stopped (tests/workbench/test_launching.py)",
    "source .venv/bin/activate": SHELL,
    "pip": NETWORK,
    "hf": NETWORK,
    "docker": CONTAINERS,
    "zest page": "serves until it is stopped (tests/workbench/test_launching.py)",
}
FILES = {  # kinds of blocks that no program runs
    "toml": "a part of a file that the reader writes; the test of its page does",
    "text": "the content of a file of passwords (tests/test_containers.py reads it)",
}
Before = Mapping[str, Callable[["PageRun"], None]]  # how a command begins: what a reader does by hand before it


class PageRun:
    """Runs the blocks of pages in one folder, as somebody who reads them from the top.

    zest: the fixture `zest_here`. folder: where the commands run; `cd` changes it. files: of the pages' Python blocks, which the
    caller has put into the packages. ran, left: commands that were run, and those that were not.
    """

    def __init__(self, folder: Path, zest: Callable[..., subprocess.CompletedProcess], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.zest, self.monkeypatch = folder, zest, monkeypatch
        self.ran: list[str] = []
        self.left: list[str] = []

    def run(self, page: str, before: Before = {}, written: bool = False) -> None:  # noqa: B006 - nothing changes it
        """Args: before: what a reader does by hand. written: whether the page's Python is a file that the caller has written."""
        blocks = blocks_of(page)
        assert blocks, page
        for block in blocks:
            if block.kind == "commands":
                for words in block.commands():
                    self._command(words, before)
            elif block.kind == "python" and not written:
                self._python(block, page)
            else:
                assert block.kind == "python" or block.kind in FILES, (page, block.kind)

    def _command(self, words: list[str], before: Before) -> None:
        line = " ".join(words)
        words = ["cpu" if word == "cuda" else word for word in words]  # the one thing that is not as it is written
        for beginning, act in before.items():
            if line.startswith(beginning):
                act(self)
        if reason_not_run(line):
            self.left.append(line)
            return
        if words[0] == "zest":
            result = self.zest(*words[1:], folder=self.folder)
            assert result.returncode == 0, (line, result.stdout, result.stderr)
        elif words[:2] == ["python", "-m"]:
            self._module(words[2], words[3:])
        elif words[0] == "git":
            subprocess.run(words, cwd=self.folder, check=True, capture_output=True)
        elif words[0] == "cd":
            self.folder = self.folder / words[1]
        elif words[0] == "export":
            self.monkeypatch.setenv(*words[1].split("=", 1))
        else:
            raise AssertionError(f"No test runs '{line}', and NOT_RUN does not say why.")
        self.ran.append(line)

    def _module(self, name: str, words: list[str]) -> None:
        """In this process, and never into the repository."""
        module = import_module(name)
        with self.monkeypatch.context() as patch:
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", [name, *words])
            if module is pages:
                patch.setattr(pages, "PAGES", tuple(copies(pages.PAGES, self.folder)))
            elif hasattr(module, "ROOT"):
                patch.setattr(module, "ROOT", self.folder)
            try:
                typer.run(module.main) if words or _is_typed(module.main) else module.main()
            except SystemExit as ended:
                assert not ended.code, (name, words)

    def _python(self, block: Block, page: str) -> None:
        with self.monkeypatch.context() as patch:
            patch.chdir(self.folder)
            exec(compile(block.text, page, "exec"), {})


def reason_not_run(line: str) -> str:
    """Why a command is not run; '' where it is."""
    return next((why for beginning, why in NOT_RUN.items() if f"{line} ".startswith(f"{beginning} ")), "")


def recordings(folder: Path) -> Path:
    """A folder with the two recordings that pages convert."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, example in RECORDINGS.items():
        shutil.copy(ROOT / "examples" / example, folder / name)
    return folder


def copies(paths: tuple[Path, ...], folder: Path) -> list[Path]:
    """Copies of files of the repository, at the same places below a folder."""
    found = [folder / path.relative_to(ROOT) for path in paths]
    for path, copy in zip(paths, found):
        os.makedirs(copy.parent, exist_ok=True)
        shutil.copy(path, copy)
    return found


def _is_typed(main: Callable[..., object]) -> bool:
    return bool(main.__annotations__.keys() - {"return"})
