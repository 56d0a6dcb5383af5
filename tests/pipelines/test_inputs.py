"""Arrays as recordings, and settings as keywords, in Python."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from pipelines.conversion import Converter
from pipelines.errors import AudioError, ZestError
from pipelines.features.audio import Recording
from pipelines.features.inputs import recording_of
from pipelines.settings import Settings, changed
from tests.support.speech import MAN, RATE, speak

SPEECH = speak(MAN, 1.0, seed=1)


@pytest.mark.parametrize("given", [
    SPEECH, SPEECH.astype(np.float64), (SPEECH * 32767).astype(np.int16), SPEECH.tolist(), SPEECH[:, None],
    np.stack([SPEECH, SPEECH], axis=1), np.stack([SPEECH, SPEECH])],
    ids=["float32", "float64", "int16", "list", "one column", "columns", "rows"])
def test_an_array_of_any_type_and_layout_is_the_same_recording(given):
    found = recording_of(given, RATE)
    np.testing.assert_allclose(found.samples, recording_of(SPEECH, RATE).samples, atol=2e-4)
    assert isinstance(found, Recording) and recording_of(found) is found


def test_rates_are_converted_and_may_stand_beside_the_samples():
    for rate in (8000, 22_050, 24_000.0, np.int64(32_000)):
        assert recording_of(SPEECH, rate).seconds == pytest.approx(len(SPEECH) / rate, abs=0.01)
    np.testing.assert_array_equal(recording_of((SPEECH, 22_050)).samples, recording_of(SPEECH, 22_050).samples)


@pytest.mark.parametrize(("given", "rate", "words"), [
    (SPEECH, None, "sample_rate=44100"), (SPEECH, 44_100.5, "whole number of Hz"), (SPEECH, "fast", "whole number of Hz"),
    (SPEECH, 0, "8 to 96 kHz"), (np.zeros((2, 3, 4)), RATE, r"shape \(2, 3, 4\)"), (np.array(["a"]), RATE, "array of numbers"),
    (None, RATE, "a path, or an array"), ([[1.0], [1.0, 2.0]], RATE, "array of samples"), (np.zeros(0), RATE, "empty")])
def test_what_is_no_recording_is_told_in_one_sentence(given, rate, words):
    with pytest.raises(AudioError, match=words) as caught:
        recording_of(given, rate, "source")
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_settings_as_keywords_are_those_of_the_settings_object(converter: Converter):
    one = converter.convert(SPEECH, sample_rate=RATE, emotion="sad", strength=0.8, tempo=False)
    other = converter.convert(recording_of(SPEECH, RATE, "source"), emotion="sad", settings=Settings(strength=0.8, tempo=False))
    np.testing.assert_array_equal(one.samples, other.samples)
    assert one.settings == other.settings and one.settings.strength == 0.8


def test_a_keyword_that_is_no_setting_is_refused_with_the_likely_one():
    assert changed(Settings(seed=3), {"strength": 0.5}) == Settings(seed=3, strength=0.5)
    with pytest.raises(ZestError, match="no setting 'strenght'; did you mean 'strength'"):
        changed(Settings(), {"strenght": 0.8})
    with pytest.raises(ZestError, match="between 0 and 1.5"):
        changed(Settings(), {"strength": 2})


def test_the_readme_of_arrays_reads_files_as_others_do(source_path):
    samples, rate = soundfile.read(source_path)
    np.testing.assert_allclose(recording_of(samples, rate).samples, recording_of(source_path).samples, atol=1e-4)
