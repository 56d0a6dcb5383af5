"""A package that is missing is one sentence with the command that installs it, before any work where that is known."""

from __future__ import annotations

import importlib
import sys

import pytest

from pipelines.features.world import import_pyworld
from pipelines.packages import PackageError, need, told
from pipelines.training.loop.recipe import read_recipe
from pipelines.training.stages.running import run_stage
from pipelines.training.stages.whole_recipe import run_recipe
from workbench.cli import exit_codes
from workbench.sentences import attempt


@pytest.fixture
def lacking(monkeypatch):
    """As if some packages were not installed."""
    def hide(*modules: str) -> None:
        import_pyworld.cache_clear()  # an earlier test may have loaded it
        for module in modules:
            monkeypatch.setitem(sys.modules, module, None)

    return hide


def test_a_package_is_named_as_pip_calls_it(lacking):
    need(["numpy", "pywt"], "This")
    lacking("pywt")
    with pytest.raises(PackageError, match="The stage needs the package pywavelets, which is not installed; run 'pip install "
                                           "pywavelets'") as caught:
        need(["numpy", "pywt"], "The stage")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("module", "package"), [("librosa", "librosa"), ("swift_f0.core", "swift-f0"), ("umap", "umap-learn")])
def test_an_import_that_fails_anywhere_says_what_to_install(module, package, lacking):
    lacking(module.partition(".")[0], module)
    with pytest.raises(ModuleNotFoundError) as failed:
        importlib.import_module(module)
    assert f"'pip install {package}'" in str(told(failed.value))
    assert f"'pip install {package}'" in attempt(lambda: importlib.import_module(module))[1], "on the page, too"


@pytest.mark.parametrize("error", [ModuleNotFoundError(name="pipelines.nowhere"), ModuleNotFoundError(name="tomllib"),
                                   ModuleNotFoundError(), ImportError(name="librosa"), ValueError("librosa")])
def test_what_is_our_own_mistake_is_no_missing_package(error):
    assert told(error) is None


@pytest.mark.parametrize(("stage", "table", "package"), [("acoustic", {"parallel": True}, "librosa"), ("vawgan", {}, "pywt")])
def test_a_stage_that_lacks_a_package_ends_before_its_recordings_are_looked_at(stage, table, package, lacking, tmp_path):
    lacking(package)
    tables = {"general": {}, stage: table}
    for run in (lambda: run_stage(stage, tables, tmp_path / "no.csv"), lambda: run_recipe(tables, tmp_path / "no.csv")):
        with pytest.raises(PackageError, match=f"The stage {stage} of this recipe needs the package"):
            run()


def test_the_command_ends_with_the_sentence_and_no_word_of_a_mistake(lacking, zest_here, tmp_path):
    lacking("librosa")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("[acoustic]\nparallel = true\n")
    assert read_recipe(recipe)
    result = zest_here("train", "acoustic", "--recipe", recipe, "--manifest", "no.csv")
    assert result.returncode == exit_codes.USAGE and len(result.stderr.splitlines()) == 1
    assert "needs the package librosa" in result.stderr and "mistake" not in result.stderr


def test_an_import_at_use_is_no_mistake_inside_zest_either(lacking, zest_here, source_path):
    lacking("pyworld")
    result = zest_here("convert", source_path, "--system", "copy")
    assert result.returncode == exit_codes.USAGE and result.stderr.endswith("run 'pip install pyworld' and try again.\n")
