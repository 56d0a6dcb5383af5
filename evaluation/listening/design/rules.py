"""Whose answers count: the screening rules of a study, and how many checks a set needs so that they find random answers.

The rules are stored before the first answer. Checks are traps and known-answer items.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from evaluation.listening.design.questions import ABX, BEST_WORST, CHOICE, COMPARED, COMPARISON, LOW, PREFERENCE, SCALE, Question
from evaluation.listening.errors import StudyError

OUTLIER = 3.29  # two-sided 0.1 % of a normal distribution
ONE_IN = 10  # rated trials per trap, and per known-answer item
OF_TWO = 0.25  # share of failed traps with two answers that is forgiven
# Rules that older studies do not name.
YOUNGER = {"reference_below", "anchor_above", "graded_wrongly", "mushra_anchor", "check_failures", "reference_chance"}
FEWEST = 2  # of each
CHANCE = 0.05  # of a random clicker to pass all checks of a set; traps are added until it is below
# How often a trap is passed by a random answer.
GUESSES = {SCALE: 1 / 5, COMPARISON: 1 / len(COMPARED), CHOICE: 1 / 6, BEST_WORST: 1 / 6, PREFERENCE: 1 / 2, ABX: 1 / 2}
SURE_GUESSES = {COMPARISON: 3 / 7, PREFERENCE: 1 / 2, ABX: 1 / 2}  # of a known couple


@dataclass(frozen=True)
class ScreeningRules:
    """A listener who breaks one of these is excluded; nobody's answers are deleted.

    Attributes:
        whole_set: the whole set of trials was answered.
        all_played: every recording of every trial was played to its end.
        trap_failures, known_failures: largest share of wrong answers to traps and to known-answer items.
        least_deviation: smallest standard deviation of the listener's votes, over all questions. Votes on another scale are
            brought to 1 to 5 first.
        outlier: smallest |z| of the listener's mean deviation from everybody's mean of the same question and condition that
            is too far off. With fewer than 13 listeners no z can reach 3.29, so that rule is silent there.
        reference_below, anchor_above, graded_wrongly: of MUSHRA with a reference, the largest share of pages on which the hidden
            reference may be graded below 90, and of any MUSHRA that on which the anchor may be graded above 90 (ITU-R BS.1534-3,
            post-screening of assessors).
            Without a reference, also that on which the anchor may be graded above the hidden reference.
        mushra_anchor: which one. The standard names that of 7 kHz, for material of full bandwidth. Clips here end at 8 kHz, where
            it may sound like the reference, so it is that of 3.5 kHz.
        check_failures: largest share of wrong answers to the tasks of one check of room, device or hearing.
        reference_chance: of BS.1116, the p of a one-sided t-test on a listener's difference grades from which on they may be
            those of somebody who cannot tell the hidden reference (ITU-R BS.1116, post-screening of subjects).
        preliminary_below: ratings a system below which its result is called preliminary.
    """

    whole_set: bool = True
    all_played: bool = True
    trap_failures: float = 0.34
    known_failures: float = 0.5
    least_deviation: float = 0.3
    outlier: float = OUTLIER
    preliminary_below: int = 100
    reference_below: float = 90.0
    anchor_above: float = 90.0
    graded_wrongly: float = 0.15
    mushra_anchor: str = LOW
    check_failures: float = 0.25
    reference_chance: float = 0.05

    def __post_init__(self) -> None:
        shares = self.trap_failures, self.known_failures, self.graded_wrongly, self.check_failures
        if not all(0 <= share < 1 for share in shares) or self.least_deviation < 0 or self.outlier <= 0:
            raise StudyError("The screening rules need shares from 0 to 1 and limits above 0.")

    def allowed(self, share: float, count: int) -> int:
        """Wrong answers among `count` checks that are still forgiven."""
        return int(share * count + 1e-9)


def usual_rules(questions: Sequence[Question]) -> ScreeningRules:
    """Of a study whose maker names none. Where a trap has two answers, fewer failed ones are forgiven.

    A random answer passes every second of those traps. With the usual share a set of couples would need twenty of them.
    """
    asked = {question.kind for question in trap_questions(questions)}
    return ScreeningRules(trap_failures=OF_TWO) if asked and asked <= {PREFERENCE, ABX} else ScreeningRules()


def rules_from(document: dict[str, Any]) -> ScreeningRules:
    """Raises StudyError: an unknown rule, or a value that is none."""
    known = {field.name for field in fields(ScreeningRules)}
    if set(document) | YOUNGER != known:
        raise StudyError(f"The screening rules must be exactly {', '.join(sorted(known))}.")
    try:
        return ScreeningRules(**document)
    except TypeError as error:
        raise StudyError("The screening rules must be numbers and yes or no.") from error


def checks_needed(questions: Sequence[Question], rules: ScreeningRules, rated: int) -> tuple[int, int]:
    """Traps and known-answer items for a set of so many rated trials: about one in ten each, more where a guess is easy.

    No known-answer items where no question has an answer that is sure. No checks where sliders are all there is: their hidden
    reference and their anchors are the checks.
    """
    if not trap_questions(questions):
        return 0, 0
    usual = max(FEWEST, math.ceil(rated / ONE_IN))
    traps, known = usual, usual if any(question.sure for question in questions) else 0
    while chance_of_passing(questions, rules, traps, known) > CHANCE:
        traps += 1
    return traps, known


def chance_of_passing(questions: Sequence[Question], rules: ScreeningRules, traps: int, known: int) -> float:
    """Probability that uniformly random answers pass the rules on traps and known-answer items.

    Binomial tails (scipy.stats.binom), with the easiest guess where questions differ, so the truth is at most this.
    """
    from scipy.stats import binom

    right = max(GUESSES[question.kind] for question in trap_questions(questions))
    sure = [SURE_GUESSES.get(question.kind, GUESSES[question.kind] * len(question.accepted))
            for question in questions if question.sure]
    passed = float(binom.cdf(rules.allowed(rules.trap_failures, traps), traps, 1 - right))
    if known and sure:
        passed *= float(binom.cdf(rules.allowed(rules.known_failures, known), known, 1 - max(sure)))
    return passed


def trap_questions(questions: Sequence[Question]) -> list[Question]:
    """The questions that get traps: those of the kind where a random answer is least often right. None of sliders alone."""
    kinds = {question.kind for question in questions}
    kind = next((kind for kind in (SCALE, COMPARISON, CHOICE, BEST_WORST, PREFERENCE, ABX) if kind in kinds), None)
    return [question for question in questions if question.kind == kind]
