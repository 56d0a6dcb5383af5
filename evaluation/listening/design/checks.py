"""How many traps and known-answer items a set needs, so that somebody who clicks at random is found out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evaluation.listening.design.questions import CHOICE, PREFERENCE, SCALE, Question
from evaluation.listening.design.rules import ScreeningRules

ONE_IN = 10  # rated trials per trap, and per known-answer item
FEWEST = 2  # of each
CHANCE = 0.05  # of a random clicker to pass all checks of a set; traps are added until it is below
GUESSES = {SCALE: 1 / 5, CHOICE: 1 / 6, PREFERENCE: 1 / 2}  # how often a trap is passed by a random answer


def checks_needed(questions: Sequence[Question], rules: ScreeningRules, rated: int) -> tuple[int, int]:
    """Traps and known-answer items for a set of so many rated trials: about one in ten each, more where a guess is easy.

    No known-answer items where no question has an answer that is sure.
    """
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

    right = max(GUESSES[question.kind] for question in questions if question.kind == _trap_kind(questions))
    sure = [GUESSES[question.kind] * max(1, len(question.accepted)) for question in questions if question.sure]
    passed = float(binom.cdf(rules.allowed(rules.trap_failures, traps), traps, 1 - right))
    if known and sure:
        passed *= float(binom.cdf(rules.allowed(rules.known_failures, known), known, 1 - max(sure)))
    return passed


def _trap_kind(questions: Sequence[Question]) -> str:
    """As `design.trap_questions`."""
    kinds = {question.kind for question in questions}
    return next(kind for kind in (SCALE, CHOICE, PREFERENCE) if kind in kinds)
