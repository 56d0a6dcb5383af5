"""Training: every stage end to end on a tiny corpus of synthetic voices, repeatable, resumable, and plain about mistakes."""

import csv
import dataclasses
import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pipelines.errors import CheckpointError, RecipeError, ZestError
from pipelines.features.audio import save
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.clip_choice import with_virtual_voices
from pipelines.training.data.corpus import COLUMNS, read_manifest, training_clips
from pipelines.training.data.examples import read_examples
from pipelines.training.loop import trainer
from pipelines.training.loop.recipe import read_recipe, section
from pipelines.training.loop.run_log import read_log
from pipelines.training.stages.ease import EaseRecipe
from pipelines.training.stages.registry import STAGES, find_stage
from pipelines.training.stages.running import run_stage
from tests.support import tiny
from tests.support.killed_training import killed_in_step
from tests.support.speech import speak

ROOT = Path(__file__).resolve().parents[2]
LEARNT = [stage for stage in STAGES if stage != "units"]  # by gradient descent, in the one training loop
ALL_FILES = sorted({file for stage in STAGES for file in find_stage(stage).writes})


@pytest.fixture(scope="module")
def trained() -> tiny.Tiny:
    return tiny.trained_tiny()


def weights(run: tiny.Tiny, stage: str) -> dict[str, torch.Tensor]:
    """Everything that the stage wrote into the checkpoint, and for `critics` beside the runs."""
    files = [run.checkpoint / f"{file}.safetensors" for file in find_stage(stage).writes] or [run.runs / "critics.safetensors"]
    return {f"{file.stem}.{name}": value for file in files for name, value in load_file(file).items()}


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    different = [name for name in one if not torch.equal(one[name], other[name])]
    assert different == []


