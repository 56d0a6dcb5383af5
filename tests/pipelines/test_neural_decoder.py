"""The neural vocoder as a decoder: same length and F0 as WORLD's, repeatable, and plain words where it is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from evaluation.pair import Pair
from evaluation.run import parse_systems
from pipelines import baselines
from pipelines.baselines.neural_copy import neural_copy
from pipelines.conversion import Converter
from pipelines.decoders.rendering import render
from pipelines.decoders.residual_neural import features
from pipelines.errors import CheckpointError
from pipelines.features.audio import save
from pipelines.features.pitch import track
from pipelines.features.vocoder_features import vocoder_features
from pipelines.networks.vocoder import Vocoder
from pipelines.settings import Settings
from tests.support.rendered import check_length_and_pitch

NEURAL = Settings(decoder="residual_neural")


@pytest.fixture(scope="module")
def neural(converter: Converter) -> Converter:
    """The shipped checkpoint with a small vocoder in its first state, in which filters are the envelope itself."""
    return Converter(replace(converter.models, vocoder=Vocoder(width=16, blocks=1).eval()))


def test_it_lasts_as_long_as_world_and_at_the_predicted_pitch(neural, recording):
    check_length_and_pitch(neural, recording, NEURAL, voiced_share=0.3)


def test_the_same_recording_gives_the_same_samples(neural, recording):
    one, other = (neural.convert(recording, emotion="sad", settings=NEURAL).samples for _ in range(2))
    assert np.array_equal(one, other)


def test_a_checkpoint_without_vocoder_says_so_and_does_not_offer_it(converter, recording):
    without = Converter(replace(converter.models, vocoder=None, generator=None))
    assert without.decoders == ("residual_world", "residual_psola")
    with pytest.raises(CheckpointError, match="^This checkpoint has no neural vocoder, which the decoder residual_neural needs; "
                                              "use the decoder 'residual_world', or train one with 'zest train vocoder'.$"):
        without.convert(recording, emotion="sad", settings=NEURAL)


def test_pieces_and_whole_are_the_same_to_80_decibels(recording):
    vocoder, features = Vocoder(width=16, blocks=8).eval(), vocoder_features(recording.samples)
    torch.nn.init.normal_(vocoder.filters.weight, std=0.05)  # filters that depend on what the network sees
    whole = render(vocoder, features, piece=10**6)
    for piece in (70, 100):
        difference = render(vocoder, features, piece=piece) - whole
        assert len(features.f0) > 2 * piece and np.square(difference).mean() < 1e-8 * np.square(whole).mean()


def test_features_in_pieces_are_those_of_the_whole(neural, recording):
    transferred = neural.transfer(neural.encode(recording), neural.preset("angry"))
    whole, pieces = (features(transferred, piece) for piece in (10**6, 70))
    assert len(whole.f0) > 2 * 70 and not np.array_equal(transferred.positions, np.rint(transferred.positions))
    assert all(np.array_equal(getattr(whole, name), getattr(pieces, name)) for name in ("mel", "f0", "voiced"))


def test_another_seed_is_another_noise(recording):
    features = vocoder_features(recording.samples)
    vocoder = Vocoder(width=16, blocks=1).eval()
    assert not np.array_equal(render(vocoder, features, seed=1), render(vocoder, features, seed=2))


def test_the_neural_copy_is_a_system_of_evaluations_and_keeps_the_contour(neural, recording, tmp_path, monkeypatch):
    system, = parse_systems(["copy-neural"], checkpoint="somewhere")
    monkeypatch.setattr(baselines, "loaded", lambda name, checkpoint, device: neural.models)
    source = save(tmp_path / "source.wav", recording.samples)
    rendered = system.render(Pair("one", source, source, "sad", "ssst")).samples
    own, copied = (track(samples).contour().hz for samples in (recording.samples, rendered))
    both = (own[:len(copied)] > 0) & (copied[:len(own)] > 0)
    assert abs(len(rendered) - len(recording.samples)) <= 160 and both.mean() > 0.3
    assert np.median(np.abs(np.log2(own[:len(both)][both] / copied[:len(both)][both]))) < 0.02


def test_the_neural_copy_of_a_checkpoint_without_vocoder_says_what_is_missing(converter, recording):
    with pytest.raises(CheckpointError, match="This checkpoint has no neural vocoder"):
        neural_copy(recording.samples, replace(converter.models, vocoder=None))
