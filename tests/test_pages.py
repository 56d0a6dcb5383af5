"""Pages and docstrings: short lines and sentences, links that lead somewhere, commands and files that exist."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from pipelines.training.loop.recipe import GeneralRecipe
from workbench.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
LONGEST_LINE = 120
LONGEST_SENTENCE = 30  # words
FOLDERS = "app|workbench|evaluation|pipelines|benchmarks|recipes|checkpoints|docs|examples|tests|scripts"
PATH = re.compile(rf"(?<![\w/.-])(?:{FOLDERS})/[\w/.-]*\w\.(?:py|md|toml|txt|json|jsonl|png|csv|safetensors)\b")
PRIVATE_WORDS = ("melody", "melodies", "wanted", "heard as", "critics", "session")  # docs say F0, target, recognised, classifiers
GENERATED = ("docs/results/mini/table1/", "checkpoints/judge-mini/JUDGE_CARD.md")


def pages() -> list[Path]:
    """Every page that a person writes."""
    found = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    found += [path for folder in ("docs", "checkpoints") for path in sorted((ROOT / folder).rglob("*.md"))]
    return [path for path in found if not _generated(path)]


def _generated(path: Path) -> bool:
    name = str(path.relative_to(ROOT))
    return name.startswith(GENERATED) or (path.parent.name == "ablations" and path.name != "README.md")


def prose(text: str) -> list[str]:
    """The lines of a page without front matter, code blocks, tables and headings; an empty line ends a paragraph."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S)
    text = re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)
    return ["" if line.startswith(("    ", "|", "#", "<!--")) else line for line in text.splitlines()]


def sentences(text: str) -> list[str]:
    """Items of lists are paragraphs of their own; code counts as one word."""
    joined = "\n".join(re.sub(r"^\s*(?:[-*]|\d+\.) ", "\n", line) for line in prose(text))
    joined = re.sub(r"`[^`]*`", "code", joined)
    joined = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", joined).replace("**", "")
    return [sentence for paragraph in re.split(r"\n\s*\n", joined)
            for sentence in re.split(r"(?<=[.!?])\s+(?=[\"(]?[A-Z0-9]|code)", " ".join(paragraph.split()))]


@pytest.fixture(params=pages(), ids=lambda path: str(path.relative_to(ROOT)))
def page(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_lines_and_sentences_are_short(page):
    text = page.read_text()
    assert [line for line in prose(text) if len(line) > LONGEST_LINE and "](" not in line] == []
    assert [one for one in sentences(text) if len(re.findall(r"[^\W_][\w'.,/-]*", one)) > LONGEST_SENTENCE] == []


def test_pages_use_the_words_of_the_field(page):
    text = re.sub(r"`[^`]*`", "", "\n".join(prose(page.read_text()))).lower()
    assert [word for word in PRIVATE_WORDS if re.search(rf"\b{word}\b", text)] == []


def test_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.S | re.M))
    assert [link for link in links if not link.startswith("http") and not (page.parent / link).exists()] == []


def test_files_and_modules_that_pages_name_exist(page):
    text = page.read_text()
    to_be_written = set(re.findall(r"^`([^`\s]+)`:$", text, re.M))  # a how-to page names the file of its example so
    assert [name for name in PATH.findall(text) if name not in to_be_written and not (ROOT / name).exists()] == []
    modules = re.findall(r"-m ((?:pipelines|evaluation|workbench|benchmarks|examples)(?:\.\w+)+)", text)
    modules = [] if page.name == "CHANGELOG.md" else modules  # it names what is gone
    assert [name for name in modules if not (ROOT / (name.replace(".", "/") + ".py")).is_file()] == []


def test_commands_and_options_that_pages_show_exist(page):
    for line in re.findall(r"^\s*(?:\$ )?(zest .*)$", page.read_text(), re.M):
        for call in re.split(r"\s+(?:&&|#)\s*", line):
            if call.startswith("zest "):
                assert unknown(call.split()[1:]) == [], call


def unknown(words: list[str]) -> list[str]:
    """The command or the options of a call of `zest` that there are not."""
    command = typer.main.get_command(app)
    while words and hasattr(command, "commands"):
        two = " ".join(words[:2])
        words = [two, *words[2:]] if two in command.commands else words
        if words[0] not in command.commands:
            return words[:1] if re.fullmatch(r"[a-z]+", words[0]) else []
        command, words = command.commands[words[0]], words[1:]
    options = {name for option in command.params for name in option.opts + option.secondary_opts}
    return [word for word in words if re.fullmatch(r"--?[a-z][a-z-]*", word) and word not in options]


def test_an_unknown_command_or_option_is_noticed():
    assert unknown(["fly"]) == ["fly"] and unknown(["study", "fly"]) == ["fly"]
    assert unknown(["convert", "a.wav", "--fly"]) == ["--fly"] and unknown(["convert", "a.wav", "--emotion", "sad"]) == []


def test_python_that_pages_show_can_be_imported(page):
    text = page.read_text()
    for block in re.findall(r"^```python\n(.*?)^```$", text, re.S | re.M):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                assert all(named(f"{node.module}.{one.name}") is not None for one in node.names)
    names = re.findall(r"`((?:pipelines|evaluation|workbench|benchmarks)(?:\.\w+)+)[(`]", text)
    assert [name for name in names if named(name) is None] == []


def named(name: str) -> Any:
    """The module, or what it defines, by a dotted name; None where there is none."""
    for end in range(len(parts := name.split(".")), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            found = getattr(found, part, None)
        return found
    return None


def test_what_can_be_set_is_documented():
    params = typer.main.get_command(app).commands["convert"].params
    options = {name for option in params for name in option.opts if name.startswith("--")}
    text = (ROOT / "docs" / "convert.md").read_text()
    assert {name for name in options if f"`{name}`" not in text} == set() and "--strength" in options
    keys = {field.name for field in dataclasses.fields(GeneralRecipe)}
    assert {key for key in keys if f"| `{key}` |" not in (ROOT / "docs" / "training.md").read_text()} == set()


def test_no_page_names_a_place_on_one_machine(page):
    assert re.findall(r"(?<![\w.])/(?:home|Users|root|tmp|work|mnt)/\S*", page.read_text()) == []


def test_files_that_docstrings_and_comments_name_exist():
    """By their path, or by the end of it: `precision.py` is a file somewhere."""
    files = [path.relative_to(ROOT) for folder in FOLDERS.split("|") for path in (ROOT / folder).rglob("*") if path.is_file()]
    there = {"/".join(path.parts[start:]) for path in files for start in range(len(path.parts))} | {"app.py", "setup.py"}
    read = [path for path in files if path.suffix in (".py", ".toml") and path.parts[0] not in ("tests", "examples", "docs")
            and "manifests" not in path.parts]  # these name scripts of others
    assert len(read) > 100
    naming = re.compile(r"(?<![\w/.<{-])(?!code/)[a-z][\w/-]*\.py\b|(?<!\w)(?:docs|recipes)/[\w/-]+\.(?:md|toml)\b")
    missing = {(str(path), name) for path in read for name in naming.findall((ROOT / path).read_text()) if name not in there}
    assert sorted(missing) == []
