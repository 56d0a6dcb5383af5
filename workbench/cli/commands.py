"""How every `zest` command reads its words and shows its help: whole summaries, and both ways to write a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from pipelines.errors import ZestError
from workbench.cli.output import told_streams

LISTS = {  # options that take a list go by both numbers; the first is the one that the help shows, where a command has it
    name: (f"--{name}", f"--{name}s") for name in
    ("system", "metric", "strength", "setting", "question", "row", "manifest", "split", "plot", "reference")}
UsageError: type[Exception] = next(  # whichever click typer has
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
TYPE = re.compile(r" <[^<>]+>$")  # what typer writes behind a name that says it already


class ZestCommand(TyperCommand):
    """A command whose summary is not cut, and whose options for lists go by the singular and the plural."""

    def get_short_help_str(self, limit: int = 45) -> str:
        return first_paragraph(self.help)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments and options by their names; what kind of thing each takes is said once."""
        for title, kind in (("Arguments", "argument"), ("Options", "option")):
            records = [param.get_help_record(ctx) for param in self.get_params(ctx) if param.param_type_name == kind]
            rows = [(TYPE.sub("", name), text) for name, text in filter(None, records)]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        own = {name for option in self.params for name in option.opts}
        return super().parse_args(ctx, [_own_name(word, own) for word in args])


class ZestGroup(TyperGroup):
    """A group of commands. A wrong call, and what is printed and cannot be written, are errors that users can mend."""

    def get_short_help_str(self, limit: int = 45) -> str:
        return first_paragraph(self.help)

    def make_context(self, *words: Any, **others: Any) -> Any:
        with told_streams(), _told_usage():
            return super().make_context(*words, **others)

    def invoke(self, ctx: Any) -> Any:
        with told_streams(), _told_usage():
            return super().invoke(ctx)


def names(given: str | Iterable[str] | None) -> list[str]:
    """A list as a user writes it, with commas, by giving the option again, or both. What is a path, or NAME=PATH, stays whole.

    Raises:
        ZestError: an entry is empty.
    """
    texts = [given] if isinstance(given, str) else list(given or ())
    found = [part.strip() for text in texts for part in _entries(text)]
    if "" in found:
        raise ZestError(f"A list has an empty entry: '{','.join(texts)}'; write names with single commas between them.")
    return found


def paths(given: Iterable[Path] | None) -> list[Path]:
    """As `names`, for files."""
    return [Path(name) for name in names([str(path) for path in given or ()])]


def weighted_paths(given: Iterable[str] | None, needed: bool) -> list[tuple[Path, float]]:
    """Files with weights, as friend.wav:0.4; all have the same where none has one.

    Args:
        needed: weights cannot be left out.
    Raises:
        ZestError: only some have a weight, or none has one that is needed.
    """
    texts = [name for text in given or () for name in ([text] if _weighted_path(text)[0].exists() else names(text))]
    found = [_weighted_path(text) for text in texts]
    missing = [weight is None for _, weight in found]
    if any(missing) and (needed or not all(missing)):
        raise ZestError("Give every --reference a weight, as in --reference a.wav:0.6 --reference b.wav:0.4, or none.")
    return [(path, 1.0 if weight is None else weight) for path, weight in found]


def _weighted_path(text: str) -> tuple[Path, float | None]:
    """A file of that very name has no weight."""
    path, colon, weight = text.rpartition(":")
    try:
        return (Path(text), None) if not colon or Path(text).exists() else (Path(path), float(weight))
    except ValueError:  # the colon is part of the name
        return Path(text), None


def numbers(given: Iterable[str] | None, option: str) -> list[float]:
    """As `names`, for numbers. Raises ZestError: one is none."""
    try:
        return [float(name) for name in names(given)]
    except ValueError as error:
        raise ZestError(f"{option} takes numbers, not '{','.join(given or ())}'.") from error


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


@contextmanager
def _told_usage() -> Iterator[None]:
    """Raises ZestError for a wrong call: one sentence. A call without any words shows the help, as typer does."""
    try:
        yield
    except UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            raise
        context, message = getattr(error, "ctx", None), getattr(error, "format_message", error.__str__)()
        where = f" '{context.command_path} --help' lists the options." if context is not None else ""
        raise ZestError(f"{message.rstrip('.')}.{where}") from error


def first_paragraph(help: str | None) -> str:
    return " ".join((help or "").split("\n\n")[0].split())


def _own_name(word: str, own: set[str]) -> str:
    """--systems for --system, or the other way round, where the command has only the other."""
    option, equals, value = word.partition("=")
    if option in own:
        return word
    other = next((name for pair in LISTS.values() if option in pair for name in pair if name in own), None)
    return word if other is None else f"{other}{equals}{value}"


def _entries(text: str) -> Iterator[str]:
    """Divided at commas, but for those of paths that are there."""
    parts = text.split(",")
    while parts:
        size = next((size for size in range(len(parts), 1, -1) if _is_path(",".join(parts[:size]))), 1)
        yield ",".join(parts[:size])
        parts = parts[size:]


def _is_path(text: str) -> bool:
    """Whether it is PATH, or NAME=PATH, of a path with commas."""
    name, named, path = text.partition("=")
    return (not named or "," not in name) and Path(path if named else text).exists()
