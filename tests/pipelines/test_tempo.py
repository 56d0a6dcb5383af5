"""Tempo: runs of equal units, and warping frames so that every run lasts as long as its target."""

import numpy as np
import pytest

from pipelines.features import world
from pipelines.networks.tempo import RATIO_RANGE, run_lengths, warp_positions
from tests.support.speech import MAN, speak


def test_runs_tell_the_units_and_how_long():
    runs, frames = run_lengths(np.array([7, 7, 7, 2, 7, 7]))
    assert runs.tolist() == [7, 2, 7] and frames.tolist() == [3, 1, 2]
    assert [part.tolist() for part in run_lengths(np.array([4]))] == [[4], [1]]


def test_runs_give_the_units_back():
    units = np.random.default_rng(0).integers(3, size=200)
    np.testing.assert_array_equal(np.repeat(*run_lengths(units)), units)


def test_ratio_one_is_the_identity():
    durations = np.array([3, 1, 5])
    np.testing.assert_allclose(warp_positions(durations, np.ones(3)), np.arange(9), atol=1e-9)


@pytest.mark.parametrize("ratio", [0.5, 0.8, 1.25, 2.0])
def test_one_ratio_for_all_scales_the_duration(ratio):
    positions = warp_positions(np.full(10, 8), np.full(10, ratio))
    assert len(positions) == round(80 * ratio)
    np.testing.assert_allclose(np.diff(positions), 1 / ratio, rtol=0.01)


def test_only_the_stretched_run_gets_longer():
    positions = warp_positions(np.array([10, 10, 10]), np.array([1.0, 2.0, 1.0]))
    inside = (positions >= 10) & (positions < 20)
    assert len(positions) == 40 and inside.sum() == 20
    assert (np.diff(positions) > 0).all()


def test_wild_ratios_are_held_within_bounds():
    positions = warp_positions(np.array([10, 10]), np.array([100.0, 0.001]))
    assert len(positions) == 10 * RATIO_RANGE[1] + 10 * RATIO_RANGE[0]
    assert positions[0] == 0 and positions[-1] < 20


def test_nothing_left_is_still_one_frame():
    assert len(warp_positions(np.array([1]), np.array([0.0]))) == 1


def test_world_frames_at_their_own_times_are_themselves():
    frames = world.analyse(speak(MAN, 0.6))
    same = world.at_times(frames, np.arange(len(frames.f0), dtype=float))
    np.testing.assert_array_equal(same.f0, frames.f0)
    np.testing.assert_allclose(same.envelope, frames.envelope, rtol=1e-9)
    np.testing.assert_allclose(same.aperiodicity, frames.aperiodicity)


def test_world_frames_beyond_the_end_are_the_last():
    frames = world.analyse(speak(MAN, 0.6))
    last = world.at_times(frames, np.array([1e6]))
    assert last.f0[0] == frames.f0[-1]
    np.testing.assert_allclose(last.envelope[0], frames.envelope[-1])
