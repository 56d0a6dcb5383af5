"""What metrics are about: the subjects that tables are grouped by, and the roles that reports ask for.

A subject also names two natural recordings of which one must score better, so that a report can put the metric itself on trial.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.pair import Pair
from pipelines.counting import counted

SOURCE, COPY = "source", "copy"  # systems: the source unchanged, and its copy-synthesis
REFERENCE, PARALLEL = "natural reference", "natural parallel"  # rows of natural recordings, see natural_reference/rows.py
EVERY = "all the pairs"


@dataclass(frozen=True)
class KnownOrder:
    """Two rows of a table whose order is known beforehand.

    Attributes:
        better, worse: names of rows; the first that was measured is taken. applies: to which pairs. pairs: the same in words.
    """

    better: tuple[str, ...]
    worse: tuple[str, ...]
    applies: Callable[[Pair], bool] = lambda pair: True
    pairs: str = EVERY


@dataclass(frozen=True)
class ReferenceRow:
    """A row of what natural speech reaches.

    Attributes:
        title, explanation: of the row. value: from an entry of marks.json to the number, None where it has none.
        note: the same to how much it rests on.
    """

    title: str
    explanation: str
    value: Callable[[Mapping[str, Any]], float | None]
    note: Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True)
class Role:
    """What a report looks for in a run, whatever the metric is called.

    Attributes:
        name: in plain words. default_model: only the metric with its default model plays it. rows: what natural speech reaches.
    """

    name: str
    default_model: bool = False
    rows: tuple[ReferenceRow, ...] = ()


CHARACTER_ERRORS = Role("character errors", default_model=True)
EMOTION_ACCURACY = Role("emotion accuracy", rows=(
    ReferenceRow("judge on natural speech", "mean accuracy over emotions, on the run's labelled recordings",
                 lambda found: found["accuracy"], lambda found: counted(found["clips"], "clip")),))
TARGET_POSTERIOR = Role("posterior of the target emotion")
SPEAKER_SIMILARITY = Role("similarity to the source's speaker", rows=(
    ReferenceRow("same speaker, another emotion", "natural recordings of one speaker: above this mark, more is not better",
                 lambda found: (found.get("cross_emotion") or {}).get("mean"),
                 lambda found: counted(found["cross_emotion"]["pairs"], "pair")),
    ReferenceRow("equal-error threshold", "below it, a verifier says: another speaker",
                 lambda found: found["threshold"], lambda found: f"error {found['equal_error_rate']:.1f} %")))
SPEAKER_ACCURACY = Role("speaker accuracy")
F0_SHAPE = Role("shape of F0")


@dataclass(frozen=True)
class Subject:
    """A question that several metrics answer.

    Attributes:
        name: as in `data-subject` of a score card. heading: of its table. order: two rows of which one must score better.
        headline: the role whose metrics are among a report's main numbers. every: all of them, not the first alone.
        otherwise: where none has that role, the subject's first metric is a main number.
    """

    name: str
    heading: str
    order: KnownOrder
    headline: Role | None = None
    every: bool = False
    otherwise: bool = False


_EMOTIONAL = KnownOrder((PARALLEL, REFERENCE), (SOURCE,))
WORDS = Subject("words", "Words kept?", KnownOrder(
    (SOURCE,), (REFERENCE,), lambda pair: pair.setting not in ("ssst", "dsst"), "the pairs of different text"), CHARACTER_ERRORS)
EMOTION = Subject("emotion", "Emotion moved?", _EMOTIONAL, EMOTION_ACCURACY, every=True)
ANY_EMOTION = Subject("unseen", "Any emotion moved, known to the judge or not?", _EMOTIONAL)
AFFECT = Subject("affect", "Arousal and valence moved?", _EMOTIONAL)
VOICE = Subject("voice", "Voice kept?", KnownOrder(
    (PARALLEL, SOURCE), (REFERENCE,), lambda pair: pair.reference_speaker != pair.source_speaker,
    "the pairs of different speakers"), SPEAKER_SIMILARITY)
F0 = Subject("f0", "F0 moved?", _EMOTIONAL, F0_SHAPE, otherwise=True)
TEMPO = Subject("tempo", "Tempo moved?", _EMOTIONAL)
PARALLEL_RECORDING = Subject("parallel", "Right for this speaker?", KnownOrder((PARALLEL,), (SOURCE,)))
OTHER = Subject("other", "Other metrics", _EMOTIONAL)
NATURALNESS = Subject("naturalness", "Natural? Predicted by models, not rated by people", KnownOrder((SOURCE,), (COPY,)),
                      otherwise=True)
SUBJECTS: Mapping[str, Subject] = {subject.name: subject for subject in (
    WORDS, EMOTION, ANY_EMOTION, AFFECT, VOICE, F0, TEMPO, PARALLEL_RECORDING, OTHER, NATURALNESS)}
