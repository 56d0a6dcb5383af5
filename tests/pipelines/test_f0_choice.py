"""Where the F0 contour of a conversion comes from: predicted, or one of the two recordings."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from pipelines.errors import ZestError
from pipelines.factors import Emotion
from pipelines.features import prosody
from pipelines.features.contour import FASTEST, bounded_change, limited_speed
from pipelines.features.pitch import VOICED_CONFIDENCE
from pipelines.settings import Settings
from pipelines.transfer import reference_f0
from workbench.cli import exit_codes


@pytest.fixture(scope="module")
def factors(converter, source_path, reference_path):
    from pipelines.features.audio import load

    return converter.encode(load(source_path)), converter.encode(load(reference_path), synthesis=False)


def test_the_source_s_f0_stays_as_it_is(converter, factors):
    transferred = converter.transfer(factors[0], factors[1].emotion, Settings(f0="source"))
    np.testing.assert_allclose(transferred.octaves, transferred.source_octaves, atol=1e-5)
    assert np.abs(transferred.difference).max() > 0.1  # the envelope changes all the same


def test_the_reference_s_f0_comes_at_the_source_s_level(converter, factors):
    source, reference = factors
    transferred = converter.transfer(source, reference.emotion, Settings(f0="reference", tempo=False))
    voiced = source.prosody.voicing >= VOICED_CONFIDENCE
    assert transferred.octaves[voiced].std() != pytest.approx(transferred.source_octaves[voiced].std(), rel=0.05)
    places = np.linspace(0, len(reference.emotion.octaves) - 1, len(source.units))
    stretched = np.interp(places, np.arange(len(reference.emotion.octaves)), prosody.octaves(reference.prosody.f0))
    moved = transferred.octaves - stretched
    assert np.ptp(moved) < 1e-4  # the whole contour, moved by one interval
    level = prosody.octaves(source.prosody.f0)[voiced].mean() - reference.emotion.octaves[reference.emotion.voiced].mean()
    assert moved.mean() == pytest.approx(level, abs=1e-3)


def test_a_preset_and_a_whisper_have_no_f0_to_take(converter, factors):
    with pytest.raises(ZestError, match="F0 of the reference needs a reference recording; a preset has none."):
        converter.transfer(factors[0], converter.preset("sad"), Settings(f0="reference"))
    whisper = Emotion("whisper.wav", np.zeros((1, 128)), np.zeros(128), np.zeros(40), np.zeros(40, bool))
    with pytest.raises(ZestError, match="whisper.wav has no voiced speech whose F0 could be taken"):
        reference_f0(np.zeros(50), np.ones(50, bool), whisper)


def test_command_line_takes_the_choice_and_refuses_others(zest_here, source_path, reference_path):
    done = zest_here("convert", source_path, reference_path, "--f0", "source", "--decoder", "transfer", "-o", "out.wav", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["settings"]["f0"] == "source"
    assert document["f0"]["predicted"]["mean_hz"] == pytest.approx(document["f0"]["source"]["mean_hz"], rel=0.03)
    refused = zest_here("convert", source_path, reference_path, "--f0", "mine")
    assert refused.returncode == exit_codes.USAGE
    assert refused.stderr.strip() == "There is no F0 'mine'; choose one of predicted, source, reference."
    beside = zest_here("convert", source_path, reference_path, "--f0", "source", "--system", "f0-swap")
    assert beside.returncode == exit_codes.USAGE and "leave them out beside --system." in beside.stderr


def test_a_change_of_f0_is_free_up_to_nine_semitones_and_ends_at_fourteen():
    change = torch.linspace(-4, 4, 161)[None]
    bounded = bounded_change(change)
    small = change.abs() <= 9 / 12
    torch.testing.assert_close(bounded[small], change[small])
    assert bounded.abs().max() <= 14 / 12 + 1e-6 and (bounded.diff() >= -1e-6).all()


def test_a_contour_is_no_faster_than_anybody_and_neither_early_nor_late():
    jump = np.where(np.arange(60) < 30, 0.0, 1.6)
    slow = limited_speed(jump)
    assert np.abs(np.diff(slow)).max() <= FASTEST + 1e-9
    np.testing.assert_allclose(slow + slow[::-1], 1.6, atol=1e-9)  # as much before the jump as behind it
    assert slow[10] == 0 and slow[-10] == 1.6
    calm = np.sin(np.arange(60) / 8)
    np.testing.assert_array_equal(limited_speed(calm), calm)
