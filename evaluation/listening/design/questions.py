"""What listeners can be asked, which recordings are played for it, and which hidden items stand among the systems."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evaluation.listening.errors import StudyError
from evaluation.pair import Pair
from pipelines.labels import EMOTIONS

SCALE, CHOICE, PREFERENCE, COMPARISON, ABX = "scale", "choice", "preference", "comparison", "abx"
SLIDERS, BEST_WORST = "sliders", "best-worst"
IMPAIRMENT = "impairment"  # of a system against the hidden reference, ITU-R BS.1116; imported answers alone
QUIETER, ALIKE, COUNTING = "quieter", "alike", "counting"  # of the checks before a test, see listening_checks.py
COUNTED = ("1", "2", "3", "4", "5")  # tones
COUPLES = (PREFERENCE, COMPARISON, ABX, IMPAIRMENT)  # two clips are judged against each other
SETS = (SLIDERS, BEST_WORST)  # several clips are judged side by side
VOTES = ("1", "2", "3", "4", "5")
HIGHEST_GRADE = 100  # of a slider, from 0
MOST_SIDE_BY_SIDE = 12  # clips that are graded together, ITU-R BS.1534
COMPARED = ("-3", "-2", "-1", "0", "1", "2", "3")  # of the second clip against the first, ITU-T P.800 annex E

OTHER = "other"
SIDES = ("a", "b")

NATURAL, COPY, FLOOR, CEILING = "(natural)", "(copy)", "(floor)", "(ceiling)"  # no system can be called so
LOW, MIDDLE = "(3.5 kHz)", "(7 kHz)"  # the anchors of ITU-R BS.1534
ANCHORS = (NATURAL, COPY, FLOOR, CEILING, LOW, MIDDLE)

SYSTEM, DAMAGED, STRANGER = "system", "damaged", "stranger"  # what a clip can hold besides the pair's recordings and copies
LOW_PASSES = {"low-pass-3500": 3500.0, "low-pass-7000": 7000.0}  # kinds of content: Hz that pass, of the source
COPIES = {"copy-of-source": "source", "copy-of-reference": "reference"}


def shown_name(condition: str, systems: Iterable[str] = ()) -> str:
    """What tables and pictures call a system or an anchor: no two rows look alike, whatever the systems are called."""
    if condition == COPY:  # a system is often called copy
        return "(copy-synthesis)"
    bare = condition.strip("()")
    return f"({bare}, anchor)" if condition in ANCHORS and bare in systems else condition


@dataclass(frozen=True)
class Question:
    """One kind of page.

    Attributes:
        kind: 'scale' (1 to 5), 'choice' (emotions), 'preference' (a or b), 'comparison' (-3 to 3, b against a) or
            'abx' (a or b, which of them x is), 'sliders' (0 to 100 for each of several) or 'best-worst' (of several). Of the
            checks before a test 'quieter' (a, b or same), 'alike' (same or different) and 'counting' (1 to 5). Of imported
            answers also 'impairment' (-4 to 4, the difference of two grades).
        given: recording that is played beside the judged one: 'source', 'reference', or '' for none.
        hidden: by anchor, what is judged there: a recording of the pair, or a copy-synthesis of one.
        sure: what is judged in a known-answer item, '' where no answer is sure; of a couple it is the worse one.
        accepted: the answers that are right there; of a couple they follow from its order.
        best: the surely better one of a known couple.
    """

    name: str
    kind: str
    given: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    sure: str = ""
    accepted: tuple[str, ...] = ()
    best: str = "source"

    def roles(self, judged_clips: int) -> tuple[str, ...]:
        """What is played, in this order, where so many clips are judged."""
        if self.kind in SETS:
            return ((self.given,) if self.given else ()) + tuple(str(number + 1) for number in range(judged_clips))
        two = dict.fromkeys((PREFERENCE, COMPARISON, QUIETER, ALIKE), SIDES)
        judged = {ABX: (*SIDES, "x"), **two}.get(self.kind, ("converted",))
        return ((self.given,) if self.given else ()) + judged


QUESTIONS = {question.name: question for question in (
    Question("naturalness", SCALE, hidden=((NATURAL, "source"), (COPY, "copy-of-source")), sure=DAMAGED, accepted=("1", "2")),
    Question("quality", SCALE, hidden=((NATURAL, "source"), (COPY, "copy-of-source")), sure=DAMAGED, accepted=("1", "2")),
    Question("emotion-similarity", SCALE, "reference",
             ((NATURAL, "parallel"), (COPY, "copy-of-reference"), (FLOOR, "source"), (CEILING, "reference")),
             sure="reference", accepted=("4", "5")),
    Question("speaker-similarity", SCALE, "source",
             ((NATURAL, "parallel"), (COPY, "copy-of-source"), (FLOOR, STRANGER), (CEILING, "source")),
             sure="source", accepted=("4", "5")),
    Question("emotion-choice", CHOICE, hidden=((NATURAL, "reference"), (FLOOR, "source"))),
    Question("preference", PREFERENCE, hidden=((NATURAL, "source"),), sure=DAMAGED),
    Question("emotion-preference", PREFERENCE, "reference", ((NATURAL, "parallel"),), sure="source", best="reference"),
    Question("abx", ABX, hidden=((NATURAL, "source"),), sure=DAMAGED),
    Question("comparison", COMPARISON, hidden=((NATURAL, "source"),), sure=DAMAGED),
    Question("emotion-comparison", COMPARISON, "reference", ((NATURAL, "parallel"),), sure="source", best="reference"),
    Question("mushra", SLIDERS, "source", ((NATURAL, "source"), (LOW, "low-pass-3500"), (MIDDLE, "low-pass-7000"))),
    Question("mushra-no-reference", SLIDERS, "", ((NATURAL, "source"), (LOW, "low-pass-3500"), (MIDDLE, "low-pass-7000"))),
    Question("emotion-strength", BEST_WORST, "", ((NATURAL, "reference"), (FLOOR, "source"))),
    Question("degradation", SCALE, "source", ((COPY, "copy-of-source"), (CEILING, "source")), sure=DAMAGED, accepted=("1", "2")),
)}

CHECK_QUESTIONS = {question.name: question for question in (
    Question("environment-check", QUIETER), Question("bandwidth-check", ALIKE), Question("hearing-check", COUNTING))}
# What listeners of other tools were asked and those of this project are not: the three scales of ITU-T P.835, and BS.1116.
FOREIGN_QUESTIONS = {question.name: question for question in (
    Question("signal", SCALE), Question("background", SCALE), Question("overall", SCALE), Question("impairment", IMPAIRMENT))}


def question_called(name: str) -> Question:
    """One that a study or another tool can ask, or that of a check before a test."""
    return QUESTIONS.get(name) or FOREIGN_QUESTIONS.get(name) or CHECK_QUESTIONS[name]


def parse_questions(names: Iterable[str]) -> tuple[Question, ...]:
    """Questions by their names, in the order given.

    Raises:
        StudyError: an unknown name, one given twice, or none.
    """
    named = [name.strip() for name in names if name.strip()]
    unknown = [name for name in named if name not in QUESTIONS]
    if unknown:
        raise StudyError(f"There is no question '{unknown[0]}'; choose from {', '.join(QUESTIONS)}.")
    if not named or len(set(named)) < len(named):
        raise StudyError(f"Name at least one question, and each once; choose from {', '.join(QUESTIONS)}.")
    return tuple(QUESTIONS[name] for name in named)


def answers_to(question: Question, emotions: Sequence[str]) -> tuple[str, ...]:
    """What may be answered; of sliders the labels of the scale, of best-worst what is chosen. emotions: for the choice."""
    fixed = {SCALE: VOTES, PREFERENCE: SIDES, ABX: SIDES, COMPARISON: COMPARED, SLIDERS: VOTES, BEST_WORST: ("best", "worst"),
             QUIETER: (*SIDES, "same"), ALIKE: ("same", "different"), COUNTING: COUNTED}
    return fixed.get(question.kind) or (*emotions, OTHER)


def study_emotions(pairs: Iterable[Pair]) -> tuple[str, ...]:
    """The five emotions, and further ones that the pairs ask for."""
    return (*EMOTIONS, *sorted({pair.emotion for pair in pairs} - {*EMOTIONS, OTHER, ""}))


def anchors_of(question: Question, pairs: Sequence[Pair]) -> tuple[tuple[str, str], ...]:
    """The hidden items that every pair can supply: (anchor, what is judged)."""
    speakers, references = {pair.source_speaker for pair in pairs}, all(pair.has_reference for pair in pairs)
    has = {"parallel": all(pair.parallel is not None for pair in pairs), STRANGER: len(speakers) > 1 and "" not in speakers,
           "reference": references, "copy-of-reference": references}
    return tuple((anchor, content) for anchor, content in question.hidden if has.get(content, True))


def askable(pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Names of the questions that can be asked about these pairs.

    A recording that is played beside must be there. Where the strength of the target emotion is asked for, each pair has one.
    """
    references, emotions = all(pair.has_reference for pair in pairs), all(pair.emotion for pair in pairs)
    return tuple(name for name, question in QUESTIONS.items()
                 if (references or question.given != "reference") and (emotions or question.kind != BEST_WORST))
