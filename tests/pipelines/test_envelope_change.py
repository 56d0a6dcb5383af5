"""A change of the envelope with less of its fast movements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d

from pipelines.conversion import Converter
from pipelines.features.envelope_change import smooth_change

BANDS = 40


@pytest.fixture
def change() -> torch.Tensor:
    return torch.randn(2, 60, BANDS, generator=torch.Generator().manual_seed(0))


def everywhere(change: torch.Tensor) -> torch.Tensor:
    return torch.ones(change.shape[:2])


def with_gains(converter: Converter, **gains: float) -> Converter:
    return Converter(replace(converter.models, gains=replace(converter.models.gains, **gains)))


def test_nothing_is_asked_for_and_nothing_changes(change):
    assert smooth_change(change, everywhere(change)) is change


def test_movements_over_time_are_those_of_a_gaussian_mean(change):
    found = smooth_change(change, everywhere(change), seconds=0.04)
    expected = gaussian_filter1d(change.numpy(), 2, axis=1, truncate=3)
    np.testing.assert_allclose(found[:, 6:-6], expected[:, 6:-6], atol=1e-5)


def test_a_share_of_the_fast_movements_stays(change):
    slow, most, all_of_them = (smooth_change(change, everywhere(change), 0.06, fast) for fast in (0, 0.75, 1))
    torch.testing.assert_close(most, slow + 0.75 * (change - slow))
    torch.testing.assert_close(all_of_them, change)


def test_a_change_that_is_the_same_all_the_time_stays_up_to_both_ends():
    steady = torch.linspace(-1, 1, BANDS).expand(1, 30, BANDS)
    torch.testing.assert_close(smooth_change(steady, everywhere(steady), seconds=0.06), steady)


def test_frames_that_are_padding_neither_count_nor_are_filled(change):
    mask = everywhere(change)
    mask[1, 40:] = 0
    found, alone = (smooth_change(*given, 0.06, 0.4) for given in ((change, mask), (change[1:, :40], torch.ones(1, 40))))
    torch.testing.assert_close(found[1:, :40], alone)
    assert found[1, 40:].abs().max() == 0


def test_a_network_learns_through_it(change):
    change.requires_grad_()
    smooth_change(change, everywhere(change), 0.06, 0.4).square().sum().backward()
    assert change.grad is not None and change.grad.abs().sum() > 0


def test_a_checkpoint_says_how_smooth_the_change_of_its_conversions_is(converter, recording):
    source, angry = converter.encode(recording), converter.preset("angry")
    without, smoother = (with_gains(converter, envelope_seconds=width, envelope_fast=0.3) for width in (0, 0.1))
    assert smoother.identity != without.identity
    given, smooth = (one.transfer(source, angry).difference for one in (without, smoother))
    expected = smooth_change(torch.from_numpy(given)[None], torch.ones(1, len(given)), 0.1, 0.3)[0]
    np.testing.assert_allclose(smooth, expected, atol=1e-4)
    assert np.abs(np.diff(smooth, axis=0)).mean() < np.abs(np.diff(given, axis=0)).mean()
