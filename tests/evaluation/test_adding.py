"""A metric, a judge and a corpus of one's own: the examples of docs/how-to are files that work as they stand."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from evaluation import pages
from evaluation.corpora import CORPORA
from evaluation.judges import registry as judges
from evaluation.metrics import registry
from evaluation.pair import Pair, write_pairs
from pipelines.features.audio import load, save
from pipelines.training.data.corpus import read_manifest
from tests.support.speech import MAN, RATE, WOMAN, speak

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"


def example(page: str, folder: Path) -> ModuleType:
    """The Python file of a page, imported from a folder of its own."""
    code = re.search(r"```python\n(.*?)```", (HOW_TO / page).read_text(), re.DOTALL)[1]
    file = folder / f"{page.removesuffix('.md').replace('-', '_')}.py"
    file.write_text(code)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def metric(tmp_path, monkeypatch):
    """The example metric, named in the registry."""
    found = example("add-a-metric.md", tmp_path)
    monkeypatch.setattr(registry, "METRICS", (*registry.METRICS, *found.METRICS))
    return found.LevelShift


@pytest.fixture
def judge(tmp_path, monkeypatch):
    """The example judge, named in the registry."""
    found = example("add-a-judge.md", tmp_path)
    monkeypatch.setattr(judges, "JUDGES", (*judges.JUDGES, found.LOUD))
    return found.LOUD


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """The example corpus, named in the package."""
    found = example("add-a-corpus.md", tmp_path).CORPUS
    monkeypatch.setitem(CORPORA, found.name, found)
    return found


@pytest.fixture
def pairs(tmp_path) -> Path:
    """Four pairs of two speakers; the source is 6 dB below the reference."""
    listed = []
    for index in range(4):
        source, reference = tmp_path / f"source{index}.wav", tmp_path / f"reference{index}.wav"
        loud = speak((MAN, WOMAN)[index % 2], 0.6, seed=index)
        save(source, loud / 2)
        save(reference, loud)
        listed.append(Pair(f"p{index}", source, reference, ("angry", "sad")[index % 2], "dsdt",
                           source_speaker="mw"[index % 2], reference_speaker="x"))
    write_pairs(tmp_path / "pairs.csv", listed)
    return tmp_path / "pairs.csv"


def test_a_new_metric_is_listed_and_measured_by_the_command_line(metric, pairs, zest_here, tmp_path):
    rows = {row["name"]: row for row in json.loads(zest_here("metrics", "--json").stdout)}
    assert rows["level-shift"]["default"] and rows["level-shift"]["not_available"] is None
    assert rows["level-shift"]["unit"] == "dB" and rows["level-shift"]["range"] == "any number"
    wavs = tmp_path / "louder"
    wavs.mkdir()
    for index in range(4):
        save(wavs / f"p{index}.wav", load(tmp_path / f"reference{index}.wav").samples)
    done = zest_here("evaluate", pairs, "--system", "source", "--system", f"louder={wavs}", "--metric", "level-shift",
                     "-o", "RUN")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "RUN" / "scores.jsonl").read_text().splitlines()]
    shifts = {system: [line["values"]["level-shift"][0] for line in lines if line["system"] == system]
              for system in ("source", "louder")}
    assert shifts["source"] == [0.0] * 4
    assert shifts["louder"] == pytest.approx([20 * np.log10(2)] * 4, abs=0.05)


def test_a_new_metric_stands_in_the_report_and_in_the_evaluate_tab(metric, pairs, page_run, tmp_path):
    from workbench.demo import build_demo

    page_run.run("how-to/add-a-metric.md", written=True)
    page = (tmp_path / "RUN" / "report.md").read_text()
    assert "**Other metrics**" in page and "level-shift" in page and metric.question in page
    boxes = next(one for one in build_demo().config["components"] if one["props"].get("elem_id") == "zest-metrics")
    assert "level-shift" in [value for _, value in boxes["props"]["choices"]] and "level-shift" in boxes["props"]["value"]


def test_a_new_judge_judges_by_the_command_line_and_is_asked_only_what_it_knows(judge, pairs, zest_here, page_run, tmp_path):
    assert "emotion@loud" in zest_here("metrics", "--all").stdout
    page_run.run("how-to/add-a-judge.md", written=True)
    lines = [json.loads(line) for line in (tmp_path / "RUN" / "scores.jsonl").read_text().splitlines()]
    assert {line["values"]["emotion@loud"][0] for line in lines} <= {0.0, 100.0}
    accuracy, pair = registry.metric("emotion@loud"), Pair("p", Path("s.wav"), Path("r.wav"), "happy")
    assert accuracy.failed(pair) is None and accuracy.failed(Pair("p", Path("s.wav"), Path("r.wav"), "sad")).value == 0.0


def test_a_new_corpus_becomes_a_manifest_by_the_command_line(corpus, zest_here, page_run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    download = tmp_path / "corpora" / "whispers"
    (download / "takes").mkdir(parents=True)
    for name in ("anna_neutral", "anna_angry", "ben_neutral"):
        save(download / "takes" / f"{name}.wav", np.zeros(RATE, np.float32))
    page_run.run("how-to/add-a-corpus.md", written=True)
    clips = read_manifest(tmp_path / "manifest.csv")
    assert [(clip.speaker, clip.emotion, clip.split) for clip in clips] == [
        ("whispers-anna", "angry", "train"), ("whispers-anna", "neutral", "train"), ("whispers-ben", "neutral", "dev")]
    above = zest_here("manifest", "whispers", "corpora", "-o", "other.csv")
    assert above.returncode == 0, "the layout is found one level down"
    assert "expected recordings such as takes/anna_angry.wav" in zest_here("manifest", "whispers", download / "takes").stderr


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: page.name)
def test_lists_in_the_documentation_are_those_of_the_objects(page):
    written = page.read_text()
    assert pages.LIST.search(written) and pages.updated(written) == written, "run python -m evaluation.pages"


def test_what_is_new_is_written_into_the_documentation(metric, judge, corpus):
    _, metrics, protocol, _ = (pages.updated(page.read_text()) for page in pages.PAGES)
    assert "### `level-shift`\n\nLevel of the conversion minus the source's, in dB.\n" in metrics
    assert "| `loud` | evaluation/judges/loud.py | numpy | angry, sad |" in metrics
    assert "| `whispers` | recordings such as takes/anna_angry.wav | en | Ben `dev` | CC0 |" in protocol
