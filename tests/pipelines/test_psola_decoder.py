"""The residual decoder on the waveform: pitch marks, pieces laid down anew, a filter over time, and conversions by them."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.decoders import find_decoder
from pipelines.decoders.overlap_add import Change, moved
from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.pitch import track
from pipelines.features.pitch_marks import UNVOICED_STEP, PitchMarks
from pipelines.features.spectral_gain import HOP, filtered
from pipelines.features.world import FRAME_SAMPLES, SYNTHESIS_CONFIDENCE
from pipelines.settings import Settings

FRAMES = 200  # one second


def pulses(hertz: float, seconds: float = 1.0) -> np.ndarray:
    """Partials of a steady F0 with two formants."""
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    partials = np.arange(1, int(7600 / hertz))
    first, second = (np.exp(-0.5 * ((hertz * partials - centre) / width) ** 2) for centre, width in ((600, 200), (1800, 300)))
    gains = first + 0.4 * second + 0.01
    return 0.1 * (gains[:, None] * np.cos(2 * np.pi * hertz * partials[:, None] * times)).sum(0)


def steady(hertz: float, frames: int = FRAMES) -> np.ndarray:
    return np.full(frames, hertz)


def change(ratio: float = 1.0, slower: float = 1.0, frames: int = FRAMES) -> Change:
    """The same everywhere; slower: seconds of the result for one of the source."""
    count = int(frames * slower)
    return Change(np.arange(count) * FRAME_SAMPLES / slower, np.full(count, ratio))


def decibels(given: np.ndarray, expected: np.ndarray) -> float:
    """Signal over error, without the first and last 50 ms."""
    inner = slice(800, min(len(given), len(expected)) - 800)
    signal, error = (np.square(each).sum() + 1e-20 for each in (expected[inner], given[inner] - expected[inner]))
    return float(10 * np.log10(signal / error))


@pytest.mark.parametrize("hertz", [82.3, 153.7, 297.1, 611.9])
def test_marks_lie_one_period_apart(hertz):
    pitch_marks = PitchMarks.of(pulses(hertz), steady(1.03 * hertz))  # the tracker may be off
    assert pitch_marks.voiced.mean() > 0.9
    distances = np.diff(pitch_marks.places[pitch_marks.voiced])
    np.testing.assert_allclose(distances, SAMPLE_RATE / hertz, atol=0.1)


def test_what_is_not_voiced_has_a_mark_every_5_ms_and_marks_are_in_order():
    samples, f0 = pulses(200), steady(200)
    f0[:60], f0[120:125], f0[150:] = 0, 0, 0
    f0[180] = 200  # no period fits in
    pitch_marks = PitchMarks.of(samples, f0)
    assert (np.diff(pitch_marks.places) > 0).all() and pitch_marks.places[-1] >= len(samples) - UNVOICED_STEP
    inside = pitch_marks.places[(pitch_marks.places > 160 * 80) & (pitch_marks.places < len(samples) - 80)]
    np.testing.assert_allclose(np.diff(inside), UNVOICED_STEP)
    assert not pitch_marks.voiced[(pitch_marks.places < 50 * FRAME_SAMPLES) | (pitch_marks.places > 151 * FRAME_SAMPLES)].any()


@pytest.mark.parametrize("length", [1, 79, 800, 16_001])
@pytest.mark.parametrize("kind", ["noise", "silence"])
def test_where_nothing_is_voiced_and_nothing_changes_samples_stay(length, kind):
    samples = np.random.default_rng(0).normal(0, 0.1, length) if kind == "noise" else np.zeros(length)
    frames = -(-length // FRAME_SAMPLES)
    found = moved(samples, PitchMarks.of(samples, np.zeros(frames)), change(frames=frames))
    assert len(found) == frames * FRAME_SAMPLES and np.isfinite(found).all()
    if length > 1600 and kind == "noise":
        assert decibels(found, samples) > 40
    assert np.abs(found).max() <= np.abs(samples).max() * 1.05


def test_speech_that_does_not_change_stays(recording, converter):
    frames = converter.encode(recording).world
    found = moved(recording.samples, PitchMarks.of(recording.samples, frames.f0), change(frames=len(frames.f0)))
    assert decibels(found, recording.samples) > 30


@pytest.mark.parametrize("ratio", [0.7, 1.25, 1.6])
def test_f0_moves_by_the_ratio_while_formants_and_level_stay(ratio):
    samples = pulses(150.0)
    found = moved(samples, PitchMarks.of(samples, steady(150.0)), change(ratio))
    f0 = track(found.astype(np.float32), 0.01).contour(SYNTHESIS_CONFIDENCE).hz
    assert np.median(f0[f0 > 0]) == pytest.approx(150 * ratio, rel=0.006)
    inner = slice(1600, -1600)
    assert np.square(found[inner]).mean() == pytest.approx(np.square(samples[inner]).mean(), rel=0.3)
    for low, high in ((400, 800), (1500, 2100)):
        np.testing.assert_allclose(*(_centre(each[inner], low, high) for each in (found, samples)), rtol=0.08)


def _centre(samples: np.ndarray, low: float, high: float) -> float:
    """Hz of the centre of power between two frequencies."""
    hertz, power = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE), np.abs(np.fft.rfft(samples)) ** 2
    inside = (hertz > low) & (hertz < high)
    return float((hertz * power)[inside].sum() / power[inside].sum())


@pytest.mark.parametrize("slower", [0.75, 1.4])
def test_timing_moves_alone(slower):
    samples = pulses(150.0)
    found = moved(samples, PitchMarks.of(samples, steady(150.0)), change(slower=slower))
    assert len(found) == int(FRAMES * slower) * FRAME_SAMPLES
    f0 = track(found.astype(np.float32), 0.01).contour(SYNTHESIS_CONFIDENCE).hz
    assert np.median(f0[f0 > 0]) == pytest.approx(150, rel=0.006)


def test_a_filter_without_gain_changes_nothing_and_one_with_gain_does_so_where_and_when_it_is_asked_to():
    samples = np.random.default_rng(1).normal(0, 0.1, 32_000)
    same = filtered(samples, lambda inside: np.ones((inside.stop - inside.start, 513)))
    assert same.dtype == np.float32 and decibels(same, samples) > 60

    def second_half_above_4_khz(inside):
        frames = np.arange(inside.start, inside.stop)
        return np.where((frames[:, None] * HOP >= 16_000) & (np.arange(513) >= 257), 2.0, 1.0)

    found = filtered(samples, second_half_above_4_khz)
    assert decibels(found[:15_000], samples[:15_000]) > 60
    powers = [[np.square(np.abs(np.fft.rfft(each[17_000:])))[band].mean() for band in (slice(200, 3500), slice(4200, 7400))]
              for each in (found, samples)]
    np.testing.assert_allclose(np.divide(*powers), [1, 4], rtol=0.05)


def test_at_strength_0_a_conversion_is_the_source_and_at_1_it_moves_as_the_transfer_says(converter, recording):
    decode, source = find_decoder("residual_psola").decode, converter.encode(recording)
    kept, angry = (converter.transfer(source, converter.preset("angry"), Settings(strength=strength))
                   for strength in (0.0, 1.0))
    assert decibels(decode(kept, converter.models), recording.samples) > 20
    found = decode(angry, converter.models)
    assert found.dtype == np.float32 and len(found) == 4 * 80 * (len(angry.positions) - 1) + 80
    f0 = track(found, 0.02).contour(SYNTHESIS_CONFIDENCE).hz
    count = min(len(f0), len(angry.octaves))
    voiced = (f0[:count] > 0) & (angry.voicing[:count] > 0.7)
    assert np.median(np.abs(12 * (np.log2(f0[:count][voiced] / 100) - angry.octaves[:count][voiced]))) < 0.5  # semitones
