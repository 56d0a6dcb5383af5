"""Planning a study of ablations: stages are shared where nothing differs, and what makes no sense is told before any work."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from pipelines.checkpoints.folder import Folder
from pipelines.errors import RecipeError, ZestError
from pipelines.features.audio import save
from pipelines.labels import EMOTIONS
from pipelines.training.ablation.plan import make_plan
from pipelines.training.ablation.study import read_study
from pipelines.training.data.clip_choice import with_share
from pipelines.training.data.corpus import read_manifest
from pipelines.training.loop.recipe import read_recipe
from pipelines.training.stages.registry import STAGES, find_stage
from tests.support.ablation import write_study
from tests.support.tiny import new_tiny, trained_tiny, write_manifest


@pytest.fixture
def tiny(tmp_path):
    """An untrained one."""
    return new_tiny(tmp_path / "tiny")


def plan_of(tmp_path, tiny, variants, **top):
    return make_plan(read_study(write_study(tmp_path, tiny, {"asked": variants}, **top)), tiny.manifest)


def differing(plan, name):
    """Stages of a variant that the first variant has not."""
    first, *_ = plan.variants.values()
    return {stage.name for stage in plan.variants["asked", name]} - {
        stage.name for stage in plan.variants["asked", name] if stage.label in {other.label for other in first}}


@pytest.mark.parametrize(("recipe", "expected"), [
    ({"units": {"clusters": 10}}, {"units", "sace", "acoustic", "tempo"}),
    ({"units": {"layer": 1}}, {"units", "sace", "acoustic", "tempo"}),
    ({"ease": {"emotion_weight": 0.0}}, {"ease", "sace", "acoustic", "tempo"}),
    ({"sace": {"speaker_weight": 0.0}}, {"sace", "acoustic", "tempo"}),
    ({"general": {"emotional_share": 0.9}}, {"ease", "sace", "acoustic", "tempo"}),
    ({"tempo": {"steps": 3}}, {"tempo"}),
])
def test_only_what_a_change_reaches_is_trained_again(tmp_path, tiny, recipe, expected):
    plan = plan_of(tmp_path, tiny, {"base": {}, "other": {"recipe": recipe}})
    assert differing(plan, "other") == expected
    assert {name: count for name, count in Counter(stage.name for stage in plan.training).items() if count == 2} == {
        name: 2 for name in expected | ({"critics"} if "general" in recipe else set())}


def test_settings_of_the_conversion_train_nothing(tmp_path, tiny):
    plan = plan_of(tmp_path, tiny, {"predicted": {}, "source": {"settings": {"f0": "source"}}})
    assert differing(plan, "source") == set()


def test_the_generator_s_ablations_differ_in_the_generator_alone(tmp_path, tiny):
    without = {"recipe": {"generate": {"f0_encoder": False}}}
    plan = plan_of(tmp_path, tiny, {"with": {}, "without": without}, settings={"decoder": "generate"})
    assert differing(plan, "without") == {"generate"}
    assert any(read.name == "vocoder" for stage in plan.training if stage.name == "generate" for read in stage.reads)


def test_a_default_written_out_is_no_difference(tmp_path, tiny):
    with pytest.raises(RecipeError, match="The variants 'base' and 'same' of the question asked are the same."):
        plan_of(tmp_path, tiny, {"base": {}, "same": {"recipe": {"sace": {"emotion_weight": 1.0}}}})


def test_a_stage_is_as_its_definition_says():
    """Its table decides what its own export says; it reads stages before it."""
    tiny, order = trained_tiny(), list(STAGES)
    for name in STAGES:
        stage = find_stage(name)
        assert stage.name == name and all(order.index(read) < order.index(name) for read in stage.reads)
        folder = Folder(tiny.runs if stage.scratch else tiny.checkpoint)
        config = folder.config((*stage.writes, *stage.scratch)[0])
        table = json.loads(json.dumps(asdict(stage.recipe(read_recipe(tiny.recipe)))))  # as a checkpoint keeps it
        assert name == "hubert" or {key: config[key] for key in table if not key.startswith("head_")} == {
            key: value for key, value in table.items() if not key.startswith("head_")}, name


def test_stages_come_after_what_they_read(tmp_path, tiny):
    plan = plan_of(tmp_path, tiny, {"base": {}, "other": {"recipe": {"units": {"clusters": 10}}}})
    place = {stage.label: index for index, stage in enumerate(plan.training)}
    assert all(place[read.label] < place[stage.label] for stage in plan.training for read in stage.reads)


def test_a_checkpoint_supplies_what_is_as_in_its_recipe(tmp_path):
    tiny = trained_tiny()
    plan = plan_of(tmp_path, tiny, {"base": {}, "other": {"recipe": {"tempo": {"steps": 3}}}}, checkpoint=str(tiny.checkpoint))
    assert [stage.name for stage in plan.training] == ["tempo"]


def test_a_stage_that_goes_on_is_another_one_where_the_weights_that_it_begins_with_are_others(tmp_path):
    tiny = new_tiny(tmp_path / "tiny", copy_of=trained_tiny())
    change = {"base": {}, "longer": {"recipe": {"tempo": {"steps": 3}, "sace": {"begins_with": "sace"}}}}

    def trained():
        plan = plan_of(tmp_path, tiny, change, checkpoint=str(tiny.checkpoint))
        return {stage.name: stage.key for stage in plan.training}

    before, folder = trained(), Folder(tiny.checkpoint)
    assert set(before) == {"critics", "sace", "acoustic", "tempo"} and trained() == before
    folder.write("sace", {name: tensor + 1 for name, tensor in folder.tensors("sace").items()}, folder.config("sace"))
    after = trained()
    assert {name for name in after if after[name] != before[name]} == {"sace", "acoustic", "tempo"}


def test_an_acoustic_of_its_own_needs_the_pitch_predictor_as_sace_left_it(tmp_path):
    tiny = trained_tiny()
    change = {"recipe": {"acoustic": {"read_steps": 2}}}
    plan = plan_of(tmp_path, tiny, {"base": {}, "other": change}, checkpoint=str(tiny.checkpoint))
    assert Counter(stage.name for stage in plan.training) == {"sace": 1, "critics": 1, "acoustic": 2, "tempo": 1}
    assert {label.partition("-")[0] for label in plan.supplied} >= {"hubert", "units", "ease"}


def test_a_checkpoint_of_another_recipe_supplies_nothing_that_contradicts(tmp_path):
    tiny = new_tiny(tmp_path / "tiny", copy_of=trained_tiny())
    folder = Folder(tiny.checkpoint)
    folder.write("units", folder.tensors("units"), folder.config("units") | {"clips": 5})
    plan = plan_of(tmp_path, tiny, {"base": {}}, checkpoint=str(tiny.checkpoint))
    assert {stage.name for stage in plan.training} == {"units", "critics", "sace", "acoustic", "tempo"}


def test_a_question_changes_the_recipe_for_all_its_variants(tmp_path):
    tiny = trained_tiny()
    path = write_study(tmp_path, tiny, {"asked": {"base": {}, "other": {"recipe": {"tempo": {"steps": 3}}}}},
                       checkpoint=str(tiny.checkpoint))
    path.write_text(path.read_text().replace('name = "asked"', 'name = "asked"\nrecipe = {hubert = {steps = 7}}'))
    plan = make_plan(read_study(path), tiny.manifest)
    assert Counter(stage.name for stage in plan.training)["hubert"] == 1
    assert {stage.tables["hubert"]["steps"] for stages in plan.variants.values() for stage in stages} == {7}


@pytest.mark.parametrize(("questions", "top", "sentence"), [
    ({"asked": {"a": {"recipe": {"unit": {"clusters": 3}}}}}, {}, "changes an unknown stage 'unit'; it may"),
    ({"asked": {"a": {"recipe": {"units": {"cluster": 3}}}}}, {}, r"asked: The recipe's table \[units\] has an unknown"),
    ({"asked": {"a": {"settings": {"f0": "mine"}}}}, {}, "There is no F0 'mine'; choose one of predicted, source, reference."),
    ({"asked": {"a": {"settings": {"loud": 1}}}}, {}, "Variant 'a' of the question asked has an unknown key 'loud'"),
    ({"asked": {"a": {"settings": {"strength": "much"}}}}, {}, "strength must be a float, not 'much'"),
    ({"asked": {"a": {"recipe": {"generate": {"f0_encoder": False}}}}}, {},
     "a conversion by the decoder residual_world does not use"),
    ({"asked": {"a": {"recipe": {"general": {"cache": "x"}}}}}, {}, r"may not change \[general\] cache"),
    ({"asked": {"a": {"recipe": {"general": {"emotional_share": 2.0}}}}}, {}, "must lie above 0 and at most 1, not 2."),
    ({"asked": {}}, {}, "The question asked has no"),
    ({"../asked": {"a": {}}}, {}, "A question cannot be called '../asked'"),
    ({}, {}, "asks nothing"),
    ({"asked": {"a": {"recipe": {"sace": {"begins_with": "sace"}}}}}, {},
     "The stage sace begins with the weights of 'sace', and the study names no checkpoint"),
    ({"asked": {"a": {}}}, {"recipe": "no.toml"}, "There is no recipe at"),
    ({"asked": {"a": {}}}, {"colour": "red"}, "has an unknown key 'colour'; it knows recipe, checkpoint"),
    ({"asked": {"a": {}}}, {"protocol": {"pairs": 3}}, r"The study's \[protocol\] has an unknown key 'pairs'"),
    ({"asked": {"a": {}}}, {"checkpoint": "nowhere"}, "There is no checkpoint folder at|could not deliver"),
    ({"asked": {"a": {}}}, {"settings": {"decoder": ""}}, "must name its decoder"),
])
def test_what_makes_no_sense_is_told_in_a_sentence(tmp_path, tiny, questions, top, sentence):
    with pytest.raises(ZestError, match=sentence):
        make_plan(read_study(write_study(tmp_path, tiny, questions, **top)), tiny.manifest)


@pytest.mark.parametrize(("name", "stages"), [
    ("mini", {"sace": 14, "acoustic": 14, "tempo": 14, "ease": 4, "critics": 4, "units": 7, "generate": 5}),
    ("continued", {"generate": 5, "ease": 2, "sace": 2, "critics": 1, "acoustic": 2, "tempo": 2}),
    ("paper", {"hubert": 1, "units": 2, "ease": 5, "sace": 7, "generate": 9})])
def test_the_recipes_of_ablations_share_all_that_does_not_differ(tmp_path, name, stages):
    shipped = Path(__file__).resolve().parents[2] / "recipes" / f"ablations-{name}.toml"
    plan = make_plan(read_study(shipped), manifest_of(tmp_path / "manifest.csv"))
    assert Counter(stage.name for stage in plan.training) == stages


def manifest_of(path):
    """Thirty clips of each emotion, which are there but are not listened to."""
    rows = [(f"{emotion}-{take}.wav", "made", "anna", emotion, "xx", str(take), "", 2.0, "train")
            for emotion in EMOTIONS for take in range(30)]
    for name, *_ in rows:
        save(path.parent / name, np.full(800, 0.1, np.float32))
    return write_manifest(path, rows)


def test_no_study_and_no_toml_are_told(tmp_path):
    with pytest.raises(RecipeError, match="There is no study at"):
        read_study(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("recipe = ")
    with pytest.raises(RecipeError, match="is not valid TOML"):
        read_study(tmp_path / "bad.toml")


def many_clips(tiny):
    """Twenty takes of every clip, and two that nobody labelled."""
    from dataclasses import replace

    clips = read_manifest(tiny.manifest)
    return [replace(clip, text_id=f"{clip.text_id}-{take}") for clip in clips for take in range(20)] + [
        replace(clips[0], emotion="unlabelled"), replace(clips[0], emotion="fearful")]


def test_a_share_is_balanced_and_lies_within_the_larger_ones(tiny):
    clips = many_clips(tiny)
    shares = [with_share(clips, share, seed=3) for share in (0.1, 0.25, 0.5, 1.0)]
    for smaller, larger in zip(shares, shares[1:]):
        assert set(smaller) < set(larger)
    counts = Counter((clip.speaker, clip.emotion) for clip in shares[0] if clip.emotion in EMOTIONS)
    assert {count for (_, emotion), count in counts.items() if emotion != "neutral"} == {2}  # of 20; neutral has 40
    assert all(clip in shares[0] for clip in clips[-2:])
    assert with_share(clips, 0.1, seed=3) == shares[0] != with_share(clips, 0.1, seed=4)


def test_a_share_that_loses_an_emotion_is_refused(tiny):
    with pytest.raises(RecipeError, match="emotional_share 0.001 leaves no training clip of 'angry'; choose a larger one."):
        with_share(read_manifest(tiny.manifest), 0.001, seed=0)
