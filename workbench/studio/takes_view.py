"""The list of takes as a Gradio component. It speaks with `routes`; showing a take and using its settings are events."""

from __future__ import annotations

from importlib.resources import files

import gradio as gr

HTML = """<section hidden aria-label="Takes"><header><h2>Takes</h2><span class="count"></span><span class="tools" role="toolbar"
aria-label="All takes" hidden><button type="button" class="all">Download all</button>
<button type="button" class="forget" tabindex="-1">Forget</button></span></header>
<div class="bar" role="status"></div><ul></ul></section>"""


def takes_list(elem_id: str = "zest-takes") -> gr.HTML:
    """Build the list inside the current Blocks.

    Its events carry the take's id as `take` and the visitor's token as `key`: `select` asks to show a take, `submit` to use its
    settings.
    """
    return gr.HTML(html_template=HTML, css_template=page_file("takes.css"), js_on_load=page_file("takes.js"),
                   apply_default_css=False, padding=False, elem_id=elem_id)


def page_file(name: str) -> str:
    """A script or style of the studio's page."""
    return files("workbench.studio").joinpath(f"page/{name}").read_text(encoding="utf-8")
