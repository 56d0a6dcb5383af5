"""Every command that a page of docs/ shows is one: its program knows the command, its options and their values.

Those of the README, the tutorials and the how-to pages are run, too (test_readme, test_tutorials). What needs a network, a GPU
or hours is read by its own program here, and not begun.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
from typing import Any
from unittest import mock

import pytest
import typer

from tests.support.documented import DOCS, ROOT, commands_of
from workbench import launching
from workbench.cli import train
from workbench.cli.app import app

PAGES = ["../README.md", "../CONTRIBUTING.md", *sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")
                                                       if "results" not in page.parts)]
ENDED = (typer.Exit, SystemExit)  # of an option such as --stages, which says something and ends


@pytest.mark.parametrize("page", [page for page in PAGES if commands_of(page)])
def test_commands_that_pages_show_are_understood_by_their_programs(page, monkeypatch):
    monkeypatch.setattr(train, "stage_table", lambda: "")  # of `zest train --stages`, which imports all of the training
    for words in commands_of(page):
        with contextlib.redirect_stdout(io.StringIO()):
            understood(words)


def test_a_wrong_option_value_or_file_is_noticed():
    for words in (["zest", "convert", "me.wav", "--fly"], ["zest", "plan"], ["zest", "convert", "me.wav", "--strength", "much"],
                  ["python", "-m", "benchmarks.mixes", "--fly"],
                  ["python", "app.py", "--fly"], ["hf", "upload", "--fly"], ["pip", "install", "-r", "no.txt"]):
        with pytest.raises((Exception, SystemExit)), contextlib.redirect_stderr(io.StringIO()):
            understood(words)


def understood(words: list[str]) -> None:
    """Raises where a program does not take these words. Nothing is run but what changes nothing."""
    program, rest = words[0], words[1:]
    if program == "zest":
        _typer(typer.main.get_command(app), rest)
    elif words[:2] == ["python", "-m"]:
        _module(words[2], words[3:])
    elif words[:2] == ["python", "app.py"]:
        with mock.patch.dict(os.environ), mock.patch.object(launching, "_folder", str):  # the folder is the reader's
            launching.take_options(words[2:])
    elif program == "hf":
        from huggingface_hub.cli.hf import app as hub

        _typer(hub, rest)
    elif program == "pip":
        from pip._internal.commands import create_command

        options, _ = create_command(rest[0]).parse_args(rest[1:])
        assert all((ROOT / file).is_file() for file in options.requirements)
    elif program == "accelerate":  # which is installed where there is a GPU
        assert rest[0] == "launch" and rest[rest.index("-m") + 1] == "workbench.cli.main"
        _typer(typer.main.get_command(app), rest[rest.index("-m") + 2:])
    elif program == "git":
        assert rest[0] == "clone" and len(rest) == 3
    elif program == "make":
        assert f"\n{rest[0]}:" in (ROOT / "Makefile").read_text()
    else:
        assert program in ("cd", "export") and len(rest) == 1


def _module(name: str, words: list[str]) -> None:
    """By what the source of its `main` says, since importing all benchmarks takes half a minute."""
    source = (ROOT / f"{name.replace('.', '/')}.py").read_text()
    main = next(node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == "main")
    named = {f"--{one.arg.replace('_', '-')}" for one in main.args.args}
    named |= {node.value for node in ast.walk(main) if isinstance(node, ast.Constant) and str(node.value).startswith("-")}
    unknown = [word for word in words if word.startswith("-") and word.partition("=")[0].replace("--no-", "--") not in named]
    assert not unknown, (name, unknown)


def _typer(command: Any, words: list[str]) -> None:
    """Follows groups to the command, which then reads its words."""
    context = None
    with contextlib.suppress(*ENDED):
        while True:
            context = command.make_context(command.name or "zest", list(words), parent=context)
            if not hasattr(command, "commands"):
                return
            rest = [*getattr(context, "_protected_args", ()), *context.args]
            _, command, words = command.resolve_command(context, rest)
