"""A conversion with the shipped checkpoint: what must hold for any weights, and what these weights must have learnt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipelines.baselines.copy_synthesis import copy_synthesis
from pipelines.conversion import Conversion, Converter
from pipelines.errors import OverwriteError, ZestError
from pipelines.factors import Transferred
from pipelines.features.audio import Recording, from_array, load
from pipelines.features.pitch import semitones, statistics, track
from pipelines.hooks import STAGES, Event
from pipelines.labels import EMOTIONS
from pipelines.settings import Settings
from tests.support.speech import MAN, RATE, WOMAN, in_emotion, speak

FRAME = RATE // 50  # samples of one frame on the unit grid
PLAIN = Settings(tempo=False)


@pytest.fixture(scope="module")
def man() -> Recording:
    return from_array(speak(MAN, 1.6, seed=1), RATE, "man")


@pytest.fixture(scope="module")
def excited() -> Recording:
    return from_array(speak(in_emotion(WOMAN, "surprised"), 1.4, seed=2), RATE, "excited")


@pytest.fixture(scope="module")
def converted(converter: Converter, man: Recording) -> dict[str, Conversion]:
    """The same source with every preset, in its own tempo."""
    return {name: converter.convert(man, emotion=name, settings=PLAIN) for name in EMOTIONS}


@pytest.fixture(scope="module")
def shipped(converter: Converter, recording: Recording) -> dict[str, Conversion]:
    """An example of the repository with every preset, in its own tempo."""
    return {name: converter.convert(recording, emotion=name, settings=PLAIN) for name in EMOTIONS}


def mean_semitones(samples: np.ndarray) -> float:
    return statistics(track(samples).contour()).mean_semitones


# Whatever was learnt


def test_presets_are_the_five_emotions(converter):
    assert converter.presets == EMOTIONS


def test_samples_are_sound(converted, man):
    for conversion in converted.values():
        assert conversion.samples.dtype == np.float32 and conversion.samples.ndim == 1
        assert np.isfinite(conversion.samples).all()
        assert 0.01 < np.abs(conversion.samples).max() <= 1.0


def test_saving_replaces_neither_the_source_nor_the_reference(converter, source_path, reference_path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, example in (("me.wav", source_path), ("friend.wav", reference_path)):
        (tmp_path / name).write_bytes(example.read_bytes())
    conversion = converter.convert("me.wav", "friend.wav", settings=PLAIN)
    (tmp_path / "link.wav").symlink_to("me.wav")
    for name in ("./me.wav", "friend.wav", "link.wav"):
        with pytest.raises(OverwriteError, match="is an input of this run"):
            conversion.save(name)
    assert conversion.save("new.wav").is_file() and (tmp_path / "me.wav").read_bytes() == source_path.read_bytes()


def test_duration_is_kept_when_tempo_is_off(converted, man):
    for conversion in converted.values():
        assert abs(len(conversion.samples) - len(man.samples)) <= FRAME
        assert abs(len(conversion.predicted.hz) - len(conversion.source.hz)) <= 1


def test_tempo_stays_within_its_bounds_and_is_reported_on_the_new_time_axis(converter, man):
    for emotion in ("sad", "angry"):
        conversion = converter.convert(man, emotion=emotion)
        assert 0.5 <= len(conversion.samples) / len(man.samples) <= 2.0
        assert abs(len(conversion.samples) - len(conversion.predicted.hz) * FRAME) <= FRAME
        assert len(conversion.timing) == len(conversion.predicted.hz) and (np.diff(conversion.timing) > 0).all()
        assert conversion.timing[0] == 0 and abs(conversion.timing[-1] - man.seconds) < 0.05, "from end to end"


def test_the_same_call_gives_the_same_samples(converter, man, excited):
    one, other = (converter.convert(man, excited, settings=Settings(seed=3)) for _ in range(2))
    np.testing.assert_array_equal(one.samples, other.samples)


def test_a_conversion_does_not_depend_on_the_one_before(converter, man, excited, converted):
    converter.convert(excited, man)
    np.testing.assert_array_equal(converter.convert(man, emotion="sad", settings=PLAIN).samples, converted["sad"].samples)


def test_every_seed_is_a_variant(converter, man, converted):
    others = [converter.convert(man, emotion="happy", settings=replace(PLAIN, seed=seed)) for seed in (1, 2)]
    contours = [variant.predicted.hz for variant in (converted["happy"], *others)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(contours[one] - contours[other]).max() > 1.0  # Hz


@pytest.mark.parametrize("tempo", [True, False])
def test_strength_zero_is_the_copy_synthesis(converter, man, tempo):
    conversion = converter.convert(man, emotion="angry", settings=Settings(strength=0, tempo=tempo, decoder="residual_world"))
    copy = copy_synthesis(man.samples)
    count = min(len(copy), len(conversion.samples))
    assert count >= len(man.samples) - FRAME
    np.testing.assert_allclose(conversion.samples[:count - FRAME], copy[:count - FRAME], atol=1e-3)


def test_the_default_decoder_is_the_best_that_the_checkpoint_has_and_the_result_names_it(converter, man):
    assert converter.decoders[:2] == ("residual_neural", "residual_world")
    assert converter.convert(man, emotion="sad", settings=PLAIN).settings.decoder == "residual_neural"
    without = Converter(replace(converter.models, vocoder=None, generator=None))
    plain, named = (without.convert(man, emotion="sad", settings=settings)
                    for settings in (PLAIN, replace(PLAIN, decoder="residual_world")))
    assert plain.settings.decoder == "residual_world"
    np.testing.assert_array_equal(plain.samples, named.samples)


def test_strength_scales_what_is_changed(converter, man):
    factors, target = converter.encode(man), converter.preset("surprised")
    half, full, more = (converter.transfer(factors, target, replace(PLAIN, strength=strength)) for strength in (0.5, 1.0, 1.5))
    moved = full.octaves - full.source_octaves
    np.testing.assert_allclose(half.octaves - half.source_octaves, 0.5 * moved, atol=1e-5)
    np.testing.assert_allclose(more.octaves - more.source_octaves, 1.5 * moved, atol=1e-5)
    np.testing.assert_allclose(half.difference, 0.5 * full.difference, atol=1e-5)
    assert np.abs(moved).max() > 0 and np.abs(full.difference).max() > 0


def test_every_stage_is_told_and_timed(converter, man, excited):
    events: list[Event] = []
    conversion = converter.convert(man, excited, hook=events.append)
    open_stages, seconds = [], dict.fromkeys(STAGES, 0.0)
    for event in events:
        if event.kind == "start":
            open_stages.append(event.stage)
        elif event.kind == "end":
            assert open_stages.pop() == event.stage
            seconds[event.stage] += event.seconds
    assert open_stages == []
    assert conversion.seconds == pytest.approx(seconds) and min(seconds.values()) > 0
    assert conversion.real_time_factor == pytest.approx(sum(seconds.values()) / man.seconds)
    (artefact,) = [event for event in events if event.kind == "artefact"]
    assert isinstance(artefact.value, Transferred)
    np.testing.assert_array_equal(artefact.value.contour.hz, conversion.predicted.hz)


def test_the_three_verbs_are_the_conversion(converter, man, converted):
    transferred = converter.transfer(converter.encode(man), converter.preset("angry"), PLAIN)
    np.testing.assert_array_equal(converter.synthesise(transferred), converted["angry"].samples)


def test_contours_and_names(converter, man, excited, converted):
    with_reference = converter.convert(man, excited)
    assert with_reference.target == "excited" and with_reference.notes == ()
    np.testing.assert_array_equal(with_reference.reference.hz, converter.encode(excited).prosody.contour.hz)
    assert converted["sad"].target == "sad" and converted["sad"].reference is None
    assert statistics(with_reference.source).mean_hz == pytest.approx(MAN.mean_hz, rel=0.03)


def test_the_shortest_recording(converter):
    shortest = from_array(speak(MAN, 0.5), RATE)
    conversion = converter.convert(shortest, shortest, settings=PLAIN)
    assert abs(len(conversion.samples) - len(shortest.samples)) <= FRAME


@pytest.mark.parametrize(("arguments", "match"), [
    (dict(), "Give either a reference recording or the name of an emotion"),
    (dict(reference="r.wav", emotion="sad"), "and not both"),
    (dict(emotion="furious"), "no emotion preset 'furious'; choose one of neutral, angry"),
])
def test_impossible_requests(converter, man, arguments, match):
    with pytest.raises(ZestError, match=match):
        converter.convert(man, **arguments)


@pytest.mark.parametrize("wrong", [
    dict(strength=-0.1), dict(strength=1.6), dict(strength=float("nan")), dict(seed=-1), dict(decoder="vocoder")])
def test_settings_out_of_range(wrong):
    with pytest.raises(ZestError):
        Settings(**wrong)


# Whispered speech


def test_a_whispered_source_keeps_its_f0_and_says_so(converter):
    whispered = from_array(speak(replace(MAN, whispered=True), 1.5), RATE, "whisper")
    factors = converter.encode(whispered)
    transferred = converter.transfer(factors, converter.preset("angry"))
    np.testing.assert_array_equal(transferred.octaves, transferred.source_octaves)
    assert np.abs(transferred.difference).max() > 0 and len(transferred.positions) != len(factors.units)
    conversion = converter.convert(whispered, emotion="angry")
    (note,) = conversion.notes
    assert "no voiced speech" in note and np.abs(conversion.samples).max() > 0.01


def test_a_whispered_reference_says_so(converter, man):
    (note,) = converter.convert(man, from_array(speak(replace(WOMAN, whispered=True), 1.5), RATE, "whisper")).notes
    assert "reference has no voiced speech" in note


# What these weights have learnt


def test_the_converted_audio_has_the_predicted_f0(converted, shipped):
    for conversion in (converted["surprised"], converted["sad"], shipped["happy"]):
        measured = track(conversion.samples).contour().hz
        count = min(len(measured), len(conversion.predicted.hz))
        both = (measured[:count] > 0) & (conversion.predicted.hz[:count] > 0)
        error = np.abs(semitones(measured[:count][both]) - semitones(conversion.predicted.hz[:count][both]))
        assert both.sum() > 20 and np.median(error) < 0.5


def test_f0_moves_towards_the_reference(converter, recording, reference_path):
    """A high, lively reference raises the source's F0, more with more strength, and stays below the reference's own."""
    reference = load(reference_path)
    means = [mean_semitones(converter.convert(recording, reference, settings=replace(PLAIN, strength=strength)).samples)
             for strength in (0.0, 0.5, 1.0, 1.5)]
    assert means == sorted(means) and means[2] > means[0] + 1.0
    assert means[3] < mean_semitones(reference.samples)


def test_presets_order_the_melody_as_speakers_do(shipped):
    described = {name: statistics(conversion.predicted) for name, conversion in shipped.items()}
    for high in ("angry", "happy", "surprised"):
        assert described[high].mean_semitones > described["neutral"].mean_semitones + 1.0
        assert described[high].mean_semitones > described["sad"].mean_semitones
    assert described["surprised"].range_semitones > described["sad"].range_semitones


def test_predicted_f0_has_no_octave_jumps(converted, shipped):
    for conversion in (*converted.values(), *shipped.values()):
        contour = semitones(conversion.predicted.hz)
        steps = np.abs(np.diff(contour))
        assert np.nanmax(steps) < 7  # semitones in 20 ms; an octave error is 12


def test_angry_is_louder_at_high_frequencies_than_sad(shipped):
    """Anger lives in the envelope: a flatter tilt, whatever the F0."""
    def tilt(samples: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(samples)) ** 2
        hz = np.fft.rfftfreq(len(samples), 1 / RATE)
        return float(np.log(power[(hz > 1000) & (hz < 4000)].sum() / power[(hz > 50) & (hz < 1000)].sum()))

    assert tilt(shipped["angry"].samples) > tilt(shipped["sad"].samples)
