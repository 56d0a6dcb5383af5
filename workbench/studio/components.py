"""The A/B player and the contours as Gradio components; both show the same moment of one conversion."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from workbench.studio import assets

GROUP = "convert"  # a player and the contours of one group move together


def player(elem_id: str, group: str = GROUP, **options) -> gr.HTML:
    """An A/B player; its value is what `tracks.player_value` gives. options: of gr.HTML."""
    return _component("zs", "Listen and compare", group, "player.css", assets.script(assets.PLAYER, "Player"), elem_id, options)


def contour_view(elem_id: str, group: str = GROUP, **options) -> gr.HTML:
    """The contours of a conversion; its value is what `contours.contours_value` gives. options: of gr.HTML."""
    return _component("zc", "F0 contours", group, "contours.css", assets.script(assets.CONTOURS, "Contours"), elem_id, options)


def lane(elem_id: str, presets: Sequence[str], **options) -> gr.HTML:
    """The lane of a long recording's phrases; its value is a sentence with a mark, see workbench/tabs/convert_long.py.

    Its events `upload` and `submit` carry the visitor's token as `key`: find the phrases of what was uploaded; render the plan.
    presets: the checkpoint's stored emotions. options: of gr.HTML.
    """
    return _component("zl", "Phrase by phrase", escape(json.dumps(list(presets))), "lane.css", assets.script(assets.LANE, "Lane"),
                      elem_id, options)


def _component(name: str, label: str, group: str, style: str, script: str, elem_id: str, options: dict[str, Any]) -> gr.HTML:
    """Hidden until it has a value. name: of its class in the style sheet. label: for screen readers."""
    template = f'<section class="{name}" data-studio="{group}" role="group" aria-label="{label}" hidden></section>'
    return gr.HTML(html_template=template, css_template=assets.style(style), js_on_load=script, apply_default_css=False,
                   padding=False, elem_id=elem_id, **options)
