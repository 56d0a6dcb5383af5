"""One conversion scored at once: what the judges hear in source, reference and converted, each beside its natural mark.

The numbers are those of evaluation/metrics, by the same observers; only the natural marks come from elsewhere
(evaluation/natural_reference/stored.py), because one conversion brings no labelled natural speech of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.instruments.recogniser import normalise
from evaluation.judges.mini import JUDGES
from evaluation.metrics import f0 as melody
from evaluation.metrics import naturalness, voice, words
from evaluation.metrics.base import Seen, Value
from evaluation.metrics.observations import Observations
from evaluation.natural_reference.stored import StoredReference, stored_reference
from evaluation.pair import Pair
from pipelines.errors import ZestError
from pipelines.features.audio import load
from pipelines.features.pitch import F0Statistics, statistics
from pipelines.hooks import Event, Hook, silent

WORDS, VOICE, MELODY, NATURALNESS = "words", "voice", "melody", "naturalness"
SUBJECTS = (WORDS, *(f"emotion@{judge}" for judge in JUDGES), VOICE, MELODY, NATURALNESS)
TEXT, SOURCE = "text", "source"  # what the words are held against


@dataclass(frozen=True)
class Change:
    """A stretch of words. kind: 'equal', 'substitute', 'insert' or 'delete'; wanted, heard: '' where there is none."""

    kind: str
    wanted: str
    heard: str


@dataclass(frozen=True)
class Words:
    """Words kept? cer, wer: %. against: 'text', or 'source' where the transcript of the source stands in for it.
    changes: from the wanted to the heard words, normalised. source_cer: the natural source's own CER against the text,
    None without a text. looping: the recogniser repeats itself."""

    cer: float
    wer: float
    against: str
    changes: tuple[Change, ...]
    source_cer: float | None
    looping: bool
    model: str


@dataclass(frozen=True)
class Emotion:
    """Emotion moved? before, after, reference: posteriors of source, converted and reference (None without one).

    wanted: the wanted emotion, '' where nobody said. natural_accuracy: what this judge hears right of natural speech, %,
    mean over emotions, of natural_clips; natural_wanted: the same of the wanted emotion only; None where not known.
    """

    judge: str
    wanted: str
    before: Mapping[str, float]
    after: Mapping[str, float]
    reference: Mapping[str, float] | None
    natural_accuracy: float | None
    natural_wanted: float | None
    natural_clips: int


@dataclass(frozen=True)
class Voice:
    """Voice kept or leaked? Cosines of speaker embeddings.

    to_source: kept. to_reference: leaked. source_to_reference: how alike the two are anyway; both None without a reference.
    threshold: below it a verifier says 'another speaker' (equal errors on natural pairs). cross_emotion: natural recordings
    of one speaker in two emotions: mean, p5, p95, pairs. None where not known for this embedding.
    """

    model: str
    to_source: float
    to_reference: float | None
    source_to_reference: float | None
    threshold: float | None
    cross_emotion: Mapping[str, float] | None


@dataclass(frozen=True)
class Melody:
    """Melody moved? F0 of each recording, None where nothing is voiced (or without a reference).

    mean_error, range_error: converted against the reference, semitones; None without one. mean_shift: against the source.
    """

    source: F0Statistics | None
    reference: F0Statistics | None
    converted: F0Statistics | None
    mean_shift: float | None
    mean_error: float | None
    range_error: float | None


@dataclass(frozen=True)
class Naturalness:
    """Natural? Predicted MOS (DistillMOS), not listeners'. The natural source's is the ceiling."""

    source: float
    reference: float | None
    converted: float
    model: str


@dataclass(frozen=True)
class ScoreCard:
    """What is known of one conversion; a subject that could not be measured is None (or missing from emotions), and
    `not_measured` says why, by subject of SUBJECTS. marks_from: on which speech the stored marks were measured, '' if unknown."""

    words: Words | None = None
    emotions: tuple[Emotion, ...] = ()
    voice: Voice | None = None
    melody: Melody | None = None
    naturalness: Naturalness | None = None
    not_measured: Mapping[str, str] = field(default_factory=dict)
    marks_from: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True)
class _Clips:
    """The recordings of one card, and what was heard in them."""

    pair: Pair
    reference: Path | None
    converted: Path
    heard: Observations
    marks: StoredReference

    def seen(self, observer: str) -> Seen:
        """Listen, if need be. Raises ZestError where the observer cannot."""
        paths = [self.pair.source, self.converted, *([self.reference] if self.reference else [])]
        self.heard.observe(observer, paths, self.pair.language)
        get = partial(self.heard.get, observer, language=self.pair.language)
        seen = Seen(get(self.pair.source), get(self.reference), get(self.converted))
        if seen.source is None or seen.converted is None:
            raise ZestError("The model found nothing in this recording that it could measure.")
        return seen

    def key(self, observer: str) -> str:
        return self.heard.observers[observer].key


def score_card(source: Path | str, reference: Path | str | None, converted: Path | str, text: str = "", emotion: str = "",
               language: str = "en", heard: Observations | None = None, marks: StoredReference | None = None,
               hook: Hook = silent) -> ScoreCard:
    """Score one conversion; takes seconds, and the models are loaded with the first one.

    Args:
        source, reference, converted: recordings; no reference where the emotion was a preset.
        text: what the source says, '' where nobody wrote it down. emotion: the wanted one, '' where unknown.
        language: two letters.
        heard: observations to use and to add to; forgotten afterwards if None.
        marks: of natural speech; the stored ones if None.
        hook: gets 'progress' events of each of SUBJECTS, value (done before it, of how many), and of 'done' at the end.
    Raises:
        AudioError: a recording cannot be read. What a missing model would have measured stands in `not_measured` instead.
    """
    paths = [Path(path) for path in (source, reference, converted) if path is not None]
    for path in paths:
        load(path)
    other = None if reference is None else Path(reference)
    pair = Pair("card", paths[0], other or paths[0], emotion, text=text.strip(), language=language.strip() or "en")
    clips = _Clips(pair, other, Path(converted), heard or Observations(), marks or stored_reference())
    found, missing = {}, {}
    for index, subject in enumerate(SUBJECTS):
        hook(Event("progress", subject, value=(index, len(SUBJECTS))))
        found[subject] = _measured(_MEASURES[subject], clips, subject, missing)
    hook(Event("progress", "done", value=(len(SUBJECTS), len(SUBJECTS))))
    emotions = tuple(one for judge in JUDGES if (one := found[f"emotion@{judge}"]) is not None)
    return ScoreCard(found[WORDS], emotions, found[VOICE], found[MELODY], found[NATURALNESS], missing, clips.marks.about)


def _measured(measure: Callable[[_Clips], Any], clips: _Clips, subject: str, missing: dict[str, str]) -> Any:
    """None, and the sentence in `missing`, where it cannot be measured; the other subjects go on."""
    try:
        return measure(clips)
    except ZestError as error:
        missing[subject] = str(error)
    except Exception as error:  # noqa: BLE001 - a model that crashes must not cost the rest of the card
        missing[subject] = f"The model broke ({type(error).__name__}: {error})."
    return None


def _words(clips: _Clips) -> Words:
    cer, pair = words.Cer(), clips.pair
    seen = clips.seen(cer.observer)
    value = cer.score(pair, seen)
    if value is None:
        raise ZestError("No word was heard in the source; write down what it says, and score again.")
    wanted = normalise(pair.text or seen.source["text"], pair.language)
    got = normalise(seen.converted["text"], pair.language)
    natural = cer.score(pair, Seen(seen.source, None, seen.source)) if pair.text else None
    return Words(value.value, _value(words.Wer().score(pair, seen)), TEXT if pair.text else SOURCE, changes(wanted, got),
                 _value(natural), _value(words.Looping().score(pair, seen)) > 0, cer.info.models)


def changes(wanted: str, heard: str) -> tuple[Change, ...]:
    """Words as jiwer aligns them, neighbours of one kind together; `wanted` is not empty."""
    import jiwer

    aligned = jiwer.process_words(wanted, heard)
    ours, theirs = aligned.references[0], aligned.hypotheses[0]
    return tuple(Change(chunk.type, " ".join(ours[chunk.ref_start_idx:chunk.ref_end_idx]),
                        " ".join(theirs[chunk.hyp_start_idx:chunk.hyp_end_idx])) for chunk in aligned.alignments[0])


def _emotion(judge: str, clips: _Clips) -> Emotion:
    seen = clips.seen(f"emotion@{judge}")
    mark = clips.marks.judges.get(clips.key(f"emotion@{judge}"), {})
    row = mark.get("confusion", {}).get(clips.pair.emotion, {})
    right = 100 * row.get(clips.pair.emotion, 0) / sum(row.values()) if row else None
    return Emotion(judge, clips.pair.emotion, seen.source, seen.converted, seen.reference, mark.get("accuracy"), right,
                   mark.get("clips", 0))


def _voice(clips: _Clips) -> Voice:
    metric = voice.ToSource()
    seen, pair = clips.seen(metric.observer), clips.pair
    mark = clips.marks.voices.get(clips.key(metric.observer), {})
    anyway = voice.ToReference().score(pair, Seen(seen.source, seen.reference, seen.source))
    return Voice(metric.model, _value(metric.score(pair, seen)), _value(voice.ToReference().score(pair, seen)), _value(anyway),
                 mark.get("threshold"), mark.get("cross_emotion"))


def _melody(clips: _Clips) -> Melody:
    seen, pair = clips.seen(melody.MeanShift().observer), clips.pair
    sides = [None if one is None else melody.contour(one) for one in (seen.source, seen.reference, seen.converted)]
    described = [None if one is None else statistics(one) for one in sides]
    against = [_value(metric.score(pair, seen)) for metric in (melody.MeanShift(), melody.MeanError(), melody.RangeError())]
    return Melody(*described, *against)


def _naturalness(clips: _Clips) -> Naturalness:
    metric = naturalness.DistillMosScore()
    seen = clips.seen(metric.observer)
    return Naturalness(seen.source, seen.reference, _value(metric.score(clips.pair, seen)), metric.info.models)


def _value(value: Value | None) -> float | None:
    return None if value is None else value.value


_MEASURES: Mapping[str, Callable[[_Clips], Any]] = {
    WORDS: _words, VOICE: _voice, MELODY: _melody, NATURALNESS: _naturalness,
    **{f"emotion@{judge}": partial(_emotion, judge) for judge in JUDGES}}
