"""Gathered conversions: the button beside a conversion that sends it, and the administrator's set of them."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.events import Dependency

from evaluation.listening.design.gathering import GatheredConversions, forget, gather, gathered, gathered_run
from evaluation.run.folder import EvaluationRun
from pipelines.counting import counted, sentence_start
from pipelines.errors import ZestError
from workbench.listening import admin_text as text
from workbench.listening.admin import AdminAccess, without_folders
from workbench.listening.study_builder import enough_sentence, gathered_folder, parse_request
from workbench.listening.study_form import QUIET, StudyForm, study_form
from workbench.tabs.feedback import alert
from workbench.tabs.score import ScoredConversion


def gather_panel(access: AdminAccess, conversion: gr.State, converted: gr.Audio, emotions: list[str]) -> None:
    """Under a conversion: its system, its emotion, and the button. An older message goes when another conversion comes."""

    def send(one: ScoredConversion | None, system: str, emotion: str, key: str, profile: gr.OAuthProfile | None,
             request: gr.Request) -> str:
        with access.open_to(key, profile, request, "gather a conversion"):
            if one is None:
                raise alert(text.NOT_CONVERTED)
            found = gather(gathered_folder(), one.source, one.converted, one.reference, one.emotion or (emotion or "").strip(),
                           (system or "").strip())
            return f'<div class="zest-job"><p>{text.SENT}</p><p class="small">{escape(pairs_sentence(found))}</p></div>'

    with gr.Accordion(text.GATHER_TITLE, open=False, elem_id="zest-gather"):
        gr.Markdown(text.GATHER_NOTE, elem_classes="zest-limits")
        with gr.Row():
            system = gr.Textbox("transfer", label=text.GATHER_SYSTEM_LABEL, info=text.GATHER_SYSTEM_INFO, max_length=61, scale=3,
                                min_width=180, elem_id="zest-gather-system")
            emotion = gr.Dropdown(emotions, value="", label=text.GATHER_EMOTION_LABEL, info=text.GATHER_EMOTION_INFO,
                                  allow_custom_value=True, scale=2, min_width=150, elem_id="zest-gather-emotion")
        button = gr.Button(text.GATHER, elem_id="zest-gather-send")
        said = gr.HTML(elem_classes="zest-outcome")
    converted.change(lambda: "", None, said, **QUIET)
    button.click(send, [conversion, system, emotion, access.key], said, api_visibility="private", concurrency_limit=1)


class GatheredSet:
    """The set on the administrator's tab: how many pairs, the form, and the button that empties it."""

    def __init__(self, access: AdminAccess):
        self.access = access
        with gr.Accordion(text.GATHERED_TITLE, open=False, elem_id="zest-gathered"):
            self.said = gr.HTML()
            with gr.Column(visible=False) as self.box:
                self.enough = gr.HTML(elem_classes="zest-enough")
                self.form: StudyForm = study_form(access, _run)
                self.empty = gr.Button(text.FORGET, size="sm", elem_id="zest-forget")
                with gr.Column(visible=False, elem_classes="zest-sure") as self.sure:
                    gr.Markdown(text.FORGET_SURE)
                    with gr.Row():
                        self.yes = gr.Button(text.FORGET_YES, variant="primary", size="sm", elem_id="zest-forget-yes")
                        self.no = gr.Button(text.FORGET_NO, size="sm")

    def all(self) -> list[Block]:
        """In the order of `shown`."""
        return [self.said, self.box, *self.form.choices()]

    def shown(self) -> list[Any]:
        """For an administrator: the caller has checked."""
        try:
            found = gathered(gathered_folder())
            filled = self.form.fill(gathered_run(gathered_folder())) if found.pairs else None
        except ZestError as error:
            return [_small(without_folders(error)), gr.update(visible=False), *self.form.fill_nothing()]
        if filled is None:
            return [_small(text.NOTHING_GATHERED), gr.update(visible=False), *self.form.fill_nothing()]
        return [_small(pairs_sentence(found)), gr.update(visible=True), *filled]

    def hidden(self) -> list[Any]:
        """For everybody else."""
        return ["", gr.update(visible=False), *self.form.fill_nothing()]

    def connect(self, nothing: gr.components.Component) -> Dependency:
        """Wire the buttons; `nothing` is any component, since a gathered set has no id."""
        inputs = [self.form.systems, self.form.questions, *self.form.numbers, self.access.key]
        for component in inputs[:-2]:
            component.change(self.count, inputs, self.enough, **QUIET)
        self.empty.click(lambda: gr.update(visible=True), None, self.sure, **QUIET)
        self.no.click(lambda: gr.update(visible=False), None, self.sure, **QUIET)
        self.yes.click(self.forget, self.access.key, [self.sure, *self.all()], **QUIET)
        return self.form.connect(nothing)

    def count(self, systems: list[str], questions: list[str], listeners: float, cap: float, seed: float, key: str,
              profile: gr.OAuthProfile | None) -> str:
        """How many pairs there are and would help; quiet while the form is half filled or nobody may ask."""
        if not self.access.administration.allows(key, profile):
            return ""
        try:
            return _small(enough_sentence(_run(), parse_request(systems, questions, listeners, cap, seed)))
        except ZestError as error:
            return _small(without_folders(error))

    def forget(self, key: str, profile: gr.OAuthProfile | None, request: gr.Request) -> list[Any]:
        """Delete the set."""
        with self.access.open_to(key, profile, request, "empty the gathered conversions"):
            forget(gathered_folder())
            return [gr.update(visible=False), *self.shown()]


def pairs_sentence(found: GatheredConversions) -> str:
    systems = ", ".join(f"{name} ({count})" for name, count in found.systems.items())
    return text.PAIRS.format(pairs=sentence_start(counted(found.pairs, "pair")), systems=systems)


def _run(_: str = "") -> EvaluationRun:
    return gathered_run(gathered_folder())


def _small(sentence: str) -> str:
    return f'<p class="zest-small">{escape(sentence)}</p>'
