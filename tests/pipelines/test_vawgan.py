"""The baseline VAW-GAN: wavelets there and back, nothing changes but what shall, what it was not trained on is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pipelines import baselines
from pipelines.baselines import Request
from pipelines.baselines.vawgan import FineContour, contour_of, moved_contour, vawgan, with_spectrum
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT, Folder
from pipelines.checkpoints.loading import load_vawgan
from pipelines.errors import CheckpointError, RecipeError
from pipelines.features import world
from pipelines.features.pitch import track
from pipelines.features.wavelets import SECONDS, decompose, restore
from pipelines.labels import EMOTIONS
from pipelines.networks.vawgan import VawGan, shape_and_energy
from pipelines.training.stages.running import run_stage
from tests.support import tiny
from workbench.cli import exit_codes


def phrase(seconds: float = 2.4) -> np.ndarray:
    """A falling phrase with accents and syllables, octaves at 50 Hz."""
    times = np.arange(int(seconds * 50)) / 50
    return 0.4 - 0.15 * times + 0.2 * np.sin(2 * np.pi * 0.8 * times) + 0.05 * np.sin(2 * np.pi * 2.5 * times)


def test_coefficients_add_up_to_the_contour_about_its_mean():
    contour = phrase()
    again = restore(decompose(contour))
    assert decompose(contour).shape == (len(contour), 10)
    assert np.corrcoef(again, contour)[0, 1] > 0.98
    assert np.sqrt(np.mean((again - (contour - contour.mean())) ** 2)) < 0.2 * contour.std()


@pytest.mark.parametrize("scale", [2, 4, 6])
def test_each_scale_responds_to_its_own_rate(scale):
    rate = np.sqrt(2) / (2 * np.pi * SECONDS[scale])  # where a Mexican hat responds most, Hz
    contour = np.sin(2 * np.pi * rate * np.arange(1500) / 50)
    assert np.abs(decompose(contour)).mean(axis=0).argmax() == scale


def test_coefficients_are_linear_and_know_no_height():
    contour = phrase()
    np.testing.assert_allclose(decompose(2 * contour + 3), 2 * decompose(contour), atol=1e-5)


@pytest.fixture(scope="module")
def network() -> VawGan:
    """As a few steps on the tiny corpus leave it."""
    return load_vawgan(Folder(tiny.trained_tiny().checkpoint))


def test_the_melody_lies_at_the_sources_level_plus_the_emotions_change(network):
    own = FineContour(np.repeat(phrase(), 4), np.repeat(np.arange(120) % 10 > 2, 4))
    for emotion in range(len(EMOTIONS)):
        moved = moved_contour(own, emotion, network)
        assert moved[own.voiced].mean() - own.level == pytest.approx(float(network.level_change[emotion]), abs=1e-4)
        assert not np.allclose(moved - moved.mean(), own.octaves - own.octaves.mean(), atol=1e-3), "the shape did not change"


def test_a_melody_without_voice_is_left_alone(network):
    own = FineContour(np.zeros(200), np.zeros(200, bool))
    np.testing.assert_array_equal(moved_contour(own, 1, network), own.octaves)


def test_the_spectrum_changes_and_its_energy_does_not(network, recording):
    frames = world.analyse(recording.samples[:16_000])
    context = np.zeros((len(frames.f0), 2), np.float32)
    angry, sad = (with_spectrum(frames, EMOTIONS.index(name), context, network).envelope for name in ("angry", "sad"))
    np.testing.assert_allclose(angry.sum(axis=1), frames.envelope.sum(axis=1), rtol=1e-6)
    assert np.abs(np.log(angry / frames.envelope)).mean() > 0.05 and np.abs(np.log(angry / sad)).mean() > 0.001


def test_shapes_sum_to_one_whatever_the_level():
    bands = np.random.default_rng(0).normal(-3, 2, (30, 40))
    shape, energy = shape_and_energy(bands)
    louder, more = shape_and_energy(bands + 5)
    np.testing.assert_allclose(np.exp(shape).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(louder, shape, atol=1e-5)
    np.testing.assert_allclose(more, energy + 5)


def test_a_recording_is_converted_as_long_as_it_was_and_always_alike(network, recording):
    first, asked = vawgan(recording.samples, "angry", network)
    again, _ = vawgan(recording.samples, "angry", network)
    np.testing.assert_array_equal(first, again)
    assert abs(len(first) - len(recording.samples)) <= 80 and np.isfinite(first).all()
    assert asked.step == 0.005 and np.array_equal(asked.voiced, world.analyse(recording.samples).f0 > 0)


def test_changes_of_level_are_means_over_speakers_against_their_own_neutral_speech():
    run = tiny.trained_tiny()
    stored = load_vawgan(Folder(run.checkpoint)).level_change.numpy()
    assert stored[EMOTIONS.index("neutral")] == 0 and stored[EMOTIONS.index("angry")] > stored[EMOTIONS.index("sad")]


def by_tiny() -> tuple:
    return "--system", "vawgan", "--checkpoint", tiny.trained_tiny().checkpoint


def test_an_emotion_it_was_not_trained_on_is_refused(zest_here, tmp_path, source_path):
    refused = zest_here("convert", source_path, "--emotion", "fearful", *by_tiny())
    assert refused.returncode == exit_codes.USAGE
    assert refused.stderr.splitlines()[-1] == (
        "The baseline vawgan was not trained on the emotion 'fearful'; choose one of neutral, angry, happy, sad, surprised.")
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_converts_by_label(zest_here, tmp_path, source_path):
    result = zest_here("convert", source_path, "--emotion", "sad", "--json", *by_tiny())
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["settings"] == {"system": "vawgan"} and document["target"] == "sad"
    assert [path.name for path in tmp_path.iterdir()] == [document["output"]]


def test_without_the_part_anywhere_one_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(baselines, "SHIPPED", tmp_path)
    with pytest.raises(CheckpointError, match=r"^This checkpoint has no VAW-GAN; train one with 'zest train vawgan'"):
        baselines.render("vawgan", Request(np.zeros(16_000, np.float32), emotion="sad"), str(tmp_path))


def test_a_checkpoints_own_weights_go_before_the_shipped_ones(tmp_path, monkeypatch):
    own, bare = tiny.trained_tiny().checkpoint, tmp_path
    monkeypatch.setattr(baselines, "SHIPPED", own)
    other = tiny.new_tiny(tmp_path / "other", copy_of=tiny.trained_tiny()).checkpoint
    assert baselines.weights_from("vawgan", str(other)) == str(other)
    assert baselines.weights_from("vawgan", str(bare)) == str(own)
    assert baselines.weights_from("copy-neural", str(bare)) == str(bare)


@pytest.mark.parametrize(("label", "words"), [("unlabelled", "none of the five emotions"), ("sad", "has sad alone.")])
def test_a_corpus_without_labels_to_tell_apart_is_refused(tmp_path, label, words):
    run = tiny.new_tiny(tmp_path / "run")
    rows = [(str(path), "synthetic", "anna", label, "xx", "0", "", 1.0, "train")
            for path in sorted((run.folder / "corpus").glob("anna-*.wav"))]
    manifest = tiny.write_manifest(tmp_path / "manifest.csv", rows)
    with pytest.raises(RecipeError, match=words):
        run_stage("vawgan", run.recipe, manifest)
    assert not run.checkpoint.exists()


def test_the_shipped_weights_move_f0_as_emotions_do(recording):
    """Angry, happy and surprised speech is higher than neutral and sad speech; no part of the converter is needed."""
    shipped = baselines.loaded("vawgan", str(DEFAULT_CHECKPOINT), "cpu")
    own = contour_of(track(recording.samples, 0.005))
    level = {name: moved_contour(own, index, shipped)[own.voiced].mean() - own.level for index, name in enumerate(EMOTIONS)}
    assert shipped.emotions == EMOTIONS and level["neutral"] == pytest.approx(0, abs=1e-4)
    assert min(level["angry"], level["happy"], level["surprised"]) > 0.2 > level["sad"]


def test_the_shipped_autoencoder_keeps_the_words_spectrum_and_angry_is_not_sad(recording):
    shipped = baselines.loaded("vawgan", str(DEFAULT_CHECKPOINT), "cpu")
    frames = world.analyse(recording.samples)
    shape, energy = shape_and_energy(world.to_bands(frames.envelope))
    loud = (energy > np.percentile(energy, 60))[:, 0]
    context = np.stack([np.zeros(len(shape)), frames.f0 > 0], axis=1).astype(np.float32)
    changed = {name: shipped.spectrum.convert(shape, EMOTIONS.index(name), context)[loud] for name in ("neutral", "angry", "sad")}
    error = np.square(changed["neutral"] - shape[loud]).mean() / shape[loud].var()
    assert error < 0.3
    tilt = {name: bands[:, 20:30].mean() - bands[:, :10].mean() for name, bands in changed.items()}
    assert tilt["angry"] > tilt["sad"], "anger has more energy above 1.5 kHz"
