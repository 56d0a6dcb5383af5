"""Recordings of one sentence in several emotions: alignment, drawing, and an acoustic model that learns from them."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_acoustic
from pipelines.errors import RecipeError
from pipelines.features.prosody import level_of
from pipelines.labels import EMOTIONS, NEUTRAL
from pipelines.networks.acoustic import AcousticModel, EnvelopeChange
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import read_manifest, training_clips
from pipelines.training.data.examples import read_examples
from pipelines.training.data.parallel import ParallelPairs, aligned
from pipelines.training.loop.run_log import read_log
from pipelines.training.stages.acoustic_batches import with_room
from tests.support import tiny
from tests.support.hub_folders import recipe_with


def test_alignment_finds_the_frames_of_a_slower_recording():
    sounds = np.random.default_rng(0).standard_normal((12, 16))
    source, target = sounds, np.repeat(sounds, 3, axis=0)
    np.testing.assert_array_equal(aligned(source, target), 3 * np.arange(12) + 1)
    np.testing.assert_array_equal(aligned(target, source), np.repeat(np.arange(12), 3))


@pytest.fixture(scope="module")
def examples():
    """The tiny corpus as if each speaker had said one sentence in all emotions."""
    folder = tiny.tiny_corpus()
    clips = [replace(clip, text_id="one") for clip in training_clips(read_manifest(folder / "corpus" / "manifest.csv"))]
    return read_examples(clips, FeatureCache(folder / "cache"))


def states_of(examples) -> list[np.ndarray]:
    return [example.prosody.bands for example in examples]


def test_pairs_are_of_one_speaker_in_two_emotions_and_half_begin_neutral(examples):
    pairs = ParallelPairs(examples, states_of(examples), neutral=0.5)
    drawn = pairs.draw(np.random.default_rng(0), 200, longest=60)
    sources, targets = [examples[window.index] for window in drawn.windows], [examples[target] for target in drawn.targets]
    assert all(a.speaker == b.speaker and a.emotion != b.emotion for a, b in zip(sources, targets))
    assert 0.4 < np.mean([example.emotion == EMOTIONS.index(NEUTRAL) for example in sources]) < 0.8
    assert {example.emotion for example in targets} == set(range(len(EMOTIONS)))
    assert drawn.bands.shape == drawn.target_bands.shape == (200, drawn.mask.shape[1], 40) and drawn.mask.shape[1] <= 60


def test_a_target_that_is_louder_stays_louder(examples):
    loud = [replace(example, prosody=replace(example.prosody, bands=example.prosody.bands + 3.0 * (example.emotion == 1)))
            for example in examples]
    pairs = ParallelPairs(loud, states_of(examples))
    drawn = pairs.draw(np.random.default_rng(0), 60, longest=200)
    for row, (window, target) in enumerate(zip(drawn.windows, drawn.targets)):
        if loud[target].emotion == 1:
            own, other = (level_of(loud[index].prosody.bands) for index in (window.index, target))
            assert drawn.target_bands[row].max() - drawn.bands[row].max() == pytest.approx(other - own, abs=1.5)


def test_speech_without_parallel_recordings_is_refused():
    folder = tiny.tiny_corpus()
    clips = training_clips(read_manifest(folder / "corpus" / "manifest.csv"))
    alone = [replace(clip, text_id=str(number)) for number, clip in enumerate(clips)]
    examples = read_examples(alone, FeatureCache(folder / "cache"))
    with pytest.raises(RecipeError, match="says a sentence in two emotions; set parallel = false"):
        ParallelPairs(examples, states_of(examples))


def test_a_room_s_noise_hides_changes_below_it():
    bands, target = torch.full((64, 3, 40), -9.0), torch.full((64, 3, 40), -7.0)
    noisy, noisy_target = with_room(bands, target, np.random.default_rng(0))
    change = (noisy_target - noisy).mean((1, 2))
    assert change.max() == pytest.approx(2.0, abs=0.01) and change.min() < 0.5


@torch.no_grad()
def test_equaliser_and_gain_of_the_source_do_not_reach_the_network():
    torch.manual_seed(0)
    network, frames = EnvelopeChange(units=5, width=32).eval(), 20
    torch.nn.init.normal_(network.out.weight, std=0.3)
    rest = (torch.randint(0, 5, (1, frames)), torch.rand(1, frames), torch.ones(1, frames), torch.ones(1, frames),
            torch.randn(1, 128), torch.randn(1, 128))
    bands = torch.randn(1, frames, 40)
    change = network(*rest, bands)
    torch.testing.assert_close(network(*rest, bands + 0.5 * torch.linspace(-1, 1, 40)), change, rtol=1e-3, atol=1e-3)
    assert (network(*rest, torch.randn(1, frames, 40)) - change).abs().mean() > 0.01


@pytest.mark.slow
def test_the_stage_learns_from_them_and_a_checkpoint_says_so(tmp_path):
    run = tiny.new_tiny(tmp_path / "run", copy_of=tiny.trained_tiny())
    run.runs.mkdir()
    for file in tiny.trained_tiny().runs.glob("critics.*"):
        shutil.copy(file, run.runs)
    table = pd.read_csv(run.manifest, dtype=str, keep_default_na=False).assign(text_id="one")
    table["path"] = [str(run.manifest.parent / path) for path in table["path"]]
    manifest = tmp_path / "parallel.csv"
    table.to_csv(manifest, index=False)
    recipe_with(run, acoustic={"parallel": True})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny.Tiny, "manifest", property(lambda _: manifest))
        assert run.train("acoustic")
    assert {"parallel", "parallel_semitones", "convert_emotion"} <= read_log(run.runs / "acoustic")[-1].keys()
    assert isinstance(load_acoustic(Folder(run.checkpoint)), EnvelopeChange)
    assert isinstance(load_acoustic(Folder(tiny.trained_tiny().checkpoint)), AcousticModel)
