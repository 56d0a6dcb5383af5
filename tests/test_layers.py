"""Layers: workbench imports evaluation and pipelines, evaluation imports pipelines, pipelines imports neither."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = {"pipelines": {"evaluation", "workbench"}, "evaluation": {"workbench"}}
JUDGED = ("pipelines.networks", "pipelines.decoders", "pipelines.conversion")
RUNS_THE_CONVERTER = ("evaluation/run/systems.py", "evaluation/embeddings/vectors.py", "evaluation/run/waveform_validation.py")
NOT_IN_WORKBENCH = {"torch", "transformers", "pyworld", "jiwer", "whisper", "resemblyzer", "distillmos"}
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


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_inner_layers_do_not_know_outer_ones(folder):
    assert files(folder), f"no files found in {folder}: the test looks in the wrong place"
    wrong = {str(path.relative_to(ROOT)): name for path in files(folder) for name in imports(path)
             if name.split(".")[0] in FORBIDDEN[folder]}
    assert wrong == {}


def test_evaluation_never_imports_a_model_that_it_judges():
    wrong = {str(path.relative_to(ROOT)) for path in files("evaluation") for name in imports(path) if name.startswith(JUDGED)}
    assert wrong == set(RUNS_THE_CONVERTER)


def test_workbench_has_no_model_and_no_metric_code():
    wrong = {str(path.relative_to(ROOT)): name for path in files("workbench") for name in imports(path)
             if name.split(".")[0] in NOT_IN_WORKBENCH}
    assert wrong == {}


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
