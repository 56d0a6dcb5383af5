"""Emotion labels: the five emotions of the paper, and the three ways in which speech says that it has none of them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from pipelines.errors import ZestError

NEUTRAL = "neutral"
EMOTIONS = (NEUTRAL, "angry", "happy", "sad", "surprised")  # the order of classifiers' outputs and of stored presets

UNLABELLED = "unlabelled"  # emotion in a manifest's row whose corpus has no labels
WITHOUT_LABEL = ("", UNLABELLED)  # emotion in a list of pairs, where the field may also be empty
OUTSIDE_EMOTIONS = -1  # index of a training example: unlabelled, or with an emotion that is none of the five

# Labels of the field's corpora beside the five: no classifier here knows them, but they are no slip of the pen.
OTHER_EMOTIONS = ("calm", "fearful", "disgusted", "bored", "contemptuous", "excited", "frustrated", "amused", "sleepy", "anxious",
                  "confused", "proud", "concerned", "apologetic", "encouraging", "assertive")
MEANT = {"anger": "angry", "happiness": "happy", "joy": "happy", "joyful": "happy", "sadness": "sad", "surprise": "surprised",
         "fear": "fearful", "disgust": "disgusted", "boredom": "bored", "contempt": "contemptuous", "normal": NEUTRAL,
         "none": UNLABELLED, "unknown": UNLABELLED, "other": UNLABELLED}
LANGUAGES = {"english": "en", "german": "de", "deutsch": "de", "french": "fr", "spanish": "es", "italian": "it", "dutch": "nl",
             "polish": "pl", "portuguese": "pt", "russian": "ru", "turkish": "tr", "japanese": "ja", "korean": "ko",
             "chinese": "zh", "mandarin": "zh"}  # as some corpora name them


class LabelError(ZestError):
    """An emotion that no label stands for."""


def folded(label: str) -> str:
    """A label as it is compared: without blanks around it, in lower case, in letters of plain width."""
    return unicodedata.normalize("NFKC", label).strip().casefold()


def language_code(given: str) -> str:
    """A language's two letters, in lower case: 'en' of 'EN', 'en-US' or 'English'. What is none of these stays as it is."""
    plain = folded(given)
    return LANGUAGES.get(plain, re.split("[-_]", plain)[0] or plain)


def known_label(label: str) -> str:
    """An emotion's label in lower case; '' where none is given.

    Raises:
        LabelError: it is none that is known.
    """
    reason = why_unknown([label])
    if reason:
        raise LabelError(reason)
    return folded(label)


def why_unknown(labels: Iterable[str]) -> str | None:
    """Why the first of some labels that is unknown cannot be used, as a sentence; None where all are known."""
    known = (*EMOTIONS, *OTHER_EMOTIONS)
    wrong = next((label for label in labels if folded(label) not in (*known, *WITHOUT_LABEL)), None)
    if wrong is None:
        return None
    close = MEANT.get(folded(wrong)) or next(iter(difflib.get_close_matches(folded(wrong), known, 1)), None)
    hint = f"did you mean '{close}'?" if close else (
        f"use {', '.join(EMOTIONS[:-1])} or {EMOTIONS[-1]}, or '{UNLABELLED}' where it is none that is known.")
    return f"There is no emotion '{' '.join(wrong.split())[:60]}'; {hint}"  # on one line, whatever was given
