"""Whether the numbers of the other designs can be believed: simulated studies whose truth is known.

    python -m benchmarks.listening_designs --studies 300 --only comparison

As benchmarks.listening_statistics, for comparison (CMOS), degradation (DMOS), preference, ABX, MUSHRA, best-worst scaling, and
imported difference grades (BS.1116; benchmarks/simulated_impairments.py).
Each study has 20 listeners: 15 careful ones who differ, 2 who always answer the same, 3 who click at random. Aim: intervals after
screening hold the truth in 93 to 97 %. Several scores of a study share its listeners, so the brackets are somewhat too narrow.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from benchmarks.listening_statistics import DRAWS, Tally, screened_answers
from benchmarks.simulated_impairments import difference_grade, write_impairments
from benchmarks.simulated_listeners import CAREFUL, CLICKER, LAZY, SYSTEMS, Crowd, simulated_study
from evaluation.listening.analysis.couples import couple_scores, order_effects
from evaluation.listening.analysis.intervals import Interval
from evaluation.listening.analysis.levels import level_comparisons, level_scores
from evaluation.listening.analysis.results import comparisons_of, opinions_of
from evaluation.listening.analysis.screening import screen
from evaluation.listening.design.questions import ABX, COMPARISON, IMPAIRMENT, PREFERENCE, QUESTIONS, SLIDERS
from evaluation.listening.design.study import Study
from evaluation.listening.importing import import_answers
from pipelines.counting import counted

EQUAL = ("middle", "twin")


def tally_opinions(study: Study, table: pd.DataFrame, crowd: Crowd, seed: int, tally: Tally, draws: int) -> None:
    """Mean opinion scores and their differences."""
    for one in opinions_of(study, table, draws, seed):
        if one.condition in SYSTEMS:
            _tally(tally, "score", one.mos, crowd.truth(one.condition))
    for one in comparisons_of(study, table, draws, seed):
        _tally(tally, "difference", one.difference, crowd.truth(one.first) - crowd.truth(one.second))
        _tally_test(tally, (one.first, one.second), one.p)


def tally_couples(study: Study, table: pd.DataFrame, crowd: Crowd, seed: int, tally: Tally, draws: int) -> None:
    """Scores of couples, and the effect of the order."""
    for one in couple_scores(study, table, draws, seed):
        if {one.first, one.second} <= set(SYSTEMS):
            truth = {COMPARISON: crowd.gap, PREFERENCE: crowd.share, ABX: crowd.told_apart}[one.kind](one.first, one.second)
            _tally(tally, "score", one.score, truth)
            _tally_test(tally, (one.first, one.second), one.p)
    systems = table[table.condition.isin(SYSTEMS) & table.against.isin(SYSTEMS)]
    for effect in order_effects(systems, draws, seed).values():
        _tally(tally, "effect of the order", effect, crowd.order)


def tally_levels(study: Study, table: pd.DataFrame, crowd: Crowd, seed: int, tally: Tally, draws: int) -> None:
    """Medians and means of MUSHRA, shares of best-worst scaling, and their differences."""
    is_graded = QUESTIONS[study.questions[0].name].kind == SLIDERS
    pages = {tuple(sorted(trial.conditions)) for cell in study.design.cells for trial in cell if trial.conditions}
    means = {name: crowd.grade(name)[1] for name in SYSTEMS} if is_graded else _strengths(crowd, tuple(sorted(pages)))
    for one in level_scores(study, table, draws, seed):
        if one.condition in SYSTEMS:
            _tally(tally, "score", one.mean, means[one.condition])
            if one.median is not None:
                _tally(tally, "median", one.median, crowd.grade(one.condition)[0])
    for one in level_comparisons(study, table, draws, seed):
        if one.second in SYSTEMS:
            _tally(tally, "difference", one.difference, means[one.first] - means[one.second])
            _tally_test(tally, (one.first, one.second), one.p)


def tally_impairments(crowd: Crowd, seed: int, tally: Tally, draws: int) -> None:
    """Difference grades of BS.1116, and what tells systems apart, of answers that are written, imported and screened."""
    with TemporaryDirectory() as folder:
        kinds = write_impairments(Path(folder) / "bs1116.csv", crowd, seed)
        imported = import_answers(Path(folder) / "bs1116.csv")
    verdicts, study = screen(imported.study.rules, imported.collected, imported.table), imported.study
    for verdict, kind in zip(verdicts, kinds, strict=True):
        tally.add(kind, not verdict.counts)
    table = imported.table[imported.table.listener.isin([verdict.listener for verdict in verdicts if verdict.counts])]
    for one in couple_scores(study, table, draws, seed):
        _tally(tally, "score", one.score, difference_grade(crowd, one.first))
    for one in level_comparisons(study, table, draws, seed):
        _tally(tally, "difference", one.difference, difference_grade(crowd, one.first) - difference_grade(crowd, one.second))
        _tally_test(tally, (one.first, one.second), one.p)


@cache
def _strengths(crowd: Crowd, pages: tuple[tuple[str, ...], ...]) -> dict[str, float]:
    return crowd.strength(pages)


TALLIES: dict[str, Callable[[Study, pd.DataFrame, Crowd, int, Tally, int], None]] = {
    "comparison": tally_couples, "degradation": tally_opinions, "preference": tally_couples, "abx": tally_couples,
    "mushra": tally_levels, "mushra-no-reference": tally_levels, "emotion-strength": tally_levels}


def one_study(question: str, crowd: Crowd, seed: int, tally: Tally, draws: int) -> None:
    """Simulate, screen, analyse and compare with the truth."""
    if question == IMPAIRMENT:
        tally_impairments(crowd, seed, tally, draws)
        return
    study = simulated_study((question,), seed=seed)
    TALLIES[question](study, screened_answers(study, crowd, seed, tally), crowd, seed, tally, draws)


def scenario(question: str, crowd: Crowd, studies: int, draws: int = DRAWS, seconds: float = np.inf) -> Tally:
    """Many studies of one question, each with a design of its own; fewer where the time is up."""
    tally, until = Tally(), time.monotonic() + seconds
    for seed in range(studies):
        if time.monotonic() > until:
            break
        tally.add("studies", True)
        one_study(question, crowd, seed, tally, draws)
    return tally


def _tally(tally: Tally, name: str, interval: Interval, truth: float) -> None:
    if interval.low is not None and interval.high is not None:
        tally.add(name, interval.low <= truth <= interval.high)
        tally.widths[name].append(interval.high - interval.low)


def _tally_test(tally: Tally, couple: tuple[str, str], p: float | None) -> None:
    tally.add("false alarm" if couple == EQUAL else "found", p is not None and p < 0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=300)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--minutes", type=float, default=np.inf, help="for each question")
    parser.add_argument("--only", nargs="+", choices=[*TALLIES, IMPAIRMENT], default=[*TALLIES, IMPAIRMENT])
    asked = parser.parse_args()
    rows = {"intervals of scores hold the truth": "score", "the same, medians": "median", "the same, differences": "difference",
            "the same, effect of the order": "effect of the order", "planted difference found, adjusted p < 0.05": "found",
            "difference claimed between equal systems": "false alarm", "random clickers caught": CLICKER,
            "lazy listeners caught": LAZY, "careful listeners excluded": CAREFUL}
    found = {name: scenario(name, Crowd(), asked.studies, asked.draws, 60 * asked.minutes) for name in asked.only}
    print(f"Percent, in brackets the 95 % interval of that percentage; {counted(asked.draws, 'resample')}.\n")
    print("| | " + " | ".join(found) + " |\n" + "| --- " * (len(found) + 1) + "|")
    print("| studies | " + " | ".join(str(tally.tries["studies"]) for tally in found.values()) + " |")
    for label, key in rows.items():
        print(f"| {label} | " + " | ".join(tally.percent(key) for tally in found.values()) + " |")
    widths = [f"{np.mean(tally.widths['score']):.2f}" for tally in found.values()]
    print("| mean width of an interval of a score | " + " | ".join(widths) + " |")


if __name__ == "__main__":
    main()
