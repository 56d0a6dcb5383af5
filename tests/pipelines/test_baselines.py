"""The baselines: copy-synthesis keeps length and F0 contour, the swap takes the reference's F0 statistics and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.instruments.f0 import voiced_agreement, world_f0
from pipelines.baselines.copy_synthesis import copy_synthesis
from pipelines.baselines.f0_statistics import f0_statistics_swap, swap_statistics
from pipelines.features.pitch import F0Contour, statistics
from tests.evaluation.test_f0 import glide
from tests.support.speech import RATE


def buzz(hz: np.ndarray) -> np.ndarray:
    """(frames,) Hz at 100 frames a second to a voice-like sum of harmonics."""
    dense = np.repeat(hz, RATE // 100)
    phase = 2 * np.pi * np.cumsum(dense) / RATE
    return (0.3 * sum(np.sin(k * phase) / k for k in range(1, 12))).astype(np.float32)


def mean_hz(samples: np.ndarray) -> float:
    return statistics(F0Contour(world_f0(samples), 0.01)).mean_hz


def test_the_swap_takes_the_references_mean_and_deviation():
    source, reference = F0Contour(glide(100, 150)), F0Contour(glide(180, 400))
    swapped = swap_statistics(source, reference)
    assert statistics(swapped).mean_hz == pytest.approx(statistics(reference).mean_hz, rel=0.01)
    assert np.log(swapped.hz).std() == pytest.approx(np.log(reference.hz).std(), rel=0.01)


def test_the_swap_leaves_a_voiceless_source_alone():
    silent = F0Contour(np.zeros(50))
    assert swap_statistics(silent, F0Contour(glide(180, 400))) is silent


def test_the_swapped_voice_is_heard_at_the_references_height():
    source, reference = buzz(glide(110, 130)), buzz(glide(200, 240))
    converted, target = f0_statistics_swap(source, reference)
    assert mean_hz(converted) == pytest.approx(statistics(target).mean_hz, rel=0.03)
    assert mean_hz(converted) > 1.5 * mean_hz(source)


def test_a_copy_keeps_length_and_melody():
    source = buzz(glide(110, 160))
    copy = copy_synthesis(source)
    assert abs(len(copy) - len(source)) <= RATE // 200
    before, after = world_f0(source), world_f0(copy)
    frames = min(len(before), len(after))
    assert voiced_agreement(before[:frames], after[:frames]).rmse < 0.5
