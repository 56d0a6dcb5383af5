"""One conversion scored at once: what was observed of source, reference and converted, each beside what natural speech scores.

The numbers are those of evaluation/metrics, by the same observers. Only the natural reference comes from elsewhere
(evaluation/natural_reference/stored.py), because one conversion brings no labelled natural speech of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.instruments.recogniser import check_language, normalise
from evaluation.judges.mini import JUDGES
from evaluation.metrics import f0, naturalness, voice, words
from evaluation.metrics.base import Seen, Value
from evaluation.natural_reference.stored import StoredReference, stored_reference
from evaluation.pair import Pair
from evaluation.run.observations import Observations
from evaluation.texts import why_no_text
from pipelines.errors import ZestError
from pipelines.features.audio import load
from pipelines.features.pitch import F0Statistics, statistics
from pipelines.hooks import Event, Hook, silent
from pipelines.labels import OTHER_EMOTIONS, known_label, language_code
from pipelines.mix import EmotionMix
from pipelines.packages import told

WORDS, VOICE, F0, NATURALNESS = "words", "voice", "melody", "naturalness"
SUBJECTS = (WORDS, *(f"emotion@{judge}" for judge in JUDGES), VOICE, F0, NATURALNESS)
TEXT, SOURCE = "text", "source"  # what the words are held against
JSON_KEYS = {"f0": "melody", "target": "wanted", "recognised": "heard", "natural_target": "natural_wanted",
             "natural_from": "marks_from"}  # of fields whose key in JSON is another one


@dataclass(frozen=True)
class WordChange:
    """A stretch of words. kind: 'equal', 'substitute', 'insert' or 'delete'; target, recognised: '' where there is none."""

    kind: str
    target: str
    recognised: str


@dataclass(frozen=True)
class WordScores:
    """Words kept? cer, wer: %. against: 'text', or 'source' where the transcript of the source stands in for it.
    changes: from the target to the recognised words, normalised. source_cer: the natural source's own CER against the text,
    None without a text. looping: the recogniser repeats itself."""

    cer: float
    wer: float
    against: str
    changes: tuple[WordChange, ...]
    source_cer: float | None
    looping: bool
    model: str


@dataclass(frozen=True)
class EmotionScores:
    """Emotion moved? before, after, reference: posteriors of source, converted and reference (None without one).

    target: the emotion, '' where nobody said or where it is a mix. natural_accuracy: what this judge recognises of natural
    speech, %, mean over emotions, of natural_clips; natural_target: the same of the target only; None where not known.
    mix: emotions of a target that is one, as far as this judge knows them, with weights; recordings in it are left out.
    """

    judge: str
    target: str
    before: Mapping[str, float]
    after: Mapping[str, float]
    reference: Mapping[str, float] | None
    natural_accuracy: float | None
    natural_target: float | None
    natural_clips: int
    mix: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class VoiceScores:
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
class F0Scores:
    """F0 moved? F0 of each recording, None where nothing is voiced (or without a reference).

    mean_error, range_error: converted against the reference, semitones; None without one. mean_shift: against the source.
    """

    source: F0Statistics | None
    reference: F0Statistics | None
    converted: F0Statistics | None
    mean_shift: float | None
    mean_error: float | None
    range_error: float | None


@dataclass(frozen=True)
class NaturalnessScores:
    """Natural? Predicted MOS (DistillMOS), not listeners'. The natural source's is the ceiling."""

    source: float
    reference: float | None
    converted: float
    model: str


@dataclass(frozen=True)
class ScoreCard:
    """What is known of one conversion; a subject that could not be measured is None (or missing from emotions), and
    `not_measured` says why, by subject of SUBJECTS. natural_from: on which speech the natural reference was measured, '' if
    unknown. notes: sentences on the recordings (damaged, clipped, a channel left out) and on what the judges do not know.
    transcripts: what the recogniser wrote of 'source', 'reference' and 'converted', where it ran."""

    words: WordScores | None = None
    emotions: tuple[EmotionScores, ...] = ()
    voice: VoiceScores | None = None
    f0: F0Scores | None = None
    naturalness: NaturalnessScores | None = None
    not_measured: Mapping[str, str] = field(default_factory=dict)
    natural_from: str = ""
    notes: tuple[str, ...] = ()
    transcripts: Mapping[str, str] = field(default_factory=dict)

    @property
    def warnings(self) -> list[str]:
        """The line that says which judges and metrics of this card failed their audit; none where all passed."""
        from evaluation.audit.stored import audit_warnings, card_metrics

        return audit_warnings(card_metrics([one.judge for one in self.emotions], self.voice is not None, self.f0 is not None))

    def document(self) -> dict[str, Any]:
        """As JSON."""
        found = asdict(self, dict_factory=lambda fields: {JSON_KEYS.get(name, name): value for name, value in fields})
        return found | {"warnings": self.warnings}


@dataclass(frozen=True)
class _CardClips:
    """The recordings of one card, and what was observed of them."""

    pair: Pair
    mix: Mapping[str, float]
    reference: Path | None
    converted: Path
    observations: Observations
    natural: StoredReference

    def seen(self, observer: str) -> Seen:
        """Observe, if need be. Raises ZestError where the observer cannot."""
        paths = [self.pair.source, self.converted, *([self.reference] if self.reference else [])]
        self.observations.observe(observer, paths, self.pair.language)
        get = partial(self.observations.get, observer, language=self.pair.language)
        seen = Seen(get(self.pair.source), get(self.reference), get(self.converted))
        if seen.source is None or seen.converted is None:
            raise ZestError("The model found nothing in this recording that it could measure.")
        return seen

    def transcripts(self) -> dict[str, str]:
        """What was recognised of each recording, by its name."""
        seen = self.seen(words.Cer().observer)
        sides = {"source": seen.source, "reference": seen.reference, "converted": seen.converted}
        return {name: one["text"].strip() for name, one in sides.items() if one is not None}

    def key(self, observer: str) -> str:
        return self.observations.observers[observer].key


def score_card(source: Path | str, reference: Path | str | None, converted: Path | str, text: str = "",
               emotion: str | Mapping[str, float] = "",
               language: str = "en", observations: Observations | None = None,
               natural: StoredReference | None = None, hook: Hook = silent) -> ScoreCard:
    """Score one conversion; takes seconds, and the models are loaded with the first one.

    Args:
        source, reference, converted: recordings; no reference where the emotion was a preset.
        text: what the source says, '' where nobody wrote it down. emotion: the target, '' where unknown; a mix as
            angry:0.6,sad:0.4 or as weights by name, where a name that is no emotion stands for a recording.
        language: two letters.
        observations: to use and to add to; forgotten afterwards if None.
        natural: what natural speech scores; the stored reference if None.
        hook: gets 'progress' events of each of SUBJECTS, value (done before it, of how many), and of 'done' at the end.
    Raises:
        AudioError: a recording cannot be read. LabelError: no such emotion. ZestError: a text without any word, or a language
            that the recogniser does not know.
        What a missing model would have measured stands in `not_measured` instead.
    """
    paths = [Path(path) for path in (source, reference, converted) if path is not None]
    mix = target_mix(emotion)
    emotion, reason = known_label("" if mix or not isinstance(emotion, str) else emotion), why_no_text(text)
    if reason:
        raise ZestError(reason)
    language = language_code(language) or "en"
    check_language(language)  # before anything is measured
    notes = tuple(dict.fromkeys(note for path in paths for note in load(path).warnings))
    notes += (f"No judge knows the emotion '{emotion}', so its share cannot be told.",) * (emotion in OTHER_EMOTIONS)
    other = None if reference is None else Path(reference)
    pair = Pair("card", paths[0], other or paths[0], emotion, text=text.strip(), language=language)
    clips = _CardClips(pair, mix, other, Path(converted), observations or Observations(), natural or stored_reference())
    found, missing = {}, {}
    for index, subject in enumerate(SUBJECTS):
        hook(Event("progress", subject, value=(index, len(SUBJECTS))))
        found[subject] = _measured(_MEASURES[subject], clips, subject, missing)
    hook(Event("progress", "done", value=(len(SUBJECTS), len(SUBJECTS))))
    emotions = tuple(one for judge in JUDGES if (one := found[f"emotion@{judge}"]) is not None)
    return ScoreCard(found[WORDS], emotions, found[VOICE], found[F0], found[NATURALNESS], missing, clips.natural.about,
                     notes, {} if found[WORDS] is None else clips.transcripts())


def target_mix(emotion: str | Mapping[str, float]) -> Mapping[str, float]:
    """Weights of a target that is a mix, by name; none of one that is not. Raises ZestError: it is no mix of known emotions."""
    if not isinstance(emotion, str):
        return emotion
    if not set(emotion) & set(":,+"):
        return {}
    weights = EmotionMix.read(emotion).weights
    for name in weights:
        known_label(name)
    return weights


def _measured(measure: Callable[[_CardClips], Any], clips: _CardClips, subject: str, missing: dict[str, str]) -> Any:
    """None, and the sentence in `missing`, where it cannot be measured; the other subjects go on."""
    try:
        return measure(clips)
    except ZestError as error:
        missing[subject] = str(error)
    except Exception as error:  # noqa: BLE001 - a model that crashes must not cost the rest of the card
        missing[subject] = str(told(error) or f"The model broke ({type(error).__name__}: {error}).")
    return None


def _words(clips: _CardClips) -> WordScores:
    cer, pair = words.Cer(), clips.pair
    seen = clips.seen(cer.observer)
    value = cer.score(pair, seen)
    if value is None:
        raise ZestError("No word was recognised in the source; write down what it says, and score again.")
    target = normalise(pair.text or seen.source["text"], pair.language)
    recognised = normalise(seen.converted["text"], pair.language)
    natural = cer.score(pair, Seen(seen.source, None, seen.source)) if pair.text else None
    return WordScores(value.value, _always(words.Wer().score(pair, seen)), TEXT if pair.text else SOURCE,
                      changes(target, recognised), _value(natural), _always(words.Looping().score(pair, seen)) > 0,
                      cer.info.models)


def changes(target: str, recognised: str) -> tuple[WordChange, ...]:
    """Words as jiwer aligns them, neighbours of one kind together; `target` is not empty."""
    import jiwer

    aligned = jiwer.process_words(target, recognised)
    ours, theirs = aligned.references[0], aligned.hypotheses[0]
    return tuple(WordChange(chunk.type, " ".join(ours[chunk.ref_start_idx:chunk.ref_end_idx]),
                            " ".join(theirs[chunk.hyp_start_idx:chunk.hyp_end_idx])) for chunk in aligned.alignments[0])


def _emotion(judge: str, clips: _CardClips) -> EmotionScores:
    seen = clips.seen(f"emotion@{judge}")
    found = clips.natural.judges.get(clips.key(f"emotion@{judge}"), {})
    row = found.get("confusion", {}).get(clips.pair.emotion, {})
    right = 100 * row.get(clips.pair.emotion, 0) / sum(row.values()) if row else None
    return EmotionScores(judge, clips.pair.emotion, seen.source, seen.converted, seen.reference, found.get("accuracy"), right,
                         found.get("clips", 0), {name: weight for name, weight in clips.mix.items() if name in seen.converted})


def _voice(clips: _CardClips) -> VoiceScores:
    metric = voice.ToSource()
    seen, pair = clips.seen(metric.observer), clips.pair
    found = clips.natural.voices.get(clips.key(metric.observer), {})
    anyway = voice.ToReference().score(pair, Seen(seen.source, seen.reference, seen.source))
    return VoiceScores(metric.model, _always(metric.score(pair, seen)), _value(voice.ToReference().score(pair, seen)),
                       _value(anyway), found.get("threshold"), found.get("cross_emotion"))


def _f0(clips: _CardClips) -> F0Scores:
    seen, pair = clips.seen(f0.MeanShift().observer), clips.pair
    sides = [None if one is None else f0.contour(one) for one in (seen.source, seen.reference, seen.converted)]
    source, reference, converted = (None if one is None else statistics(one) for one in sides)
    shift, mean, spread = (_value(metric.score(pair, seen)) for metric in (f0.MeanShift(), f0.MeanError(), f0.RangeError()))
    return F0Scores(source, reference, converted, shift, mean, spread)


def _naturalness(clips: _CardClips) -> NaturalnessScores:
    metric = naturalness.DistillMosScore()
    seen = clips.seen(metric.observer)
    return NaturalnessScores(seen.source, seen.reference, _always(metric.score(clips.pair, seen)), metric.info.models)


def _value(value: Value | None) -> float | None:
    return None if value is None else value.value


def _always(value: Value | None) -> float:
    """Of a metric that applies to every pair of a card."""
    if value is None:
        raise TypeError("a metric that applies to every pair gave no value")
    return value.value


_MEASURES: Mapping[str, Callable[[_CardClips], Any]] = {
    WORDS: _words, VOICE: _voice, F0: _f0, NATURALNESS: _naturalness,
    **{f"emotion@{judge}": partial(_emotion, judge) for judge in JUDGES}}
