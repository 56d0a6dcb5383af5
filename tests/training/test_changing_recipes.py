"""Schedules that change while a stage trains: from a step on other keys hold, and a recipe says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import RecipeError
from pipelines.training.loop.recipe import read_recipe
from pipelines.training.loop.run_log import read_log
from pipelines.training.stages.registry import find_stage
from pipelines.training.stages.stage_keys import planned
from tests.support import tiny

RECIPES = Path(__file__).resolve().parents[2] / "recipes"


def recipe_of(stage: str, **table):
    return find_stage(stage).recipe({stage: table})


def test_a_change_holds_from_its_step_on_and_the_next_one_goes_on_from_it():
    recipe = recipe_of("generate", changes=[{"step": 10, "all_speakers": 0.5}, {"step": 20, "trunk_batches": 3}])
    assert [(recipe.at_step(step).all_speakers, recipe.at_step(step).trunk_batches) for step in (9, 10, 20)] == [
        (0.0, 1), (0.5, 1), (0.5, 3)]
    assert recipe.draws_all_speakers and not recipe_of("generate").draws_all_speakers


def test_the_number_of_steps_is_that_of_the_last_change():
    assert recipe_of("vocoder", warmup_steps=5, gan_steps=10, changes=[{"step": 7, "gan_steps": 4}]).steps == 9
    change = {"step": 7, "convert_steps": 4, "spectrogram_weight": 1.0}
    acoustic = recipe_of("acoustic", read_steps=5, convert_steps=10, changes=[change])
    assert acoustic.steps == 9 and acoustic.sees_spectrograms and acoustic.at_step(6).spectrogram_weight == 0


@pytest.mark.parametrize(("changes", "words"), [
    ([{"gan_steps": 3}], "must be a table with a whole number as step"),
    ([7], "must be a table with a whole number as step"),
    ([{"step": 3, "width": 8}], "cannot change 'width'; they may change warmup_steps"),
    ([{"step": 9, "gan_steps": 3}, {"step": 8, "gan_steps": 4}], "must stand in the order of their steps"),
])
def test_what_is_no_schedule_is_one_sentence(changes, words):
    with pytest.raises(RecipeError, match=words):
        recipe_of("vocoder", changes=changes)


def test_a_stage_without_changes_keeps_its_key():
    plain, changed = (planned({"vocoder": table}, ["vocoder"], "speech")["vocoder"]
                      for table in ({}, {"changes": [{"step": 1, "gan_steps": 9}]}))
    assert "changes" not in plain.decides["recipe"] and plain.key != changed.key


def test_training_follows_the_schedule(tmp_path):
    run = tiny.new_tiny(tmp_path / "changing", copy_of=tiny.trained_tiny())
    text = run.recipe.read_text()
    run.recipe.write_text(text.replace("[vocoder]\n", '[vocoder]\nchanges = [{step = 1, warmup_steps = 0, gan_steps = 4}]\n'))
    assert run.train("vocoder")
    assert read_log(run.runs / "vocoder")[-1]["step"] == 4


def test_the_shipped_schedules_are_recipes_of_their_stages():
    tables = read_recipe(RECIPES / "mini-shipped.toml")
    vocoder, generate = (find_stage(stage).recipe(tables) for stage in ("vocoder", "generate"))
    assert vocoder.at_step(14_000).gan_steps == 14_500 and vocoder.at_step(16_006).gan_steps == 60_000
    assert generate.at_step(14_000).trunk_steps == 15_500  # mel bands alone again, up to there
    assert generate.at_step(18_044).gan_steps == 4_600
