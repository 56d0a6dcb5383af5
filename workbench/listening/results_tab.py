"""The Results tab: for administrators, every study of this workbench, what its listeners said, and its end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from gradio.blocks import Block

from workbench.listening import admin_text as text
from workbench.listening.admin import HOURS, AdminAccess
from workbench.listening.admin_routes import LOCK, UNLOCK
from workbench.listening.gather_tab import GatheredSet
from workbench.listening.import_panel import ImportPanel
from workbench.listening.results_actions import ResultsActions
from workbench.listening.results_view import empty_html
from workbench.listening.study_form import QUIET
from workbench.tabs.feedback import button_update
from workbench.tabs.problems import problem_slot

WATCH_SECONDS = 10.0  # between two counts of the listeners of all studies


@dataclass(frozen=True)
class ResultsView:
    """The components of the tab."""

    locked: gr.Column
    said: gr.HTML
    password: gr.Textbox
    unlock: gr.Button
    opened: gr.Column
    lock: gr.Button
    studies: gr.Radio
    unread: gr.HTML
    none: gr.HTML
    refresh: gr.Button
    close: gr.Button
    export: gr.Button
    done: gr.HTML
    sure: gr.Column
    yes: gr.Button
    no: gr.Button
    link: gr.Textbox
    files: gr.File
    results: gr.HTML
    paragraph: gr.Textbox
    about: gr.Column
    gathered: GatheredSet
    imports: ImportPanel
    timer: gr.Timer

    def page(self) -> list[Block]:
        """What `ResultsActions.page` fills: which of the two faces shows, the list, the gathered set, what was imported, the
        timer, the panels."""
        return [self.locked, self.opened, self.password, self.studies, self.none, *self.gathered.all(),
                *self.imports.filled(), self.timer, *self.gathered.access.panels]

    def study(self) -> list[Block]:
        """What shows one study."""
        return [self.results, self.paragraph, self.about, self.close, self.sure, self.files, self.link, self.unread, self.done]

    def whole(self) -> list[Any]:
        """What is wrong with the unlocking, and everything."""
        return [self.said, *self.study(), *self.page()]


def results_tab(demo: gr.Blocks, tab: gr.Tab, access: AdminAccess) -> None:
    """Build the tab inside the current Blocks; it fills itself whenever it is opened."""
    if not access.administration.configured:
        with gr.Column(elem_id="zest-unlock"):
            gr.HTML(_title(escape(access.administration.problem)))
        return
    view = _view(access)
    actions = ResultsActions(access, view.gathered, view.imports, len(view.whole()))
    page = {"inputs": None, "outputs": view.page(), **QUIET}
    for trigger in (view.unlock.click, view.password.submit):
        trigger(actions.unlocked, view.password, [view.said, *view.page()], js=UNLOCK, **QUIET)
    view.lock.click(actions.locked, view.password, view.whole(), js=LOCK, **QUIET)
    demo.load(actions.page, **page)
    tab.select(actions.page, **page)
    view.gathered.connect(view.password).change(actions.page, **page)
    view.imports.connect().then(actions.watch, None, view.whole(), **QUIET)
    view.timer.tick(actions.watch, None, view.whole(), **QUIET)
    _one_study(view, actions)


def _one_study(view: ResultsView, actions: ResultsActions) -> None:
    """What happens with the chosen study. The choice is not held against the list first: the functions refuse by a sentence."""
    quiet, shown, whole = QUIET, view.study(), view.whole()
    again = {"inputs": view.studies, "outputs": shown, "preprocess": False, "api_visibility": "private", "concurrency_limit": 2,
             "show_progress_on": view.results}
    view.studies.input(actions.show, **again)
    view.refresh.click(actions.show, **again).then(actions.watch, None, whole, **quiet)
    view.close.click(lambda: gr.update(visible=True), None, view.sure, **quiet)
    view.no.click(lambda: gr.update(visible=False), None, view.sure, **quiet)
    view.yes.click(actions.close, **again).then(actions.watch, None, whole, **quiet)
    export = view.export.click(button_update(text.EXPORTING, False), None, view.export, **quiet).then(
        actions.export, view.studies, [view.files, view.done], preprocess=False, api_visibility="private", concurrency_limit=1,
        show_progress_on=view.files)
    export.then(button_update(text.EXPORT, True), None, view.export, **quiet)


def _title(sentence: str) -> str:
    """Over a tab that shows no results; what stands between backticks is something to type."""
    said = re.sub("`(.+?)`", r"<code>\1</code>", sentence)
    return f"<h2>{text.LOCKED_TITLE}</h2><p class='zest-small'>{said}</p>"


def _view(access: AdminAccess) -> ResultsView:
    with gr.Column(elem_id="zest-unlock") as locked:
        gr.HTML(_title(text.LOCKED_NOTE))
        said = problem_slot("zest-unlock-said")
        password = gr.Textbox(label=text.PASSWORD_LABEL, type="password", visible=bool(access.administration.password),
                              elem_id="zest-password")
        unlock = gr.Button(text.UNLOCK, variant="primary", visible=bool(access.administration.password), elem_id="zest-open")
        if access.administration.names:
            gr.LoginButton(text.SIGN_IN)
    with gr.Column(visible=False, elem_id="zest-admin") as opened:
        studies = gr.Radio([], label=text.STUDIES_LABEL, elem_id="zest-studies")
        unread = problem_slot("zest-studies-problem")
        none = gr.HTML(empty_html(text.NO_STUDIES), visible=False)
        with gr.Column(visible=False) as about:
            link = gr.Textbox(label=text.LINK_LABEL, buttons=["copy"], interactive=False, elem_id="zest-link")
            with gr.Row(elem_id="zest-study-buttons"):
                refresh = gr.Button(text.REFRESH, min_width=100, elem_id="zest-refresh")
                export = gr.Button(text.EXPORT, min_width=100, elem_id="zest-export")
                close = gr.Button(text.CLOSE, min_width=160, elem_id="zest-close")
            done = problem_slot("zest-study-problem")
            with gr.Column(visible=False, elem_id="zest-sure") as sure:
                gr.Markdown(text.CLOSE_SURE)
                with gr.Row():
                    yes = gr.Button(text.CLOSE_YES, variant="primary", size="sm", elem_id="zest-close-yes")
                    no = gr.Button(text.CLOSE_NO, size="sm")
            files = gr.File(label=text.DOWNLOAD_LABEL, visible=False, interactive=False, elem_id="zest-study-files")
        results = gr.HTML(empty_html(), elem_id="zest-study-results")
        paragraph = gr.Textbox(label=text.PARAGRAPH_LABEL, info=text.PARAGRAPH_INFO, lines=6, max_lines=14, buttons=["copy"],
                               interactive=False, visible=False, elem_id="zest-paragraph")
        gathered, imports = GatheredSet(access), ImportPanel(access)
        note = text.UNLOCKED_NOTE.format(hours=HOURS)
        gr.HTML(f"<p class='zest-small'>{note}</p>", visible=bool(access.administration.password))
        lock = gr.Button(text.LOCK, size="sm", elem_id="zest-lock")
    return ResultsView(locked, said, password, unlock, opened, lock, studies, unread, none, refresh, close, export, done, sure,
                       yes, no, link, files, results, paragraph, about, gathered, imports, gr.Timer(WATCH_SECONDS, active=False))
