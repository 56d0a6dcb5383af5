"""The Listen tab: the listeners' page in a frame. A link with ?study=ID opens on it; without, a listener pastes the link."""

from __future__ import annotations

import re
from typing import Any

import gradio as gr

from evaluation.listening.design.study import STUDY_ID
from evaluation.listening.errors import StudyError
from workbench.listening import studies
from workbench.listening.requests import signs_in
from workbench.tabs import text
from workbench.tabs.feedback import as_alerts

REMEMBER = """(id) => { const url = new URL(window.location); url.searchParams.set('study', id);
    window.history.replaceState(null, '', url); return id; }"""
QUIET = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
CSS = """
#zest-listen iframe { display: block; width: 100%; height: max(34rem, calc(100dvh - 13.5rem)); border: 0;
  border-radius: var(--radius-lg); }
#zest-listen p { margin: 0.4rem 0 0; text-align: center; font-size: 0.85rem; }
#zest-listen a { color: var(--body-text-color-subdued); }
#zest-listen-how { max-width: 720px; margin: 0 auto; }
@media (max-width: 640px) { #zest-listen iframe { height: max(30rem, calc(100dvh - 4rem)); } }
"""


def listen_tab(demo: gr.Blocks, tabs: gr.Tabs) -> None:
    """Build the tab inside the current Blocks. Studies are private by link, so none is listed."""
    study = gr.Textbox(visible=False)
    if signs_in():
        gr.LoginButton(visible=False)  # has Gradio serve the sign-in; the link to it is on the listeners' page
    frame = gr.HTML(visible=False, elem_id="zest-listen", padding=False)
    with gr.Column(elem_id="zest-listen-how") as how:
        gr.Markdown(text.LISTEN_HOW)
        link = gr.Textbox(label=text.LISTEN_LINK_LABEL, info=text.LISTEN_LINK_INFO, elem_id="zest-listen-link", max_lines=1)
        button = gr.Button(text.LISTEN_OPEN, variant="primary", elem_id="zest-listen-open")
    shown = gr.on([button.click, link.submit], open_link, link, study, concurrency_limit=None, api_visibility="private",
                  show_progress="hidden")  # in the queue, else a mistake shows no sentence
    shown.success(show, study, [frame, how], **QUIET).then(None, study, study, js=REMEMBER, api_visibility="private")
    demo.load(reopen, None, [frame, how, tabs], **QUIET)


def open_link(link: str) -> str:
    """The id in what a listener pasted."""
    with as_alerts():
        found = re.search(rf"\b{STUDY_ID.pattern}\b", link or "")
        if found is None:
            raise StudyError(text.LISTEN_NO_ID)
        return studies.store_of(found.group()).study.id


def show(study: str) -> list[Any]:
    """The page of a study in its frame; whether there is one, the page says."""
    address = f"listen/{study}"
    html = (f'<iframe src="{address}" title="{text.LISTEN_TAB}" allow="autoplay; clipboard-write"></iframe>'
            f'<p><a href="{address}" target="_blank">{text.LISTEN_ALONE}</a></p>')
    return [gr.update(value=html, visible=True), gr.update(visible=False)]


def reopen(request: gr.Request) -> list[Any]:
    """When the page is loaded: the study of its address, if it names one."""
    study = request.query_params.get("study", "")
    if not STUDY_ID.fullmatch(study):
        return [gr.skip(), gr.skip(), gr.update(selected="listen") if study else gr.skip()]
    return [*show(study), gr.update(selected="listen")]
