"""What the stage `generate` trains on, and how held-out speech chooses its weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.features.audio import NOMINAL, speech_level
from pipelines.networks.vocoder import HOP, Vocoder
from pipelines.resynthesis import generator_resynthesis
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import read_manifest, training_clips
from pipelines.training.data.examples import Example, read_examples
from pipelines.training.data.generator_data import GeneratorData, read_generator_data
from pipelines.training.loop.optim import Update
from pipelines.training.loop.run_log import read_log
from pipelines.training.stages.generate import clips_of
from pipelines.training.stages.generate_istft import GenerateRecipe, GenerateTask
from tests.support import tiny

RECIPE = GenerateRecipe(width=16, blocks=1, fine_blocks=1, batch=6, window_frames=30, crop_frames=24)


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    """The last clip has no label."""
    clips = training_clips(read_manifest(tiny.trained_tiny().manifest))
    clips[-1] = dataclasses.replace(clips[-1], emotion="unlabelled", speaker="nobody")
    return read_examples(clips, FeatureCache(tiny.tiny_corpus() / "cache"))


@pytest.fixture(scope="module")
def spoken(examples) -> GeneratorData:
    return read_generator_data(examples, Folder(tiny.trained_tiny().checkpoint), RECIPE.temperature,
                       FeatureCache(tiny.tiny_corpus() / "cache"))


def task_with(examples: list[Example], spoken: GeneratorData, **changes) -> GenerateTask:
    return GenerateTask(dataclasses.replace(RECIPE, **changes), examples, spoken, Vocoder(16, 1))


def test_all_clips_are_brought_to_one_level(spoken):
    levels = [speech_level(audio / np.float32(32767) * gain) for audio, gain in zip(spoken.audio, spoken.gains, strict=True)]
    assert levels == pytest.approx([NOMINAL] * len(levels), rel=1e-3)


def test_factors_bands_and_waveform_of_a_batch_are_of_the_same_place(examples, spoken):
    batch = task_with(examples, spoken).batch(np.random.default_rng(1))
    units, f0, voiced, ease, sace = batch.factors
    assert units.shape == (6, 30, 30) and batch.mel.shape == (6, 60, 80)
    assert f0.shape == voiced.shape == batch.there.shape == (6, 60)
    assert ease.shape == sace.shape == (6, 128) and batch.real.shape == (6, 24 * HOP)
    for row, crop in enumerate(batch.crops):
        index = next(index for index, own in enumerate(spoken.sace) if np.array_equal(own, sace[row].numpy()))
        audio = spoken.audio[index] / np.float32(32767) * spoken.gains[index]
        real = batch.real[row].numpy()
        places = range(0, len(audio) - len(real) + 1, HOP)
        begins = [start for start in places if np.allclose(audio[start:start + len(real)], real)]
        assert len(begins) == 1
        first = begins[0] // HOP - crop
        assert first % 2 == 0 and np.array_equal(f0[row].numpy(), spoken.features[index].f0[first:first + 60])
        assert np.array_equal(units[row].numpy(), spoken.soft_units[index][first // 2:first // 2 + 30].astype(np.float32))


def test_the_trunk_hears_more_batches_than_are_rendered(examples, spoken):
    task = task_with(examples, spoken, trunk_batches=3, trunk_steps=0, warmup_steps=1)
    batch = task.batch(np.random.default_rng(1))
    assert [len(part) for part in batch.factors] == [18] * 5 and len(batch.mel) == len(batch.there) == 18
    assert len(batch.crops) == len(batch.real) == 6
    logged = task.step(0, np.random.default_rng(1), Update())  # rendered, and learnt from
    assert all(np.isfinite(float(value)) for value in logged.values()) and {"trunk", "mel"} <= set(logged)


def test_what_lies_behind_the_end_of_a_short_clip_is_no_target(examples, spoken):
    task = task_with(examples, spoken, window_frames=70, batch=2)
    batch = task.batch(np.random.default_rng(0))
    assert 0 < float(batch.there.mean()) < 1
    assert all(crop + 24 <= int(there.sum()) for crop, there in zip(batch.crops, batch.there, strict=True))


def test_speech_without_label_is_heard_only_where_asked_for(examples, spoken):
    def heard(share: float) -> bool:
        task = task_with(examples, spoken, all_speakers=share)
        batches = [task.batch(np.random.default_rng(seed)) for seed in range(4)]
        return any(torch.equal(sace, torch.from_numpy(spoken.sace[-1])) for batch in batches for sace in batch.factors[4])

    assert not heard(0.0) and heard(0.5)


def test_held_out_speech_chooses_the_weights_that_are_exported(tmp_path, recording):
    run = tiny.new_tiny(tmp_path / "chosen", copy_of=tiny.trained_tiny())
    for file in run.checkpoint.glob("generator.*"):
        file.unlink()
    made = []

    def measure(*network) -> Callable[[], dict[str, float]]:
        resynthesise = generator_resynthesis(*network)
        return lambda: made.append(resynthesise(recording)) or {"score": -float(len(made))}

    assert not run.train("generate", stop_after_seconds=0, measure=measure)
    first = Folder(run.checkpoint).tensors("generator")
    assert run.train("generate", measure=measure)
    assert len(made) == 2 and all(np.isfinite(samples).all() and len(samples) > 40_000 for samples in made)
    assert [line["dev_score"] for line in read_log(run.runs / "generate") if "dev_score" in line] == [-1.0, -2.0]
    last = Folder(run.checkpoint).tensors("generator")
    assert all(torch.equal(first[name], last[name]) for name in first), "worse weights replaced better ones"


def test_a_checkpoint_without_vocoder_gives_the_recipes_head(tmp_path):
    run = tiny.new_tiny(tmp_path / "headless", copy_of=tiny.trained_tiny())
    for file in run.checkpoint.glob("vocoder.*"):
        file.unlink()
    small = tiny.SIZES["generate"] | {"head_width": 8, "head_blocks": 1}
    tiny.write_recipe(run, tiny.tiny_corpus() / "cache", sizes=tiny.SIZES | {"generate": small})
    run.train("generate", stop_after_seconds=0)
    assert Folder(run.checkpoint).setting("generator", "head_width") == 8
    assert Folder(run.checkpoint).tensors("generator")["vocoder.filters.weight"].shape[1] == 8


def test_level_ignores_pauses_and_never_divides_by_zero():
    voice = np.tile(np.sin(np.arange(160) * np.pi / 40), 100).astype(np.float32)
    paused = np.concatenate([voice, np.zeros(2 * len(voice), np.float32)])
    assert speech_level(paused) == pytest.approx(speech_level(voice), rel=0.02) == pytest.approx(0.5**0.5, rel=0.02)
    assert speech_level(np.zeros(1000, np.float32)) > 0


def test_unlabelled_speech_is_heard_again_as_somebody_elses_where_all_speakers_are_heard(examples):
    clips = [example.clip for example in examples]
    context = SimpleNamespace(shared=clips, labelled=clips[:-1])
    recipe = dataclasses.replace(RECIPE, unlabelled_speeds=(0.9, 1.1))
    assert clips_of(context, recipe) == clips[:-1]
    *real, slower, faster = clips_of(context, dataclasses.replace(recipe, all_speakers=0.5))
    assert real == clips and (slower.path, slower.speed, faster.speed) == (clips[-1].path, 0.9, 1.1)
    assert len({clips[-1].speaker, slower.speaker, faster.speaker}) == 3
