"""Arousal and valence beside categories, hub models by name, and what models learnt from."""

from __future__ import annotations

import importlib.machinery
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from evaluation.instruments import dimensional, mos_packages, needs, speaker_similarity
from evaluation.judges import registry as judges
from evaluation.metrics import registry
from evaluation.metrics.affect import ANCHORS, AUDEERING, place_of
from evaluation.metrics.base import Seen, Value
from evaluation.pair import Pair
from pipelines.errors import ZestError
from tests.support.speech import MAN, WOMAN, speak

PAIR = Pair("one", Path("a/source.wav"), Path("b/reference.wav"), "angry")
SMALL: dict[str, Any] = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, conv_dim=(8, 8),
             conv_stride=(5, 4), conv_kernel=(10, 8), num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2)


def sure(emotion: str) -> dict[str, float]:
    return {name: float(name == emotion) for name in ("neutral", "angry", "happy", "sad", "surprised")}


def value(name: str, source: dict, reference: dict, converted: dict) -> float:
    found = registry.metric(name).score(PAIR, Seen(source, reference, converted))
    assert found is not None
    return found.value


def test_the_place_of_a_recording_is_the_mean_of_the_places_of_its_emotions():
    assert place_of(sure("angry"), "arousal") == ANCHORS["angry"]["arousal"] and place_of(sure("neutral"), "valence") == 0
    half = {"neutral": 0.4, "angry": 0.4, "<unk>": 0.2}
    assert place_of(half, "arousal") == pytest.approx(ANCHORS["angry"]["arousal"] / 2), "an emotion without a place is left out"
    assert place_of(None, "arousal") is None and place_of({"<unk>": 1.0}, "arousal") is None
    assert place_of({"arousal": -0.3, "valence": 0.2, "dominance": 0.0}, "arousal") == -0.3


def test_arousal_moves_from_the_source_and_is_held_against_the_reference():
    halfway = {"neutral": 0.5, "angry": 0.5}
    angry = ANCHORS["angry"]
    seen = sure("neutral"), sure("angry"), halfway
    assert value("arousal-shift@acoustic", *seen) == pytest.approx(angry["arousal"] / 2)
    assert value("arousal-error@acoustic", *seen) == pytest.approx(angry["arousal"] / 2)
    assert value("valence-shift@acoustic", *seen) == pytest.approx(angry["valence"] / 2)
    assert value("valence-error@acoustic", sure("neutral"), sure("happy"), sure("happy")) == 0
    assert value("arousal-shift@acoustic", sure("neutral"), sure("sad"), sure("sad")) < 0
    assert registry.metric("arousal-shift@acoustic").score(PAIR, Seen(None, None, halfway)) is None


def test_affect_shares_the_observations_of_its_judge_and_is_asked_for_by_name():
    for judge in judges.names():
        assert registry.metric(f"valence-error@{judge}").observer == f"emotion@{judge}"
    every, default = registry.names(), registry.default_names()
    assert not [name for name in default if "arousal" in name or "valence" in name or name in ("utmosv2", "scoreq")]
    assert {"arousal-shift@acoustic", "dominance-error@audeering", "utmosv2", "scoreq", "voice-to-source@wavlm", "cer@large-v3",
            "emotion@emotion2vec-large"} <= set(every)
    assert set(registry.further_names()) <= set(every) and not set(registry.further_names()) & set(default)
    with pytest.raises(ZestError, match="dominance-shift cannot be had with 'acoustic'; choose one of audeering"):
        registry.metric("dominance-shift@acoustic")


# models of the hub


@pytest.fixture
def offline(monkeypatch, tmp_path):
    monkeypatch.setattr(needs, "reachable", lambda url: False)
    monkeypatch.setattr(mos_packages, "reachable", lambda url: False)
    monkeypatch.setattr(needs, "cached_revision", lambda hub_id: None)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(("name", "words"), [
    (f"arousal-shift@{AUDEERING}", "hub cannot be reached"), ("voice-to-source@wavlm", "hub cannot be reached"),
    ("emotion@emotion2vec-large", "pip install funasr"), ("utmosv2", "pip install git"), ("scoreq", "pip install scoreq")])
def test_without_the_hub_a_metric_is_one_sentence(offline, name, words):
    reason = registry.available(name)
    assert reason is not None and words in reason and reason.endswith(".") and "\n" not in reason
    with pytest.raises(ZestError) as caught:
        registry.metric(name).observing().observe([speak(MAN, 0.5)], "en")
    assert str(caught.value) == reason


