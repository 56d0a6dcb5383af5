"""Intervals and differences: what they promise is checked on simulated systems whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evaluation.report.statistics import MetricScores, differences, estimates, is_hits, resample, set_value

SPEAKERS, EACH = 20, 10


def alike(values, hits: bool = False) -> MetricScores:
    """Every pair counts alike."""
    values = np.asarray(values, dtype=float)
    return MetricScores(values, np.ones(len(values)), hits)


def names(speakers: int = SPEAKERS, each: int = EACH) -> list[str]:
    return [f"speaker-{index}" for index in range(speakers) for _ in range(each)]


def simulated(seed: int, between: float, within: float = 1.0) -> np.ndarray:
    """(SPEAKERS * EACH,) values around 0: speakers differ by `between`, pairs of one speaker by `within`."""
    random = np.random.default_rng(seed)
    return (random.normal(0, between, (SPEAKERS, 1)) + random.normal(0, within, (SPEAKERS, EACH))).ravel()


@pytest.mark.parametrize("between", [0.3, 1.0])
def test_an_interval_holds_the_truth_about_95_times_in_100(between):
    found = estimates([alike(simulated(seed, between)) for seed in range(400)], resample(names(), 1000), SPEAKERS * EACH)
    held = np.mean([each.low <= 0 <= each.high for each in found])
    assert 0.91 <= held <= 0.99  # 0.95 +- 3.5 standard errors of 400 trials


def test_resampling_pairs_alone_would_promise_too_much():
    """The reason for the speakers' stage: with speakers that differ, pairs alone give intervals several times too narrow."""
    values = alike(simulated(0, between=2.0, within=0.5))
    with_speakers, = estimates([values], resample(names()), 200)
    alone, = estimates([values], resample([str(index) for index in range(200)]), 200)
    assert with_speakers.high - with_speakers.low > 2 * (alone.high - alone.low)


def test_without_speakers_it_agrees_with_scipys_bootstrap():
    values = simulated(1, between=0.0)
    ours, = estimates([alike(values)], resample([str(index) for index in range(len(values))], 5000), len(values))
    theirs = stats.bootstrap((values,), np.mean, n_resamples=5000, method="percentile", rng=0).confidence_interval
    assert [ours.low, ours.high] == pytest.approx([theirs.low, theirs.high], abs=0.01)


def test_the_value_of_a_set_sums_edits_and_does_not_average_ratios():
    cer = MetricScores(np.array([100.0, 0.0]), np.array([2.0, 198.0]))  # 2 edits in 200 characters
    assert set_value(cer) == pytest.approx(1.0)


def test_a_pair_that_was_not_measured_counts_in_coverage_only():
    scores = MetricScores(np.array([1.0, 3.0, 0.0]), np.array([1.0, 1.0, 0.0]))
    found, = estimates([scores], resample(["a", "b", "c"]), 5)
    assert (found.value, found.measured, found.expected) == (2.0, 2, 5)
    assert 1.0 <= found.low <= found.high <= 3.0


def test_nothing_measured_has_no_value_and_one_pair_no_interval():
    nothing, one = estimates([MetricScores(np.zeros(3), np.zeros(3)), MetricScores(np.array([7.0, 0, 0]), np.array([1.0, 0, 0]))],
                             resample(["a", "b", "c"]), 3)
    assert nothing is None
    assert (one.value, one.low, one.high) == (7.0, None, None)


def test_all_hits_is_not_certainty():
    """50 of 50: Clopper and Pearson's 95 % interval begins at 0.025 ** (1 / 50)."""
    found, = estimates([alike([100.0] * 50, hits=True)], resample(names(10, 5)), 50)
    assert (found.low, found.high) == (pytest.approx(100 * 0.025 ** (1 / 50)), 100.0)


def test_shares_are_told_from_percentages():
    assert is_hits(np.array([0.0, 100.0, 0.0]), np.array([1.0, 1.0, 0.0]))
    assert not is_hits(np.array([0.0, 100.0]), np.array([30.0, 12.0]))  # a CER weighs by characters
    assert not is_hits(np.array([0.0, 50.0]), np.ones(2))


def test_identical_systems_differ_by_nothing():
    values = alike(simulated(2, 0.5) + 50)
    found, = differences([(values, values)], resample(names()))
    assert (found.value, found.low, found.high, found.share) == (0.0, 0.0, 0.0, 1.0)
    assert not found.clear


def test_a_paired_difference_is_clear_where_two_intervals_overlap():
    base = simulated(3, between=3.0)
    better = base + np.random.default_rng(4).normal(0.3, 0.3, len(base))
    resamples = resample(names())
    first, second = estimates([alike(better), alike(base)], resamples, len(base))
    found, = differences([(alike(better), alike(base))], resamples)
    assert first.low < second.high  # unpaired, nothing could be said
    assert found.clear and found.low < 0.3 < found.high and found.share <= 1 / 1000


def test_a_difference_that_is_chance_is_called_clear_about_5_times_in_100():
    couples = [(alike(simulated(seed, 0.3)), alike(simulated(1000 + seed, 0.3))) for seed in range(400)]
    found = differences(couples, resample(names(), 1000))
    assert 0.005 <= np.mean([each.clear for each in found]) <= 0.09
    assert np.mean([each.share < 0.05 for each in found]) <= 0.09


def test_systems_are_compared_over_the_pairs_that_both_have():
    first = MetricScores(np.array([1.0, 2.0, 9.0, 0.0]), np.array([1.0, 1.0, 1.0, 0.0]))
    second = MetricScores(np.array([0.0, 0.0, 0.0, 5.0]), np.array([1.0, 1.0, 0.0, 1.0]))
    empty = MetricScores(np.zeros(4), np.zeros(4))
    found, nothing = differences([(first, second), (empty, first)], resample(["a", "b", "c", "d"]))
    assert (found.value, found.pairs) == (1.5, 2)
    assert nothing is None


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    values = alike(simulated(5, 0.5))
    twice = [estimates([values], resample(names(), seed=seed), 200)[0] for seed in (1, 1, 2)]
    assert twice[0] == twice[1] != twice[2]


def test_one_speaker_still_gives_an_interval_over_its_pairs():
    found, = estimates([alike([1.0, 2.0, 3.0, 4.0])], resample(["only"] * 4), 4)
    assert 1.0 <= found.low < 2.5 < found.high <= 4.0


def test_every_resample_has_as_many_pairs_as_the_set_has_when_speakers_have_equally_many():
    counts = resample(names(), 50)
    assert counts.shape == (50, SPEAKERS * EACH)
    assert (counts.sum(axis=1) == SPEAKERS * EACH).all()
