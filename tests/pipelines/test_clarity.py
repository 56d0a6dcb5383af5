"""A reference moves towards the presets that SACE recognises in it, as far as the checkpoint says; what is unclear is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipelines.clarity import clarified
from pipelines.conversion import Converter
from pipelines.labels import EMOTIONS


@pytest.fixture(scope="module")
def encoded(converter, recording):
    return converter.encode(recording, synthesis=False)


def by(converter, share: float) -> Converter:
    return Converter(replace(converter.models, gains=replace(converter.models.gains, reference_clarity=share)))


@torch.no_grad()
def test_all_the_way_it_is_the_mixture_of_presets_that_sace_recognises(converter, encoded):
    models, emotion = by(converter, 1.0).models, encoded.emotion
    clear = clarified(emotion, models)
    shares = models.sace.classify(torch.from_numpy(emotion.utterance)[None]).softmax(-1)[0].numpy()
    np.testing.assert_allclose(emotion.posteriors, shares, atol=1e-5)
    mixture = sum(share * models.presets[name].mean(0).numpy() for share, name in zip(shares, EMOTIONS))
    np.testing.assert_allclose(clear.utterance, mixture, atol=1e-4)
    np.testing.assert_allclose(clear.frames - clear.frames.mean(0), emotion.frames - emotion.frames.mean(0), atol=1e-4)
    half = clarified(emotion, by(converter, 0.5).models)
    np.testing.assert_allclose(half.utterance, (mixture + emotion.utterance) / 2, atol=1e-4)


@pytest.mark.parametrize(("emotion", "posterior", "note"), [
    ("sad", 0.7, None), ("sad", 0.4, "No emotion is recognised for sure"), ("neutral", 0.9, "recognised as neutral")])
def test_a_reference_whose_emotion_is_unclear_is_told(converter, encoded, recording, emotion, posterior, note):
    shares = np.full(len(EMOTIONS), (1 - posterior) / (len(EMOTIONS) - 1))
    shares[EMOTIONS.index(emotion)] = posterior
    reference = replace(encoded, emotion=replace(encoded.emotion, posteriors=shares))
    notes = converter.convert(recording, reference).notes
    assert [one for one in notes if "recognised" in one] == [one for one in notes if note and note in one]
    assert bool(note) == any("recognised" in one for one in notes)


def test_a_conversion_says_what_its_one_reference_was_taken_for(converter, encoded, recording):
    found = converter.convert(recording, encoded).recognised
    assert list(found) == [EMOTIONS[index] for index in np.argsort(-encoded.emotion.posteriors)]
    assert list(found.values()) == sorted(found.values(), reverse=True) and sum(found.values()) == pytest.approx(1, abs=1e-4)
    assert converter.convert(recording, emotion="sad").recognised is None
    assert converter.convert(recording, [(encoded, 0.5)], "sad:0.5").recognised is None


def test_without_a_share_or_a_preset_of_each_emotion_it_stays_as_it_is(converter, encoded):
    assert clarified(encoded.emotion, by(converter, 0.0).models) is encoded.emotion
    models = by(converter, 1.0).models
    fewer = replace(models, presets={"angry": models.presets["angry"]})
    assert clarified(encoded.emotion, fewer) is encoded.emotion


def test_conversions_to_a_reference_follow_it_and_those_to_a_preset_do_not(converter, recording, encoded):
    source = converter.encode(recording)
    loose, clear = by(converter, 0.0), by(converter, 1.0)
    assert loose.identity != clear.identity
    sounds = [one.convert(source, encoded, strength=1.0).samples for one in (loose, clear)]
    assert len(sounds[0]) != len(sounds[1]) or np.abs(sounds[0] - sounds[1]).max() > 1e-3
    angry = [one.convert(source, emotion="angry").samples for one in (loose, clear)]
    np.testing.assert_array_equal(*angry)
