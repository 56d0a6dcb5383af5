"""The baseline of Polyak et al.: trained by the tasks of `generate`, in both designs, and a system by name everywhere."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from evaluation.run.systems import parse_systems
from pipelines import baselines
from pipelines.baselines import Request, polyak
from pipelines.baselines.unit_resynthesis import resynthesis, resynthesise
from pipelines.checkpoints.folder import DEFAULT_CHECKPOINT, Folder
from pipelines.checkpoints.loading import load_f0_codes, load_generator, load_unit_encoder
from pipelines.errors import CheckpointError, ZestError
from pipelines.features.audio import speech_level
from pipelines.features.pitch import track
from pipelines.features.prosody import octaves
from pipelines.networks.f0_codes import standardised
from pipelines.networks.factor_decoder import FactorDecoder
from pipelines.networks.generator import FactorGenerator
from pipelines.networks.units import UnitEncoder
from pipelines.training.data.cache import FeatureCache
from pipelines.training.data.corpus import read_manifest, training_clips
from pipelines.training.data.examples import read_examples
from pipelines.training.data.factors import content_of
from pipelines.training.stages.polyak import read_quantised
from tests.support import small_evaluation, tiny
from tests.support.speech import MAN, WOMAN, speak
from workbench.cli import exit_codes

HIFIGAN = {"design": "hifigan", "size": "V3", "channels": 32, "steps": tiny.STEPS, "batch": 2, "segment_frames": 12,
           "period_width": 2, "scale_width": 16}


@pytest.fixture(scope="module", params=["istft", "hifigan"])
def run(request, tmp_path_factory) -> tiny.Tiny:
    """Trained in each of the designs."""
    trained = tiny.trained_tiny()
    if request.param == "istft":
        return trained
    own = tiny.new_tiny(tmp_path_factory.mktemp("polyak") / "run", copy_of=trained)
    tiny.write_recipe(own, tiny.tiny_corpus() / "cache", sizes=tiny.SIZES | {"polyak": HIFIGAN})
    assert own.train("polyak")
    return own


@pytest.fixture(scope="module")
def voices() -> tuple[np.ndarray, np.ndarray]:
    """A man's and a woman's speech."""
    return speak(MAN, 1.0, 0), speak(dataclasses.replace(WOMAN, mean_hz=260.0), 1.3, 1)


def without(run: tiny.Tiny, folder: Path, part: str) -> Path:
    folder.mkdir()
    for file in run.checkpoint.iterdir():
        if file.stem != part:
            (folder / file.name).symlink_to(file)
    return folder


# Training


def test_the_export_is_of_the_design_and_hears_an_x_vector(run):
    generator = load_generator(Folder(run.checkpoint), "polyak")
    config = Folder(run.checkpoint).config("polyak")
    assert config["whole"] == 192 and config["units"] == 20 and config["temperature"] == 0
    if config["design"] == "istft":
        assert isinstance(generator, FactorGenerator) and generator.trunk.condition.in_features == 192
    else:
        assert isinstance(generator, FactorDecoder) and generator.f0_embed.num_embeddings == config["f0_codes"] == 5
        assert generator.generator.conv_pre.in_channels == 128 + 128 + 192 and not config["unit_encoder"]


def test_what_is_heard_of_a_clip_is_what_its_codes_keep_and_nothing_of_sace():
    run = tiny.trained_tiny()
    cache, checkpoint = FeatureCache(tiny.tiny_corpus() / "cache"), Folder(run.checkpoint)
    examples = read_examples(training_clips(read_manifest(run.manifest))[:3], cache)
    spoken, network = read_quantised(examples, checkpoint, 0.0, cache), load_f0_codes(checkpoint)
    assert spoken.sace is None and spoken.width == 192 and spoken.code_count == 5
    for index, example in enumerate(examples):
        codes, own = spoken.codes[index], spoken.features[index]
        assert np.array_equal(codes[::4], network.encode(standardised(example.prosody)))
        assert len(codes) == len(spoken.soft_units[index]) and np.array_equal(spoken.f0(index), codes)
        told = standardised(example.prosody).octaves(network.decode(codes[::4])[0])[:len(codes)]
        assert np.allclose(octaves(own.f0[::2]), told, atol=1e-3)
        assert len(own.f0) == len(own.voiced) == len(own.mel)
        assert (spoken.soft_units[index].max(1) == 1).all()


def test_units_are_not_encoded_again_where_a_stage_before_has_stored_them(monkeypatch):
    run, cache = tiny.trained_tiny(), FeatureCache(tiny.tiny_corpus() / "cache")
    examples = read_examples(training_clips(read_manifest(run.manifest))[:3], cache)
    encoder = load_unit_encoder(Folder(run.checkpoint))
    units, hidden = content_of(examples, encoder, cache)
    monkeypatch.setattr(UnitEncoder, "encode", None)
    again, own = content_of(examples, encoder, cache, all_layers=False)
    for index in range(3):
        assert np.array_equal(units[index], again[index]) and len(own[index]) == 1
        assert np.array_equal(hidden[index][encoder.layer], own[index][0])


def test_it_begins_with_what_fits_of_the_generator_that_is_there(tmp_path):
    own = tiny.new_tiny(tmp_path / "run", copy_of=tiny.trained_tiny())
    table = tiny.SIZES["polyak"] | {"trunk_learning_rate": 1e-9}
    tiny.write_recipe(own, tiny.tiny_corpus() / "cache", sizes=tiny.SIZES | {"polyak": table})
    assert not own.train("polyak", stop_after_seconds=0)
    given, begun = (Folder(own.checkpoint).tensors(part) for part in ("generator", "polyak"))
    fitting = [name for name in begun if given[name].shape == begun[name].shape]
    assert [name for name in fitting if not torch.allclose(given[name], begun[name], atol=1e-6)] == []
    others = ["condition", "embed", "fine_condition", "modulate"]  # which read no SACE, and hard units in place of soft ones
    assert sorted(set(begun) - set(fitting)) == [f"trunk.{name}.weight" for name in others]


def test_held_out_speech_is_made_again_from_units_codes_and_voice(tmp_path, recording):
    own = tiny.new_tiny(tmp_path / "run", copy_of=tiny.trained_tiny())
    converted = []

    def measure(*network) -> Callable[[], dict[str, float]]:
        resynthesise = resynthesis(*network)
        return lambda: converted.append(resynthesise(recording)) or {"score": 0.0}

    assert own.train("polyak", measure=measure)
    networks = polyak.load(str(own.checkpoint), "cpu")
    exported = resynthesise(recording.samples, recording.samples, networks)[0]
    assert converted[0].shape == exported.shape
    assert np.std(exported - converted[0]) < 0.02 * np.std(converted[0])  # weights in fp16


# Conversion


def test_it_lasts_as_long_as_the_source_is_as_loud_and_repeats_itself(run, voices):
    networks = polyak.load(str(run.checkpoint), "cpu")
    converted, asked = resynthesise(*voices, networks)
    assert abs(len(converted) - len(voices[0])) <= 320 and np.isfinite(converted).all() and np.abs(converted).max() <= 1
    assert np.array_equal(converted, resynthesise(*voices, networks)[0])
    assert len(asked.hz) == len(voices[0]) // 320 + 1 and converted.std() > 0
    if isinstance(networks.generator, FactorGenerator):  # six steps of HiFi-GAN make next to no sound
        assert speech_level(converted) == pytest.approx(speech_level(voices[0]), rel=0.9)


def test_the_melody_is_the_references_at_the_height_of_the_source(run, voices):
    source, reference = voices
    networks = polyak.load(str(run.checkpoint), "cpu")
    (one, asked), (other, own) = (resynthesise(source, given, networks) for given in (reference, source))
    assert not np.array_equal(one, other) and not np.array_equal(asked.hz, own.hz)
    assert np.array_equal(asked.voiced, own.voiced) and own.voiced.any()
    mean = {name: np.log2(contour.hz[contour.voiced]).mean() for name, contour in (("asked", asked), ("own", own))}
    assert abs(mean["asked"] - mean["own"]) < 0.3, "a woman's reference made a man speak an octave higher"


def test_a_reference_without_voice_is_one_sentence(run, voices):
    noise = np.random.default_rng(0).normal(0, 0.05, 16_000).astype(np.float32)
    with pytest.raises(ZestError, match="^The reference has no voiced speech .* choose another reference.$"):
        resynthesise(voices[0], noise, polyak.load(str(run.checkpoint), "cpu"))


def test_the_command_line_converts_by_name(zest_here, tmp_path, source_path, reference_path):
    result = zest_here("convert", source_path, reference_path, "--system", "polyak", "--checkpoint",
                       tiny.trained_tiny().checkpoint, "-o", "out.wav", "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["settings"] == {"system": "polyak"} and document["f0"]["predicted"] != document["f0"]["source"]
    assert (tmp_path / "out.wav").stat().st_size > 80_000


def test_an_evaluation_has_it_by_name_and_knows_its_weights(tmp_path):
    checkpoint = str(tiny.trained_tiny().checkpoint)
    (system,) = parse_systems(["polyak"], checkpoint=checkpoint)
    assert system.checkpoint_hash and system.spec == {"kind": "polyak", "device": "cpu"}
    done = small_evaluation.run(small_evaluation.make_pairs(tmp_path / "pairs", 2), tmp_path / "run", systems=(system,))
    assert len(small_evaluation.values(done)) == 2 and not done.scores.failed.notna().any()
    assert len(list((tmp_path / "run" / "predicted" / "polyak").iterdir())) == 2


@pytest.mark.parametrize("part", ["f0_codes", "polyak"])
def test_a_checkpoint_without_a_part_names_the_command_that_trains_it(tmp_path, voices, part):
    bare = without(tiny.trained_tiny(), tmp_path / "bare", part)
    with pytest.raises(CheckpointError) as caught:
        baselines.render("polyak", Request(*voices), str(bare))
    message = str(caught.value)
    assert message.startswith(f"This checkpoint has no {part}, ") and message.endswith(f"with 'zest train {part}'.")


def test_the_command_line_says_so_too_and_leaves_nothing(zest_here, tmp_path, source_path, reference_path):
    bare = without(tiny.trained_tiny(), tmp_path / "bare", "polyak")
    result = zest_here("convert", source_path, reference_path, "--system", "polyak", "--checkpoint", bare, "-o", "out.wav")
    assert result.returncode == exit_codes.CHECKPOINT and result.stderr.splitlines()[-1].endswith("'zest train polyak'.")
    assert not (tmp_path / "out.wav").exists()


def test_what_ships_speaks_with_the_reference_s_melody(voices):
    converted = baselines.render("polyak", Request(*voices), str(DEFAULT_CHECKPOINT))
    assert abs(len(converted.samples) - len(voices[0])) <= 320 and np.isfinite(converted.samples).all()
    assert np.square(converted.samples).mean() > 0.1 * np.square(voices[0]).mean()
    measured, asked = track(converted.samples, 0.02).contour().hz, converted.predicted.hz
    count = min(len(measured), len(asked))
    voiced = (measured[:count] > 0) & (asked[:count] > 0)
    assert voiced.mean() > 0.2
    assert np.median(np.abs(np.log2(measured[:count][voiced] / asked[:count][voiced]))) < 0.1


def test_codes_are_trained_first(tmp_path):
    own = tiny.new_tiny(tmp_path / "run", copy_of=tiny.trained_tiny())
    for file in own.checkpoint.glob("f0_codes.*"):
        file.unlink()
    with pytest.raises(CheckpointError, match="no f0_codes, .* train them with 'zest train f0_codes'"):
        own.train("polyak")
