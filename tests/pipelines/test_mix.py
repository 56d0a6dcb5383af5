"""Mixes of emotions: how they are written, what they change, and the plane of arousal and valence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.affect import ANCHORS, Affect, read_affect, target_name
from pipelines.conversion import Converter, RememberingConverter
from pipelines.errors import ZestError
from pipelines.features.audio import Recording, load
from pipelines.mix import WHOLE, EmotionMix, mixed
from pipelines.settings import Settings
from workbench.cli import exit_codes
from workbench.cli.commands import weighted_paths


def mean_shift(moved) -> float:
    """Semitones of the voiced frames."""
    return 12 * float((moved.octaves - moved.source_octaves)[moved.voicing >= 0.5].mean())


@pytest.fixture(scope="module")
def encoded(converter: Converter, recording: Recording):
    return converter.encode(recording)


@pytest.mark.parametrize(("text", "name"), [
    ("angry", "angry"), (" Angry ", "angry"), ("angry:3", "angry"), ("angry:1,sad:0", "angry"),
    ("sad:0.4,angry:0.6", "angry:0.6,sad:0.4"),
    ("angry:60,sad:40", "angry:0.6,sad:0.4"), ("angry:.5+sad:.5", "angry:0.5,sad:0.5"), ("sad,angry", "angry:0.5,sad:0.5"),
    ("angry:1,sad:1,happy:1", "angry:0.334,happy:0.333,sad:0.333")])
def test_a_mix_has_one_name_that_is_read_as_the_same_mix(text, name):
    mix = EmotionMix.read(text)
    assert str(mix) == name and EmotionMix.read(name) == mix and target_name(text) == name
    assert sum(part for _, part in mix.thousandths) == WHOLE and sum(mix.weights.values()) == pytest.approx(1)
    assert mix.main == name.split(":")[0]


@pytest.mark.parametrize(("text", "words"), [
    ("angry:0,sad:0", "more than 0"), ("angry:-1,sad:2", "not -1"), ("angry:nan", "not nan"), ("angry:inf", "not inf"),
    ("angry:1,angry:2", "names 'angry' twice"), ("angry:1,sad", "Give every emotion"), ("angry:much", "not 'much'"),
    ("angry:1,,sad:1", "empty entry"), ("angry:1,bored:2", "no emotion preset 'bored'"), ("angry:1,bored:0", "'bored'"),
    ("arousal:2,valence:0", "between -1 and 1"), ("arousal:0,arousal:1", "once each"), ("arousal:high,valence:0", "not 'high'")])
def test_a_mix_that_is_none_is_refused_in_one_sentence(converter, text, words):
    with pytest.raises(ZestError, match=words) as caught:
        mixed(converter.weighted_presets(text))
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_a_mix_of_one_emotion_is_that_emotion(converter, encoded):
    plain = converter.convert(encoded, emotion="sad")
    for emotion in ("sad:7", {"sad": 0.2, "angry": 0}, EmotionMix.read("sad")):
        same = converter.convert(encoded, emotion=emotion)
        np.testing.assert_array_equal(same.samples, plain.samples)
        assert (same.target, same.mix) == ("sad", None)


@pytest.mark.parametrize(("one", "other"), [("angry", "sad"), ("neutral", "surprised")])
def test_changes_of_a_mix_lie_between_those_of_its_ends_and_follow_the_weights(converter, encoded, one, other):
    texts = [one, f"{one}:0.75,{other}:0.25", f"{one}:0.5,{other}:0.5", f"{one}:0.25,{other}:0.75", other]
    moved = [converter.transfer(encoded, mixed(converter.weighted_presets(text)), Settings(tempo=False)) for text in texts]
    for change in (mean_shift, lambda one: float(one.difference.mean())):
        values = np.array([change(one) for one in moved])
        steps = np.diff(values) * np.sign(values[-1] - values[0])
        assert (steps > 0).all(), values
    lengths = [len(converter.transfer(encoded, mixed(converter.weighted_presets(text))).units) for text in texts[::2]]
    assert min(lengths[0], lengths[2]) <= lengths[1] <= max(lengths[0], lengths[2])


def test_strength_and_seed_work_on_a_mix_as_on_an_emotion(converter, encoded):
    mix = mixed(converter.weighted_presets("angry:0.6,sad:0.4"))
    whole, half = (converter.transfer(encoded, mix, Settings(strength=strength, tempo=False)) for strength in (1.0, 0.5))
    assert mean_shift(half) == pytest.approx(mean_shift(whole) / 2, abs=0.01)
    one, same, other = (converter.transfer(encoded, mix, Settings(seed=seed, tempo=False)).octaves for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.01


def test_references_and_presets_mix_with_weights(converter, encoded, reference_path):
    lively = converter.encode(load(reference_path), synthesis=False)
    conversion = converter.convert(encoded, reference=[(lively, 0.4)], emotion={"angry": 0.6})
    assert conversion.target == "angry:0.6,reference-lively.wav:0.4" and conversion.reference is None
    assert conversion.mix is not None and conversion.mix.weights == {"angry": 0.6, "reference-lively.wav": 0.4}
    alone, single = (converter.convert(encoded, reference=given) for given in (lively, [(lively, 3.0)]))
    np.testing.assert_array_equal(alone.samples, single.samples)
    assert single.reference is not None and single.mix is None
    twice = mixed([(lively.emotion, 1), (lively.emotion, 1)])
    assert twice.name == "reference-lively.wav:0.5,reference-lively.wav (2):0.5"


@pytest.mark.parametrize(("reference", "emotion", "words"), [
    ("a.wav", "sad", "not both"), ("a.wav", "sad:1", "not both"), ({"a.wav": 1}, "sad", "give both weights"),
    ({}, None, "no references"),
    ([("a.wav", -1), ("b.wav", 2)], None, "not -1"), (None, None, "Give either"), (None, 3, "not int")])
def test_a_target_that_says_two_things_or_nothing_is_refused_before_any_file_is_read(converter, reference, emotion, words):
    for one in (converter, RememberingConverter(converter)):
        with pytest.raises(ZestError, match=words):
            one.convert("nowhere.wav", reference, emotion)


def test_presets_lie_at_their_places_and_every_point_is_a_mix(converter):
    plane = converter.affect
    for name, place in ANCHORS.items():
        assert plane.place(converter.preset(name)) == pytest.approx((place.arousal, place.valence), abs=1e-5)
        assert str(plane.mix(place)) == name
    for point in (Affect(0.5, 0.2), Affect(0.3, -0.4), Affect(0.6, 0.6)):
        found = mixed(converter.weighted_presets(str(point)))
        assert plane.place(found) == pytest.approx((point.arousal, point.valence), abs=2e-3)
    assert set(plane.mix(Affect(-1, -1)).weights) == {"sad"}, "the nearest point, where no presets are"
    near, nearer = (plane.mix(Affect(0.4, valence)).weights for valence in (0.0, 0.001))
    assert all(abs(near.get(name, 0) - nearer.get(name, 0)) < 0.01 for name in {*near, *nearer}), "no jumps"
    assert read_affect("valence:0.5, arousal:-0.25") == Affect(-0.25, 0.5) and read_affect("angry:1,sad:1") is None


def test_the_command_line_mixes_presets_and_references(zest_here, tmp_path, source_path, reference_path):
    result = zest_here("convert", source_path, "--emotion", "angry:0.6", "--reference", f"{reference_path}:0.4", "--json")
    assert result.returncode == 0, result.stderr
    assert '"target": "angry:0.6,reference-lively.wav:0.4"' in result.stdout
    assert (tmp_path / "source-man-angry-0.6-reference-lively-0.4.wav").is_file()
    for wrong, words in ((("--emotion", "angry:0,sad:0"), "more than 0"),
                         (("--emotion", "angry:1", "--reference", "a.wav"), "weight"),
                         ((str(reference_path), "--reference", "a.wav"), "not both ways")):
        refused = zest_here("convert", source_path, *wrong)
        assert refused.returncode == exit_codes.USAGE and words in refused.stderr
    named = tmp_path / "with:0.5"
    named.write_bytes(b"")
    assert weighted_paths([str(named), "b.wav"], needed=False) == [(named, 1.0), (Path("b.wav"), 1.0)]
