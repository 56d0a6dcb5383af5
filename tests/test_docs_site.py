"""What the documentation's site says of commands, recipes, columns and JSON is what the code does; `make lint` builds it."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest
import typer
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from mkdocs.__main__ import cli as mkdocs

from evaluation.doctor.check import check
from evaluation.score_card import ScoreCard
from pipelines.files import json_text
from pipelines.settings import Settings
from workbench.cli.app import app
from workbench.conversion import convert_and_describe
from workbench.schemas import schemas

ROOT = Path(__file__).resolve().parent.parent


def site_module(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "site" / f"{name}.py")
    assert spec and spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference, hooks = site_module("reference"), site_module("hooks")


def test_the_reference_has_every_command_option_and_recipe_table():
    commands, recipes = reference.commands(), reference.recipes()
    for path, command in reference._leaves("zest", typer.main.get_command(app)):
        section = commands.split(f"\n## {path}\n")[1].split("\n## ")[0]
        assert all(option in section for param in command.params if not getattr(param, "hidden", False)
                   for option in param.opts if option.startswith("--")), path
    assert "a whole list with `--batch`." in commands
    assert all(f"[{name}]" in recipes for name in ("general", *reference.STAGES)) and "| `precision` | `auto` |" in recipes


def test_every_column_has_a_meaning_and_every_name_of_the_python_page_is_there():
    page = reference.columns()
    assert all(f"| `{name}` |" in page for _, _, names in reference.TABLES for name in names)
    for name in re.findall(r"^::: ([\w.]+)$", reference.python(), re.M):
        module, _, last = name.rpartition(".")
        assert last in vars(importlib.import_module(module)), name


def test_documents_are_as_their_schemas_say(converter, source_path, tmp_path):
    known = schemas()
    described = convert_and_describe(converter, source_path, None, "sad", Settings(decoder="residual_world"), tmp_path / "a.wav")
    documents = {"convert": described.document, "check": check(source_path).document(), "score": ScoreCard().document()}
    for name, document in documents.items():
        Draft202012Validator(known[name]).validate(json.loads(json_text(document)))
        assert document.keys() <= known[name]["properties"].keys()
    with pytest.raises(Exception, match="'target' is a required property"):
        Draft202012Validator(known["convert"]).validate({"mix": None})


def test_links_that_leave_the_manuals_lead_to_pages_of_the_site():
    seen = hooks.LINK.search("[a](../CONTRIBUTING.md#code)")
    assert hooks._relinked(seen, "docs/README.md", "README.md") == "](project/CONTRIBUTING.md#code)"
    seen = hooks.LINK.search("[a](../../docs/training.md)")
    assert hooks._relinked(seen, "checkpoints/zest-mini/MODEL_CARD.md", "project/checkpoints/zest-mini/MODEL_CARD.md"
                           ) == "](../../../training.md)"
    with pytest.raises(SystemExit, match="links to Makefile"):
        hooks._relinked(hooks.LINK.search("[a](../Makefile)"), "docs/README.md", "README.md")


def test_the_site_asks_nobody_for_anything_and_ends_at_warnings():
    settings = yaml.safe_load(re.sub(r"!!python\S*", "", (ROOT / "mkdocs.yml").read_text()))
    assert settings["strict"] is True and settings["theme"]["font"] is False
    assert settings["validation"]["nav"]["omitted_files"] == "warn"
    assert not {"extra_javascript", "repo_url", "edit_uri"} & settings.keys()


def test_every_page_is_in_the_menu():
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    apart = tuple(line.strip("/") for line in (settings["not_in_nav"] + settings["exclude_docs"]).split())
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    menu = set(re.findall(r"[\w./-]+\.md", str(settings["nav"])))
    assert {page for page in pages - menu if not page.startswith(apart)} == set()


def test_a_page_outside_the_menu_ends_make_docs(tmp_path, monkeypatch):
    words = re.search(r"python -m mkdocs (.+)$", (ROOT / "Makefile").read_text(), re.M)
    assert words
    (tmp_path / "docs").mkdir()
    for name in ("index", "lost"):
        (tmp_path / f"docs/{name}.md").write_text(f"# {name}\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: small\nnav: [index.md]\nvalidation: {nav: {omitted_files: warn}}\n")
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(mkdocs, words[1].split())
    assert ended.exit_code == 1 and "lost.md" in ended.output
    assert re.search(r"^lint:.*\n(?:\t.*\n)*?\t\$\(MAKE\) docs$", (ROOT / "Makefile").read_text(), re.M)
