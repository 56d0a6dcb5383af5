"""What somebody wrote down, before it is compared: typographic marks are no words."""

from __future__ import annotations

import re
import unicodedata

APOSTROPHES = "’‘‛ʼʻʹ՚ꞌ`´′＇"
POINTS = re.compile(  # of Hebrew and Arabic, which may be left out
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]")
SPELLED = {"ß": "ss", "ẞ": "SS", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ё": "е", "Ё": "Е", "İ": "I"}  # two spellings
OWN_CAPITALS = {"tr": {"I": "ı"}, "az": {"I": "ı"}}  # by language, where a capital has another small letter than elsewhere
DROPPED = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff]")  # soft hyphens, marks of no width, of direction
PAUSES = re.compile(r"[…‥“”„‟«»‹›\"–—―‐‑|•·™℠®©\x00-\x1f\x7f-\x9f]+|\.{2,}|(?<=\w)--+(?=\w)")
BRACKETED = re.compile(r"\[[^\]]*\]|<[^>]*>|\([^)]*\)")  # what Whisper's normaliser takes for a remark


def plain_marks(text: str, language: str = "en") -> str:
    """A text with the apostrophe of a keyboard, and blanks where marks stand that are no words, also what no keyboard writes."""
    text = text.translate(str.maketrans(OWN_CAPITALS.get(language, {})))
    text = DROPPED.sub("", unicodedata.normalize("NFC", text))
    text = re.sub(f"[{APOSTROPHES}]", "'", POINTS.sub("", text))
    text = re.sub(r"(?<=\d)\s+%", "%", text).translate(str.maketrans(SPELLED))
    return PAUSES.sub(" ", text)


def only_words(text: str) -> str:
    """A normalised text without what holds no letter and no digit."""
    return " ".join(word for word in text.split() if any(letter.isalnum() for letter in word))


def simply_normalised(text: str) -> str:
    """Lower case, letters and digits only: where Whisper's own normaliser is not installed."""
    kept = (letter if letter.isalnum() or unicodedata.category(letter).startswith("M") or letter == "'" else " "
            for letter in unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(kept).replace("'", "").split())


def has_marks(text: str) -> bool:
    """Whether letters have marks that are no letters of their own, such as the vowels of Hindi and Thai."""
    return any(unicodedata.category(letter).startswith("M") for letter in unicodedata.normalize("NFKC", text))


def letters_apart(text: str) -> str:
    """A normalised text with a blank between all letters, each with its marks."""
    letters: list[str] = []
    for letter in text.replace(" ", ""):
        if letters and unicodedata.category(letter).startswith("M"):
            letters[-1] += letter
        else:
            letters.append(letter)
    return " ".join(letters)


def has_words(text: str) -> bool:
    """Is there a letter or a digit outside of brackets?"""
    return any(letter.isalnum() for letter in BRACKETED.sub(" ", text))


def why_no_text(text: str) -> str | None:
    """Why a text cannot stand for what is said, as a sentence; None where it can, or where there is none."""
    if not text.strip() or has_words(text):
        return None
    return f"The text '{text.strip()[:40]}' has no word in it; write what the source says, or leave the text out."
