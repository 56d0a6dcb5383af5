"""Thresholds of an audit. Their principle: of a true difference between two systems, at least half is left in the number.

A judge of K emotions that is right in a share a, and otherwise takes any other, leaves a - (1 - a) / (K - 1) of a difference in
its accuracy. A distance that puts the right one nearer in a share s leaves 2 s - 1. The thresholds lie where these are one half:
60 % for five emotions, 75 % for triplets. docs/audit.md says more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evaluation.audit.found import DistanceAudit, JudgeAudit, Verdict
from evaluation.report.statistics import Difference, Estimate

LEFT = 0.5  # of a true difference
TRIPLETS = 100 * (1 + LEFT) / 2  # %
TIMES_CHANCE = 2.0  # for each emotion
FALL = 10.0  # points, by a change that leaves the emotion alone
CALIBRATION = 15.0  # points
UNDERGONE = ("copy-neural", "copy", "softer", "louder", "noise-20", "mp3", "opus")  # changes that conversions undergo
THRESHOLDS: Mapping[str, Any] = {"left_of_a_difference": LEFT, "triplets": TRIPLETS, "times_chance": TIMES_CHANCE, "fall": FALL,
                            "calibration_error": CALIBRATION, "conditions": list(UNDERGONE)}


def accuracy_needed(emotions: int) -> float:
    """%, of a judge of so many emotions."""
    others = 1 / (max(emotions, 2) - 1)
    return 100 * (LEFT + others) / (1 + others)


def judge_verdict(one: JudgeAudit) -> Verdict:
    """Of accuracy by name: natural speech, each emotion, and what changes cost."""
    needed, chance = accuracy_needed(len(one.emotions)), 100 / max(len(one.emotions), 1)
    told = f"right on {_percent(one.accuracy)} of natural speech, {needed:.0f} needed"
    reasons = [] if _reaches(one.accuracy, needed) else [told]
    reasons += [f"right on {_percent(found)} of {emotion} speech, {TIMES_CHANCE * chance:.0f} needed"
                for emotion, found in one.each.items() if not _reaches(found, TIMES_CHANCE * chance)]
    return Verdict(f"emotion@{one.name}", one.key, (*reasons, *_falls(one.changes)))


def distance_verdict(one: DistanceAudit, judge: JudgeAudit | None = None) -> Verdict:
    """Of a metric that uses a distance. judge: whose posteriors are compared, None where there is none."""
    low = [f"{_percent(found)} ({name})" for name, found in one.triplets.items() if found and not _reaches(found, TRIPLETS)]
    reasons = [f"right in {', '.join(low)} of triplets by distractor, {TRIPLETS:.0f} needed"] if low else []
    if not any(one.triplets.values()):
        reasons.append("no triplet could be asked")
    error = judge.calibration.error if judge is not None and judge.calibration is not None else None
    if one.name.startswith("target-posterior") and error is not None and error.value > CALIBRATION:
        reasons.append(f"calibration error of {error.value:.0f} points, {CALIBRATION:.0f} allowed")
    return Verdict(one.name, one.key, (*reasons, *_falls(one.changes)))


def verdicts_of(judges: Iterable[JudgeAudit], distances: Iterable[DistanceAudit]) -> tuple[Verdict, ...]:
    """Judges first."""
    known = {one.name: one for one in judges}
    return (*(judge_verdict(one) for one in known.values()),
            *(distance_verdict(one, known.get(one.name.partition("@")[2])) for one in distances))


def _falls(changes: Mapping[str, Difference | None]) -> list[str]:
    return [f"{-found.value:.0f} points lost by {name}, {FALL:.0f} allowed" for name, found in changes.items()
            if name in UNDERGONE and found is not None and found.value < -FALL]


def _reaches(found: Estimate | None, needed: float) -> bool:
    return found is not None and found.value >= needed


def _percent(found: Estimate | None) -> str:
    return "nothing" if found is None else f"{found.value:.0f} %"
