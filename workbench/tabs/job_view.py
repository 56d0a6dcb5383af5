"""A job on the page: progress, Cancel and Go on, its report and downloads; the same for sets and frontiers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from workbench.jobs import queue as jobs
from workbench.jobs.queue import Job, Status
from workbench.jobs.view import EMPTY, job_html, message, report_html
from workbench.sentences import attempt
from workbench.tabs import text
from workbench.tabs.feedback import button_update
from workbench.tabs.problems import QUIET, problem, show_problem

POLL_SECONDS = 2.0
REMEMBER = """(id) => { const url = new URL(window.location); if (id) { url.searchParams.set('job', id); }
    window.history.replaceState(null, '', url); return id; }"""


@dataclass(frozen=True)
class View:
    """The components that show a job, in the order of what `show` returns."""

    job: gr.Textbox
    progress: gr.HTML
    cancel: gr.Button
    go_on: gr.Button
    report: gr.HTML
    files: gr.File
    timer: gr.Timer

    def all(self) -> list[gr.components.Component]:
        return [self.job, self.progress, self.cancel, self.go_on, self.report, self.files, self.timer]


def jobs_folder() -> Path:
    """Where jobs live: beside Gradio's uploads, from where it may serve them."""
    return Path(get_upload_folder()) / "zest-jobs"


def job_view(failed: gr.HTML, prefix: str = "zest", between: Callable[[gr.Textbox, gr.File], None] | None = None) -> View:
    """The components, wired.

    Args:
        failed: slot for what failed. prefix: of their ids. between: builds what stands between downloads and report.
    """
    name = gr.Textbox(visible=False)
    progress = gr.HTML(message(EMPTY), elem_id=f"{prefix}-score-status")
    with gr.Row():
        stop = gr.Button(text.CANCEL, visible=False, elem_id=f"{prefix}-cancel")
        again = gr.Button(text.GO_ON, visible=False, variant="primary", elem_id=f"{prefix}-go-on")
    files = gr.File(label=text.DOWNLOADS_LABEL, visible=False, interactive=False, file_count="multiple",
                    elem_id=f"{prefix}-downloads")
    if between is not None:
        between(name, files)
    report = gr.HTML(visible=False, elem_id=f"{prefix}-report")
    view = View(name, progress, stop, again, report, files, gr.Timer(POLL_SECONDS, active=False))
    view.timer.tick(show, name, view.all(), **QUIET)
    stop.click(cancel, name, view.all(), **QUIET)
    again.click(go_on, name, [*view.all(), failed], **QUIET)
    return view


def start_job(view: View, button: gr.Button, label: str, start: Callable[..., list[Any]], inputs: list[Any],
              slots: list[gr.HTML], status: str = "zest-score-status") -> None:
    """Wire a button that starts a job and shows it.

    Args:
        start: from the inputs to updates of the job's id and the slots. label: of the button. status: id to scroll to.
    """
    quiet_start = button.click(button_update(text.STARTING, False), None, button, **QUIET)
    run = quiet_start.then(start, inputs, [view.job, *slots], api_visibility="private", concurrency_limit=1,
                           show_progress_on=view.progress)
    run.then(None, None, None, js=show_problem(status), api_visibility="private")
    run.success(show, view.job, view.all(), **QUIET).then(None, view.job, view.job, js=REMEMBER, api_visibility="private")
    run.then(button_update(label, True), None, button, **QUIET)


def show(name: str | None) -> list[Any]:
    """Updates for the components of `View`; report and downloads come when the job is done."""
    job = jobs.find_job(jobs_folder(), name)
    if job is None:
        said = message(text.GONE.format(hours=jobs.KEPT_HOURS) if name else EMPTY)
        return ["", said, *(gr.update(visible=False),) * 4, gr.update(active=False)]
    status = job.status()
    ended = status.state in jobs.ENDED
    said, sentence = attempt(lambda: job_html(job, status))
    if said is None:  # it was deleted just now
        return ["", message(sentence), *(gr.update(visible=False),) * 4, gr.update(active=False)]
    return [job.id, said, gr.update(visible=not ended),
            gr.update(visible=status.state in (jobs.INTERRUPTED, jobs.CANCELLED)), *_results(job, status),
            gr.update(active=not ended)]


def cancel(name: str) -> list[Any]:
    """End a job; its folder stays for a while, so that it can go on."""
    job = jobs.find_job(jobs_folder(), name)
    if job is not None:
        jobs.cancel(job)
    return show(name)


def go_on(name: str) -> list[Any]:
    """Let an interrupted or cancelled job go on where it stopped; then as `show`, and the slot of what failed."""
    job, sentence = jobs.find_job(jobs_folder(), name), ""
    if job is not None and job.status().state in (jobs.INTERRUPTED, jobs.CANCELLED):
        _, sentence = attempt(lambda: jobs.start(job))
    return [*show(name), problem(sentence)]


def _results(job: Job, status: Status) -> list[Any]:
    """Report and downloads, once they are there."""
    if status.state != jobs.DONE:
        return [gr.update(visible=False), gr.update(visible=False)]
    files = sorted(job.downloads.glob("*"), key=lambda file: (file.suffix == ".zip", file.name))  # the whole run at the end
    return [gr.update(value=report_html(job.page), visible=True),
            gr.update(value=[str(file) for file in files if not file.name.startswith(".")], visible=True)]
