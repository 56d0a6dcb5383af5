"""Every command that writes refuses what would destroy an input, another run or a study, before any work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
import typer
from safetensors.torch import save_file

import benchmarks
from benchmarks import checked_json, write_json
from evaluation.corpora.manifest import read_corpus, write_manifest
from evaluation.listening.design.gathering import gather
from evaluation.listening.publish.export import export_study
from evaluation.pair import write_pairs
from evaluation.report import write_report
from evaluation.run import open_run, parse_systems
from pipelines.errors import OutputError, OverwriteError
from pipelines.training.loop.carried import pack, unpack
from pipelines.training.stages.running import run_stage
from tests.support.corpus_trees import ravdess
from tests.support.small_evaluation import make_pairs, run
from workbench.cli import exit_codes


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory) -> Path:
    """A folder with recordings, a list `pairs.csv` of them, and a finished run RUN."""
    folder = tmp_path_factory.mktemp("evaluated")
    pairs = make_pairs(folder, 2)
    write_pairs(folder / "pairs.csv", pairs)
    run(pairs, folder / "RUN")
    return folder


@pytest.fixture
def kept(evaluated):
    """Nothing that is there may change."""
    before = contents(evaluated)
    yield evaluated
    assert contents(evaluated) == before


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock"}


def test_a_run_never_replaces_the_list_that_it_reads(kept, zest_here, tmp_path):
    result = zest_here("evaluate", kept / "pairs.csv", "--system", "source", "-o", kept)
    assert result.returncode == exit_codes.BAD_INPUT and "is an input of this run" in result.stderr
    other = make_pairs(tmp_path / "other", 1)
    with pytest.raises(OutputError, match=r"holds pairs.csv already"):
        run(other, kept)


def test_a_run_never_writes_where_its_recordings_lie(kept):
    pairs = list(open_run(kept / "RUN").pairs)
    (given,) = parse_systems([f"mine={kept / 'RUN' / 'wavs' / 'halved'}"])
    with pytest.raises(OverwriteError, match="which this run writes"):
        run(pairs, kept / "RUN", systems=(given,))
    inside = [type(pair)(**{**vars(pair), "source": kept / "RUN" / "wavs" / "halved" / f"{pair.id}.wav"}) for pair in pairs]
    with pytest.raises(OverwriteError):
        run(inside, kept / "RUN")


def test_a_run_goes_on_from_its_own_list(kept):
    again = run(list(open_run(kept / "RUN").pairs), kept / "RUN", reads=[kept / "RUN" / "pairs.csv"])
    assert again.complete


@pytest.mark.parametrize("output", ["RUN/run.json", "RUN/pairs.csv", "RUN", "nowhere/report.html", "RUN/report.pdf"])
def test_a_report_replaces_nothing_of_its_run(kept, output):
    with pytest.raises(OutputError):
        write_report(kept / "RUN", kept / output)


def test_conversions_are_not_gathered_into_a_run_or_among_other_files(kept, tmp_path):
    clip = next((kept / "RUN" / "wavs").rglob("*.wav"))
    with pytest.raises(OutputError, match="folder of a zest evaluate"):
        gather(kept / "RUN", clip, clip, emotion="sad")
    with pytest.raises(OutputError, match=r"holds pairs.csv already"):
        gather(kept, clip, clip, emotion="sad")
    assert gather(tmp_path / "SET", clip, clip, emotion="sad").pairs == 1


def test_a_study_is_not_exported_into_a_study(tmp_path):
    (tmp_path / "clips").mkdir()
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(OutputError, match="folder of a study"):
        export_study(None, None, tmp_path)  # type: ignore[arg-type]  # refused before the study is looked at
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clips", "study.json"]


def test_a_study_is_not_exported_over_files_of_others(tmp_path):
    (tmp_path / "results.json").write_text("mine")
    with pytest.raises(OutputError, match="holds results.json already"):
        export_study(None, None, tmp_path)  # type: ignore[arg-type]  # refused before the study is looked at
    assert contents(tmp_path) == {tmp_path / "results.json": b"mine"}


def test_a_benchmark_writes_its_numbers_where_no_input_lies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifest.csv").write_text("mine")
    (tmp_path / "folder.json").mkdir()
    for name in ("manifest.csv", "folder.json", "nowhere/a.json"):
        with pytest.raises(typer.BadParameter, match="Cannot write"):
            checked_json(Path(name))
    assert checked_json(None) is None and checked_json(Path("a.json")) == Path("a.json")
    assert write_json(Path("a.json"), {"a": 1}).read_text() == '{\n "a": 1\n}\n'
    own = re.compile(r"write_text\(json|typer\.Option\(\"--json\"")  # what goes around the one function
    scripts = [script for script in Path(benchmarks.__file__).parent.glob("*.py") if script.name != "__init__.py"]
    assert not [script.name for script in scripts if own.search(script.read_text())]


@pytest.mark.parametrize("output", ["manifest.csv", "./here/../manifest.csv", "linked.csv"])
def test_a_protocol_never_replaces_its_manifest(zest_here, tmp_path, output):
    ravdess(tmp_path / "corpus")
    write_manifest(tmp_path / "manifest.csv", read_corpus("ravdess", tmp_path / "corpus"))
    (tmp_path / "here").mkdir()
    (tmp_path / "linked.csv").symlink_to("manifest.csv")
    before = contents(tmp_path)
    for options in (("--manifest", "manifest.csv"), ("--manifest", "manifest.csv", "--unseen-by", "manifest.csv")):
        result = zest_here("protocol", *options, "-o", output)
        assert result.returncode == exit_codes.BAD_INPUT and "is an input of this run" in result.stderr
    embedded = zest_here("protocol", "--manifest", "manifest.csv", "-o", next((tmp_path / "corpus").rglob("*.wav")))
    assert embedded.returncode in (exit_codes.BAD_INPUT, exit_codes.OUTPUT)
    assert contents(tmp_path) == before


def test_a_manifest_replaces_no_file_of_its_corpus_and_no_older_one_unasked(zest_here, tmp_path):
    ravdess(tmp_path / "corpus")
    (tmp_path / "corpus" / "speakers.csv").write_text("actor,age\n1,30\n")
    before = contents(tmp_path)
    for output in ("corpus/speakers.csv", "corpus", next((tmp_path / "corpus").rglob("*.wav"))):
        assert zest_here("manifest", "ravdess", "corpus", "-o", output).returncode in (exit_codes.BAD_INPUT, exit_codes.OUTPUT)
    assert contents(tmp_path) == before
    for output in ("corpus/manifest.csv", "corpus/manifest.csv"):  # a name that was given is replaced
        assert zest_here("manifest", "ravdess", "corpus", "-o", output).returncode == exit_codes.OK
    codes = [zest_here("manifest", "ravdess", "corpus", *options).returncode for options in ((), (), ("--overwrite",))]
    assert codes == [exit_codes.OK, exit_codes.OUTPUT, exit_codes.OK]


def test_a_stage_is_not_trained_over_its_manifest_or_speech(tmp_path):
    ravdess(tmp_path / "corpus")
    manifest = tmp_path / "runs" / "tempo" / "log.jsonl"  # a file of the stage's run
    manifest.parent.mkdir(parents=True)
    write_manifest(manifest, read_corpus("ravdess", tmp_path / "corpus"))
    before = contents(tmp_path)
    recipe = {"general": {"runs": str(tmp_path / "runs"), "checkpoint": str(tmp_path / "weights")}}
    with pytest.raises(OverwriteError, match="is an input of this run"):
        run_stage("tempo", recipe, manifest)
    assert contents(tmp_path) == before


def test_a_carried_training_replaces_no_file_of_a_run(tmp_path):
    torch.save({"number": 3, "spent": 1.0, "parts": {"a": torch.ones(2)}, "optimisers": {}}, tmp_path / "state.pt")
    save_file({"a": torch.ones(1)}, tmp_path / "weights.safetensors")
    before = contents(tmp_path)
    for name in ("state.pt", "weights.safetensors", "packed.zip"):
        with pytest.raises(OutputError):
            pack(tmp_path, tmp_path / name)
    assert pack(tmp_path, tmp_path / "new" / "packed.safetensors") == 3
    with pytest.raises(OutputError, match=r"holds state.pt already"):
        unpack(tmp_path / "new" / "packed.safetensors", tmp_path)
    assert {path: content for path, content in contents(tmp_path).items() if "new" not in path.parts} == before