def without_pitch(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The pitch predictor is written by `sace` and again by `acoustic`."""
    return {name: value for name, value in tensors.items() if not name.startswith("pitch.")}


def before_stage(trained: tiny.Tiny, folder: Path, stage: str, seed: int = 0) -> tiny.Tiny:
    """A run of its own that has everything but this stage; SACE's pitch predictor is given back to `acoustic`."""
    run = tiny.new_tiny(folder, seed, copy_of=trained)
    shutil.copytree(trained.runs / "sace", run.runs / "sace")
    for extra in trained.runs.glob("critics.*"):
        shutil.copy(extra, run.runs)
    run.train("sace") if stage == "acoustic" else shutil.rmtree(run.runs / stage, ignore_errors=True)
    return run


def test_every_stage_writes_its_parts(trained):
    assert sorted(path.stem for path in trained.checkpoint.glob("*.safetensors")) == ALL_FILES
    assert sorted(path.stem for path in trained.checkpoint.glob("*.json")) == ALL_FILES


@pytest.mark.parametrize("stage", LEARNT)
def test_log_and_loss_plot(trained, stage):
    (line,) = read_log(trained.runs / stage)
    assert line["step"] == tiny.STEPS
    values = [value for name, value in line.items() if name not in ("step", "seconds")]
    assert values and np.isfinite(values).all()
    if stage == tiny.PLOTTED:
        assert (trained.runs / stage / "loss.png").read_bytes().startswith(b"\x89PNG")
    else:
        assert (trained.runs / stage / "loss.asked").exists(), "all plots are drawn by one function"


@pytest.fixture(scope="module")
def trained_again(trained, tmp_path_factory) -> Callable[[str], tiny.Tiny]:
    """Trains a stage once more, uninterrupted; for all tests once."""
    @cache
    def train(stage: str) -> tiny.Tiny:
        run = before_stage(trained, tmp_path_factory.mktemp(stage) / "again", stage)
        run.train(stage)
        return run

    return train


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.slow
def test_same_seed_same_result_and_another_seed_another(trained, trained_again, stage, tmp_path):
    again = trained_again(stage)
    if stage != "acoustic":  # it started from SACE's pitch predictor, which `trained` no longer has
        assert_same(without_pitch(weights(again, stage)), without_pitch(weights(trained, stage)))
    other = before_stage(trained, tmp_path / "other", stage, seed=1)
    other.train(stage)
    expected, got = weights(again, stage), weights(other, stage)
    assert any(not torch.equal(got[name], expected[name]) for name in expected)


@pytest.mark.parametrize("stage", LEARNT)
@pytest.mark.slow
def test_stopped_and_resumed_is_the_same_as_uninterrupted(trained, trained_again, stage, tmp_path):
    pieces = before_stage(trained, tmp_path / "pieces", stage)
    assert not pieces.train(stage, stop_after_seconds=0)  # one step
    assert torch.load(pieces.runs / stage / "state.pt", weights_only=True)["number"] == 1
    assert pieces.train(stage)
    assert_same(weights(pieces, stage), weights(trained_again(stage), stage))


@pytest.mark.slow
def test_killed_and_resumed_is_the_same_as_uninterrupted(trained, tmp_path):
    """A real SIGKILL in the middle of a step; the last saved state and the log must go on as if nothing had happened."""
    run = before_stage(trained, tmp_path / "killed", "ease")
    killed_in_step(run, "ease", "pipelines.training.stages.ease.EaseTask", 4)
    assert run.train("ease")
    assert_same(weights(run, "ease"), weights(trained, "ease"))
    assert [line["step"] for line in read_log(run.runs / "ease")] == [1, 2, 3, 4, tiny.STEPS]


def test_log_lines_of_lost_steps_are_forgotten(trained, tmp_path):
    run = before_stage(trained, tmp_path / "lost", "ease")
    run.train("ease", stop_after_seconds=0)
    log = run.runs / "ease" / "log.jsonl"
    log.write_text("".join(json.dumps({"step": step, "seconds": 0.0, "speaker": 1.0}) + "\n" for step in (1, 2, 3)))
    run.train("ease")
    assert [line["step"] for line in read_log(run.runs / "ease")] == [1, tiny.STEPS]


def test_a_kill_at_any_moment_loses_less_than_five_minutes(tmp_path, monkeypatch):
    """By a clock that each step moves on by a minute."""
    now, lost = [0.0], []

    class Slow:
        """A task of one number whose steps take a minute."""

        def __init__(self):
            self.networks = torch.nn.ModuleDict({"number": torch.nn.Linear(1, 1)})
            self.optimisers = {"number": torch.optim.SGD(self.networks.parameters(), 0.1)}

        def step(self, number, random, update):
            state = tmp_path / "state.pt"
            saved = torch.load(state, weights_only=True)["spent"] if state.exists() else 0.0
            now[0] += 60.0
            lost.append(now[0] - saved)
            return {"loss": torch.zeros(())}

    monkeypatch.setattr(trainer.time, "monotonic", lambda: now[0])
    assert trainer.train(Slow(), trainer.Run(tmp_path, 20))
    assert max(lost) <= 300 and len(lost) == 20


def test_a_finished_stage_exports_again_without_training(trained, tmp_path, monkeypatch):
    run = tiny.new_tiny(tmp_path / "done", copy_of=trained)
    shutil.copytree(trained.runs / "ease", run.runs / "ease")
    (run.checkpoint / "speaker.safetensors").unlink()
    monkeypatch.setattr("pipelines.training.stages.ease.EaseTask.step", None)
    assert run.train("ease")
    assert_same(weights(run, "ease"), weights(trained, "ease"))


@pytest.mark.parametrize("content", [b"", b"not a state", None], ids=["empty", "text", "other sizes"])
def test_unusable_state_is_one_sentence(trained, tmp_path, content):
    run = tiny.new_tiny(tmp_path / "bad", copy_of=trained)
    (run.runs / "ease").mkdir(parents=True)
    state = run.runs / "ease" / "state.pt"
    if content is None:
        torch.save({"number": 1, "spent": 0.0, "parts": {"encoder.odd": torch.zeros(1)}, "optimisers": {}}, state)
    else:
        state.write_bytes(content)
    with pytest.raises(RecipeError, match="damaged or of another recipe; delete the folder") as caught:
        run.train("ease")
    assert "\n" not in str(caught.value)


def test_a_stage_needs_the_stages_before(tmp_path):
    run = tiny.new_tiny(tmp_path / "empty")
    with pytest.raises(CheckpointError, match="hubert.json is missing"):
        run.train("tempo")


# Mistakes in what is asked for


def refused(match: str, stage: str = "ease", **paths: Path) -> None:
    with pytest.raises(ZestError, match=match) as caught:
        run_stage(stage, paths["recipe"], paths["manifest"])
    assert str(caught.value).count("\n") == 0 and str(caught.value).endswith(".")


@pytest.mark.parametrize(("text", "match"), [
    ("[ease]\nsteps_of_ease = 3\n", "unknown key 'steps_of_ease'; it knows xvector_steps"),
    ("[ease]\nbatch = 'many'\n", "batch must be a int, not 'many'"),
    ("[ease]\nbatch = true\n", "batch must be a int, not True"),
    ("[easy]\nbatch = 3\n", r"unknown table \[easy\]"),
    ("[general]\nruns = 3\n", "runs must be a str"),
    ("[ease\n", "not valid TOML"),
])
def test_wrong_recipe(tmp_path, text, match):
    recipe = tmp_path / "wrong.toml"
    recipe.write_text(text)
    refused(match, recipe=recipe, manifest=tiny.tiny_corpus() / "corpus" / "manifest.csv")


def test_missing_recipe_manifest_and_unknown_stage(trained, tmp_path):
    refused("There is no recipe at", recipe=tmp_path / "none.toml", manifest=trained.manifest)
    refused("There is no manifest at", recipe=trained.recipe, manifest=tmp_path / "none.csv")
    refused("There is no stage 'violin'; choose one of hubert", "violin", recipe=trained.recipe, manifest=trained.manifest)


def row(speaker: str = "anna", split: str = "train", emotion: str = "sad") -> tuple:
    return ("clip.wav", "synthetic", speaker, emotion, "xx", "1", "", 1.0, split)


@pytest.mark.parametrize(("rows", "columns", "match"), [
    ([row()], COLUMNS[:-1], "has no column 'split'"),
    ([], COLUMNS, "has no rows"),
    ([row(split="dev")], COLUMNS, "no clip with split 'train'"),
    ([row(), row(split="dev")], COLUMNS, "Speaker anna is in both 'train' and 'dev'"),
])
def test_wrong_manifest(trained, tmp_path, rows, columns, match):
    manifest = tiny.write_manifest(tmp_path / "manifest.csv", [values[:len(columns)] for values in rows], columns)
    refused(match, recipe=trained.recipe, manifest=manifest)


def test_a_corpus_without_emotions_trains_no_emotion_stage(trained, tmp_path):
    save(tmp_path / "clip.wav", speak(seconds=0.6))
    manifest = tiny.write_manifest(tmp_path / "manifest.csv", [row(emotion="unlabelled")])
    refused("none of the five emotions", "tempo", recipe=trained.recipe, manifest=manifest)


def test_held_out_speakers_never_train(trained):
    with trained.manifest.open() as file:
        held_out = {line["speaker"] for line in csv.DictReader(file) if line["split"] == "dev"}
    clips = training_clips(read_manifest(trained.manifest))
    assert held_out == {"dora"} and clips and not held_out & {clip.speaker for clip in clips}


def test_the_shipped_recipe_names_only_what_exists():
    tables = read_recipe(ROOT / "recipes" / "mini.toml")
    assert set(STAGES) <= set(tables) <= {*STAGES, "general", "judge"}
    assert section(tables, "ease", EaseRecipe).emotion_weight == EaseRecipe.emotion_weight == 10.0


def test_recipe_defaults_and_values(tmp_path):
    (tmp_path / "one.toml").write_text("[ease]\nbatch = 7\nlearning_rate = 1\n")
    recipe = section(read_recipe(tmp_path / "one.toml"), "ease", EaseRecipe)
    assert recipe == dataclasses.replace(EaseRecipe(), batch=7, learning_rate=1)


def test_virtual_voices_are_other_speakers_with_their_own_features_and_no_presets(trained, tmp_path):
    clips = training_clips(read_manifest(trained.manifest))
    both = with_virtual_voices(clips, (0.8,))
    slow = both[len(clips)]
    assert len(both) == 2 * len(clips) and slow.speaker == f"{clips[0].speaker} x0.8" and slow.emotion == clips[0].emotion
    first, second = (read_examples([clip], FeatureCache(tmp_path))[0] for clip in (clips[0], slow))
    assert second.frames == pytest.approx(first.frames / 0.8, abs=2)
    voiced = first.prosody.voicing > 0.9
    assert np.median(second.prosody.f0) == pytest.approx(0.8 * np.median(first.prosody.f0[voiced]), rel=0.05)
