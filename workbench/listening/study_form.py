"""The form that creates a study: beside a finished evaluation, and for gathered conversions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from evaluation.listening.design.create import CAP
from evaluation.listening.design.listening_checks import CHECKS
from evaluation.listening.design.study import Study
from evaluation.listening.design.wording import LANGUAGES
from evaluation.listening.errors import StudyError
from evaluation.listening.publish.links import is_local, listeners_link
from evaluation.run.folder import EvaluationRun, open_run
from workbench.jobs import queue as jobs
from workbench.listening import admin_text as text
from workbench.listening.admin import AdminAccess
from workbench.listening.budget_form import BudgetForm, budget_form
from workbench.listening.requests import address_for, signs_in
from workbench.listening.study_builder import (
    LISTENERS,
    form_problems,
    make_study,
    offered,
    parse_request,
    study_sentence,
    ticked,
)
from workbench.sentences import attempt
from workbench.tabs.feedback import button_update
from workbench.tabs.problems import note_html, problem_html, problem_slot, slot_updates

QUIET = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
SLOTS = ("systems", "questions", "numbers")  # parts of the form that can have a problem


@dataclass(frozen=True)
class StudyForm:
    """The components of one form, and where its run comes from.

    Attributes:
        run_of: the run by what `chosen` holds (the id of a job, or nothing). Raises ZestError.
        slots: of the problems of systems, questions and numbers. outcome: the study, or why there is none. made: its id.
    """

    access: AdminAccess
    run_of: Callable[[str], EvaluationRun]
    systems: gr.CheckboxGroup
    questions: gr.CheckboxGroup
    numbers: tuple[gr.Number, gr.Number, gr.Number]
    sign_in: gr.Checkbox
    recruitment: gr.Textbox
    languages: gr.CheckboxGroup
    texts: gr.Textbox
    budget: BudgetForm
    checks: gr.CheckboxGroup
    slots: dict[str, gr.HTML]
    button: gr.Button
    outcome: gr.HTML
    made: gr.State

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
             sign_in: bool, profile: gr.OAuthProfile | None, request: gr.Request, recruitment: str = "",
             languages: Sequence[str] = tuple(LANGUAGES), texts: str = "",
             checks: Sequence[str] = (), progress: gr.Progress = gr.Progress()) -> list[Any]:
        """Create the study and say where it is, and its id; or the sentences why there is none, each beside its input."""
        notes: list[str] = []

        def work() -> Study:
            with self.access.open_to(profile, request, "make a study"):
                requested = parse_request(systems, questions, listeners, cap, seed, sign_in, recruitment, languages, texts,
                                          checks)
                return make_study(self.run_of(chosen), requested, lambda done, all_: progress((done, all_), unit="clips"),
                                  notes.append)

        study, sentence = attempt(work)
        if study is not None:
            return [study_html(study, listeners_link(study, address_for(request)), notes), study.id, *slot_updates(SLOTS, {})]
        found = form_problems(systems, questions, listeners, cap, seed) if self.access.allows(profile, request) else {}
        return ["" if found else problem_html(sentence), gr.skip(), *slot_updates(SLOTS, found)]

    def check(self, systems: list[str], questions: list[str], listeners: float, cap: float, seed: float) -> list[Any]:
        """What is wrong with the form as it is, for its slots; nothing is left of an older outcome that is no study."""
        return slot_updates(SLOTS, form_problems(systems, questions, listeners, cap, seed))

    def connect(self, chosen: gr.components.Component) -> gr.State:
        """Button off, create the study, button on again whatever happened. Returns what changes once a study is made."""
        given, slots = [self.systems, self.questions, *self.numbers], [self.slots[name] for name in SLOTS]
        for component in (self.systems, self.questions, *self.numbers):
            component.input(self.check, given, slots, preprocess=False, trigger_mode="always_last", **QUIET)
        self.budget.connect(chosen, given)
        run = self.button.click(button_update(text.MAKING, False), None, self.button, **QUIET).then(
            self.make, [chosen, *given, self.sign_in, self.recruitment, self.languages, self.texts,
                        self.checks],
            [self.outcome, self.made, *slots],
            preprocess=False, concurrency_limit=1, api_visibility="private", show_progress_on=self.outcome)
        run.then(button_update(text.MAKE, True), None, self.button, **QUIET)
        return self.made


def study_form(access: AdminAccess, run_of: Callable[[str], EvaluationRun]) -> StudyForm:
    """Build the form inside the current Blocks; call its `connect` afterwards."""
    gr.Markdown(text.MAKE_NOTE, elem_classes="zest-limits")
    systems = gr.CheckboxGroup([], label=text.SYSTEMS_LABEL, info=text.SYSTEMS_INFO, elem_classes=["zest-form", "zest-systems"])
    slots = {"systems": problem_slot(None)}
    questions = gr.CheckboxGroup([], label=text.QUESTIONS_LABEL, info=text.QUESTIONS_INFO,
                                 elem_classes=["zest-form", "zest-questions"])
    slots["questions"] = problem_slot(None)
    with gr.Row():
        listeners, cap, seed = (
            gr.Number(value, precision=0, minimum=least, label=label, info=info, min_width=90, elem_classes=name)
            for value, least, label, info, name in ((LISTENERS, 1, text.LISTENERS_LABEL, text.LISTENERS_INFO, "zest-listeners"),
                                                    (CAP, 1, text.CAP_LABEL, text.CAP_INFO, "zest-cap"),
                                                    (0, 0, text.SEED_LABEL, text.SEED_INFO, "zest-draw-seed")))
    slots["numbers"] = problem_slot(None)
    budget = budget_form(access, run_of)
    sign_in = gr.Checkbox(False, label=text.SIGN_IN_LABEL, info=text.SIGN_IN_INFO, visible=signs_in(),
                          elem_classes="zest-sign-in")
    checks = gr.CheckboxGroup([(text.CHECK_NAMES[name], name) for name in CHECKS], label=text.CHECKS_LABEL, info=text.CHECKS_INFO,
                              elem_classes=["zest-form", "zest-checks"])
    with gr.Accordion(text.RECRUIT_TITLE, open=False):
        recruitment = gr.Textbox(label=text.RECRUIT_LABEL, info=text.RECRUIT_INFO, lines=4, max_lines=20,
                                 elem_classes="zest-recruitment")
    with gr.Accordion(text.LANGUAGES_TITLE, open=False):
        languages = gr.CheckboxGroup([(name, code) for code, name in LANGUAGES.items()], value=list(LANGUAGES),
                                     label=text.LANGUAGES_LABEL, info=text.LANGUAGES_INFO,
                                     elem_classes=["zest-form", "zest-languages"])
        texts = gr.Textbox(label=text.TEXTS_LABEL, info=text.TEXTS_INFO, lines=4, max_lines=20, elem_classes="zest-texts")
    button = gr.Button(text.MAKE, variant="primary", elem_classes="zest-make")
    outcome = gr.HTML(elem_classes="zest-outcome")
    return StudyForm(access, run_of, systems, questions, (listeners, cap, seed), sign_in, recruitment, languages, texts, budget,
                     checks, slots, button, outcome, gr.State())


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
        run, sentence = attempt(lambda: open_run(found.run))
        if run is None:
            return [gr.update(visible=True), *form.fill_nothing(), problem_html(sentence)]
        return [gr.update(visible=True), *form.fill(run), ""]

    files.change(show, job, [box, *form.choices(), form.outcome], **QUIET)
    form.connect(job)


def study_html(study: Study, link: str, notes: Sequence[str] = ()) -> str:
    """The link, whole so that it can be pasted anywhere, what the study consists of, and notes on its recordings."""
    local = f'<p class="small">{escape(text.LINK_LOCAL)}</p>' if is_local(link) else ""
    return (f'<div class="zest-job"><p class="headline">{escape(text.CREATED)}</p>'
            f'<p><a href="{escape(link, quote=True)}" target="_blank">{escape(link)}</a></p>{local}'
            f'<p class="small">{escape(study_sentence(study))}</p>{"".join(map(note_html, notes))}</div>')


def _run_of_job(root: Path, name: str) -> EvaluationRun:
    job = jobs.find_job(root, name)
    if job is None or job.status().state != jobs.DONE:
        raise StudyError(text.NO_JOB)
    return open_run(job.run)
