"""What is doubtful about a source, said under it while everything else goes on."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from pipelines.counting import sentence_start
from workbench.tabs import text
from workbench.tabs.convert_inputs import Inputs
from workbench.tabs.problems import attempt
from workbench.uploads import upload_problem

if TYPE_CHECKING:
    from evaluation.doctor.findings import Finding

SAID_ELSEWHERE = ("unusable", "long", "reading")  # the source's own slot says these at once


def connect_doctor(inputs: Inputs) -> None:
    """Check every source that is given, beside whatever runs, inside the current Blocks."""
    inputs.source.audio.change(examined, inputs.source.audio, inputs.findings, trigger_mode="always_last",
                               api_visibility="private", show_progress="hidden", concurrency_id="doctor", concurrency_limit=1)


def examined(path: str | None) -> Iterator[str]:
    """What stands under the source: that it is checked, then what is doubtful."""
    if not path or upload_problem(path):
        yield ""
        return
    yield f'<p class="zest-finding" role="status">{text.CHECKING}</p>'
    from evaluation.doctor.check import check  # imported late: its detectors take seconds

    checked, _ = attempt(lambda: check(path))
    yield "".join(map(finding_html, checked.findings)) if checked else ""


def finding_html(finding: Finding) -> str:
    """What it is, what it costs, and what to do."""
    if finding.code in SAID_ELSEWHERE:
        return ""
    name = escape(sentence_start(finding.code.replace("_", " ")))
    said = f" ({escape(finding.said)})" if finding.said else ""
    return (f'<p class="zest-finding" data-code="{escape(finding.code)}"><b>{name}</b>{said}. {escape(finding.cost)} '
            f"{escape(finding.advice)}</p>")
