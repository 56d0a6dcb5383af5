"""Marks that are no words are no errors; a text without a word gets a sentence; noise has no words."""

from __future__ import annotations

import builtins

import pytest

from evaluation.instruments import recogniser
from evaluation.instruments.recogniser import is_no_speech, normalise
from evaluation.pair import PairsError, read_pairs
from evaluation.score_card import score_card
from evaluation.texts import simply_normalised, why_no_text
from pipelines.errors import ZestError


@pytest.mark.parametrize("text", [
    "Kids are talking by the door…", "Kids are talking by the door ...", "“Kids are talking by the door.”",
    "«Kids are talking by the door»", "„Kids are talking by the door“", "Kids – are talking — by the door!",
    "‹Kids› are talking by the door?!", "Kids are talk\u00ading by the door\u200b", "Kids are talking by\u00a0the door",
    "\ufeffKids are talking by the door", "KIDS ARE TALKING BY THE DOOR", "• Kids are talking by the door",
    "Kids™ are® talking by the door", "Kids are talking by the door\0", "Kids\x0bare talking\x9f by the door"])
def test_typographic_marks_are_no_errors(text):
    assert normalise(text) == normalise("Kids are talking by the door")


@pytest.mark.parametrize("mark", "’‘`´′＇")
def test_every_apostrophe_is_one(mark):
    assert normalise(f"Don{mark}t worry, it{mark}s fine") == normalise("Don't worry, it's fine")


@pytest.mark.parametrize(("language", "text", "plain"), [
    ("fr", "L’été, «oui»…", "L'été, oui"), ("de", "„Schön“ – sagt er …", "schön sagt er"), ("pl", "Nie — „tak”!", "nie tak"),
    ("de", "Scho\u0308n", "schön"), ("de", "STRASSE", "Straße"), ("fr", "œuvre", "oeuvre"), ("ru", "Ёлка!", "елка"),
    ("tr", "İstanbul", "istanbul"), ("tr", "IŞIK", "ışık"),
    ("ar", "مرحبًا، كيف حالك؟", "مرحبا كيف حالك"), ("he", "שָׁלוֹם, עולם!", "שלום עולם"),
    ("hi", "नमस्ते।", "नमस्ते"), ("th", "สวัสดี ครับ", "สวัสดีครับ"),
    ("ja", "「はい」、そうです…", "はいそうです"), ("zh", "你好，世界！", "你好世界")])
def test_other_languages_as_well(language, text, plain):
    assert normalise(text, language) == normalise(plain, language)


def test_vowels_that_are_marks_count():
    assert normalise("नमस्ते", "hi") != normalise("नमसत", "hi") and normalise("ดี", "th") != normalise("ดา", "th")


@pytest.mark.parametrize(("text", "plain"), [("cats & dogs", "cats and dogs"), ("50 %", "50 percent"), ("Donʻt", "don't")])
def test_signs_that_are_words_count_as_these(text, plain):
    assert normalise(text) == normalise(plain)


def test_without_whisper_texts_are_still_compared_by_their_words(monkeypatch):
    real = builtins.__import__

    def missing(name, *arguments, **named):
        if name.startswith("whisper"):
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    recogniser._normaliser.cache_clear()
    try:
        assert normalise("“Kids” aren’t talking…") == "kids arent talking" == simply_normalised("Kids aren't talking!")
    finally:
        recogniser._normaliser.cache_clear()


@pytest.mark.parametrize("text", ["…", "?!", "– —", "(laughs)", "[noise]", "“”"])
def test_a_text_without_a_word_gets_a_sentence(text, source_path, tmp_path):
    assert "has no word" in (why_no_text(text) or "")
    with pytest.raises(ZestError, match="has no word in it"):
        score_card(source_path, None, source_path, text)
    (tmp_path / "pairs.csv").write_text(f"source,reference,emotion,text\na.wav,b.wav,sad,{text}\n", encoding="utf-8")
    with pytest.raises(PairsError, match="has no word in it.*line 2"):
        read_pairs(tmp_path / "pairs.csv")


@pytest.mark.parametrize("text", ["", "  ", "3", "Ja", "你好", "(laughs) well"])
def test_other_texts_do_not(text):
    assert why_no_text(text) is None


def test_words_invented_over_noise_are_dropped_by_whispers_own_rule():
    assert is_no_speech(0.81, -1.9) and not is_no_speech(0.81, -0.4) and not is_no_speech(0.1, -1.9)


@pytest.mark.parametrize(("emotion", "words"), [
    ("banana", "no emotion 'banana'"), ("surprise", "did you mean 'surprised'"), ("Anger", "did you mean 'angry'")])
def test_an_unknown_emotion_is_refused_once(emotion, words, source_path):
    with pytest.raises(ZestError, match=words):
        score_card(source_path, None, source_path, emotion=emotion)
