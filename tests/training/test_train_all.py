"""`zest train all`: the stages that the recipe names, in their order, each once; stopped and gone on with; plain mistakes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipelines.errors import RecipeError
from pipelines.training.stages import whole_recipe
from pipelines.training.stages.whole_recipe import run_recipe
from tests.support import tiny
from workbench.cli.train import train

pytestmark = pytest.mark.slow

IN_ORDER = ["hubert", "units", "ease"]


@pytest.fixture(autouse=True)
def quickly():
    with tiny.without_plots():
        yield


@pytest.fixture
def run(tmp_path) -> tiny.Tiny:
    """A recipe with few stages."""
    return few_stages(tmp_path / "run")


@pytest.fixture(scope="module")
def once(tmp_path_factory) -> tuple[tiny.Tiny, list[str]]:
    """Such a recipe trained from the beginning, and what was told."""
    tiny_run = few_stages(tmp_path_factory.mktemp("once") / "run")
    with tiny.without_plots():
        return tiny_run, train_all(tiny_run)


@pytest.fixture
def finished(once, tmp_path) -> tiny.Tiny:
    """The same in a folder of its own, which a test may change."""
    run, _ = once
    tiny_run = few_stages(tmp_path / "finished")
    shutil.copytree(run.runs, tiny_run.runs)
    shutil.copytree(run.checkpoint, tiny_run.checkpoint)
    return tiny_run


def few_stages(folder: Path) -> tiny.Tiny:
    tiny_run = tiny.new_tiny(folder)
    named(tiny_run, *IN_ORDER)
    return tiny_run


def named(run: tiny.Tiny, *stages: str, **tables: dict) -> None:
    tiny.write_recipe(run, tiny.tiny_corpus() / "cache", sizes={name: tiny.SIZES[name] | tables.get(name, {}) for name in stages})


def train_all(run: tiny.Tiny, **options) -> list[str]:
    """What was told."""
    told: list[str] = []
    run_recipe(run.recipe, run.manifest, tell=told.append, **options)
    return told


def test_stages_run_in_order_once_and_are_left_alone_when_finished(once, monkeypatch):
    run, told = once
    assert told == [f"Stage {stage} is finished." for stage in IN_ORDER]
    assert sorted(path.stem for path in run.checkpoint.glob("*.safetensors")) == ["hubert", "speaker", "units"]
    monkeypatch.setattr(whole_recipe, "run_stage", None)
    assert train_all(run) == [f"Stage {stage} was finished before." for stage in IN_ORDER]


def test_only_what_changed_and_what_reads_it_runs_again(finished):
    run = finished
    (run.checkpoint / "units.json").unlink()
    (run.checkpoint / "units.safetensors").unlink()
    again = ["Stage hubert was finished before.", "Stage units is finished.", "Stage ease was finished before."]
    assert train_all(run) == again, "EASE does not hear units"
    named(run, *IN_ORDER, hubert={"steps": 3})
    told = train_all(run)
    assert [line for line in told if line.endswith(("finished.", "before."))] == [
        "Stage hubert is finished.", "Stage units is finished.", "Stage ease was finished before."]


def test_a_changed_stage_is_trained_anew_and_its_old_run_comes_back_with_the_old_recipe(finished):
    run = finished
    first = log_of(run, "ease")
    named(run, *IN_ORDER, ease={"xvector_steps": 2})
    told = train_all(run)
    aside = [path for path in run.runs.glob("ease-*")]
    assert f"Stage ease or what it reads has changed since its last run, which is now {aside[0]}." in told
    assert len(aside) == 1 and log_of(run, "ease") != first
    named(run, *IN_ORDER)
    train_all(run)
    assert log_of(run, "ease") == first, "gone on with, not trained again"


def test_what_was_stopped_between_two_stages_leaves_nothing_stale(finished, monkeypatch):
    run = finished
    named(run, *IN_ORDER, hubert={"steps": 3})
    everything = whole_recipe.run_stage
    monkeypatch.setattr(whole_recipe, "run_stage", lambda stage, *rest: stage == "hubert" and everything(stage, *rest))
    assert train_all(run)[-1].startswith("Stopped in time at stage units")
    monkeypatch.setattr(whole_recipe, "run_stage", everything)
    assert "Stage units is finished." in train_all(run), "it hears another HuBERT than the one that it was made with"


def test_acoustic_begins_with_the_pitch_predictor_of_sace_and_not_with_its_own_last_one(finished, monkeypatch):
    run = finished
    stages = (*IN_ORDER, "critics", "sace", "acoustic")
    named(run, *stages)
    train_all(run)
    assert trained_by(run) == "sace, acoustic"
    begun, everything = {}, whole_recipe.run_stage

    def watched(stage, *rest):
        begun[stage] = trained_by(run)
        return everything(stage, *rest)

    monkeypatch.setattr(whole_recipe, "run_stage", watched)
    named(run, *stages, acoustic={"convert_steps": 2})
    train_all(run)
    assert begun == {"sace": "sace, acoustic", "acoustic": "sace"}


def trained_by(run: tiny.Tiny) -> str:
    return json.loads((run.checkpoint / "pitch.json").read_text())["trained_by"]


def log_of(run: tiny.Tiny, stage: str) -> str:
    return (run.runs / stage / "log.jsonl").read_text()


def test_the_time_is_for_all_stages_together_and_the_next_call_goes_on(run, monkeypatch):
    assert train_all(run, stop_after_seconds=0) == ["Stopped in time at stage hubert; the same command goes on there."]
    assert not (run.runs / "hubert").exists(), "no stage begins when no time is left"
    given = []

    def half_an_hour(stage, recipe, manifest, device, seconds, measure=None):
        given.append((stage, seconds))
        now[0] += 1800
        return stage == "hubert"

    now = [0.0]
    monkeypatch.setattr(whole_recipe.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(whole_recipe, "run_stage", half_an_hour)
    told = train_all(run, stop_after_seconds=2400)
    assert given == [("hubert", 2400), ("units", 600)]
    assert told[-1] == "Stopped in time at stage units; the same command goes on there."
    assert train_all(run, stop_after_seconds=100)[0] == "Stage hubert is finished.", "what wrote nothing is not finished"


def test_each_stage_is_given_what_measures_it(run, monkeypatch):
    given = {}
    monkeypatch.setattr(whole_recipe, "run_stage", lambda stage, *rest: given.update({stage: rest[-1]}) or True)
    run_recipe(run.recipe, run.manifest, measures=lambda stage: f"measure of {stage}")
    assert given == {stage: f"measure of {stage}" for stage in IN_ORDER}


def test_a_recipe_that_names_no_stage_is_one_sentence(run):
    run.recipe.write_text("[general]\nseed = 1\n")
    with pytest.raises(RecipeError, match=r"has no table of a stage, such as \[units\]"):
        train_all(run)


def test_the_command_tells_of_every_stage(run, capsys):
    train(None, "all", run.manifest, run.recipe)
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Stage ")]
    assert told == [f"Stage {stage} is finished." for stage in IN_ORDER]
