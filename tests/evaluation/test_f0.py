"""How contours are compared: shapes, levels, and jumps that no larynx makes."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.instruments.f0 import jumps, shape_agreement, voiced_agreement
from pipelines.features.pitch import F0Contour


def glide(low: float, high: float, seconds: float = 1.5) -> np.ndarray:
    """(frames,) Hz at 100 frames a second."""
    return np.geomspace(low, high, int(100 * seconds))


def test_the_same_contour_agrees_and_its_mirror_does_not():
    rising, falling = F0Contour(glide(120, 240), 0.01), F0Contour(glide(240, 120), 0.01)
    assert shape_agreement(rising, rising).correlation > 0.99
    assert shape_agreement(rising, falling).correlation < 0.5


def test_a_level_shift_is_an_error_in_semitones_but_not_in_correlation():
    hz = 150 * 2 ** (np.sin(np.linspace(0, 9, 150)) / 6)
    octave = voiced_agreement(hz, 2 * hz)
    assert octave.correlation == pytest.approx(1, abs=1e-6)
    assert octave.rmse == pytest.approx(12, abs=1e-6)


def test_only_frames_that_are_voiced_in_both_are_compared():
    hz = glide(100, 200)
    one, other = hz.copy(), 2 ** (1 / 12) * hz
    one[:50], other[100:] = 0, 0
    assert voiced_agreement(one, other).rmse == pytest.approx(1, abs=1e-6)
    other[:95] = 0
    assert voiced_agreement(one, other) is None, "five frames say nothing"
    assert shape_agreement(F0Contour(np.zeros(100)), F0Contour(hz)) is None


def test_octave_jumps_count_inside_a_voiced_run_only():
    assert jumps(F0Contour(np.array([100.0, 102, 204, 200]))) == 1
    assert jumps(F0Contour(np.array([100.0, 102, 0, 204, 200]))) == 0
