"""Simulated listeners of a BS.1116 test, in the file that webMUSHRA would have written.

A careful listener's opinion of a system minus that of the reference is as in benchmarks.simulated_listeners: normal, with a taste
of the listener and of the item for each of the two, and noise. The one that seems better gets the grade 5, the other 5 minus the
gap, to one decimal. Where the gap has the wrong sign, the reference is taken for the system. A clicker gives 5 to either clip and
1 to 5 to the other; a lazy listener gives 5 to the one on the left and 4 to the other.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.simulated_listeners import CAREFUL, LAZY, OPINIONS, SYSTEMS, Crowd
from evaluation.listening.analysis.variances import mean_vote
from evaluation.listening.design.questions import NATURAL

COLUMNS = ("session_test_id", "name", "trial_id", "rating_reference", "rating_non_reference", "rating_reference_score",
           "rating_non_reference_score", "rating_time", "choice_comment")
STEPS = 10  # of a grade, in one point


def difference_grade(crowd: Crowd, system: str, opinions: Mapping[str, float] = OPINIONS) -> float:
    """The mean difference grade of all careful listeners there could be on all items there could be."""
    return mean_vote(STEPS * (opinions[system] - opinions[NATURAL]), STEPS * crowd.side_by_side, -4 * STEPS, 4 * STEPS) / STEPS


def write_impairments(path: Path, crowd: Crowd, seed: int, items: int = 12) -> list[str]:
    """Every listener grades every system on every item. Returns of which kind each listener is, in the order of the file."""
    dice = np.random.default_rng(seed)
    names = (*SYSTEMS, NATURAL)
    suits = [dict(zip(names, dice.normal(0, crowd.suits, len(names)), strict=True)) for _ in range(items)]
    kinds = [str(kind) for kind in dice.permutation(crowd.kinds)]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, kind in enumerate(kinds):
            taste = dict(zip(names, dice.normal(0, crowd.taste, len(names)), strict=True))
            for item in range(items):
                felt = {name: OPINIONS[name] + taste[name] + suits[item][name] for name in names}
                for system in SYSTEMS:
                    gap = _gap(kind, felt[system] - felt[NATURAL] + dice.normal(0, crowd.noise), dice)
                    writer.writerow(("simulated", f"p{number}", f"item{item}", "reference", system, 5 - max(gap, 0.0),
                                     5 + min(gap, 0.0), 9000, ""))
    return kinds


def _gap(kind: str, opinion: float, dice: np.random.Generator) -> float:
    """The grade of the system minus that of the reference."""
    if kind == CAREFUL:
        return float(np.clip(np.rint(STEPS * opinion), -4 * STEPS, 4 * STEPS)) / STEPS
    return float(dice.choice((-1, 1)) * (1 if kind == LAZY else dice.integers(0, 4 * STEPS + 1) / STEPS))
