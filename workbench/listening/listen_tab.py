"""The Listen tab: a listener pastes the link of a test, which is a page of its own. A link with ?study=ID leads there at once."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import gradio as gr

from evaluation.listening.design.wording import LANGUAGES, language_for, wording_in
from evaluation.listening.errors import StoreError, StudyError
from workbench.listening import studies
from workbench.listening.requests import id_in_link, signs_in, visited_address
from workbench.tabs import text
from workbench.tabs.problems import problem, problem_slot

GO = "(address) => { if (address) window.location.assign(address); return address; }"
QUIET = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
CSS = "#zest-listen-form { max-width: 720px; margin: 0 auto; } #zest-listen-how h2 { font-size: 1.05rem; }"


def listen_tab(demo: gr.Blocks, tabs: gr.Tabs) -> None:
    """Build the tab inside the current Blocks. Studies are private by link, so none is listed."""
    address = gr.Textbox(visible=False)
    if signs_in():
        gr.LoginButton(visible=False)  # has Gradio serve the sign-in; the link to it is on the listeners' page
    with gr.Column(elem_id="zest-listen-form"):
        how = gr.Markdown(text.LISTEN_HOW, elem_id="zest-listen-how")
        said = problem_slot("zest-listen-said")
        link = gr.Textbox(label=text.LISTEN_LINK_LABEL, info=text.LISTEN_LINK_INFO, elem_id="zest-listen-link", max_lines=1)
        button = gr.Button(text.LISTEN_OPEN, variant="primary", elem_id="zest-listen-open")
    shown = [address, how, said]
    opened = gr.on([button.click, link.submit], open_link, link, shown, **QUIET)
    loaded = demo.load(reopen, None, [*shown, tabs], **QUIET)
    for event in (opened, loaded):
        event.then(None, address, address, js=GO, api_visibility="private")


def open_link(link: str, request: gr.Request) -> list[Any]:
    """The address of the study that a listener's link names, or in the place of the introduction why there is none."""
    study, sentence = find_linked(link, _language(request))
    if sentence:
        return ["", gr.update(visible=False), problem(sentence)]
    return [f"{urlsplit(visited_address(request)).path.rstrip('/')}/listen/{study}", gr.skip(), problem("")]


def find_linked(link: str, language: str = "en") -> tuple[str, str]:
    """(id, '') of the study that a link or a part of it names, or ('', what to tell the listener)."""
    found, said = id_in_link(link), wording_in(language)["refusals"]
    is_english = language == "en"
    if not found:
        return "", said["nowhere"] if not is_english else text.LISTEN_NO_ID if link else text.LISTEN_NOTHING
    try:
        return studies.store_of(found).study.id, ""
    except StudyError:
        broken = text.LISTEN_BROKEN if is_english else said["broken"]
        return "", broken if found in studies.study_ids() else said["nowhere"]
    except StoreError as error:
        return "", str(error)


def _language(request: gr.Request) -> str:
    """The one of the listeners' pages that the browser likes best: the tabs are in English, but a listener is told why."""
    return language_for(dict(getattr(request, "headers", None) or {}).get("accept-language", ""), tuple(LANGUAGES))


def reopen(request: gr.Request) -> list[Any]:
    """When the page is loaded: as `open_link` for the study of its address, if it names one, and the tab."""
    if "study" not in request.query_params:
        return [gr.skip()] * 4
    return [*open_link(request.query_params["study"], request), gr.update(selected="listen")]
