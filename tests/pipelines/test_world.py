"""WORLD over several cores: the same sound however many there are, no seam where somebody speaks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import pyworld

from pipelines.features import world
from pipelines.features.audio import SAMPLE_RATE
from tests.support.speech import MAN, speak

SENTENCE, PAUSE = 2.2, 0.3  # seconds


def spectra_of(envelope: np.ndarray, aperiodicity: np.ndarray) -> world.Spectra:
    return lambda inside: (envelope[inside], aperiodicity[inside])


def seams_of(frames: world.WorldFrames) -> list[int]:
    return world.seams(frames.f0, spectra_of(frames.envelope, frames.aperiodicity))


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    """Three sentences with pauses of faint noise between them, 7.5 s."""
    random = np.random.default_rng(0)
    pause = (1e-4 * random.standard_normal(int(PAUSE * SAMPLE_RATE))).astype(np.float32)
    return np.concatenate([piece for seed in range(3) for piece in (speak(MAN, SENTENCE, seed=seed), pause)])


@pytest.fixture(scope="module")
def frames(speech) -> world.WorldFrames:
    return world.analyse(speech)


def test_the_number_of_cores_does_not_change_the_result(speech, frames, monkeypatch):
    expected = world.synthesise(frames)
    monkeypatch.setattr(world, "THREADS", 1)
    alone = world.analyse(speech)
    np.testing.assert_array_equal(alone.envelope, frames.envelope)
    np.testing.assert_array_equal(alone.aperiodicity, frames.aperiodicity)
    np.testing.assert_array_equal(world.synthesise(frames), expected)


def test_analysis_in_pieces_is_analysis_in_one(speech, frames):
    """WORLD adds inaudible noise to what it analyses, another to each piece; nothing else differs."""
    assert len(frames.f0) > 2 * world.ANALYSED
    samples, times = speech.astype(np.float64), np.arange(len(frames.f0)) * world.FRAME_SECONDS
    np.testing.assert_allclose(frames.envelope, world.envelope(speech, frames.f0, world.FRAME_SECONDS), rtol=1e-4)
    every = world.COARSE
    coarse = pyworld.d4c(samples, frames.f0[::every].copy(), times[::every].copy(), SAMPLE_RATE)
    np.testing.assert_allclose(frames.aperiodicity[::every], coarse, atol=0.01)


def test_seams_lie_where_nothing_is_voiced(frames):
    found = seams_of(frames)
    assert len(found) == 2
    for seam in found:
        around = slice(seam - world.UNVOICED, seam + world.UNVOICED + 1)
        assert not frames.f0[around].any()


def test_who_speaks_on_without_a_pause_is_synthesised_in_one_piece(frames):
    f0 = np.full(len(frames.f0), 120.0)
    assert seams_of(replace(frames, f0=f0)) == []
    uncut = pyworld.synthesize(f0, frames.envelope, frames.aperiodicity, SAMPLE_RATE, 1000 * world.FRAME_SECONDS)
    pieces = world.synthesise_pieces(f0, spectra_of(frames.envelope, frames.aperiodicity))
    np.testing.assert_array_equal(pieces, uncut.astype(np.float32))


def test_a_synthesis_with_seams_sounds_like_one_without(frames):
    """The same length and levels, and up to the first seam the same samples (but for the foot of the pulse after it)."""
    uncut = pyworld.synthesize(frames.f0, frames.envelope, frames.aperiodicity, SAMPLE_RATE, 1000 * world.FRAME_SECONDS)
    pieces = world.synthesise_pieces(frames.f0, spectra_of(frames.envelope, frames.aperiodicity))
    first = (seams_of(frames)[0] - world.FADE) * world.FRAME_SAMPLES
    assert len(pieces) == len(uncut)
    np.testing.assert_allclose(pieces[:first], uncut[:first].astype(np.float32), rtol=2.4e-7, atol=1e-9)

    def levels(samples: np.ndarray) -> np.ndarray:
        cut = samples[:len(samples) // 1600 * 1600].reshape(-1, 1600)
        return 10 * np.log10((cut**2).mean(axis=1) + 1e-6)

    difference = np.abs(levels(pieces) - levels(uncut))
    assert difference.max() < 2.0 and difference.mean() < 0.3  # dB; consonants are another noise after a seam


def test_noise_keeps_its_level_over_a_seam():
    """Two different noises are mixed there: with straight ramps 3 dB would be lost in the middle."""
    frames = 1200
    noise = np.full((frames, world.FFT_SIZE // 2 + 1), 1e-4)
    f0 = np.zeros(frames)
    spectra = spectra_of(noise, np.ones_like(noise))
    noisy = world.synthesise_pieces(f0, spectra)
    (seam,) = world.seams(f0, spectra)
    half = world.FADE * world.FRAME_SAMPLES
    centre = seam * world.FRAME_SAMPLES
    inside, everywhere = noisy[centre - half:centre + half], noisy[2000:-2000]
    assert abs(20 * np.log10(inside.std() / everywhere.std())) < 1.0
