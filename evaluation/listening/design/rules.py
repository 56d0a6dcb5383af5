"""Whose answers count: the screening rules of a study, stored before the first answer."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from evaluation.listening.errors import StudyError

OUTLIER = 3.29  # two-sided 0.1 % of a normal distribution


@dataclass(frozen=True)
class ScreeningRules:
    """A listener is excluded who breaks one of these; nobody's answers are deleted.

    Attributes:
        whole_set: the whole set of trials was answered.
        all_played: every recording of every trial was played to its end.
        trap_failures, known_failures: largest share of wrong answers to traps and to known-answer items.
        least_deviation: smallest standard deviation of the listener's votes on 1 to 5, over all questions.
        outlier: smallest |z| of the listener's mean deviation from everybody's mean of the same question and condition that
            is too far off. With fewer than 13 listeners no z can reach 3.29, so that rule is silent there.
        preliminary_below: ratings a system below which its result is called preliminary.
    """

    whole_set: bool = True
    all_played: bool = True
    trap_failures: float = 0.34
    known_failures: float = 0.5
    least_deviation: float = 0.3
    outlier: float = OUTLIER
    preliminary_below: int = 100

    def __post_init__(self) -> None:
        shares = self.trap_failures, self.known_failures
        if not all(0 <= share < 1 for share in shares) or self.least_deviation < 0 or self.outlier <= 0:
            raise StudyError("The screening rules need shares from 0 to 1 and limits above 0.")

    def allowed(self, share: float, count: int) -> int:
        """Wrong answers among `count` checks that are still forgiven."""
        return int(share * count + 1e-9)


def rules_from(document: dict[str, Any]) -> ScreeningRules:
    """Raises StudyError: an unknown rule, or a value that is none."""
    known = {field.name for field in fields(ScreeningRules)}
    if set(document) != known:
        raise StudyError(f"The screening rules must be exactly {', '.join(sorted(known))}.")
    try:
        return ScreeningRules(**document)
    except TypeError as error:
        raise StudyError("The screening rules must be numbers and yes or no.") from error
