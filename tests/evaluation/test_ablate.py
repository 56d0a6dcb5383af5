"""`zest ablate`: trains what differs, evaluates all variants alike, answers each question, and goes on after a kill."""

from __future__ import annotations

import json
import multiprocessing
import time
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from evaluation.ablation import ablate, prepare
from evaluation.ablation.answers import answer_of
from evaluation.run import open_run
from evaluation.run.folder import ConversionRecord
from pipelines.errors import RecipeError, ZestError
from pipelines.training.ablation.jobs import train_side_by_side
from pipelines.training.ablation.stages import StageStore
from pipelines.training.stages.stage_keys import PlannedStage
from tests.support.ablation import METRICS, write_study
from tests.support.processes import PROCESSES, killed_from_outside
from tests.support.tiny import trained_tiny
from workbench.cli import exit_codes

pytestmark = pytest.mark.slow

QUESTIONS = {"f0": {"predicted": {}, "source": {"settings": {"f0": "source"}}},
             "tempo": {"6 steps": {}, "3 steps": {"recipe": {"tempo": {"steps": 3}}}}}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    tiny = trained_tiny()
    return write_study(tmp_path_factory.mktemp("study"), tiny, QUESTIONS, checkpoint=str(tiny.checkpoint), systems=["copy"])


@pytest.fixture(scope="module")
def done(study, tmp_path_factory):
    """Where a whole study lies: killed once while it trained."""
    folder, tiny = tmp_path_factory.mktemp("done"), trained_tiny()
    ablation = prepare(study, tiny.manifest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.training.stages.running.run_stage", _killed)
        with pytest.raises(KeyboardInterrupt):
            ablate(ablation, folder)
    assert not list(folder.glob("stages/*/stage.json")) and not list(folder.glob("*.csv"))
    ablate(ablation, folder, draws=200)
    return folder


def _killed(*_):
    raise KeyboardInterrupt


def test_one_table_and_one_plot_answer_each_question(done):
    for name, variants in QUESTIONS.items():
        table = pd.read_csv(done / f"{name}.csv")
        assert set(zip(table.variant, table.metric)) == {(row, metric) for row in (*variants, "copy") for metric in METRICS}
        assert set(table.variant[table.kind == "system"]) == {"copy"}
        known = table.dropna(subset=["low"])
        assert len(known) and (known.low <= known.value).all() and (known.value <= known.high).all()
        assert table.difference[table.variant == next(iter(variants))].isna().all()
        assert (done / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        text = (done / f"{name}.md").read_text()
        assert all(f"| {variant} |" in text for variant in variants) and f"({name}.png)" in text


def test_without_pitch_predictor_the_source_s_f0_is_kept(done):
    table = pd.read_csv(done / "f0.csv").set_index(["variant", "metric"])
    assert table.value["source", "duration-ratio"] == pytest.approx(table.value["predicted", "duration-ratio"])
    assert table.value["source", "f0-correlation"] != table.value["predicted", "f0-correlation"]


def test_variants_that_are_the_same_are_converted_once(done):
    run = open_run(done / "run")
    assert len(run.systems) == 4 and run.complete  # copy, as it is (in both questions), source's F0, 3 steps
    f0, tempo = (pd.read_csv(done / f"{name}.csv").set_index("variant").system for name in QUESTIONS)
    assert f0["predicted"].iloc[0] == tempo["6 steps"].iloc[0]


def test_the_record_tells_what_was_trained_and_what_was_shared(done):
    record = json.loads((done / "tempo.json").read_text())
    trained = [label for label, stage in record["stages"].items() if stage["from"] == "trained"]
    assert [label.partition("-")[0] for label in trained] == ["tempo"]
    assert record["stages"][trained[0]]["recipe"]["steps"] == 3 and record["stages"][trained[0]]["seconds"] > 0
    assert [variant["variant"] for variant in record["variants"]] == ["6 steps", "3 steps"]
    assert len({variant["checkpoint_hash"] for variant in record["variants"]}) == 2


def test_conversions_that_fail_are_told(done, study):
    run, question = open_run(done / "run"), prepare(study, trained_tiny().manifest).study.questions[0]
    names = {("f0", variant): system for variant, system in zip(("predicted", "source"), run.systems[1:3], strict=True)}
    first = next(pair for system, pair in run.conversions if system == names["f0", "source"])
    run.conversions[names["f0", "source"], first] = ConversionRecord(names["f0", "source"], first, 0.0, failed="It went wrong.")
    assert answer_of(run, question, names, draws=100).notes == (
        "source: 1 of 4 conversions failed; the first: It went wrong.",
        "Of so few source speakers (1) the intervals are too narrow (docs/report.md).")


def test_a_finished_study_does_nothing_again(done, study, monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in done.rglob("*") if path.suffix in (".wav", ".safetensors", ".jsonl")}
    monkeypatch.setattr("pipelines.training.stages.running.run_stage", _killed)
    ablate(prepare(study, trained_tiny().manifest), done, draws=200)
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_the_checkpoint_that_supplies_stages_stays_as_it_was(done):
    tempo = trained_tiny().checkpoint / "tempo.safetensors"
    trained = next(done.glob("stages/tempo-*/checkpoint/tempo.safetensors"))
    assert not tempo.is_symlink() and not trained.is_symlink() and tempo.read_bytes() != trained.read_bytes()


def test_a_stage_goes_on_from_the_weights_of_the_study_s_checkpoint(tmp_path):
    """At a rate of zero they stay what they were; the checkpoint's own files stay files."""
    tiny = trained_tiny()
    kept = {"begins_with": "generator", "trunk_learning_rate": 0.0, "trunk_steps": 1, "warmup_steps": 0, "gan_steps": 0}
    path = write_study(tmp_path, tiny, {"asked": {"on": {"recipe": {"generate": kept}}}}, checkpoint=str(tiny.checkpoint),
                       settings={"decoder": "generate"})
    plan = prepare(path, tiny.manifest).plan
    store = StageStore(tmp_path / "out", plan, tiny.checkpoint)
    before = (tiny.checkpoint / "generator.safetensors").read_bytes()
    assert [stage.name for stage in plan.training] == ["generate"] and store.train(tiny.manifest) == 1
    trained, shipped = (load_file(store.assemble(next(iter(plan.variants.values()))) / "generator.safetensors"),
                        load_file(tiny.checkpoint / "generator.safetensors"))
    assert all(torch.equal(trained[name], shipped[name]) for name in shipped) and len(shipped) > 10
    assert (tiny.checkpoint / "generator.safetensors").read_bytes() == before


@pytest.fixture
def quick_start(monkeypatch):
    """Processes that start from the tests' server instead of importing everything again."""
    monkeypatch.setattr(multiprocessing, "get_context", lambda method: PROCESSES)


def test_stages_trained_side_by_side_are_those_trained_in_turn(tmp_path, quick_start):
    tiny = trained_tiny()
    variants = {f"{steps} steps": {"recipe": {"tempo": {"steps": steps}}} for steps in (2, 3)}
    study = write_study(tmp_path, tiny, {"steps": variants}, checkpoint=str(tiny.checkpoint))
    plan, told = prepare(study, tiny.manifest).plan, []
    for folder, jobs in (("in-turn", 1), ("together", 2)):
        StageStore(tmp_path / folder, plan, tiny.checkpoint).train(tiny.manifest, jobs=jobs, hook=told.append)
    base = tmp_path / "in-turn"
    weights = sorted(path.relative_to(base) for path in base.glob("stages/*/checkpoint/tempo.safetensors"))
    assert len(weights) == 2 and [event.stage for event in told[:2]] == [event.stage for event in told[2:]]
    for path in weights:
        one, other = (load_file(tmp_path / folder / path) for folder in ("in-turn", "together"))
        assert all(torch.allclose(one[name].float(), other[name].float(), atol=2e-3) for name in one), path


def test_a_stage_begins_when_all_that_it_reads_is_finished(tmp_path, quick_start):
    first = PlannedStage("hubert", "1", {}, {}, ())
    slow, quick = (PlannedStage(name, "1", {}, {}, (first,)) for name in ("units", "ease"))
    last = PlannedStage("sace", "1", {}, {}, (first, slow, quick))
    told = []
    train_side_by_side([first, slow, quick, last], partial(_noted, tmp_path), 2, told.append)
    assert told == [first, slow, quick, last]
    assert len(list(tmp_path.iterdir())) == 4, "each found all that it reads"


def _noted(folder: Path, stage: PlannedStage) -> None:
    time.sleep(0.3 if stage.name == "units" else 0.0)
    assert all((folder / read.label).exists() for read in stage.reads)
    (folder / stage.label).touch()


def test_a_mistake_in_one_process_is_one_sentence_and_stops_the_others(tmp_path, quick_start):
    tiny = trained_tiny()
    study = write_study(tmp_path, tiny, {"steps": {
        "long": {"recipe": {"tempo": {"steps": 100_000}}}, "broken": {"recipe": {"tempo": {"steps": 3}}}}},
        checkpoint=str(tiny.checkpoint))
    plan = prepare(study, tiny.manifest).plan
    broken = next(stage for stage in plan.training if stage.tables["tempo"]["steps"] == 3)
    state = tmp_path / "study" / "stages" / broken.label / "runs" / "tempo" / "state.pt"
    state.parent.mkdir(parents=True)
    state.write_bytes(b"nothing")
    with pytest.raises(RecipeError, match="The training state .* is damaged or of another recipe"):
        StageStore(tmp_path / "study", plan, tiny.checkpoint).train(tiny.manifest, jobs=2)
    going_on = [process for process in multiprocessing.active_children() if "ForkServer" not in process.name]
    assert not going_on, "nobody goes on unseen"
    assert not list((tmp_path / "study").glob("stages/*/stage.json"))


def test_a_process_that_is_killed_is_one_sentence():
    with pytest.raises(ZestError, match="A process was stopped from outside while tempo-1 was trained"):
        train_side_by_side([PlannedStage("tempo", "1", {}, {}, ())], killed_from_outside, 1)


def test_two_ablations_in_one_folder_are_refused(done, study):
    from pipelines.files import alone_in

    with alone_in(done, "ablation"), pytest.raises(ZestError, match="Another ablation is at work in"):
        ablate(prepare(study, trained_tiny().manifest), done)


def test_what_cannot_be_evaluated_is_told_before_anything_is_trained(tmp_path):
    tiny = trained_tiny()
    for top, sentence in (({"metrics": ["loud"]}, "There is no metric called 'loud'"),
                          ({"systems": ["mine"]}, "There is no system"),
                          ({"protocol": {"settings": ["dsst"]}}, "Setting dsst .* cannot be served")):
        with pytest.raises(ZestError, match=sentence):
            prepare(write_study(tmp_path, tiny, {"f0": QUESTIONS["f0"]}, **top), tiny.manifest)


def test_command_line_plans_and_refuses(zest_here, study):
    tiny = trained_tiny()
    plan = zest_here("ablate", study, "--manifest", tiny.manifest, "--only", "tempo", "--plan")
    assert plan.returncode == 0, plan.stderr
    for said in ("tempo, 3 steps: tempo-", "To be trained: tempo 1 x.", "To be converted: 4 pairs."):
        assert said in plan.stderr
    refused = zest_here("ablate", study, "--manifest", tiny.manifest, "--only", "colour", "-o", "out")
    assert refused.returncode == exit_codes.USAGE
    assert refused.stderr.strip() == f"The study {study} has no question 'colour'; it asks f0, tempo."
    missing = zest_here("ablate", "none.toml", "--manifest", tiny.manifest, "-o", "out")
    assert missing.returncode == exit_codes.BAD_INPUT and "There is no study at none.toml" in missing.stderr


def test_a_question_shows_only_what_is_measured(tmp_path):
    tiny = trained_tiny()
    path = write_study(tmp_path, tiny, {"f0": QUESTIONS["f0"]})
    path.write_text(path.read_text().replace('name = "f0"', 'name = "f0"\nmetrics = ["cer"]'))
    with pytest.raises(RecipeError, match="The question f0 shows cer, which is not among the study's metrics."):
        prepare(path, tiny.manifest)
