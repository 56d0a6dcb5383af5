"""How every `zest` command reads its words and shows its help: whole summaries, and both ways to write a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from pipelines.errors import ZestError
from workbench.cli.output import told_streams

LISTS = {  # options that take a list go by both numbers; the first is the one that the help shows, where a command has it
    name: (f"--{name}", f"--{name}s") for name in
    ("system", "metric", "strength", "setting", "question", "row", "manifest", "split", "plot")}


class ZestCommand(TyperCommand):
    """A command whose summary is not cut, and whose options for lists go by the singular and the plural."""

    def get_short_help_str(self, limit: int = 45) -> str:
        return first_paragraph(self.help)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        own = {name for option in self.params for name in option.opts}
        return super().parse_args(ctx, [_own_name(word, own) for word in args])


class ZestGroup(TyperGroup):
    """A group of commands. What is printed and cannot be written is an error that users can mend."""

    def get_short_help_str(self, limit: int = 45) -> str:
        return first_paragraph(self.help)

    def make_context(self, *words: Any, **others: Any) -> Any:
        with told_streams():
            return super().make_context(*words, **others)

    def invoke(self, ctx: Any) -> Any:
        with told_streams():
            return super().invoke(ctx)


def names(given: str | Iterable[str] | None) -> list[str]:
    """A list as a user writes it, with commas, by giving the option again, or both. What is a path, or NAME=PATH, stays whole.

    Raises:
        ZestError: an entry is empty.
    """
    texts = [given] if isinstance(given, str) else list(given or ())
    found = [part.strip() for text in texts for part in ([text] if _is_path(text) else text.split(","))]
    if "" in found:
        raise ZestError(f"A list has an empty entry: '{','.join(texts)}'; write names with single commas between them.")
    return found


def paths(given: Iterable[Path] | None) -> list[Path]:
    """As `names`, for files."""
    return [Path(name) for name in names([str(path) for path in given or ()])]


def numbers(given: Iterable[str] | None, option: str, allows: Callable[[float], bool]) -> list[float]:
    """As `names`, for numbers. Raises ZestError: one is none, or out of range."""
    found = []
    for name in names(given):
        try:
            number = float(name)
        except ValueError:
            raise ZestError(f"{option} takes numbers, not '{name}'.") from None
        if not allows(number):
            raise ZestError(f"{option} {name} is out of range; see its bounds in --help.")
        found.append(number)
    return found


def refuse_given(context: typer.Context, options: Iterable[str], why: str) -> None:
    """Refuse options that would have no effect. options: names of parameters. why: a sentence's beginning, as 'With --wavs'.

    Raises:
        ZestError: one of them was written on the command line.
    """
    given = [option for option in options if was_given(context, option)]
    if given:
        raise ZestError(f"{why} {' and '.join('--' + option.replace('_', '-') for option in given)} would have no effect; "
                        f"leave {'them' if len(given) > 1 else 'it'} out.")


def was_given(context: typer.Context, option: str) -> bool:
    """Whether a parameter was written on the command line."""
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


def first_paragraph(help: str | None) -> str:
    return " ".join((help or "").split("\n\n")[0].split())


def _own_name(word: str, own: set[str]) -> str:
    """--systems for --system, or the other way round, where the command has only the other."""
    option, equals, value = word.partition("=")
    if option in own:
        return word
    other = next((name for pair in LISTS.values() if option in pair for name in pair if name in own), None)
    return word if other is None else f"{other}{equals}{value}"


def _is_path(text: str) -> bool:
    path = text.partition("=")[2] or text
    return "," in text and Path(path).exists()
