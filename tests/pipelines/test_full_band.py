"""Results at the source's rate: what lies above 7 kHz comes from the source, in the new timing; rates, formats and level."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, sosfiltfilt

from pipelines.conversion import Conversion, Converter
from pipelines.errors import OutputError, ZestError
from pipelines.features.audio import Recording, from_array, load
from pipelines.features.full_band import UpperBand, in_new_timing
from pipelines.features.loudness import MOST_CHANGE, integrated_loudness, level_divisor, level_notes
from pipelines.features.pitch import F0Contour
from pipelines.features.resampling import resample
from pipelines.features.writing import AudioForm
from pipelines.settings import Settings

RATE = 44_100
NOISE = np.random.default_rng(0).normal(0, 0.05, RATE).astype(np.float32)


def above(samples: np.ndarray, rate: int, hertz: float = 9000.0) -> np.ndarray:
    return sosfiltfilt(butter(8, hertz, "high", fs=rate, output="sos"), samples)


def level(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.square(samples).mean() + 1e-12))


@pytest.fixture(scope="module")
def hissing(recording: Recording) -> Recording:
    """Speech at 44.1 kHz, with noise above 9 kHz from 1 to 2 s."""
    speech = resample(recording.samples, 16_000, RATE)
    noise = np.zeros(len(speech))
    noise[RATE:2 * RATE] = above(NOISE, RATE)
    return from_array(speech + noise, RATE, "hissing.wav")


@pytest.fixture(scope="module")
def angry(converter: Converter, hissing: Recording) -> Conversion:
    return converter.convert(hissing, emotion="angry")


def test_both_bands_of_an_unchanged_recording_add_up_to_it(hissing):
    band = UpperBand(hissing.full, RATE)
    np.testing.assert_allclose(band.join(hissing.samples)[2000:-2000], hissing.full[2000:-2000], atol=2e-3)


def test_pieces_in_an_unchanged_timing_are_the_recording_itself():
    np.testing.assert_allclose(in_new_timing(NOISE, np.arange(51) * 0.02, RATE, RATE), NOISE, atol=1e-6)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.3, 2.0])
def test_pieces_follow_the_timing_and_keep_the_level(factor):
    count = int(factor * RATE)
    burst = NOISE * (np.abs(np.arange(RATE) - 0.4 * RATE) < 0.1 * RATE)
    moved = in_new_timing(burst, np.arange(0, count / RATE, 0.02) / factor, RATE, count)
    inside = np.flatnonzero(np.abs(moved) > 0.02)
    assert inside[[0, -1]] / RATE == pytest.approx([0.3 * factor, 0.5 * factor], abs=0.03)
    middle = slice(int(0.34 * count), int(0.46 * count))
    expected = level(burst[int(0.34 * RATE):int(0.46 * RATE)])
    assert level(moved[middle]) == pytest.approx(expected, abs=1.3)  # pieces of noise add in power


def test_the_upper_band_is_carried_over_in_the_new_timing(angry, hissing):
    full = angry.at_rate()
    assert angry.source_rate == RATE and len(full) / RATE == pytest.approx(len(angry.samples) / 16_000, abs=0.001)
    upper = above(full, RATE)
    shown = np.interp(np.arange(len(full)) / RATE, np.arange(len(angry.timing)) * 0.02, angry.timing)
    noisy = (shown > 1.05) & (shown < 1.95)
    silent = (shown < 0.95) | (shown > 2.05)
    assert level(upper[noisy]) - level(upper[silent]) > 20
    np.testing.assert_allclose(resample(full, RATE, 16_000)[1000:-1000] - angry.samples[1000:len(full) * 16_000 // RATE - 1000],
                               0, atol=0.12)  # below the crossover it is the conversion at 16 kHz


def test_the_upper_band_follows_the_predicted_level():
    quiet = UpperBand(NOISE, RATE, None, np.full(60, -2.0)).join(np.zeros(16_000, np.float32))
    same = UpperBand(NOISE, RATE, None, None).join(np.zeros(16_000, np.float32))
    assert level(above(quiet, RATE)) - level(above(same, RATE)) == pytest.approx(-2 * 10 / np.log(10), abs=0.1)


def test_harmonics_of_a_changed_f0_stay_below_the_crossover(converter, angry, hissing, recording):
    plain = converter.convert(recording, emotion="angry")
    np.testing.assert_array_equal(plain.at_rate(), plain.samples)  # a source of 16 kHz stays as it was
    assert plain.source_rate == 16_000 and plain.upper is None
    clean = UpperBand(np.zeros(RATE, np.float32), RATE).join(recording.samples[:16_000])
    assert level(above(clean, RATE, 8000)) < level(clean) - 60


@pytest.mark.parametrize(("rate", "name", "subtype", "written"), [
    ("source", "a.wav", "", (44_100, "PCM_16")), (16_000, "a.wav", "24", (16_000, "PCM_24")),
    ("48000", "a.wav", "float", (48_000, "FLOAT")),
    ("source", "a.flac", "24", (44_100, "PCM_24")), ("source", "a.mp3", "", (44_100, "MPEG_LAYER_III")),
    ("source", "a.opus", "", (48_000, "OPUS")), (22_050, "a.ogg", "", (22_050, "VORBIS"))])
def test_rate_format_and_resolution_are_those_that_are_asked_for(angry, rate, name, subtype, written):
    info = soundfile.info(io.BytesIO(angry.encoded(name, AudioForm(rate, subtype))))
    assert (info.samplerate, info.subtype) == written
    assert info.duration == pytest.approx(len(angry.samples) / 16_000, abs=0.06)


@pytest.mark.parametrize(("name", "form", "words"), [
    ("a.mp3", dict(subtype="24"), "no subtype '24'"), ("a.flac", dict(subtype="float"), "wav takes 16 or 24 or float"),
    ("a.opus", dict(rate=44_100), "no rate of 44100"), ("a.wav", dict(container="flac"), "leave one out"),
    ("a.txt", {}, "not written as .txt")])
def test_a_form_that_a_file_cannot_have_is_refused(name, form, words):
    with pytest.raises(OutputError, match=words):
        AudioForm(**form).check(name)


@pytest.mark.parametrize("form", [
    dict(rate=8000), dict(rate=96_000), dict(rate="fast"), dict(subtype="8"), dict(container="aiff")])
def test_a_form_that_there_is_none_of_is_refused(form):
    with pytest.raises(ZestError, match="There is no"):
        AudioForm(**form)


def test_formats_without_an_ending_follow_the_container():
    assert AudioForm(container="flac").ending("-") == ".flac" and AudioForm().ending("take") == ".wav"


def test_loudness_changes_by_at_most_six_decibels_and_nothing_clips(recording):
    source = recording.samples / 4
    for gain in (0.05, 0.5, 1.0, 1.9, 8.0):
        changed = gain * source
        result = changed / level_divisor(changed, source)
        change = integrated_loudness(result) - integrated_loudness(source)
        assert abs(change) <= MOST_CHANGE + 0.1 and np.abs(result).max() <= 1
        assert change == pytest.approx(np.clip(20 * np.log10(gain), -MOST_CHANGE, MOST_CHANGE), abs=0.1)
    assert level_divisor(source, source) == 1.0 and level_divisor(np.zeros(16_000), source) == 1.0


def test_a_result_that_had_to_be_turned_down_says_by_how_much():
    source = 0.05 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    loud = source * np.float32(1.6 / np.abs(source).max())  # peaks 4.1 dB above full scale
    full = source * np.float32(0.9 / np.abs(source).max())
    (note,) = level_notes(loud, full, level_divisor(loud, full))
    assert "turned down by 4.1 dB" in note and "lower peaks" in note
    assert level_notes(full, full, level_divisor(full, full)) == (), "nothing was turned down"
    assert level_notes(loud, 0.01 * source, level_divisor(loud, 0.01 * source)) == (), "the range of loudness did it"
    louder = 4 * full  # by 12 dB, of which the range allows 6 and full scale 0.9
    assert "turned down by 5.1 dB" in level_notes(louder, full, level_divisor(louder, full))[0]
    assert level_notes(louder, full / 1.5, level_divisor(louder, full / 1.5)) == (), "1.6 dB lost"


def test_parts_and_higher_rates_keep_both_bands(hissing):
    part = hissing.part(0.5, 1.5)
    assert (len(part.samples), len(part.full), part.rate) == (16_000, RATE, RATE)
    high = from_array(np.tile(NOISE, 2), 96_000)
    assert high.rate == 48_000 and high.full is not None and len(high.full) / 48_000 == pytest.approx(high.seconds, abs=1e-3)
    assert from_array(NOISE, 8_000).full is None


def test_a_result_without_a_known_timing_is_only_resampled(hissing):
    longer = np.pad(hissing.samples, (0, 16_000))
    band = UpperBand(hissing.full, RATE)
    assert level(above(band.join(longer), RATE)) < -70
    contour = F0Contour(np.zeros(3))
    plain = Conversion(longer, contour, None, contour, "x", Settings(), 1.0)
    assert len(plain.at_rate(48_000)) == 3 * len(longer)


def test_the_command_line_writes_the_sources_rate_or_another(zest_here, tmp_path, hissing):
    soundfile.write(tmp_path / "me.wav", hissing.full, RATE)
    for options, written in (((), ("me-copy.wav", 44_100, "PCM_16")), (("--rate", "16000", "--format", "flac", "--subtype", "24"),
                                                                  ("me-copy-16000hz-24bit.flac", 16_000, "PCM_24"))):
        result = zest_here("convert", "me.wav", "--system", "copy", *options)
        assert result.returncode == 0, result.stderr
        info = soundfile.info(tmp_path / written[0])
        assert (info.samplerate, info.subtype) == written[1:]
    assert load(tmp_path / "me-copy.wav").rate == RATE
    refused = zest_here("convert", "me.wav", "--system", "copy", "-o", "x.mp3", "--subtype", "24")
    assert "no subtype '24'" in refused.stderr and not (tmp_path / "x.mp3").exists()
