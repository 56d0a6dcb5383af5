"""The audit that ships with the judges, and the line that stands beside every table whose metrics failed theirs.

    checkpoints/judge-mini/audit.json   {"about", "created", "command", "thresholds", "verdicts"}, each verdict {"name", "key",
                                        "reasons", "passed"}

A verdict belongs to the observer key that was audited: another version of a judge or embedding has none, not an old one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from evaluation.audit.found import Audit, Verdict
from evaluation.audit.thresholds import THRESHOLDS
from evaluation.judges.mini import DEFAULT_FOLDER
from evaluation.metrics import registry
from evaluation.metrics.voice import ToSource, VoiceMetric
from pipelines.errors import ZestError
from pipelines.files import json_text, write_whole

FILE = DEFAULT_FOLDER / "audit.json"
COMMAND = "zest judge audit --keep"  # the file is published, so it names no path
READ_MORE = "Read such numbers as hints; docs/audit.md says why."


@dataclass(frozen=True)
class StoredAudit:
    """verdicts: by name of the metric. about: on which speech, one sentence."""

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    about: str = ""


@cache
def stored_audit(path: Path = FILE) -> StoredAudit:
    """Read the file; nothing where it is missing or damaged."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        verdicts = [Verdict(one["name"], one["key"], tuple(one["reasons"])) for one in document["verdicts"]]
        return StoredAudit({one.name: one for one in verdicts}, document["about"])
    except (OSError, ValueError, KeyError, TypeError):
        return StoredAudit()


def write_verdicts(audit: Audit, path: Path = FILE) -> Path:
    """The verdicts of an audit, in place of older ones of the same metrics; those of other metrics stay.

    Raises:
        OutputError: the file cannot be written.
    """
    before = dict(stored_audit(path).verdicts)
    verdicts = before | {one.name: one for one in audit.verdicts}
    document = {"about": audit.about, "created": datetime.now(UTC).isoformat(timespec="seconds"), "command": COMMAND,
                "thresholds": dict(THRESHOLDS), "verdicts": [asdict(one) | {"passed": one.passed} for one in verdicts.values()]}
    written = write_whole(path, (json_text(document, 1) + "\n").encode())
    stored_audit.cache_clear()
    return written


def audit_warnings(metrics: Iterable[str], keys: Mapping[str, str] | None = None, audit: StoredAudit | None = None) -> list[str]:
    """One line for a table with these metrics, or none where all of them passed or nobody knows an audit of them.

    Args:
        metrics: names, as in the table. keys: of the observers that measured, by metric; those of today if None.
        audit: the shipped one if None.
    """
    found = {name: verdict_of(name, keys, audit) for name in dict.fromkeys(metrics)}
    failed = {name: verdict.reasons[0] for name, verdict in found.items() if verdict is not None and not verdict.passed}
    if not failed:
        return []
    said = "; ".join(f"{name} ({reason})" for name, reason in failed.items())
    return [f"Failed {'its' if len(failed) == 1 else 'their'} audit: {said}. {READ_MORE}"]


def verdict_of(name: str, keys: Mapping[str, str] | None = None, audit: StoredAudit | None = None) -> Verdict | None:
    """The verdict on a metric, where one of the version that measured is known. Arguments as `audit_warnings`."""
    verdict = _verdict(name, stored_audit() if audit is None else audit)
    return verdict if verdict is not None and (_key_now(name) if keys is None else keys.get(name)) == verdict.key else None


def _verdict(name: str, known: StoredAudit) -> Verdict | None:
    """That of a metric, or that of its embedding: all metrics of voice rest on the same cosine."""
    if name in known.verdicts:
        return known.verdicts[name]
    try:
        metric = registry.metric(name)
    except ZestError:
        return None
    if isinstance(metric, VoiceMetric):
        return known.verdicts.get(ToSource.name_with(metric.model))
    return None


def _key_now(name: str) -> str | None:
    """None where the model is not there."""
    try:
        return registry.metric(name).observing().key
    except ZestError:
        return None


def card_metrics(judges: Iterable[str], voice: bool, f0: bool) -> list[str]:
    """Names of the metrics on a score card, for `audit_warnings`. voice, f0: whether they were measured."""
    others = ([ToSource.name_with()] if voice else []) + (["f0-mean-error", "f0-range-error"] if f0 else [])
    return [*(f"emotion@{judge}" for judge in judges), *others]
