"""Whose answers count, exactly by the study's stored rules. Nobody is deleted: a verdict says what was broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.listening.analysis.answers import asks, five_points
from evaluation.listening.design.questions import IMPAIRMENT, NATURAL, SLIDERS, question_called
from evaluation.listening.design.rules import ScreeningRules
from evaluation.listening.design.trials import CHECK, KNOWN, RATED, TRAP
from evaluation.listening.store.collected import Collected, Listener

WITHDRAWN = "withdrew"
REASONS = {
    "whole_set": "did not finish the set",
    "all_played": "did not play everything",
    "trap_failures": "failed traps",
    "known_failures": "failed known-answer items",
    "environment_check": "failed the check of the room",
    "bandwidth_check": "failed the check of the device",
    "hearing_check": "failed the check of hearing",
    "least_deviation": "gave nearly the same vote throughout",
    "hidden_reference": "graded the hidden reference below 90 too often",
    "anchor": "graded the anchor above 90 too often",
    "anchor_order": "graded the anchor above the hidden reference too often",
    "reference_unfound": "did not tell the hidden reference from the systems",
    "outlier": "is an outlier",
}


@dataclass(frozen=True)
class Verdict:
    """What the rules say of one listener.

    Attributes:
        broken: names of rules, () for who counts. withdrawn: counts neither before nor after screening.
        traps, known: (failed, asked). deviation: standard deviation of the votes, None below two votes. z: see Rules.outlier,
            None where it was not computed. checks: of room, device and hearing by the name of the question, (failed, asked).
    """

    listener: str
    broken: tuple[str, ...]
    withdrawn: bool
    traps: tuple[int, int]
    known: tuple[int, int]
    deviation: float | None
    z: float | None = None
    checks: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        return not self.withdrawn and not self.broken


def screen(rules: ScreeningRules, collected: Collected, table: pd.DataFrame) -> tuple[Verdict, ...]:
    """One verdict a listener, in the order they came.

    Outliers are looked for last and among those who broke nothing else, so that random answers do not hide them.
    """
    table = table.assign(points=five_points(table), sliders=asks(table, SLIDERS), impairment=asks(table, IMPAIRMENT))
    rows = dict(iter(table.groupby("listener", sort=False)))
    nothing = table.iloc[:0]
    first = [_verdict(rules, listener, rows.get(listener.listener, nothing)) for listener in collected.listeners]
    scores = _outlier_scores(table, [verdict.listener for verdict in first if verdict.counts])
    verdicts = []
    for verdict in first:
        z = scores.get(verdict.listener)
        far = z is not None and abs(z) >= rules.outlier
        verdicts.append(replace(verdict, z=z, broken=(*verdict.broken, "outlier") if far else verdict.broken))
    return tuple(verdicts)


def _verdict(rules: ScreeningRules, listener: Listener, rows: pd.DataFrame) -> Verdict:
    traps, known = (_failures(rows, kind) for kind in (TRAP, KNOWN))
    votes = rows.points[(rows.kind == RATED) & ~rows.impairment].dropna().to_numpy()  # small impairments differ little
    deviation = float(np.std(votes, ddof=1)) if len(votes) > 1 else None
    checks = {str(name): _failures(own, CHECK) for name, own in rows[rows.kind == CHECK].groupby("question", sort=False)}
    broken = {
        "whole_set": rules.whole_set and listener.completed is None,
        "all_played": rules.all_played and not bool(rows.played.all()),
        "trap_failures": traps[0] > rules.allowed(rules.trap_failures, traps[1]),
        "known_failures": known[0] > rules.allowed(rules.known_failures, known[1]),
        **{name.replace("-", "_"): wrong > rules.allowed(rules.check_failures, asked) for name, (wrong, asked) in checks.items()},
        **_mushra(rules, rows[rows.kind == RATED]),
        "reference_unfound": _guesses(rules, rows.vote[(rows.kind == RATED) & rows.impairment].to_numpy(float)),
        "least_deviation": deviation is not None and deviation < rules.least_deviation,
    }
    return Verdict(listener.listener, tuple(name for name, is_broken in broken.items() if is_broken),
                   listener.withdrawn is not None, traps, known, deviation, checks=checks)


def _failures(rows: pd.DataFrame, kind: str) -> tuple[int, int]:
    """(failed, asked)."""
    own = rows.loc[rows.kind == kind, "right"]
    return int((~own.astype(bool)).sum()), len(own)


def _mushra(rules: ScreeningRules, rows: pd.DataFrame) -> dict[str, bool]:
    """The post-screening of ITU-R BS.1534, its first rule only where listeners were told to find the hidden reference.

    Where they were not, the order of the reference and the anchor takes its place: random grades would pass the other rule.
    """
    graded = rows[rows.sliders]
    if graded.empty:
        return {}
    is_told = graded.question.map(lambda name: bool(question_called(str(name)).given)).astype(bool)
    reference, anchor = (graded[graded.condition == name].set_index("trial").vote for name in (NATURAL, rules.mushra_anchor))
    told, untold = (set(graded.trial[which]) for which in (is_told, ~is_told))
    wrong = {"hidden_reference": reference[reference.index.isin(told)] < rules.reference_below,
             "anchor": anchor > rules.anchor_above,
             "anchor_order": anchor.gt(reference)[lambda pages: pages.index.isin(untold)] if len(anchor) else anchor > 0}
    return {name: bool(pages.mean() > rules.graded_wrongly) for name, pages in wrong.items()}


def _guesses(rules: ScreeningRules, grades: np.ndarray) -> bool:
    """Whether (n,) difference grades of one listener may be those of somebody who guesses which clip is the reference.

    The post-screening of ITU-R BS.1116: a one-sided t-test that their mean is below 0.
    """
    if len(grades) < 2:
        return False
    if np.ptp(grades) == 0:
        return bool(grades[0] >= 0)
    found: Any = stats.ttest_1samp(grades, 0, alternative="less")
    return bool(found.pvalue >= rules.reference_chance)


def _outlier_scores(table: pd.DataFrame, listeners: list[str]) -> dict[str, float]:
    """z of each listener's mean deviation from the mean vote of the same question and condition, or couple in one order."""
    rows = table[(table.kind == RATED) & table.points.notna() & table.listener.isin(listeners)]
    if rows.listener.nunique() < 3:
        return {}
    deviation = rows.points - rows.groupby(["question", "condition", "against"]).points.transform("mean")
    means = deviation.groupby(rows.listener).mean()
    if np.ptp(means.to_numpy()) < 1e-9:
        return dict.fromkeys(means.index, 0.0)
    return dict(zip(means.index, map(float, np.asarray(stats.zscore(means.to_numpy(), ddof=1))), strict=True))
