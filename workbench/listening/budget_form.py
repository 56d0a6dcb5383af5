"""Budget and power, in the form that makes a study: what its listeners will cost, and which differences they will find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from evaluation.listening.analysis.earlier import EarlierStudy, earlier_study
from evaluation.listening.analysis.estimate import StudyEstimate, estimate, estimate_sentences, parse_differences
from evaluation.listening.design.budget import parse_pay
from evaluation.listening.design.create import plan_study
from evaluation.listening.errors import StudyError
from evaluation.listening.store import collect
from evaluation.run.folder import EvaluationRun
from workbench.listening import admin_text as text
from workbench.listening.admin import AdminAccess
from workbench.listening.studies import store_of, study_ids
from workbench.listening.study_builder import parse_request
from workbench.listening.study_list import study_choices
from workbench.sentences import attempt
from workbench.tabs.feedback import button_update
from workbench.tabs.problems import problem_html

QUIET = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True)
class BudgetForm:
    """The components, and where the run comes from (see StudyForm).

    Attributes:
        money: rate, currency, fee, excluded and left, as `parse_pay` takes them. difference: as `parse_differences`.
        earlier: id of a study, '' for the usual variances.
    """

    access: AdminAccess
    run_of: Callable[[str], EvaluationRun]
    box: gr.Accordion
    money: tuple[gr.Textbox, ...]
    difference: gr.Textbox
    earlier: gr.Dropdown
    button: gr.Button
    outcome: gr.HTML

    def offer(self, profile: gr.OAuthProfile | None, request: gr.Request) -> Any:
        """The studies whose variances can be taken, for an administrator."""
        found = study_choices(imports=False) if self.access.allows(profile, request) else []
        return gr.update(choices=[(text.EARLIER_NONE, ""), *((line.splitlines()[0] + f", {name[:6]}…", name)
                                                             for line, name in found)])

    def estimate(self, chosen: str, systems: list[str], questions: list[str], listeners: float, cap: float, seed: float,
                 rate: str, currency: str, fee: str, excluded: str, left: str, difference: str, earlier: str,
                 profile: gr.OAuthProfile | None, request: gr.Request) -> str:
        """The sentences, or why there are none."""

        def work() -> StudyEstimate:
            with self.access.open_to(profile, request, "estimate a study"):
                asked = parse_request(systems, questions, listeners, cap, seed)
                known = _earlier(earlier)
                lost = excluded if str(excluded or "").strip() else known.excluded_percent if known else 0
                pay = parse_pay(rate, currency, str(fee or "").strip() or 0, lost, str(left or "").strip() or 0)
                study = plan_study(self.run_of(chosen), asked.systems, asked.questions, asked.listeners, asked.seed, asked.cap)
                named = parse_differences(str(difference or "").split(","), study)
                return estimate(study, pay, known, named, seed=asked.seed)

        found, sentence = attempt(work)
        return problem_html(sentence) if found is None else estimate_html(found)

    def connect(self, chosen: gr.components.Component, given: Sequence[gr.components.Component]) -> None:
        """given: systems, questions, listeners, cap and seed of the form around it."""
        self.box.expand(self.offer, None, self.earlier, **QUIET)
        run = self.button.click(button_update(text.ESTIMATING, False), None, self.button, **QUIET).then(
            self.estimate, [chosen, *given, *self.money, self.difference, self.earlier], self.outcome, preprocess=False,
            concurrency_limit=1, api_visibility="private", show_progress_on=self.outcome)
        run.then(button_update(text.ESTIMATE, True), None, self.button, **QUIET)


def budget_form(access: AdminAccess, run_of: Callable[[str], EvaluationRun]) -> BudgetForm:
    """Build it inside the current Blocks; call its `connect` afterwards."""
    with gr.Accordion(text.BUDGET_TITLE, open=False, elem_classes="zest-budget") as box:
        gr.Markdown(text.BUDGET_NOTE, elem_classes="zest-limits")
        with gr.Row():
            money = tuple(gr.Textbox(value, label=label, info=info, min_width=90, max_lines=1, elem_classes=name)
                          for value, label, info, name in (
                              ("", text.RATE_LABEL, text.RATE_INFO, "zest-rate"),
                              ("GBP", text.CURRENCY_LABEL, text.CURRENCY_INFO, "zest-currency"),
                              ("", text.FEE_LABEL, text.FEE_INFO, "zest-fee"),
                              ("", text.EXCLUDED_LABEL, text.EXCLUDED_INFO, "zest-excluded"),
                              ("", text.LEAVE_LABEL, text.LEAVE_INFO, "zest-leave")))
        with gr.Row():
            difference = gr.Textbox(label=text.DIFFERENCE_LABEL, info=text.DIFFERENCE_INFO, max_lines=1, min_width=200,
                                    elem_classes="zest-difference")
            earlier = gr.Dropdown([(text.EARLIER_NONE, "")], value="", label=text.EARLIER_LABEL, info=text.EARLIER_INFO,
                                  min_width=200, elem_classes="zest-earlier")
        button = gr.Button(text.ESTIMATE, elem_classes="zest-estimate")
        outcome = gr.HTML(elem_classes="zest-outcome")
    return BudgetForm(access, run_of, box, money, difference, earlier, button, outcome)


def estimate_html(found: StudyEstimate) -> str:
    """Money and what is found first, what was assumed below it in small letters."""
    first, *rest = estimate_sentences(found)
    return (f'<div class="zest-job"><p class="headline">{escape(first)}</p>'
            + "".join(f'<p class="small">{escape(sentence)}</p>' for sentence in rest) + "</div>")


def _earlier(study: str | None) -> EarlierStudy | None:
    """Raises StudyError: no such study, or too few votes. StoreError."""
    if not study:
        return None
    if study not in study_ids():
        raise StudyError(text.NO_SUCH_STUDY)
    store = store_of(study)
    return earlier_study(f"study {store.study.id[:6]}", store.study, collect(store))
