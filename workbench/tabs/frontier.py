"""The Frontier tab under Evaluate: recordings are converted at several strengths, as a job that outlives the page."""

from __future__ import annotations

from typing import Any

import gradio as gr

from evaluation.frontier import STRENGTHS, frontier_systems, read_strengths
from evaluation.frontier.measure import COUNT
from pipelines.baselines import BASELINES
from pipelines.decoders import DECODERS
from pipelines.errors import ZestError
from workbench.jobs.frontier import check_recordings, submit_frontier
from workbench.sentences import attempt
from workbench.tabs import text
from workbench.tabs.job_view import View, job_view, jobs_folder, start_job
from workbench.tabs.problems import QUIET, problem, problem_slot

FIRST = ("residual_neural", "f0-swap")
FEWEST, MOST, FIRST_COUNT = 4, 4 * COUNT, COUNT // 4  # pairs


def frontier_tab() -> View:
    """Build the tab inside the current Blocks. Returns what shows its job."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            files = gr.File(label=text.FILES_LABEL, file_count="multiple", height=190, elem_id="zest-frontier-files")
            files_slot = problem_slot("zest-frontier-files-problem")
            gr.Markdown(text.FRONTIER_NOTE, elem_classes="zest-limits")
            systems = gr.CheckboxGroup([*DECODERS, *BASELINES], value=list(FIRST), label=text.SYSTEMS_LABEL,
                                       elem_id="zest-frontier-systems")
            systems_slot = problem_slot("zest-frontier-systems-problem")
            strengths = gr.Textbox(STRENGTHS, label=text.STRENGTHS_LABEL, info=text.STRENGTHS_INFO,
                                   elem_id="zest-frontier-strengths")
            strengths_slot = problem_slot("zest-frontier-strengths-problem")
            presets = gr.Checkbox(False, label=text.PRESETS_LABEL, info=text.PRESETS_INFO)
            count = gr.Slider(FEWEST, MOST, FIRST_COUNT, step=4, label=text.COUNT_LABEL, info=text.COUNT_INFO)
            button = gr.Button(text.FRONTIER_START, variant="primary", size="lg", elem_id="zest-frontier-start")
        with gr.Column(scale=8, min_width=320):
            failed = problem_slot("zest-frontier-problem")
            view = job_view(failed, "zest-frontier")
    gr.on([files.change, count.release], check_files, [files, count], files_slot, trigger_mode="always_last",
          **QUIET)
    gr.on([systems.change, presets.change], check_systems, [systems, presets], systems_slot, trigger_mode="always_last", **QUIET)
    strengths.change(check_strengths, strengths, strengths_slot, trigger_mode="always_last", **QUIET)
    start_job(view, button, text.FRONTIER_START, start, [files, systems, strengths, presets, count],
              [files_slot, systems_slot, strengths_slot, failed], "zest-frontier-score-status")
    return view


def start(files: list[str] | None, systems: list[str], strengths: str, presets: bool, count: float) -> list[Any]:
    """Check everything and start the job: updates for its id and the slots of files, systems, strengths and everything else."""
    slots = [check_files(files, count, needed=True), check_systems(systems, presets), check_strengths(strengths)]
    if any(slot["visible"] for slot in slots):
        return [gr.skip(), *slots, problem("")]
    job, sentence = attempt(lambda: submit_frontier(jobs_folder(), files or [], systems, strengths, int(count), presets))
    return [gr.skip() if job is None else job.id, *slots, problem(sentence)]


def check_files(files: list[str] | None, count: float, needed: bool = False) -> dict[str, Any]:
    """What is wrong with the files, for their slot. needed: that there are none is wrong, too."""
    if not files:
        return problem(text.NO_FRONTIER_FILES if needed else "")
    return problem(attempt(lambda: check_recordings(files or [], int(count)))[1])


def check_systems(systems: list[str], presets: bool) -> dict[str, Any]:
    """What is wrong with the chosen systems, for their slot."""
    if not systems:
        return problem(text.NO_SYSTEM)
    return problem(attempt(lambda: frontier_systems(systems, presets=presets))[1])


def check_strengths(strengths: str) -> dict[str, Any]:
    """What is wrong with the strengths, for their slot."""
    try:
        read_strengths(strengths or "")
    except ZestError as error:
        return problem(str(error))
    return problem("")
