"""The Listen tab: the listeners' page in a frame. A link with ?study=ID opens on it; without, a listener pastes the link."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import gradio as gr

from evaluation.listening.design.study import STUDY_ID
from evaluation.listening.design.wording import NO_SUCH_STUDY
from evaluation.listening.errors import StoreError, StudyError
from workbench.listening import studies
from workbench.listening.requests import signs_in, visited_address
from workbench.tabs import text
from workbench.tabs.problems import problem, problem_slot

ID_IN_LINK = re.compile(rf"(?<![0-9a-z]){STUDY_ID.pattern}(?![0-9a-z])")
REMEMBER = """(id) => { const url = new URL(window.location); if (id) { url.searchParams.set('study', id); }
    window.history.replaceState(null, '', url); return id; }"""
QUIET = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
CSS = """
#zest-listen iframe { display: block; width: 100%; height: max(34rem, calc(100dvh - 13.5rem)); border: 0;
  border-radius: var(--radius-lg); }
#zest-listen p { margin: 0.4rem 0 0; text-align: center; font-size: 0.85rem; }
#zest-listen a { color: var(--body-text-color-subdued); }
#zest-listen-form { max-width: 720px; margin: 0 auto; }
@media (max-width: 640px) { #zest-listen iframe { height: max(30rem, calc(100dvh - 4rem)); } }
"""


def listen_tab(demo: gr.Blocks, tabs: gr.Tabs) -> None:
    """Build the tab inside the current Blocks. Studies are private by link, so none is listed."""
    study = gr.Textbox(visible=False)
    if signs_in():
        gr.LoginButton(visible=False)  # has Gradio serve the sign-in; the link to it is on the listeners' page
    frame = gr.HTML(visible=False, elem_id="zest-listen", padding=False)
    with gr.Column(elem_id="zest-listen-form") as form:
        how = gr.Markdown(text.LISTEN_HOW, elem_id="zest-listen-how")
        said = problem_slot("zest-listen-said")
        link = gr.Textbox(label=text.LISTEN_LINK_LABEL, info=text.LISTEN_LINK_INFO, elem_id="zest-listen-link", max_lines=1)
        button = gr.Button(text.LISTEN_OPEN, variant="primary", elem_id="zest-listen-open")
    shown = [frame, form, how, said]
    gr.on([button.click, link.submit], open_link, link, [study, *shown], **QUIET).then(
        None, study, study, js=REMEMBER, api_visibility="private")
    demo.load(reopen, None, [*shown, tabs], **QUIET)


def open_link(link: str, request: gr.Request) -> list[Any]:
    """The id in what a listener pasted ('' for none), and the page of that study, or why there is none."""
    study, sentence = find_linked(link)
    return [study, *(failed(sentence) if sentence else show(study, request))]


def find_linked(link: str) -> tuple[str, str]:
    """(id, '') of the study that a link or a part of it names, or ('', what to tell the listener)."""
    found = ID_IN_LINK.search(link.strip().lower()) if isinstance(link, str) else None
    if found is None:
        return "", text.LISTEN_NO_ID if link else text.LISTEN_NOTHING
    try:
        return studies.store_of(found.group()).study.id, ""
    except StudyError:
        return "", text.LISTEN_BROKEN if found.group() in studies.study_ids() else NO_SUCH_STUDY
    except StoreError as error:
        return "", str(error)


def show(study: str, request: gr.Request) -> list[Any]:
    """The page of a study in its frame."""
    address = f"{urlsplit(visited_address(request)).path.rstrip('/')}/listen/{study}"
    html = (f'<iframe src="{address}" title="{text.LISTEN_TAB}" allow="autoplay; clipboard-write"></iframe>'
            f'<p><a href="{address}" target="_blank">{text.LISTEN_ALONE}</a></p>')
    return [gr.update(value=html, visible=True), gr.update(visible=False), gr.skip(), problem("")]


def failed(sentence: str) -> list[Any]:
    """The sentence in the place of the introduction; it stays until another link is opened."""
    return [gr.update(value="", visible=False), gr.update(visible=True), gr.update(visible=False), problem(sentence)]


def reopen(request: gr.Request) -> list[Any]:
    """When the page is loaded: the study of its address, if it names one."""
    if "study" not in request.query_params:
        return [gr.skip()] * 5
    study, sentence = find_linked(request.query_params["study"])
    return [*(failed(sentence) if sentence else show(study, request)), gr.update(selected="listen")]
