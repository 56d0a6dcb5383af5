"""A score card whose numbers are known beforehand."""

from __future__ import annotations

from evaluation.score_card import EmotionScores, NaturalnessScores, ScoreCard, VoiceScores, WordScores


def emotion(before=0.39, after=0.54, target="angry", reference=None, judge="acoustic") -> EmotionScores:
    shares = [{"neutral": 1 - share, "angry": share} for share in (before, after)]
    return EmotionScores(judge, target, *shares, reference, 63.0, 70.0 if target else None, 345)


WORDS = WordScores(0.0, 0.0, "source", (), None, False, "whisper")
VOICE = VoiceScores("resemblyzer", 0.8, None, None, 0.55, {"mean": 0.69, "p5": 0.5, "p95": 0.8, "pairs": 9})
CARD = ScoreCard(WORDS, (emotion(),), VOICE, None, NaturalnessScores(3.7, None, 3.5, "distillmos"))
MISSING = "This needs the package whisper, which is not installed; run 'pip install openai-whisper' and try again."
