"""Batches that are drawn ahead of a GPU's step are those that the step would have drawn, also after a jump."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.training.data.channel_changes import ChannelChanges, changed
from pipelines.training.loop import ahead
from pipelines.training.loop.ahead import Ahead

SPEECH = 16000


def drawn(random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(random.random(3)), torch.from_numpy(random.integers(0, 9, (2, 2)))


def alike(one: tuple[torch.Tensor, ...], other: tuple[torch.Tensor, ...]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.filterwarnings("ignore:'pin_memory' argument")  # here is no GPU
def test_a_batch_drawn_ahead_is_that_of_its_step(monkeypatch):
    monkeypatch.setattr(ahead, "WORKERS", 1)
    batches = Ahead(drawn, "cuda")
    for step in (5, 6, 7, 2, 3):  # a training that goes on elsewhere jumps
        key = (0, step, 0)
        assert alike(batches(np.random.default_rng(key)), drawn(np.random.default_rng(key)))
    assert batches.next == (0, 4, 0)


@pytest.mark.parametrize(("device", "key"), [("cpu", (0, 5, 0)), ("cuda", (0, 5, 0, 1)), ("cuda", 7)])
def test_nothing_is_drawn_ahead_on_a_cpu_or_in_micro_batches(device, key):
    batches = Ahead(drawn, device)
    assert alike(batches(np.random.default_rng(key)), drawn(np.random.default_rng(key)))
    assert batches.next == ()


def test_no_change_leaves_a_waveform_as_it_is():
    clean, inside = torch.randn(2, SPEECH), torch.ones(2, SPEECH // 320 + 1)
    torch.testing.assert_close(changed(clean, inside, ChannelChanges(0, 0, 0)), clean, rtol=0, atol=1e-5)


def test_noise_lies_8_to_40_decibels_below_the_speech_and_not_behind_its_end():
    torch.manual_seed(0)
    clean, inside = torch.randn(200, SPEECH), torch.ones(200, SPEECH // 320 + 1)
    clean[:, SPEECH // 2:], inside[:, SPEECH // 640:] = 0, 0
    noise = changed(clean, inside, ChannelChanges(0, 0, 1)) - clean
    assert noise[:, SPEECH // 2:].abs().max() < 1e-4
    ratio = 10 * torch.log10(clean.square().sum(1) / noise.square().sum(1))
    assert 7.5 < ratio.min() < 12 and 36 < ratio.max() < 40.5


def test_a_narrower_band_takes_the_edges_and_a_tilt_moves_the_balance():
    torch.manual_seed(0)
    clean, inside = torch.randn(20, SPEECH), torch.ones(20, SPEECH // 320 + 1)
    power = lambda x, low, high: torch.fft.rfft(x)[:, low:high].abs().square().sum(1)  # noqa: E731, bins of 1 Hz
    narrow = changed(clean, inside, ChannelChanges(0, 1, 0))
    assert (power(narrow, 7800, 8000) < 0.7 * power(clean, 7800, 8000)).all()
    torch.testing.assert_close(power(narrow, 500, 2500), power(clean, 500, 2500), rtol=0.1, atol=0)
    balance = lambda x: power(x, 6000, 8000) / power(x, 0, 2000)  # noqa: E731
    tilted = balance(changed(clean, inside, ChannelChanges(1, 0, 0))) / balance(clean)
    assert tilted.min() < 0.8 and tilted.max() > 1.25
