"""What is doubtful about a source, said under it while everything else goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from workbench.studio.doubts import doubts
from workbench.tabs import text
from workbench.tabs.convert_inputs import Inputs
from workbench.uploads import upload_problem


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
    yield "".join(map(finding_html, doubts(path)))


def finding_html(doubt: Mapping[str, str]) -> str:
    """What it is, what it costs, and what to do."""
    code, name, words = (escape(doubt[key]) for key in ("code", "name", "words"))
    return f'<p class="zest-finding" data-code="{code}"><b>{name}.</b> {words}</p>'
