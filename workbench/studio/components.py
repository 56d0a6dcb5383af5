"""The A/B player and the contours as Gradio components; both show the same moment of one conversion."""

from __future__ import annotations

import gradio as gr

from workbench.studio import assets

GROUP = "convert"  # a player and the contours of one group move together


def player(elem_id: str, group: str = GROUP, **options) -> gr.HTML:
    """An A/B player; its value is what `tracks.player_value` gives. options: of gr.HTML."""
    return gr.HTML(html_template=f'<section class="zs" data-studio="{group}" role="group" aria-label="Listen and compare" hidden></section>',
                   css_template=assets.style("player.css"), js_on_load=assets.script(assets.PLAYER, "Player"),
                   apply_default_css=False, padding=False, elem_id=elem_id, **options)


def contour_view(elem_id: str, group: str = GROUP, **options) -> gr.HTML:
    """The contours of a conversion; its value is what `contours.contours_value` gives. options: of gr.HTML."""
    return gr.HTML(html_template=f'<section class="zc" data-studio="{group}" role="group" aria-label="F0 contours" hidden></section>',
                   css_template=assets.style("contours.css"), js_on_load=assets.script(assets.CONTOURS, "Contours"),
                   apply_default_css=False, padding=False, elem_id=elem_id, **options)
