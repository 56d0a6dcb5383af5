"""Gathered conversions: the button beside a conversion that sends it, and the administrator's set of them."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr
from gradio.blocks import Block

from evaluation.listening.design.gathering import (
    AlreadyGathered,
    GatheredConversions,
    forget,
    gather,
    gathered,
    gathered_run,
)
from evaluation.listening.errors import StudyError
from evaluation.run.folder import EvaluationRun
from pipelines.counting import counted, sentence_start
from pipelines.errors import ZestError
from pipelines.mix import EmotionMix
from workbench.listening import admin_text as text
from workbench.listening.admin import AdminAccess, without_folders
from workbench.listening.study_builder import enough_sentence, gathered_folder, parse_request
from workbench.listening.study_form import QUIET, StudyForm, study_form
from workbench.scoring import ScoredConversion
from workbench.sentences import attempt
from workbench.tabs.problems import note_html, problem, problem_html, problem_slot


def gather_panel(access: AdminAccess, conversion: gr.State, emotions: list[str]) -> None:
    """Under a conversion: its system, named after its settings, its emotion, and the button.

    An older message goes when another conversion comes. Nothing that is gathered is replaced before it was asked for.
    """

    def sender(replacing: bool) -> Callable[..., list[Any]]:
        def send(one: ScoredConversion | None, system: str, emotion: str, profile: gr.OAuthProfile | None,
                 request: gr.Request) -> list[Any]:
            def work() -> tuple[str, bool]:
                with access.open_to(profile, request, "gather a conversion"):
                    return _send(one, (system or "").strip(), (emotion or "").strip(), replacing)

            done, sentence = attempt(work)
            said, taken = done or (problem_html(sentence), False)
            return [said, gr.update(visible=taken)]

        return send

    with access.panel(), gr.Accordion(text.GATHER_TITLE, open=False, elem_id="zest-gather"):
        gr.Markdown(text.GATHER_NOTE, elem_classes="zest-limits")
        with gr.Row():
            system = gr.Textbox(label=text.GATHER_SYSTEM_LABEL, info=text.GATHER_SYSTEM_INFO, max_length=61, scale=3,
                                min_width=180, elem_id="zest-gather-system")
            emotion = gr.Dropdown(emotions, value="", label=text.GATHER_EMOTION_LABEL, info=text.GATHER_EMOTION_INFO,
                                  allow_custom_value=True, scale=2, min_width=150, elem_id="zest-gather-emotion")
        button = gr.Button(text.GATHER, elem_id="zest-gather-send")
        said = gr.HTML(elem_classes="zest-outcome")
        again = gr.Button(text.GATHER_REPLACE, visible=False, size="sm", elem_id="zest-gather-replace")
    given = [conversion, system, emotion]
    conversion.change(_of_new_conversion, conversion, [system, emotion, said, again], **QUIET)
    system.input(lambda: ["", gr.update(visible=False)], None, [said, again], **QUIET)
    for trigger, replacing in ((button, False), (again, True)):
        trigger.click(sender(replacing), given, [said, again], api_visibility="private", concurrency_limit=1)


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
                self.kept = problem_slot("zest-forget-problem")
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

    def connect(self, nothing: gr.components.Component) -> gr.State:
        """Wire the buttons; `nothing` is any component, since a gathered set has no id. Returns what a new study changes."""
        inputs = [self.form.systems, self.form.questions, *self.form.numbers]
        for component in inputs[:-1]:
            component.change(self.count, inputs, self.enough, preprocess=False, **QUIET)
        self.empty.click(lambda: gr.update(visible=True), None, self.sure, **QUIET)
        self.no.click(lambda: gr.update(visible=False), None, self.sure, **QUIET)
        self.yes.click(self.forget, None, [self.kept, self.sure, *self.all()], **QUIET)
        return self.form.connect(nothing)

    def count(self, systems: list[str], questions: list[str], listeners: float, cap: float, seed: float,
              profile: gr.OAuthProfile | None, request: gr.Request) -> str:
        """How many pairs there are and would help, or what is wrong with the form."""
        if not self.access.allows(profile, request):
            return _small(text.LOCKED)
        try:
            return _small(enough_sentence(_run(), parse_request(systems, questions, listeners, cap, seed)))
        except ZestError as error:
            return _small(without_folders(error))

    def forget(self, profile: gr.OAuthProfile | None, request: gr.Request) -> list[Any]:
        """Delete the set, or say under the button why it is still there."""
        def work() -> bool:
            with self.access.open_to(profile, request, "empty the gathered conversions"):
                forget(gathered_folder())
                return True

        done, sentence = attempt(work)
        closed = gr.update(visible=False)
        return [problem(sentence), closed, *(self.shown() if done else [gr.skip() for _ in self.all()])]


def _of_new_conversion(one: ScoredConversion | None) -> list[Any]:
    """What the panel holds when another conversion comes: the name of its system, and nothing of the one before."""
    system, emotion = (one.system, one.emotion) if one else ("", "")
    return [system, gr.update(value=emotion, interactive=not emotion), "", gr.update(visible=False)]


def _send(one: ScoredConversion | None, system: str, emotion: str, replacing: bool) -> tuple[str, bool]:
    """(what is said, whether another conversion has the place). Raises ZestError."""
    if one is None or one.source is None or one.converted is None:
        raise StudyError(text.NOT_CONVERTED)
    try:
        mix = str(EmotionMix.of(one.mix)) if one.mix else ""
        found = gather(gathered_folder(), one.source, one.converted, one.reference, one.emotion or emotion, system, replacing,
                       mix)
    except AlreadyGathered as taken:
        return problem_html(str(taken)), True
    said = f"{text.SENT[found.outcome].format(system=system)} {text.SENT_NEXT}"
    notes = "".join(map(note_html, found.notes))
    return f'<div class="zest-job"><p>{escape(said)}</p><p class="small">{escape(pairs_sentence(found))}</p>{notes}</div>', False


def pairs_sentence(found: GatheredConversions) -> str:
    systems = ", ".join(f"{name} ({count})" for name, count in found.systems.items())
    return text.PAIRS.format(pairs=sentence_start(counted(found.pairs, "pair")), systems=systems)


def _run(_: str = "") -> EvaluationRun:
    return gathered_run(gathered_folder())


def _small(sentence: str) -> str:
    return f'<p class="zest-small">{escape(sentence)}</p>'
