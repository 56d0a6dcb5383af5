"""Help pages are readable, lists are written in either way, and an option that would have no effect is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pipelines.errors import ZestError
from workbench.cli import exit_codes
from workbench.cli.app import app
from workbench.cli.commands import names, numbers, paths
from workbench.cli.options import MANY


def commands(command, words=()):
    """Every command and group, by the words that call it."""
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*words, name))


WIDTH = 80  # of a terminal
ALL = dict(commands(get_command(app)))


def help_of(words) -> str:
    result = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": str(WIDTH)})
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_a_help_page_cuts_nothing_and_names_no_types_of_python(words):
    page, command = help_of(words), ALL[words]
    assert not re.search(r"<(?:list|str|int|float|path|Path)|\brange>|\w\.\.\.$", page, re.M)
    assert all(len(line) <= WIDTH for line in page.splitlines())
    assert ("Exit codes" in page) == (words == ())
    squeezed = " ".join(page.split())
    for inner in getattr(command, "commands", {}).values():  # lines may break behind a hyphen
        assert "".join(inner.help.split()) in "".join(page.split()), "the whole summary"
    for param in command.params:
        if param.param_type_name == "option" and param.required:
            assert re.search(rf"{param.opts[0]}\b.*?\[required\]", squeezed)
        if getattr(param, "multiple", False):
            assert MANY in param.help


def test_lists_take_commas_repetition_and_both(tmp_path):
    assert names(["a,b", " c "]) == names("a, b,c") == ["a", "b", "c"] and names(None) == []
    folder = tmp_path / "with,comma"
    folder.mkdir()
    assert names([f"mine={folder}", "copy"]) == [f"mine={folder}", "copy"] and paths([folder]) == [folder]
    assert names([f"source,mine={folder},copy"]) == names(["source", f"mine={folder}", "copy"]), "commas of both kinds"
    assert numbers(["0.5,1", "1.2"], "--strength") == [0.5, 1.0, 1.2]
    for wrong in (lambda: names("a,,b"), lambda: numbers(["loud"], "--strength")):
        with pytest.raises(ZestError):
            wrong()


@pytest.mark.parametrize("option", ["--systems", "--system"])
@pytest.mark.parametrize("command", [("evaluate", "pairs.csv", "-o", "RUN"), ("study", "create", "--run", "RUN", "-o", "S")])
def test_an_option_for_a_list_goes_by_the_singular_and_the_plural(zest_here, command, option):
    result = zest_here(*command, option, "copy")
    assert "No such option" not in result.stderr and "no" in result.stderr.lower() and "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [
    ("convert", "me.wav", "--system", "copy", "--checkpoint", "mine"),
    ("convert", "me.wav", "--system", "source", "--device", "cpu"),
    ("convert", "me.wav", "--system", "copy", "--strength", "0.5"),
    ("evaluate", "--wavs", "list.csv", "-o", "RUN", "--seed", "3"),
    ("evaluate", "--wavs", "list.csv", "-o", "RUN", "--system", "copy"),
    ("evaluate", "pairs.csv", "-o", "RUN", "--system", "source,copy", "--strength", "0.5"),
    ("evaluate", "pairs.csv", "-o", "RUN", "--system", "residual_world@0.5", "--strength", "0.3"),
    ("evaluate", "pairs.csv", "-o", "RUN", "--system", "copy", "--seed", "3"),
    ("evaluate", "pairs.csv", "-o", "RUN", "--system", "source", "--checkpoint", "mine"),
    ("protocol", "--manifest", "m.csv", "-o", "pairs.csv", "--esd-test", "--split", "dev"),
    ("protocol", "--manifest", "m.csv", "-o", "pairs.csv", "--esd-test", "--max-seconds", "3"),
    ("protocol", "--manifest", "m.csv", "-o", "pairs.csv", "--min-seconds", "5", "--max-seconds", "3"),
    ("ablate", "study.toml", "--manifest", "m.csv", "--plan", "-o", "OUT", "--jobs", "2"),
    ("report", "RUN", "--worst", "0", "--worst-of", "copy"),
    ("train", "judge", "--manifest", "m.csv", "--minutes", "3"),
    ("train", "tempo", "--manifest", "m.csv", "--minutes", "-3")])
def test_an_option_that_would_have_no_effect_is_refused(zest_here, tmp_path: Path, source_path, arguments):
    (tmp_path / "me.wav").write_bytes(source_path.read_bytes())
    result = zest_here(*arguments)
    assert result.returncode == exit_codes.USAGE and len(result.stderr.splitlines()) == 1
    reasons = r"leave (it|them) out|no recording is left|baseline has no strength|greater than or equal to 0"
    assert re.search(reasons, result.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["me.wav"]
