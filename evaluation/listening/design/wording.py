"""Every text that a listener sees, in the languages of the folder languages/, a file each. A study keeps those it was made with.

Text in braces is filled in and must stay in a translation.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from evaluation.listening.errors import StudyError

LANGUAGES = {"en": "English", "de": "Deutsch", "pl": "Polski", "es": "Español", "zh": "中文", "ar": "العربية"}
TRANSLATIONS, FURTHER = "translations", "emotions"  # keys of a study's wording, and of a language's file only
YOUNGER = ("page", "refusals", "recruitment")  # groups of texts that grow with the page
CODE = re.compile(r"[a-z]{2,3}")
_FILLED = re.compile(r"\{\w*\}")


@lru_cache(maxsize=len(LANGUAGES))
def wording_in(language: str) -> Mapping[str, Any]:
    """All texts in one of LANGUAGES. Raises StudyError: the project has none in that language."""
    if language not in LANGUAGES:
        raise StudyError(f"There are no texts in the language '{language}'; choose from {', '.join(LANGUAGES)}, or translate "
                         "those that zest study texts writes.")
    file = files("evaluation.listening.design") / "languages" / f"{language}.json"
    return json.loads(file.read_text(encoding="utf-8"))


ENGLISH = wording_in("en")
NO_SUCH_STUDY: str = ENGLISH["refusals"]["nowhere"]


def sentence(wording: Mapping[str, Any], reason: str, **values: object) -> str:
    """What a listener is told when something is refused; `reason` is a key of "refusals"."""
    return wording["refusals"][reason].format(**values)


def language_for(accepted: str, offered: Sequence[str]) -> str:
    """The one of the offered languages that a browser likes best, the first where it likes none.

    Args:
        accepted: as in the header Accept-Language (RFC 9110, 12.5.4), such as 'de-AT,de;q=0.9,en;q=0.5'.
        offered: codes of languages, at least one.
    """
    liked = [(_weight(part), -place, part.split(";")[0].strip().split("-")[0].lower())
             for place, part in enumerate(accepted.split(","))]
    return next((code for weight, _, code in sorted(liked, reverse=True) if weight > 0 and code in offered), offered[0])


def wording_of_study(languages: Sequence[str], own: Sequence[Mapping[str, Any]], questions: Iterable[str],
                     emotions: Iterable[str]) -> dict[str, Any]:
    """The texts that a study keeps: those of its first language, and under TRANSLATIONS those of the others by their codes.

    Args:
        languages: codes. own: texts of a study's own, each a part or all of a language's, under 'language' its code. A language
            that is in no list comes last. questions: names. emotions: what may be chosen.
    Raises:
        StudyError: no language, texts without a language, a text that is absent, or one that fills in something else.
    """
    named = [*dict.fromkeys([*languages, *(_code(texts) for texts in own)])]
    if not named:
        raise StudyError("A study needs at least one language; name one, such as en.")
    changes = {_code(texts): texts for texts in own}
    for code in named:
        if code not in changes:
            wording_in(code)
    complete = [_complete(code, changes.get(code, {}), set(questions), tuple(emotions)) for code in named]
    return {**complete[0], TRANSLATIONS: dict(zip(named[1:], complete[1:], strict=True))} if complete[1:] else complete[0]


def read_texts(text: str | Path) -> dict[str, Any]:
    """Texts of a study's own: JSON as zest study texts writes it, of which everything but "language" may be left out.

    Args:
        text: the JSON itself, or the path of a file with it.
    Raises:
        StudyError: it cannot be read, or is no such JSON.
    """
    name = str(text) if isinstance(text, Path) else "The field with texts"
    try:
        found = json.loads(text.read_text(encoding="utf-8-sig") if isinstance(text, Path) else text)
    except OSError as error:
        raise StudyError(f"{name} cannot be read: {error.strerror or error}; zest study texts writes such a file.") from error
    except ValueError as error:
        raise StudyError(f"{name} is no JSON; zest study texts writes a file to change.") from error
    if not isinstance(found, dict):
        raise StudyError(f"{name} holds no texts by their names; zest study texts writes a file to change.")
    _code(found)
    return found


def with_todays_texts(wording: Mapping[str, Any]) -> dict[str, Any]:
    """The wording of a frozen study, and today's texts of the page in its language, or in English, that are younger.

    What is asked, and what can be answered, is never filled in: that is what listeners judged by.
    """
    complete = dict(wording)
    today = wording_in(complete["language"]) if complete.get("language") in LANGUAGES else ENGLISH
    for part in YOUNGER:
        if isinstance(complete.get(part, {}), Mapping):
            complete[part] = {**today[part], **complete.get(part, {})}
    if isinstance(complete.get(TRANSLATIONS), Mapping):
        complete[TRANSLATIONS] = {code: with_todays_texts(texts) for code, texts in complete[TRANSLATIONS].items()}
    return complete


def texts_of(questions: Iterable[str]) -> dict[str, Any]:
    """The English texts that a study of these questions needs: a wording may lack those of others."""
    asked = set(questions)
    needed = {name: texts for name, texts in ENGLISH.items() if name != FURTHER}
    return {**needed, "questions": {name: texts for name, texts in ENGLISH["questions"].items() if name in asked}}


def missing_texts(wording: Mapping[str, Any], pattern: Mapping[str, Any] = ENGLISH) -> list[str]:
    """Texts that a translation lacks, as 'questions/naturalness/prompt'. Options of an answer may be more, never fewer."""
    return [path for path, _, given in _beside(wording, pattern) if not isinstance(given, str) or not given]


def _complete(code: str, own: Mapping[str, Any], asked: set[str], emotions: Sequence[str]) -> dict[str, Any]:
    """One language whole: the project's texts where it has them, with the study's own in their places."""
    whole = _merged(wording_in(code) if code in LANGUAGES else {}, own)
    pattern = texts_of(asked)
    lacking = missing_texts(whole, pattern)
    if lacking:
        raise StudyError(f"The texts in the language '{code}' have none for {lacking[0]}; translate every text that "
                         "zest study texts writes.")
    for path, english, given in _beside(whole, pattern):
        if sorted(_FILLED.findall(english)) != sorted(_FILLED.findall(str(given))):
            filled = ", ".join(_FILLED.findall(english)) or "nothing"
            raise StudyError(f"The text {path} in the language '{code}' fills in other words than the English one; it must have "
                             f"{filled} in braces, as there.")
    named = whole.pop(FURTHER, {})
    further = named if isinstance(named, Mapping) else {}
    if "emotion-choice" in whole["questions"]:
        options = whole["questions"]["emotion-choice"]["options"]
        options |= {name: further.get(name, name.capitalize()) for name in emotions if name not in options}
    return whole


def _merged(texts: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The texts with those of `own` in their places; a text in the place of a group, or the reverse, is found to be missing."""
    merged = copy.deepcopy(dict(texts))
    for key, value in own.items():
        before = merged.get(key, {})
        merged[key] = _merged(before if isinstance(before, Mapping) else {}, value) if isinstance(value, Mapping) else value
    return merged


def _beside(wording: Mapping[str, Any], pattern: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str, Any]]:
    """(path, English text, text) of each text; a group that is absent is one text without a value."""
    for key, value in pattern.items():
        here, given = f"{path}/{key}" if path else key, wording.get(key)
        if isinstance(value, Mapping) and isinstance(given, Mapping):
            yield from _beside(given, value, here)
        else:
            yield here, "" if isinstance(value, Mapping) else value, None if isinstance(value, Mapping) else given


def _code(texts: Mapping[str, Any]) -> str:
    code = texts.get("language")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise StudyError("These texts do not say their language; add \"language\" with its code, such as \"fr\".")
    return code


def _weight(part: str) -> float:
    """q of one language in the header, 1 where it has none, 0 where that is no number."""
    found = re.search(r";\s*q=([0-9.]+)", part)
    try:
        return float(found[1]) if found else 1.0
    except ValueError:
        return 0.0
