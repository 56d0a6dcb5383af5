"""An evaluation job as HTML: progress, outcome, report."""

from __future__ import annotations

import time
from html import escape
from pathlib import Path

from pipelines.counting import agreeing, counted
from workbench.jobs.queue import CANCELLED, DONE, FAILED, INTERRUPTED, KEPT_HOURS, RUNNING, WAITING, Job, Status

EMPTY = "Progress, tables and plots will appear here. The job goes on when this page is closed: keep its address."
KEPT = {DONE: "It is kept here for {hours:.0f} hours; download what is to stay.",
        CANCELLED: "It can go on within {hours:.0f} hours.", INTERRUPTED: "It can go on within {hours:.0f} hours."}
STARTING = "Loading what the evaluation needs"


def job_html(job: Job, status: Status, now: float | None = None) -> str:
    """The state of a job; names of files are escaped."""
    request = job.request()
    about = f"{request.name}: {counted(request.pairs, 'pair')}, {counted(len(request.metrics), 'metric')}"
    return (f'<div class="zest-job" data-state="{status.state}">{_said(status, time.time() if now is None else now)}'
            f'<p class="small">{escape(about)}</p></div>')


def message(sentence: str) -> str:
    """A sentence in place of a job."""
    return f'<div class="zest-job"><p class="small">{escape(sentence)}</p></div>'


def report_html(page: Path) -> str:
    """The report in a sandboxed frame: its styles stay inside, and its one script (players.js) reaches nothing of this page."""
    if not page.is_file():
        return ""
    content = escape(page.read_text(encoding="utf-8"), quote=True)
    return f'<div class="zest-report"><iframe title="Report" sandbox="allow-scripts" srcdoc="{content}"></iframe></div>'


def duration(seconds: float) -> str:
    """'40 s', '3 min', '2 h 05 min'."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def _said(status: Status, now: float) -> str:
    if status.state == RUNNING:
        return _running(status, now)
    if status.state == WAITING:
        before = f"{counted(status.ahead, 'evaluation')} {agreeing(status.ahead, 'is', 'are')} before it."
        waits = before if status.ahead else "It starts."
        return f'<p class="headline">Waiting for its turn</p><p>{waits}</p>'
    headline = {DONE: "Done", CANCELLED: "Cancelled", FAILED: "The evaluation failed", INTERRUPTED: "Interrupted"}[status.state]
    sentences = [status.sentence, KEPT.get(status.state, "").format(hours=KEPT_HOURS)]
    return f'<p class="headline">{headline}</p>' + "".join(f"<p>{escape(one)}</p>" for one in sentences if one)


def _running(status: Status, now: float) -> str:
    part = f"Stage {status.part} of {status.parts}: " if status.parts and status.part else ""
    left = status.seconds_left(now)
    times = f"at work for {duration(now - status.begun)}"
    if left is not None:
        times += f", about {duration(left)} left of this stage"
    count = f"{status.done} of {status.total}, " if status.total > 1 else ""
    share = status.done / status.total if status.total else 0.0
    return (f'<p class="headline">{escape(part + (status.label or STARTING))}</p>'
            f'<progress max="1" value="{share:.3f}"></progress><p>{count}{times}</p>')
