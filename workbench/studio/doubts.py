"""What is doubtful about a recording, as the page says it: under a source, and in the lane of a long recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.counting import sentence_start
from workbench.sentences import attempt

if TYPE_CHECKING:
    from evaluation.doctor.findings import Finding

SAID_ELSEWHERE = ("unusable", "long", "reading")  # the source's own slot, or the notes of a long recording, say these


def doubts(path: Path | str) -> tuple[dict[str, str], ...]:
    """Findings on a recording, or on the first minute of a long one; none where it cannot be checked.

    Returns:
        for each finding its `code`, its `name` with what was measured, and `words` on what it costs and what to do.
    """
    from evaluation.doctor.check import check  # imported late: its detectors take seconds

    checked, _ = attempt(lambda: check(path))
    return tuple(told(one) for one in (checked.findings if checked else ()) if one.code not in SAID_ELSEWHERE)


def told(finding: Finding) -> dict[str, str]:
    """A finding as the page says it."""
    said = f" ({finding.said})" if finding.said else ""
    return {"code": finding.code, "name": sentence_start(finding.code.replace("_", " ")) + said,
            "words": f"{finding.cost} {finding.advice}".strip()}