def test_audeerings_regression_is_loaded_from_a_folder_of_the_same_kind(tmp_path):
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor

    order = {0: "arousal", 1: "dominance", 2: "valence"}
    config = Wav2Vec2Config(**SMALL, id2label=order, label2id={name: index for index, name in order.items()})
    network = dimensional._network()(config)
    network.classifier.out_proj.weight.data.zero_()
    for index, place in enumerate((0.9, 0.5, 0.25)):  # on its scale of 0 to 1
        network.classifier.out_proj.bias.data[index] = place
    network.save_pretrained(tmp_path)
    Wav2Vec2FeatureExtractor().save_pretrained(tmp_path)
    assert dimensional.load(str(tmp_path))(speak(WOMAN, 0.5)) == pytest.approx(
        {"arousal": 0.8, "valence": -0.5, "dominance": 0.0}, abs=1e-6)
    with pytest.raises(ZestError, match="could not be loaded"):
        dimensional.load(str(tmp_path / "nothing"))


def test_wavlm_gives_vectors_of_unit_length_from_a_folder_of_the_same_kind(tmp_path, monkeypatch):
    from transformers import Wav2Vec2FeatureExtractor, WavLMConfig, WavLMForXVector

    WavLMForXVector(WavLMConfig(**SMALL, tdnn_dim=(8, 8, 8), tdnn_kernel=(3, 1, 1), tdnn_dilation=(1, 1, 1),
                                xvector_output_dim=12)).save_pretrained(tmp_path)
    Wav2Vec2FeatureExtractor().save_pretrained(tmp_path)
    with pytest.raises(ZestError, match="could not be loaded"):
        speaker_similarity.load_wavlm(str(tmp_path / "nothing"))
    loaded = speaker_similarity.load_wavlm(str(tmp_path))
    monkeypatch.setattr(speaker_similarity, "load_wavlm", lambda: loaded)
    vector = speaker_similarity.speaker_embedding(speak(MAN, 0.6), "wavlm")
    assert vector.shape == (12,) and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


class FakeUtmos:
    """As utmosv2's model: arrays in, an array out."""

    def predict(self, *, data, device, num_workers, verbose):
        assert data.ndim == 1 and device == "cpu" and num_workers == 0 and verbose is False
        return np.array([3.25], np.float32)


class FakeScoreq:
    """As scoreq.Scoreq: it reads a file."""

    def __init__(self, data_domain, mode):
        assert (data_domain, mode) == ("synthetic", "nr")

    def predict(self, test_path, ref_path=None):
        import soundfile

        assert ref_path is None and soundfile.info(test_path).samplerate == 16000
        return 4.5


def test_packages_that_predict_mos_are_called_as_they_publish_it(monkeypatch):
    mos_packages.load.cache_clear()
    for name, content, expected in (("utmosv2", {"create_model": lambda pretrained: FakeUtmos()}, 3.25),
                                    ("scoreq", {"Scoreq": FakeScoreq}, 4.5)):
        module = ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
        package = mos_packages.PACKAGES[name]
        monkeypatch.setitem(mos_packages.PACKAGES, name, replace(package, cached=lambda: Path(__file__)))
        metric = registry.metric(name)
        seen = metric.observing().observe([speak(MAN, 0.5)], "en")
        assert seen == [expected] and metric.score(PAIR, Seen(None, None, seen[0])) == Value(expected)
    mos_packages.load.cache_clear()


# what models learnt from


def test_every_metric_with_a_model_says_what_it_learnt_from():
    for name in registry.names():
        if registry.metric(name).observer.partition("@")[0] not in ("f0", "spectrum", "clock"):
            assert registry.metric(name).info.training, name


def test_a_model_that_learnt_from_the_evaluated_corpus_is_told_in_one_line():
    pairs = [replace(PAIR, source=Path("speech/RAVDESS/01/a.wav"), source_speaker="CREMA-D-1001")]
    names = ["emotion@emotion2vec", "voice-to-source", "cer", "emotion@acoustic", "gone@nowhere"]
    line, = registry.circular_warnings(names, pairs)
    assert "emotion@emotion2vec learnt from cremad and ravdess" in line
    assert registry.circular_warnings(["emotion@emotion2vec"], [PAIR]) == []
    assert registry.circular_warnings(["emotion@acoustic"], pairs) == [], "its training speakers are in no split dev"
    libri = [replace(PAIR, source=Path("LibriSpeech/dev-clean/1/a.flac"))]
    assert "voice-to-source" in registry.circular_warnings(["voice-to-source"], libri)[0]
