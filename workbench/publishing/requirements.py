"""Writes requirements*.txt from pyproject.toml, which is the one list: `python -m workbench.publishing.requirements`.

`make` and Spaces read these files, since neither can ask for an extra of a checkout. tests/test_packaging.py compares them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from pipelines.files import write_whole
from pipelines.packages import INCLUDED, WITH_THE_PAGE

ROOT = Path(__file__).resolve().parents[2]
NAME = "zest-workbench"
HEAD = "# From pyproject.toml by `python -m workbench.publishing.requirements`; change it there, not here.\n"


def requirements_files(project: dict[str, Any]) -> dict[str, str]:
    """The text of every file by its name.

    Args:
        project: the table [project] of pyproject.toml.
    """
    base = sorted({*project["dependencies"], *(one for extra in WITH_THE_PAGE for one in extra_requirements(project, extra))})
    files = {"requirements.txt": HEAD + _lines(base)}
    for extra in project["optional-dependencies"]:
        if extra not in INCLUDED:
            more = [one for one in extra_requirements(project, extra) if one not in base]
            files[f"requirements-{extra}.txt"] = f"{HEAD}-r requirements.txt\n{_lines(more)}"
    return files


def extra_requirements(project: dict[str, Any], extra: str) -> list[str]:
    """What an extra adds, those of other extras that it names included, in the order of pyproject.toml.

    Raises:
        KeyError: it names an extra that there is not.
    """
    found: list[str] = []
    for line in project["optional-dependencies"][extra]:
        one = Requirement(line)
        named = sorted(one.extras) if one.name == NAME else []
        found += [more for name in named for more in extra_requirements(project, name)] if named else [line]
    return list(dict.fromkeys(found))


def read_project(root: Path = ROOT) -> dict[str, Any]:
    """The table [project] of a checkout's pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _lines(requirements: list[str]) -> str:
    return "".join(f"{line}\n" for line in requirements)


def main() -> None:
    for name, text in requirements_files(read_project()).items():
        write_whole(ROOT / name, text.encode())
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
