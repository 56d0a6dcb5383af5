"""Emotion labels: the five emotions of the paper, and the three ways in which speech says that it has none of them."""

from __future__ import annotations

NEUTRAL = "neutral"
EMOTIONS = (NEUTRAL, "angry", "happy", "sad", "surprised")  # the order of classifiers' outputs and of stored presets

UNLABELLED = "unlabelled"  # emotion in a manifest's row whose corpus has no labels
WITHOUT_LABEL = ("", UNLABELLED)  # emotion in a list of pairs, where the field may also be empty
OUTSIDE_EMOTIONS = -1  # index of a training example: unlabelled, or with an emotion that is none of the five
