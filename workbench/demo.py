"""The Gradio workbench: header, tabs, footer. A new tab is one line here and one file beside it."""

from __future__ import annotations

from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from pipelines.decoders import DECODERS
from pipelines.errors import CheckpointError
from workbench.api.all import ENDPOINTS, define_all
from workbench.api.calls import ToldBlocks, call_errors
from workbench.api.openapi import openapi_route
from workbench.conversion import converter
from workbench.listening.admin import AdminAccess, administration
from workbench.listening.admin_routes import admin_routes
from workbench.listening.admin_text import TAB as RESULTS
from workbench.listening.listen_tab import CSS as LISTEN_CSS
from workbench.listening.listen_tab import listen_tab
from workbench.listening.results_tab import results_tab
from workbench.listening.results_view import CSS as RESULTS_CSS
from workbench.listening.routes import listening_routes
from workbench.score_card.style import CSS as SCORE_CSS
from workbench.served_page import ServedPage
from workbench.studio.long_routes import forget_long, long_routes
from workbench.studio.routes import take_routes
from workbench.tabs import text
from workbench.tabs.convert import convert_tab
from workbench.tabs.evaluate import evaluate_tab
from workbench.tabs.head import head
from workbench.tabs.problems import tell_progress_to
from workbench.tabs.theme import css, theme

CACHE_SECONDS = (3600, 6 * 3600)  # look every hour for uploads and results older than six
KEYS = '<button type="button" id="zest-keys" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)">?</button>'
LOOKS = 0.02, 0.05  # s between looks for calls and for progress; Gradio's 1 and 10 ms take 6 % of a core while nobody is there
UPLOAD_LIMIT = "300mb"  # a zip of 16-bit WAVs of three hours; single recordings are refused by their length


def build_demo() -> gr.Blocks:
    """The whole workbench. A checkpoint that cannot be loaded is told on the page instead of ending the start."""
    presets, decoders, problem = _choices()
    administrators = administration()
    with ToldBlocks(title=text.TITLE, analytics_enabled=False, delete_cache=CACHE_SECONDS) as demo:
        define_all()
        unseen = gr.Timer(active=False)  # early in the page, where Gradio's scripts find it soon
        gr.HTML(f"<h1>{text.TITLE}</h1><p>{text.TAGLINE}</p>{KEYS}", elem_id="zest-header", padding=False)
        access = AdminAccess(administrators)
        with gr.Tabs() as tabs:
            with gr.Tab("Convert", id="convert"):
                convert_tab(demo, presets, decoders, problem, access)
            with gr.Tab("Evaluate", id="evaluate"):
                evaluate_tab(demo, tabs, access)
            with gr.Tab(text.LISTEN_TAB, id="listen"):
                listen_tab(demo, tabs)
            with gr.Tab(RESULTS, id="results") as results:
                results_tab(demo, results, access)
        gr.HTML(f"<p>{text.FOOTER}</p>", elem_id="zest-footer")
        tell_progress_to(demo, unseen)
    demo.queue(max_size=20)
    demo._queue.sleep_when_free, demo._queue.progress_update_sleep_when_free = LOOKS
    return demo


def launch_options() -> dict[str, Any]:
    """What Gradio 6 takes at launch: looks, limits, and nothing kept about visitors."""
    return {"theme": theme(), "css": css() + SCORE_CSS + LISTEN_CSS + RESULTS_CSS, "head": head(), "max_file_size": UPLOAD_LIMIT,
            "run_history": False, "ssr_mode": False, "footer_links": ["api"],
            "app_kwargs": {"exception_handlers": call_errors(), "middleware": [Middleware(ServedPage)],
                           "routes": [openapi_route(ENDPOINTS), *take_routes(forgotten=forget_long), *long_routes(),
                                      *listening_routes(), *admin_routes(administration())]}}


def _choices() -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
    """Presets and decoders of the checkpoint, and what is wrong with it."""
    try:
        return converter().presets, converter().decoders or tuple(DECODERS), None
    except CheckpointError as error:
        return (), tuple(DECODERS), str(error)
