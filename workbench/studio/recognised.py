"""What judges recognised in conversions of held-out recordings: to measured mixes, to references. Only what was measured is told.

The figures are those of the shipped checkpoint: docs/results/mini/mixes.json (benchmarks/mixes.py) and references.json
(benchmarks/conversion_quality.py). Both name the weights that they belong to by a hash; of other weights, the page says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.checkpoints.folder import CONVERTING, DEFAULT_CHECKPOINT, folder_key
from pipelines.counting import counted
from pipelines.mix import said_mix
from pipelines.shipped import shipped
from workbench.conversion import CHECKPOINT_VARIABLE

RESULTS = shipped("docs/results/mini")
OTHER_WEIGHTS = " Measured with other weights than these."
MOST = 2  # emotions that are told of each judge


@cache
def measured(results: Path = RESULTS) -> tuple[dict[str, Any], ...]:
    """Every measured mix, none where there are no figures of this checkpoint.

    Returns:
        rows of `weights` by name and `said`, one line on what each judge recognises, such as 'acoustic sad 50 %, neutral 26 %'.
    """
    path = results / "mixes.json"
    if os.environ.get(CHECKPOINT_VARIABLE) or not path.exists():
        return ()
    found = json.loads(path.read_text(encoding="utf-8"))["recognised"]
    note = _about_weights(found)
    return tuple({"weights": one["weights"], "said": _line(one, found["sources"]) + note} for one in found["mixes"])


@cache
def of_references(results: Path = RESULTS) -> str:
    """How often judges recognise the reference's emotion in a conversion, in one line; '' where that is not known."""
    path = results / "references.json"
    if os.environ.get(CHECKPOINT_VARIABLE) or not path.exists():
        return ""
    found = json.loads(path.read_text(encoding="utf-8"))
    said = ", ".join(f"{name} in {share:.0f} %" for name, share in found["judges"].items())
    return f"Judges recognise a reference's emotion: {said} of {counted(found['pairs'], 'unseen pair')}." + _about_weights(found)


@cache
def of_strengths(results: Path = RESULTS) -> str:
    """What the strengths do by the first judge, the headline, and what they leave of the voice; '' where that is not known."""
    path = results / "references.json"
    found = {} if os.environ.get(CHECKPOINT_VARIABLE) or not path.exists() else json.loads(path.read_text(encoding="utf-8"))
    rows = found.get("strengths", [])
    if not rows:
        return ""
    judge = next(iter(rows[0]["judges"]))
    at, shares, voices = (", ".join(column) for column in zip(
        *((f"{row['strength']:g}", f"{row['judges'][judge]}", f"{row['voice']:.2f}") for row in rows)))
    said = f"Presets at {at} (default decoder): {shares} % recognised ({judge}), voice kept {voices} (cosine)."
    return said + _about_weights(found)


def of_preset(emotion: str, results: Path = RESULTS) -> str:
    """One line on a preset; '' where it was not measured."""
    return next((one["said"] for one in measured(results) if list(one["weights"]) == [emotion]), "")


def _about_weights(found: Mapping[str, Any]) -> str:
    """A sentence where figures belong to other weights than those that convert here."""
    return "" if found.get("weights") == _weights() else OTHER_WEIGHTS


@cache
def _weights() -> str:
    return folder_key(DEFAULT_CHECKPOINT, CONVERTING)


def _line(row: Mapping[str, Any], sources: int) -> str:
    """'Judges recognise angry: acoustic 72 %, whisper 88 % (8 sources).' Of a mix, what each judge recognises most."""
    if len(row["weights"]) > 1:
        judges = "; ".join(f"{judge} {_strongest(posteriors)}" for judge, posteriors in row["judges"].items())
        return f"Judges recognise {said_mix(row['weights'])} as: {judges} ({counted(sources, 'source')})."
    judges = ", ".join(f"{judge} {_target_share(posteriors, row['mix'])}" for judge, posteriors in row["judges"].items())
    return f"Judges recognise {row['mix']}: {judges} ({counted(sources, 'source')})."


def _target_share(posteriors: Mapping[str, float], target: str) -> str:
    """'25 % (angry 35 %)': also what is recognised instead, where that is more."""
    best = max(posteriors, key=lambda name: posteriors[name])
    return f"{100 * posteriors[target]:.0f} %" + (f" ({best} {100 * posteriors[best]:.0f} %)" if best != target else "")


def _strongest(posteriors: Mapping[str, float]) -> str:
    best = sorted(posteriors.items(), key=lambda one: -one[1])[:MOST]
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in best)
