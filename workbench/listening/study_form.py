"""The form that creates a study: beside a finished evaluation, and for gathered conversions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from evaluation.listening.design.create import CAP
from evaluation.listening.design.study import Study
from evaluation.listening.errors import StudyError
from evaluation.listening.publish.links import is_local, study_link
from evaluation.run.folder import EvaluationRun, open_run
from workbench.jobs import queue as jobs
from workbench.listening import admin_text as text
from workbench.listening.admin import AdminAccess
from workbench.listening.requests import address_for, signs_in
from workbench.listening.study_builder import LISTENERS, make_study, offered, parse_request, study_sentence, ticked
from workbench.tabs.feedback import button_update

QUIET = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True)
class StudyForm:
    """The components of one form, and where its run comes from.

    Attributes:
        run_of: the run by what `chosen` holds (the id of a job, or nothing). Raises ZestError.
    """

    access: AdminAccess
    run_of: Callable[[str], EvaluationRun]
    systems: gr.CheckboxGroup
    questions: gr.CheckboxGroup
    numbers: tuple[gr.Number, gr.Number, gr.Number]
    sign_in: gr.Checkbox
    button: gr.Button
    outcome: gr.HTML

    def choices(self) -> list[gr.components.Component]:
        """What depends on the run, in the order of `fill`."""
        return [self.systems, self.questions]

    def fill(self, run: EvaluationRun) -> list[Any]:
        """The choices that a run gives."""
        systems, questions = offered(run)
        ticked_systems, ticked_questions = ticked(systems, questions)
        return [gr.update(choices=list(systems), value=ticked_systems),
                gr.update(choices=[(text.QUESTION_NAMES[name], name) for name in questions], value=ticked_questions)]

    def fill_nothing(self) -> list[Any]:
        return [gr.update(choices=[], value=[]), gr.update(choices=[], value=[])]

    def make(self, chosen: str, systems: list[str], questions: list[str], listeners: float, cap: float, seed: float,
             sign_in: bool, profile: gr.OAuthProfile | None, request: gr.Request,
             progress: gr.Progress = gr.Progress()) -> str:
        """Create the study and say where it is."""
        with self.access.open_to(profile, request, "make a study"):
            requested = parse_request(systems, questions, listeners, cap, seed, sign_in)
            study = make_study(self.run_of(chosen), requested, lambda done, all_: progress((done, all_), unit="clips"))
            return study_html(study, study_link(study.id, address_for(request)))

    def connect(self, chosen: gr.components.Component) -> Dependency:
        """Button off, create the study, button on again whatever happened."""
        run = self.button.click(button_update(text.MAKING, False), None, self.button, **QUIET).then(
            self.make, [chosen, self.systems, self.questions, *self.numbers, self.sign_in], self.outcome,
            preprocess=False, concurrency_limit=1, api_visibility="private", show_progress_on=self.outcome)
        created = run.success(button_update(text.MAKE, True), None, self.button, **QUIET)
        run.failure(button_update(text.MAKE, True), None, self.button, **QUIET)
        return created


def study_form(access: AdminAccess, run_of: Callable[[str], EvaluationRun]) -> StudyForm:
    """Build the form inside the current Blocks; call its `connect` afterwards."""
    gr.Markdown(text.MAKE_NOTE, elem_classes="zest-limits")
    systems = gr.CheckboxGroup([], label=text.SYSTEMS_LABEL, info=text.SYSTEMS_INFO, elem_classes=["zest-form", "zest-systems"])
    questions = gr.CheckboxGroup([], label=text.QUESTIONS_LABEL, info=text.QUESTIONS_INFO,
                                 elem_classes=["zest-form", "zest-questions"])
    with gr.Row():
        listeners, cap, seed = (
            gr.Number(value, precision=0, minimum=least, label=label, info=info, min_width=90, elem_classes=name)
            for value, least, label, info, name in ((LISTENERS, 1, text.LISTENERS_LABEL, text.LISTENERS_INFO, "zest-listeners"),
                                                    (CAP, 1, text.CAP_LABEL, text.CAP_INFO, "zest-cap"),
                                                    (0, 0, text.SEED_LABEL, text.SEED_INFO, "zest-draw-seed")))
    sign_in = gr.Checkbox(False, label=text.SIGN_IN_LABEL, info=text.SIGN_IN_INFO, visible=signs_in(),
                          elem_classes="zest-sign-in")
    button = gr.Button(text.MAKE, variant="primary", elem_classes="zest-make")
    outcome = gr.HTML(elem_classes="zest-outcome")
    return StudyForm(access, run_of, systems, questions, (listeners, cap, seed), sign_in, button, outcome)


def job_form(access: AdminAccess, jobs_of: Callable[[], Path], job: gr.Textbox, files: gr.File) -> None:
    """The form beside a job, visible once the job's downloads are.

    Args:
        jobs_of: gives the folder of all jobs. job: holds the id. files: are filled when the job is done.
    """
    with access.panel(), gr.Accordion(text.MAKE_TITLE, open=False, visible=False, elem_id="zest-job-study") as box:
        form = study_form(access, lambda name: _run_of_job(jobs_of(), name))

    def show(name: str) -> list[Any]:
        found = jobs.find_job(jobs_of(), name)
        if found is None or found.status().state != jobs.DONE:
            return [gr.update(visible=False), *(gr.skip() for _ in form.choices()), ""]
        return [gr.update(visible=True), *form.fill(open_run(found.run)), ""]

    files.change(show, job, [box, *form.choices(), form.outcome], **QUIET)
    form.connect(job)


def study_html(study: Study, link: str) -> str:
    """The link, whole so that it can be pasted anywhere, and what the study consists of."""
    local = f'<p class="small">{escape(text.LINK_LOCAL)}</p>' if is_local(link) else ""
    return (f'<div class="zest-job"><p class="headline">{escape(text.CREATED)}</p>'
            f'<p><a href="{escape(link, quote=True)}" target="_blank">{escape(link)}</a></p>{local}'
            f'<p class="small">{escape(study_sentence(study))}</p></div>')


def _run_of_job(root: Path, name: str) -> EvaluationRun:
    job = jobs.find_job(root, name)
    if job is None or job.status().state != jobs.DONE:
        raise StudyError(text.NO_JOB)
    return open_run(job.run)
