"""Layers: imports go down only, between packages and inside them, and are forbidden by folder."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = {  # folder: what no file in it may import
    "pipelines": ("evaluation", "workbench", "benchmarks", "tests"),
    "evaluation": ("workbench", "benchmarks", "tests", "pipelines.networks"),
    "workbench": ("benchmarks", "tests"),
    "benchmarks": ("tests",),
}
CONVERSION = ("pipelines.decoders", "pipelines.conversion")
CONVERTS = ("evaluation/run/systems.py", "evaluation/embeddings/")  # the only places of evaluation that run the converter
NOT_IN_WORKBENCH = {"torch", "transformers", "pyworld", "jiwer", "whisper", "resemblyzer", "distillmos"}
PIPELINES = ("features", "networks", "checkpoints", "decoders", "baselines", "plan", "training")  # each imports those before it
# for all of them
SHARED = {"errors", "labels", "files", "hooks", "device", "counting", "outputs", "tables", "names", "packages", "quiet",
          "shipped", "version"}
ABOVE_NETWORKS = {"factors", "settings"}  # for decoders and what follows
MAX_LINES = 500


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Every module that a file imports, at the top or inside a function, as dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def importers(folder: str, modules: tuple[str, ...]) -> dict[str, str]:
    """Files under a folder that import one of these modules, or something in it, and which."""
    assert files(folder), f"no files found in {folder}: the test looks in the wrong place"
    return {path.relative_to(ROOT).as_posix(): name for path in files(folder) for name in imports(path)
            if any(name == module or name.startswith(f"{module}.") for module in modules)}


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_inner_layers_do_not_know_outer_ones(folder):
    assert importers(folder, FORBIDDEN[folder]) == {}


def test_evaluation_runs_the_converter_only_where_it_says_so():
    found = importers("evaluation", CONVERSION)
    assert [path for path in found if not path.startswith(CONVERTS)] == []
    assert "evaluation/run/systems.py" in found, "the test looks in the wrong place"


def test_no_folder_of_pipelines_imports_the_roof():
    folders = [path.name for path in (ROOT / "pipelines").iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert {path for folder in folders for path in importers(f"pipelines/{folder}", ("pipelines.conversion",))} == set()


@pytest.mark.parametrize("folder", PIPELINES)
def test_folders_of_pipelines_import_only_what_lies_below_them(folder):
    place = PIPELINES.index(folder)
    allowed = {*PIPELINES[:place + 1], *SHARED, *(ABOVE_NETWORKS if place > PIPELINES.index("checkpoints") else ())}
    assert files(f"pipelines/{folder}"), f"no files found in {folder}: the test looks in the wrong place"
    wrong = {str(path.relative_to(ROOT)): name for path in files(f"pipelines/{folder}") for name in imports(path)
             if name.startswith("pipelines.") and name.split(".")[1] not in allowed}
    assert wrong == {}


def test_workbench_has_no_model_and_no_metric_code():
    wrong = {str(path.relative_to(ROOT)): name for path in files("workbench") for name in imports(path)
             if name.split(".")[0] in NOT_IN_WORKBENCH}
    assert wrong == {}


def test_what_page_and_api_share_does_not_read_the_page_s_tabs():
    above = ("workbench/tabs/", "workbench/listening/", "workbench/demo.py")  # tabs, what listeners and admins see, and the roof
    assert [path for path in importers("workbench", ("workbench.tabs",)) if not path.startswith(above)] == []


def test_files_stay_small():
    folders = ("pipelines", "evaluation", "workbench", "tests", "benchmarks")
    long = {str(path.relative_to(ROOT)): count for folder in folders for path in files(folder)
            if (count := len(path.read_text().splitlines())) > MAX_LINES}
    assert long == {}


def test_no_pickles_are_read():
    """Weights come from safetensors; torch.load is allowed only for training states, and only with weights_only."""
    wrong = []
    for folder in ("pipelines", "evaluation", "workbench"):
        for path in files(folder):
            text = path.read_text()
            calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
            loads = [call for call in calls if ast.unparse(call.func) in ("torch.load", "pickle.load", "pickle.loads")]
            wrong += [f"{path.relative_to(ROOT)}:{call.lineno}" for call in loads
                      if not any(word.arg == "weights_only" and ast.unparse(word.value) == "True" for word in call.keywords)]
    assert wrong == []
