"""Words kept? Transcripts against the text, or against the transcript of the source where nobody wrote the text down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from evaluation.instruments.needs import version
from evaluation.instruments.recogniser import MODEL, is_looping, normalise
from evaluation.instruments.recogniser_weights import SIZES
from evaluation.instruments.training_data import WHISPER
from evaluation.metrics.base import Metric, Observer, Seen, Value, percent
from evaluation.metrics.subjects import CHARACTER_ERRORS, WORDS
from evaluation.pair import Pair
from pipelines.features.audio import SAMPLE_RATE

SPEECH_DB = 40.0  # what is so much below the loudest frame, at the ends of a clip, is not speech


@dataclass(frozen=True)
class TranscriptObserver(Observer):
    """Words, by Whisper of the size `model`: {"text", "seconds"}; seconds from the first to the last speech."""

    kind = "transcript"
    task = "Transcribing the words (Whisper {model})"
    per_language = True

    @property
    def key(self) -> str:
        from evaluation.instruments.recogniser_weights import digest

        return f"whisper-{self.model}-{digest(self.model)}-greedy-thinned"

    def unavailable(self) -> str | None:
        from evaluation.instruments.recogniser_weights import unavailable

        return unavailable(self.model)

    def observations(self, clips: Sequence[np.ndarray], language: str) -> list[Any]:
        from evaluation.instruments.recogniser import transcribe

        texts = transcribe(clips, language, self.model)
        return [{"text": text, "seconds": speech_seconds(clip)} for text, clip in zip(texts, clips, strict=True)]


@dataclass(frozen=True)
class TranscriptMetric(Metric):
    """What metrics share that read transcripts."""

    unit = "%"
    source = "Levenshtein (1966); Radford et al., Whisper (arXiv 2212.04356)"
    observed_by = TranscriptObserver
    training = WHISPER

    @classmethod
    def models(cls) -> tuple[str, ...]:
        return (MODEL, *(size for size in SIZES if size != MODEL))

    def described_sharing(self) -> str:
        return "the converter's HuBERT holds encoder blocks of this recogniser" if self.model == MODEL else ""

    def described_models(self) -> str:
        return f"openai-whisper {version('openai-whisper')}, size {self.model}; jiwer {version('jiwer')}"


@dataclass(frozen=True)
class WordsMetric(TranscriptMetric):
    """What the metrics of this file share."""

    subject = WORDS

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where there is no text and the source's transcript is empty."""
        if seen.converted is None:
            return None
        target = normalise(pair.text or (seen.source["text"] if seen.source else ""), pair.language)
        return self.compare(target, normalise(seen.converted["text"], pair.language)) if target else None

    def failed(self, pair: Pair) -> Value | None:
        """As if no word had been recognised; None where the pair has no text, since its length is then unknown."""
        target = normalise(pair.text, pair.language)
        return self.compare(target, "") if target else None

    def compare(self, target: str, recognised: str) -> Value | None:
        """Both normalised; `target` is not empty."""
        raise NotImplementedError


@lru_cache(maxsize=64)
def character_edits(target: str, recognised: str) -> tuple[int, int]:
    """(edits, characters of `target`), by jiwer; cached, because three metrics ask for the same pair in turn."""
    import jiwer

    found = jiwer.process_characters(target, recognised)
    return found.substitutions + found.insertions + found.deletions, found.hits + found.substitutions + found.deletions


def word_edits(target: str, recognised: str) -> tuple[int, int]:
    """(edits, words of `target`), by jiwer."""
    import jiwer

    found = jiwer.process_words(target, recognised)
    return found.substitutions + found.insertions + found.deletions, found.hits + found.substitutions + found.deletions


@dataclass(frozen=True)
class Cer(WordsMetric):
    """Edits over characters, summed over the set. It can exceed 100 % when the recogniser loops. A failed conversion has all
    characters wrong."""

    base = "cer"
    question = "Which share of the characters is recognised wrongly?"
    role = CHARACTER_ERRORS
    edits: ClassVar[Callable[[str, str], tuple[int, int]]] = staticmethod(character_edits)

    def compare(self, target: str, recognised: str) -> Value:
        edits, count = self.edits(target, recognised)
        return Value(100 * edits / count, count)


@dataclass(frozen=True)
class CappedCer(WordsMetric):
    """The same with no clip counting more than all of its characters: what `cer` would be if a looping transcript were merely
    wrong. Where the two differ, look at `looping`."""

    base = "cer-capped"
    question = "The same, with no clip counting more than all its characters: what remains when Whisper loops?"
    high = 100.0

    def compare(self, target: str, recognised: str) -> Value:
        edits, count = character_edits(target, recognised)
        return Value(100 * min(edits, count) / count, count)


@dataclass(frozen=True)
class Wer(Cer):
    """Edits over words, summed over the set."""

    base = "wer"
    question = "Which share of the words is recognised wrongly?"
    role = None
    edits = staticmethod(word_edits)


@dataclass(frozen=True)
class Empty(WordsMetric):
    """Share of conversions with an empty transcript."""

    base = "empty"
    question = "In how many conversions is no word recognised at all?"
    high = 100.0
    accident = True

    def compare(self, target: str, recognised: str) -> Value:
        return percent(not any(character.isalnum() for character in recognised))


@dataclass(frozen=True)
class Looping(WordsMetric):
    """Share of transcripts more than twice as long as the text. A failed conversion does not loop and is not counted."""

    base = "looping"
    question = "In how many conversions does the recogniser run on, more than twice the text's length?"
    high = 100.0
    accident = True

    def compare(self, target: str, recognised: str) -> Value:
        return percent(is_looping(target, recognised))

    def failed(self, pair: Pair) -> Value | None:
        """None: a failure is counted by `cer` and `empty`."""
        return None


def speech_seconds(clip: np.ndarray) -> float:
    """From the first to the last frame within 40 dB of the loudest, s; (n,) at 16 kHz."""
    import librosa

    _, (start, end) = librosa.effects.trim(clip, top_db=SPEECH_DB, frame_length=400, hop_length=160)
    return round(float(end - start) / SAMPLE_RATE, 4)


METRICS = (Cer, CappedCer, Wer, Empty, Looping)
