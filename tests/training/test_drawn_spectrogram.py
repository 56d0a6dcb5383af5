"""A spectrogram drawn from bands and F0 is that of the speech; the acoustic stage learns from it by Whisper's blocks."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

import pipelines.training.stages.sace as sace_stage
from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_sace
from pipelines.errors import RecipeError
from pipelines.features.pitch import VOICED_CONFIDENCE
from pipelines.features.prosody import analyse, octaves
from pipelines.networks.sace import Sace
from pipelines.networks.whisper_front import front_of, log_mel, mel_filters
from pipelines.training.loop.run_log import read_log
from pipelines.training.losses.drawn_spectrogram import SpectrogramEmotionClassifier, draw_log_mel
from tests.support import tiny
from tests.support.hub_folders import recipe_with

FILTERS = torch.from_numpy(mel_filters())


@pytest.fixture(scope="module")
def speech(recording):
    """(1, time, 40) bands and (1, time) octaves above 100 Hz, voicing and mask of the example recording."""
    prosody = analyse(recording.samples)
    voiced = (prosody.voicing >= VOICED_CONFIDENCE).astype(np.float32)
    rows = (prosody.bands, octaves(prosody.f0).astype(np.float32), voiced, np.ones_like(voiced))
    bands, contour, voiced, mask = (torch.from_numpy(row)[None] for row in rows)
    return bands, contour, voiced, mask


def test_a_drawn_spectrogram_is_that_of_the_speech(speech, recording):
    bands, contour, voiced, mask = speech
    drawn = draw_log_mel(bands, contour, voiced, mask, FILTERS)[0].numpy()
    real = log_mel(torch.from_numpy(recording.samples)[None], by_recording=True)[0].numpy()
    frames = min(drawn.shape[1], real.shape[1])
    assert drawn.shape == (80, 2 * bands.shape[1])
    assert np.corrcoef(drawn[:, :frames].ravel(), real[:, :frames].ravel())[0, 1] > 0.92


def test_its_harmonics_lie_at_multiples_of_f0():
    level, ones = torch.zeros(1, 4, 40), torch.ones(1, 4)
    low, high = (draw_log_mel(level, ones * np.log2(hertz / 100), ones, ones, FILTERS)[0, :, 0] for hertz in (200.0, 400.0))
    at = [int(np.argmax(mel_filters()[:, round(hertz / 40)])) for hertz in (400, 600, 800)]  # 40 Hz a bin
    assert low[at[1]] > high[at[1]] + 0.2 and high[at[0]] > high[at[1]] + 0.2 and high[at[2]] > high[at[1]] + 0.2
    noise = draw_log_mel(level, ones, 0 * ones, ones, FILTERS)
    torch.testing.assert_close(noise, draw_log_mel(level, ones + 1, 0 * ones, ones, FILTERS))


def test_level_and_padding_change_nothing(speech):
    bands, contour, voiced, mask = speech
    drawn = draw_log_mel(bands, contour, voiced, mask, FILTERS)
    torch.testing.assert_close(draw_log_mel(bands + 2.0, contour, voiced, mask, FILTERS), drawn, rtol=0, atol=1e-4)
    bands, contour, voiced, mask = (torch.cat([row, torch.zeros_like(row[:, :20])], dim=1) for row in speech)
    padded = draw_log_mel(bands, contour, voiced, mask, FILTERS)
    torch.testing.assert_close(padded[:, :, :drawn.shape[2] - 2], drawn[:, :, :-2], rtol=0, atol=1e-4)
    assert padded[:, :, drawn.shape[2]:].unique().numel() == 1


def test_a_gradient_reaches_the_bands_and_neither_f0_nor_the_frozen_blocks(speech):
    torch.manual_seed(0)
    front = front_of(tiny.pretend_whisper(blocks=2))
    classifier = SpectrogramEmotionClassifier(Sace(front.layers, front.sizes.width, front=front))
    bands, contour, voiced, mask = speech
    bands, contour = (row.clone().requires_grad_() for row in (bands, contour))
    mel = draw_log_mel(bands, contour, voiced, mask, classifier.filters)
    torch.nn.functional.cross_entropy(classifier(mel, mask), torch.tensor([1])).backward()
    assert bands.grad.abs().sum() > 0 and contour.grad is None
    assert all(weight.grad is None for weight in front.parameters())
    assert all(weight.grad is not None for weight in classifier.classify.parameters())


@pytest.mark.slow
def test_the_acoustic_stage_learns_from_it_where_sace_reads_whisper(tmp_path, monkeypatch):
    monkeypatch.setattr(sace_stage, "teacher_encoder", lambda cache, blocks: tiny.pretend_whisper().first(blocks))
    run = tiny.new_tiny(tmp_path / "run", copy_of=tiny.trained_tiny())
    run.runs.mkdir()
    for file in tiny.trained_tiny().runs.glob("critics.*"):
        shutil.copy(file, run.runs)
    recipe_with(run, acoustic={"spectrogram_weight": 1.0})
    with pytest.raises(RecipeError, match="set it to 0, or train SACE"):
        run.train("acoustic")
    recipe_with(run, sace={"front_end": "whisper", "blocks": 2, "width": 64}, acoustic={"spectrogram_weight": 1.0})
    assert run.train("sace") and run.train("acoustic")
    assert 0 <= read_log(run.runs / "acoustic")[-1]["convert_spectrogram"] <= 1

    before = load_sace(Folder(run.checkpoint))
    tuned = {"front_end": "whisper", "blocks": 2, "width": 64, "begins_with": "sace", "front_learning_rate": 0.3}
    recipe_with(run, sace=tuned)
    shutil.rmtree(run.runs / "sace")  # a state would be gone on with
    assert run.train("sace")
    after = load_sace(Folder(run.checkpoint))
    pairs = zip(before.front.blocks.parameters(), after.front.blocks.parameters(), strict=True)
    moved = [not torch.equal(weight, other) for weight, other in pairs if weight.dim() > 1]
    assert all(moved)
    torch.testing.assert_close(before.front.conv1.weight, after.front.conv1.weight, rtol=0, atol=1e-3)  # rounded twice
