"""Words kept? Transcripts against the text, or against the transcript of the source where nobody wrote the text down."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from evaluation.instruments.recogniser import MODEL, is_looping, normalise
from evaluation.metrics.base import MetricInfo, Seen, Value
from evaluation.metrics.observers import transcript_models
from evaluation.metrics.scores import percent
from evaluation.pair import Pair

SOURCE = "Levenshtein (1966); Radford et al., Whisper (arXiv 2212.04356)"


@dataclass(frozen=True)
class Transcribed:
    """What metrics share that read transcripts. size: of Whisper."""

    size: str = MODEL
    base = ""
    question = ""
    better = "lower"
    high = float("inf")
    unit = "%"
    source = SOURCE

    @property
    def observer(self) -> str:
        return f"transcript@{self.size}"

    @property
    def info(self) -> MetricInfo:
        name = self.base if self.size == MODEL else f"{self.base}@{self.size}"
        return MetricInfo(name, self.question, self.better, 0.0, self.high, self.unit, self.source, transcript_models(self.size))


@dataclass(frozen=True)
class _Words(Transcribed):
    """What the metrics of this file share."""

    def score(self, pair: Pair, seen: Seen) -> Value | None:
        """None where there is no text and nothing was heard in the source."""
        if seen.converted is None:
            return None
        wanted = _wanted(pair, seen)
        return self.compare(wanted, normalise(seen.converted["text"], pair.language), pair.language) if wanted else None

    def failed(self, pair: Pair) -> Value | None:
        """As if nothing had been heard; None where the pair has no text, since its length is then unknown."""
        wanted = normalise(pair.text, pair.language)
        return self.compare(wanted, "", pair.language) if wanted else None

    def compare(self, wanted: str, heard: str, language: str) -> Value | None:
        """Both normalised."""
        raise NotImplementedError


@dataclass(frozen=True)
class Cer(_Words):
    """Character error rate: edits over characters, summed over the set."""

    base = "cer"
    question = "Which share of the characters is heard wrongly?"

    def compare(self, wanted: str, heard: str, language: str) -> Value:
        edits, count = character_edits(wanted, heard)
        return Value(100 * edits / count, count)


@dataclass(frozen=True)
class CappedCer(_Words):
    """CER in which no clip counts more than all of its characters, so that one looping transcript cannot decide a set."""

    base = "cer-capped"
    question = "The same, with no clip counting more than all its characters: what remains when Whisper loops?"
    high = 100.0

    def compare(self, wanted: str, heard: str, language: str) -> Value:
        edits, count = character_edits(wanted, heard)
        return Value(100 * min(edits, count) / count, count)


@dataclass(frozen=True)
class Wer(_Words):
    """Word error rate: edits over words, summed over the set; letters where a script has no spaces."""

    base = "wer"
    question = "Which share of the words is heard wrongly?"

    def compare(self, wanted: str, heard: str, language: str) -> Value:
        edits, count = _word_edits(wanted, heard)
        return Value(100 * edits / count, count)


@dataclass(frozen=True)
class Empty(_Words):
    """Share of conversions in which no word is heard."""

    base = "empty"
    question = "In how many conversions is no word heard at all?"
    high = 100.0

    def compare(self, wanted: str, heard: str, language: str) -> Value:
        return percent(not any(character.isalnum() for character in heard))


@dataclass(frozen=True)
class Looping(_Words):
    """Share of conversions whose transcript is more than twice as long as the text: the recogniser repeats itself."""

    base = "looping"
    question = "In how many conversions does the recogniser run on, more than twice the text's length?"
    high = 100.0

    def compare(self, wanted: str, heard: str, language: str) -> Value:
        return percent(is_looping(wanted, heard))

    def failed(self, pair: Pair) -> Value | None:
        """A failure does not loop: it is counted by `cer` and `empty`."""
        return None


def spoken(pair: Pair, transcript: dict | None) -> str:
    """Normalised characters of a transcript, without spaces."""
    text = normalise(transcript["text"], pair.language) if transcript else ""
    return "".join(text.split())


@lru_cache(maxsize=64)
def character_edits(wanted: str, heard: str) -> tuple[int, int]:
    """(edits, characters of `wanted`), by jiwer; cached, because three metrics ask for the same pair in turn."""
    import jiwer

    found = jiwer.process_characters(wanted, heard)
    return found.substitutions + found.insertions + found.deletions, found.hits + found.substitutions + found.deletions


def _word_edits(wanted: str, heard: str) -> tuple[int, int]:
    import jiwer

    found = jiwer.process_words(wanted, heard)
    return found.substitutions + found.insertions + found.deletions, found.hits + found.substitutions + found.deletions


def _wanted(pair: Pair, seen: Seen) -> str:
    text = pair.text or (seen.source["text"] if seen.source else "")
    return normalise(text, pair.language)
