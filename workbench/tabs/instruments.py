"""What measures and what is compared, under Evaluate: verdicts of the audit that ships, and converters by others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

import gradio as gr

from evaluation.audit.found import Verdict
from evaluation.audit.stored import StoredAudit, stored_audit, verdict_of
from evaluation.metrics import registry
from evaluation.rivals import Rival, rivals
from pipelines.errors import ZestError
from workbench.tabs import text
from workbench.tabs.problems import QUIET

LEARNT = "Its model learnt from"


def instruments() -> None:
    """Build it inside the current Blocks; both tables are made anew when a page is loaded."""
    gr.Markdown(f"### {text.AUDIT_HEAD}")
    audit = gr.HTML(elem_id="zest-audit")
    gr.Markdown(text.AUDIT_NOTE, elem_classes="zest-limits")
    gr.Markdown(f"### {text.RIVALS_HEAD}")
    others = gr.HTML(elem_id="zest-rivals")
    gr.Markdown(text.RIVALS_NOTE, elem_classes="zest-limits")
    gr.on(None, lambda: (audit_html(stored_audit()), rivals_html()), None, [audit, others], **QUIET)  # when a page is loaded


def audit_html(audit: StoredAudit) -> str:
    """A row a metric: passed or where it failed, and what its model learnt from."""
    found = {name: verdict_of(name, audit=audit) for name in audit.verdicts}
    rows = [_verdict_row(name, verdict) for name, verdict in found.items() if verdict is not None]
    if not rows:
        return f'<div class="zest-empty">{escape(text.NO_AUDIT)}</div>'
    return _table(f"On {audit.about}", ("Metric", "Audit", LEARNT), rows)


def rivals_html() -> str:
    """A row a converter: what it is, whether it is installed here, and what it needs."""
    try:
        known = rivals()
    except ZestError as error:  # the file of ZEST_RIVALS
        return f'<div class="zest-empty">{escape(str(error))}</div>'
    return _table("", ("Converter", "Here", "Needs"), [_rival_row(one) for one in known.values()])


def _verdict_row(name: str, verdict: Verdict) -> str:
    try:
        learnt = registry.metric(name).info.training
    except ZestError:
        learnt = ""
    said = "Passed" if verdict.passed else f"Failed: {'; '.join(verdict.reasons)}"
    return _row(f"<code>{escape(name)}</code>", {"Audit": escape(said), LEARNT: escape(learnt or "nothing")})


def _rival_row(one: Rival) -> str:
    here = text.NOT_INSTALLED if one.why_not() else text.INSTALLED.format(version=one.version)  # a page names no folder
    address = next((word.rstrip(",") for word in one.page.split() if word.startswith("https://")), "")
    title = escape(one.title or one.name)
    link = f'<a href="{escape(address)}" target="_blank" rel="noopener">{title}</a>' if address else title
    needs = (f"Text: {one.text or 'none'}", f"GPU: {one.gpu or 'not said'}", f"Licence: {one.licence or 'not said'}", one.about)
    return _row(f"{link}<br><code>{escape(one.name)}</code>",
                {"Here": escape(here), "Needs": "<br>".join(escape(need) for need in needs if need)})


def _row(first: str, cells: Mapping[str, str]) -> str:
    """cells: by the head of their column, which a phone shows before each."""
    others = "".join(f'<td data-head="{head}">{cell}</td>' for head, cell in cells.items())
    return f'<tr><th scope="row">{first}</th>{others}</tr>'


def _table(caption: str, heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<table class="zest-list">{told}<thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
