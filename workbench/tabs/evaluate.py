"""The Evaluate tab: one conversion at once, or a set of conversions as a job that outlives the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from evaluation.metrics.registry import default_names
from pipelines.errors import OutputError, ZestError
from workbench.jobs import queue as jobs
from workbench.jobs.queue import Job, Status, TooManyWait
from workbench.jobs.upload import check, submit
from workbench.jobs.view import EMPTY, job_html, message, report_html
from workbench.listening.admin import AdminAccess
from workbench.listening.study_form import job_form
from workbench.tabs import text
from workbench.tabs.feedback import button_update
from workbench.tabs.problems import QUIET, attempt, problem, problem_slot, show_problem
from workbench.tabs.score import one_conversion

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


def evaluate_tab(demo: gr.Blocks, tabs: gr.Tabs, access: AdminAccess) -> None:
    """Build the tab inside the current Blocks; a page with ?job=ID opens on it and shows that job."""
    with gr.Tabs() as inner:
        with gr.Tab(text.ONE_TAB, id="one"):
            one_conversion()
        with gr.Tab(text.SET_TAB, id="set"):
            view = _whole_set(access)
    demo.load(reconnect, None, [*view.all(), tabs, inner], **QUIET)


def start(files: list[str] | None, metrics: list[str], baselines: bool) -> list[Any]:
    """Check the upload and start its job: updates for the job's id and the slots of files, metrics and everything else."""
    if not metrics:
        return [gr.skip(), gr.skip(), problem(text.NO_METRIC), problem("")]
    try:
        return [submit(jobs_folder(), files or [], metrics, baselines).id, problem(""), problem(""), problem("")]
    except (TooManyWait, OutputError) as error:
        return [gr.skip(), problem(""), problem(""), problem(str(error))]
    except ZestError as error:
        return [gr.skip(), problem(str(error)), problem(""), problem("")]


def check_files(files: list[str] | None) -> dict[str, Any]:
    """What is wrong with the files that were just given, for their slot."""
    return problem(attempt(lambda: check(files))[1] if files else "")


def show(name: str | None) -> list[Any]:
    """Updates for the components of `View`; report and downloads come when the job is done."""
    job = jobs.find_job(jobs_folder(), name)
    if job is None:
        said = message(text.GONE if name else EMPTY)
        return ["", said, *(gr.update(visible=False),) * 4, gr.update(active=False)]
    status = job.status()
    ended = status.state in jobs.ENDED
    said, sentence = attempt(lambda: job_html(job, status))
    if said is None:  # it was deleted just now
        return ["", message(sentence), *(gr.update(visible=False),) * 4, gr.update(active=False)]
    return [job.id, said, gr.update(visible=not ended),
            gr.update(visible=status.state in (jobs.INTERRUPTED, jobs.CANCELLED)), *_results(job, status),
            gr.update(active=not ended)]


def reconnect(request: gr.Request) -> list[Any]:
    """When the page is loaded: the job of its address, if it names one."""
    jobs.clean(jobs_folder())
    name = request.query_params.get("job")
    chosen = [gr.update(selected="evaluate"), gr.update(selected="set")] if name else [gr.skip(), gr.skip()]
    return [*show(name), *chosen]


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


def _whole_set(access: AdminAccess) -> View:
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            files = gr.File(label=text.FILES_LABEL, file_count="multiple", height=190, elem_id="zest-files")
            files_slot = problem_slot("zest-files-problem")
            gr.Markdown(text.FILES_NOTE, elem_classes="zest-limits")
            baselines = gr.Checkbox(True, label=text.BASELINES_LABEL, info=text.BASELINES_INFO)
            names = list(default_names())
            with gr.Accordion(f"{text.METRICS_LABEL} ({len(names)})", open=False):
                metrics = gr.CheckboxGroup(names, value=names, show_label=False, elem_id="zest-metrics")
            metrics_slot = problem_slot("zest-metrics-problem")
            button = gr.Button(text.START, variant="primary", size="lg", elem_id="zest-evaluate")
        with gr.Column(scale=8, min_width=320):
            failed = problem_slot("zest-evaluation-problem")
            view = _view(access, failed)
    files.change(check_files, files, files_slot, trigger_mode="always_last", **QUIET)
    metrics.change(lambda chosen: problem("" if chosen else text.NO_METRIC), metrics, metrics_slot, **QUIET)
    quiet_start = button.click(button_update(text.STARTING, False), None, button, **QUIET)
    run = quiet_start.then(start, [files, metrics, baselines], [view.job, files_slot, metrics_slot, failed],
                           api_visibility="private", concurrency_limit=1, show_progress_on=view.progress)
    run.then(None, None, None, js=show_problem("zest-score-status"), api_visibility="private")
    run.success(show, view.job, view.all(), **QUIET).then(None, view.job, view.job, js=REMEMBER, api_visibility="private")
    run.then(button_update(text.START, True), None, button, **QUIET)
    return view


def _view(access: AdminAccess, failed: gr.HTML) -> View:
    name = gr.Textbox(visible=False)
    progress = gr.HTML(message(EMPTY), elem_id="zest-score-status")
    with gr.Row():
        stop = gr.Button(text.CANCEL, visible=False, elem_id="zest-cancel")
        again = gr.Button(text.GO_ON, visible=False, variant="primary", elem_id="zest-go-on")
    files = gr.File(label=text.DOWNLOADS_LABEL, visible=False, interactive=False, file_count="multiple",
                    elem_id="zest-downloads")
    if access.administration.configured:
        job_form(access, jobs_folder, name, files)
    report = gr.HTML(visible=False, elem_id="zest-report")
    view = View(name, progress, stop, again, report, files, gr.Timer(POLL_SECONDS, active=False))
    view.timer.tick(show, name, view.all(), **QUIET)
    stop.click(cancel, name, view.all(), **QUIET)
    again.click(go_on, name, [*view.all(), failed], **QUIET)
    return view


def _results(job: Job, status: Status) -> list[Any]:
    """Report and downloads, once they are there."""
    if status.state != jobs.DONE:
        return [gr.update(visible=False), gr.update(visible=False)]
    page = job.run / "report.html"
    files = sorted(job.downloads.glob("*"), key=lambda file: (file.suffix == ".zip", file.name))  # the whole run at the end
    return [gr.update(value=report_html(page), visible=True),
            gr.update(value=[str(file) for file in files if not file.name.startswith(".")], visible=True)]
