"""Packaging: bounded requirements that are really used, a Space that starts, a README that tells the truth."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from pipelines.features.audio import LIMITS
from workbench.cli import exit_codes
from workbench.publishing.requirements import NAME, extra_requirements, read_project, requirements_files

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
MODULES = {"scikit-learn": "sklearn", "pywavelets": "pywt", "openai-whisper": "whisper"}  # where the import has another name
NOT_IMPORTED = {"setuptools", "torchaudio"}  # imported by pyworld and distillmos, which do not ask for them properly


def requirements(name: str) -> list[Requirement]:
    lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-r")]


def imported_modules() -> set[str]:
    """First parts of every module that the repository's own files import: what begins a line with `import` or `from`."""
    found: set[str] = set()
    for folder in ("pipelines", "evaluation", "workbench", "examples", "benchmarks", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= set(re.findall(r"^ *(?:import|from) (\w+)", path.read_text(), re.M))
    return found


def test_requirements_are_bounded_below_and_above():
    project = read_project()
    lines = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    items = [item for item in map(Requirement, lines) if item.name != NAME]
    assert len(items) > 50 and {"offline", "hub", "train", "clusters", "dev", "mcp"} <= project["optional-dependencies"].keys()
    for item in items:
        operators = {part.operator for part in item.specifier}
        assert operators == {"=="} or operators == {">=", "<"}, f"{item} is not bounded below and above"


def test_the_files_of_requirements_are_those_that_pyproject_gives():
    files = requirements_files(read_project())
    assert {path.name for path in ROOT.glob("requirements*.txt")} == files.keys()
    stale = [name for name, text in files.items() if (ROOT / name).read_text() != text]
    assert stale == [], "run 'python -m workbench.publishing.requirements'"


def test_an_extra_brings_what_the_extras_bring_that_it_names():
    project = {"optional-dependencies": {"a": ["one>=1,<2"], "b": [f"{NAME}[a]", "two>=1,<2"],
                                         "c": [f"{NAME}[a,b]", "three>=1,<2"]}}
    assert extra_requirements(project, "c") == ["one>=1,<2", "two>=1,<2", "three>=1,<2"]
    with pytest.raises(KeyError):
        extra_requirements({"optional-dependencies": {"a": [f"{NAME}[missing]"]}}, "a")


def test_a_test_that_hangs_ends_after_minutes(request):
    assert request.config.pluginmanager.hasplugin("timeout") and 0 < float(request.config.getini("timeout")) <= 600


def test_requirements_are_used():
    modules = imported_modules()
    unused = [item.name for item in requirements("requirements.txt")
              if MODULES.get(item.name, item.name.replace("-", "_")) not in modules and item.name not in NOT_IMPORTED]
    assert unused == []


def test_zest_is_an_entry_point():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    module, function = project["project"]["scripts"]["zest"].split(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_space_front_matter_fits_the_repository():
    front = yaml.safe_load(README.split("---")[1])
    gradio = next(item for item in requirements("requirements.txt") if item.name == "gradio")
    assert front["sdk"] == "gradio" and gradio.specifier.contains(front["sdk_version"])
    assert front["python_version"] == "3.11" and (ROOT / front["app_file"]).is_file()


def test_readme_commands_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for page in ("README.md", "CONTRIBUTING.md"):
        assert set(re.findall(r"^    make ([a-z-]+)", (ROOT / page).read_text(), re.M)) <= targets
    assert LIMITS in " ".join(README.split())


def test_exit_codes_are_documented():
    page = (ROOT / "docs" / "convert.md").read_text()
    for code, meaning in exit_codes.MEANINGS.items():
        assert re.search(rf"^\| {code} \| {re.escape(meaning)}", page, re.M), f"exit code {code} is undocumented"
    assert LIMITS in " ".join(page.split())


@pytest.mark.parametrize(("broken", "calls"), [("none", ["lint", "test"]), ("lint", ["lint"]), ("test", ["lint", "test"])])
def test_ci_runs_lint_and_tests_and_fails_where_one_of_them_fails(tmp_path, broken, calls):
    """With commands that only write down how they are called; `make` fails at the broken target."""
    checkout, commands, log = tmp_path / "checkout", tmp_path / "bin", tmp_path / "calls"
    (checkout / ".ci").mkdir(parents=True)
    commands.mkdir()
    shutil.copy(ROOT / ".ci" / "run", checkout / ".ci")
    for name in ("chromium", "initdb"):  # found, so that nothing is installed
        _write_command(commands / name, "")
    _write_command(commands / "make", f'echo "$PWD $@" >> {log}; [ "$1" != {broken} ]')
    variables = os.environ | {"PATH": f"{commands}:{os.environ['PATH']}"}
    result = subprocess.run([checkout / ".ci" / "run"], cwd=tmp_path, env=variables, check=False)
    assert log.read_text().splitlines() == [f"{checkout} {target}" for target in calls]
    assert (result.returncode == 0) == (broken == "none")


def _write_command(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def test_the_public_host_runs_the_same_script():
    (workflow,) = (ROOT / ".github" / "workflows").glob("*.yml")
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    assert [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step] == [".ci/run"]


def test_nothing_committed_names_a_machine_or_is_huge():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    assert len(paths) > 30
    marker = "/" + "work/"  # spelt so that this file does not find itself
    text = (".py", ".md", ".toml", ".txt", ".json", ".csv", "", ".cfg")
    assert [str(path) for path in paths if path.suffix in text and marker in path.read_text()] == []
    assert sum(path.stat().st_size for path in (ROOT / "checkpoints").rglob("*")) < 80e6
    assert sum(path.stat().st_size for path in (ROOT / "examples").iterdir()) < 1e6
