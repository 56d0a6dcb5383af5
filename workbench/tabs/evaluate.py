"""The Evaluate tab: one conversion at once; a set of conversions, or a frontier, as a job that outlives the page; and what
the judges are worth, and which converters by others are here."""

from __future__ import annotations

from typing import Any

import gradio as gr

from evaluation.metrics.registry import default_names, further_names
from pipelines.errors import OutputError, ZestError
from workbench.jobs import queue as jobs
from workbench.jobs.queue import TooManyWait
from workbench.jobs.upload import check, submit
from workbench.listening.admin import AdminAccess
from workbench.listening.study_form import job_form
from workbench.sentences import attempt
from workbench.tabs import text
from workbench.tabs.frontier import frontier_tab
from workbench.tabs.instruments import instruments
from workbench.tabs.job_view import View, job_view, jobs_folder, show, start_job
from workbench.tabs.problems import QUIET, problem, problem_slot
from workbench.tabs.score import one_conversion


def evaluate_tab(demo: gr.Blocks, tabs: gr.Tabs, access: AdminAccess) -> None:
    """Build the tab inside the current Blocks; a page with ?job=ID opens on it and shows that job."""
    with gr.Tabs() as inner:
        with gr.Tab(text.ONE_TAB, id="one"):
            one_conversion()
        with gr.Tab(text.SET_TAB, id="set"):
            view = _whole_set(access)
        with gr.Tab(text.FRONTIER_TAB, id="frontier"):
            frontier_view = frontier_tab()
    with gr.Accordion(text.INSTRUMENTS_LABEL, open=False, elem_id="zest-instruments"):
        instruments()
    demo.load(reconnect, None, [*view.all(), *frontier_view.all(), tabs, inner], **QUIET)


def start(files: list[str] | None, metrics: list[str], baselines: bool) -> list[Any]:
    """Check the upload and start its job: updates for the job's id and the slots of files, metrics and everything else."""
    if not metrics:
        return [gr.skip(), problem(attempt(lambda: check(files or []))[1]), problem(text.NO_METRIC), problem("")]
    try:
        return [submit(jobs_folder(), files or [], metrics, baselines).id, problem(""), problem(""), problem("")]
    except (TooManyWait, OutputError) as error:
        return [gr.skip(), problem(""), problem(""), problem(str(error))]
    except ZestError as error:
        return [gr.skip(), problem(str(error)), problem(""), problem("")]


def check_files(files: list[str] | None) -> dict[str, Any]:
    """What is wrong with the files that were just given, for their slot."""
    return problem(attempt(lambda: check(files))[1] if files else "")


def reconnect(request: gr.Request) -> list[Any]:
    """When the page is loaded: the job of its address, if it names one, on the tab that it was started on."""
    jobs.clean(jobs_folder())
    name = request.query_params.get("job")
    job = jobs.find_job(jobs_folder(), name)
    is_frontier = job is not None and job.request().is_frontier
    place = "frontier" if is_frontier else "set"
    chosen = [gr.update(selected="evaluate"), gr.update(selected=place)] if name else [gr.skip(), gr.skip()]
    return [*show(None if is_frontier else name), *show(name if is_frontier else None), *chosen]


def _whole_set(access: AdminAccess) -> View:
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            files = gr.File(label=text.FILES_LABEL, file_count="multiple", height=190, elem_id="zest-files")
            files_slot = problem_slot("zest-files-problem")
            gr.Markdown(text.FILES_NOTE, elem_classes="zest-limits")
            baselines = gr.Checkbox(True, label=text.BASELINES_LABEL, info=text.BASELINES_INFO)
            names = list(default_names())
            choices = [*names, *further_names()]
            with gr.Accordion(f"{text.METRICS_LABEL} ({len(names)} of {len(choices)})", open=False):
                metrics = gr.CheckboxGroup(choices, value=names, show_label=False, elem_id="zest-metrics")
            metrics_slot = problem_slot("zest-metrics-problem")
            button = gr.Button(text.START, variant="primary", size="lg", elem_id="zest-evaluate")
        with gr.Column(scale=8, min_width=320):
            failed = problem_slot("zest-evaluation-problem")
            view = job_view(failed, between=lambda name, files: _study_form(access, name, files))
    files.change(check_files, files, files_slot, trigger_mode="always_last", **QUIET)
    metrics.change(lambda chosen: problem("" if chosen else text.NO_METRIC), metrics, metrics_slot, **QUIET)
    start_job(view, button, text.START, start, [files, metrics, baselines], [files_slot, metrics_slot, failed])
    return view


def _study_form(access: AdminAccess, name: gr.Textbox, files: gr.File) -> None:
    if access.administration.configured:
        job_form(access, jobs_folder, name, files)
