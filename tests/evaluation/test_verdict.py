"""The verdict of a score card: one line that says what moved, what stayed and what was not checked, and names its ceilings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluation.score_card import EmotionScores, NaturalnessScores, ScoreCard, target_mix
from evaluation.verdict import GOOD, MIXED, UNKNOWN, verdict
from pipelines.labels import LabelError
from tests.support.score_cards import CARD, MISSING, VOICE, WORDS, emotion
from workbench.score_card.card import card_html, verdict_html
from workbench.score_card.text import verdict_text


def said(**changes) -> str:
    return verdict(replace(CARD, **changes)).sentence


def test_a_card_is_one_line_and_what_is_missing_says_how_to_get_it():
    assert said() == "Sounds angrier: 39 to 54 %. Same voice. Words kept."
    assert said(words=None, not_measured={"words": MISSING}) == (
        "Sounds angrier: 39 to 54 %. Same voice. Words not checked: whisper is not installed; "
        "install it with 'pip install openai-whisper'.")
    assert said(words=None, not_measured={"words": "The model broke."}).endswith("Words not checked: the model broke.")


@pytest.mark.parametrize(("one", "sentence"), [
    (emotion(0.4, 0.42), "Does not sound angrier: 40 to 42 %."), (emotion(0.5, 0.2), "Sounds less angry: 50 to 20 %."),
    (emotion(0.95, 0.96), "Sounded angry before already: 95 to 96 %."),
    (emotion(0.1, 0.9, ""), "Sounds neutral before and angry after."),
    (emotion(0.1, 0.4, "", {"neutral": 0.2, "angry": 0.8}),
     "Sounds angrier: 10 to 40 %, the emotion that the judge recognises in the reference."),
    (emotion(0.1, 0.4, "calm"), "Sounds neutral before and neutral after.")])
def test_the_emotion_is_the_target_s_or_what_is_heard_in_the_reference(one, sentence):
    assert said(emotions=(one,)).startswith(f"{sentence} Same voice.")


def test_a_mix_is_told_by_each_of_its_emotions():
    shares = [{"neutral": 0.5, "angry": 0.3, "sad": 0.2}, {"neutral": 0.2, "angry": 0.5, "sad": 0.3}]
    one = EmotionScores("acoustic", "", *shares, None, 63.0, None, 345, {"angry": 0.6, "sad": 0.4})
    card = replace(CARD, emotions=(one, one))
    assert verdict(card).sentence.startswith("Sounds more like its mix: angry 30 to 50 %, sad 20 to 30 %. Same voice.")
    assert verdict(card).ceilings[0] == "2 of 2 judges recognise the change." and "angry (0.6 of the target)" in card_html(card)
    back = replace(one, before=one.after, after=one.before)
    assert said(emotions=(back,)).startswith("Does not sound more like its mix: angry 50 to 30 %, sad 30 to 20 %.")
    assert target_mix("angry:0.6,sad:0.4") == {"angry": 0.6, "sad": 0.4} and target_mix("angry") == target_mix("") == {}
    with pytest.raises(LabelError, match="banana"):
        target_mix("angry:0.6,banana:0.4")


def test_without_a_judge_the_emotion_is_not_checked():
    assert said(emotions=(), not_measured={"emotion@acoustic": "No judge."}).startswith("Emotion not checked: no judge.")


@pytest.mark.parametrize(("voice", "sentence"), [
    (replace(VOICE, to_source=0.4), "Another voice: cosine 0.40 to the source, where 0.55 counts as the same."),
    (replace(VOICE, threshold=None), "Voice: cosine 0.80 to the source."),
    (replace(VOICE, to_source=0.6, to_reference=0.7, source_to_reference=0.3),
     "The reference's voice: cosine 0.70 to it, 0.60 to the source."),
    (replace(VOICE, to_source=0.6, to_reference=0.7, source_to_reference=0.8), "Same voice.")])  # one speaker's two recordings
def test_the_voice_is_held_against_the_verifier_s_threshold_and_the_reference(voice, sentence):
    assert f" {sentence} Words" in said(voice=voice)


@pytest.mark.parametrize(("words", "sentence"), [
    (replace(WORDS, cer=6.2), "Most words kept: 6 % of the letters differ from what is recognised in the source."),
    (replace(WORDS, cer=27.0, against="text", source_cer=1.0),
     "Words lost: 27 % of the letters differ from the text, 1 % in the source itself."),
    (replace(WORDS, looping=True), "Words not checked: the recogniser repeats itself.")])
def test_words_are_kept_mostly_kept_or_lost(words, sentence):
    assert said(words=words).endswith(sentence)


def test_a_loss_of_naturalness_is_told_and_nothing_else():
    worse = NaturalnessScores(3.7, None, 3.0, "distillmos")
    assert said(naturalness=worse).endswith("Less natural: predicted MOS 3.0, the source has 3.7.")


def test_the_tone_is_good_only_where_all_that_was_checked_is_as_it_should_be():
    cards = [replace(CARD, words=None), replace(CARD, voice=replace(VOICE, to_source=0.1)),
             replace(CARD, words=replace(WORDS, cer=50.0)), replace(CARD, emotions=(emotion(0.4, 0.1),)), ScoreCard()]
    tones = [verdict(one).tone for one in (CARD, *cards)]
    assert tones == [GOOD, GOOD, MIXED, MIXED, MIXED, UNKNOWN]


def test_ceilings_are_named_for_what_they_are():
    judges = (emotion(), emotion(0.5, 0.4, judge="whisper"), emotion(0.1, 0.9, judge="egemaps"))
    ceilings = verdict(replace(CARD, emotions=judges, words=replace(WORDS, source_cer=1.0))).ceilings
    assert ceilings == (
        "2 of 3 judges recognise the change.", "Ceiling of the judge: it recognises 70 % of natural angry speech.",
        "Ceiling of the voice: one speaker in two emotions has a cosine of 0.69; this conversion has 0.80.",
        "Ceiling of the words: the recogniser gets 1 % of the source's letters wrong.",
        "Ceiling of naturalness: the source's predicted MOS is 3.7.")


def test_a_text_that_the_source_does_not_say_is_doubted():
    ceilings = verdict(replace(CARD, words=replace(WORDS, source_cer=509.1, looping=True))).ceilings
    assert any(one.endswith("509 % of the source's letters wrong; check the text and the language.") for one in ceilings)


def test_page_and_terminal_say_the_same_and_escape_what_came_from_elsewhere():
    card = replace(CARD, words=None, not_measured={"words": "<b>no</b>"})
    assert "Sounds angrier: 39 to 54 %." in verdict_html(card) and "<b>no" not in verdict_html(card)
    assert verdict_text(card).splitlines()[0] == verdict(card).sentence
