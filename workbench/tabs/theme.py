"""The theme of the workbench: system fonts, so nothing is fetched from elsewhere."""

from __future__ import annotations

from importlib.resources import files

import gradio as gr

SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")

CSS = """
.gradio-container { width: 100%; max-width: 1280px !important; margin: 0 auto !important; overflow: clip !important; }
.gradio-container > .main { padding: 0.5rem 1.5rem 1rem !important; }
.tabitem { padding-top: 0.6rem !important; }
.html-container { padding: 0 !important; }  /* what Gradio indents would stand out of line with inputs and buttons */
.dark { color-scheme: dark; }  /* players, bars and fields that the browser draws */
.gradio-container progress { accent-color: #4f46e5; }
.dark [role="tab"][aria-selected="true"] { color: #a5b4fc; }
#zest-header { display: flex; }
#zest-header .html-container, #zest-header .prose { display: flex; align-items: baseline; gap: 0.2rem 0.8rem; flex-wrap: wrap; }
#zest-header h1 { font-size: 1.25rem; font-weight: 700; letter-spacing: -0.02em; margin: 0; }
#zest-header p, #zest-footer p { color: var(--body-text-color-subdued); margin: 0; font-size: 0.9rem; }
.gradio-container.gradio-container .prose button { margin-bottom: 0; }  /* Gradio's spares the last, which then is taller */
footer .show-api-divider, footer .divider { display: none; } /* there is one link, and none on a phone */
#zest-footer { margin-top: 1rem; font-size: 0.85rem; text-align: center; }
#zest-status { border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg);
  background: var(--block-background-fill); overflow: hidden; }
.zest-message { padding: 0.7rem 1rem; }
.zest-message p { margin: 0; }
.zest-message .headline { font-size: 1.1rem; font-weight: 600; }
.zest-empty { color: var(--body-text-color-subdued); padding: 1.4rem 1.1rem; text-align: center; }
.zest-note { margin-top: 0.5rem !important; padding: 0.45rem 0.7rem; border-left: 3px solid #DDAA33;
  background: color-mix(in srgb, #DDAA33 14%, transparent); border-radius: 0 4px 4px 0; }
.zest-error { margin: 0.35rem 0 0 !important; padding: 0.45rem 0.7rem; border-left: 3px solid #BB5566; border-radius: 0 4px 4px 0;
  background: color-mix(in srgb, #BB5566 14%, transparent); overflow-wrap: anywhere; }
.zest-with-problem { gap: 0 !important; }
.zest-with-problem:not(:has(> *)) { display: none; }  /* a reference that is not asked for */
.zest-problem .zest-note, .zest-problem .zest-error { overflow-wrap: anywhere; }
.zest-tables { display: flex; flex-wrap: wrap; gap: 1rem 1.6rem; align-items: flex-start; }
.zest-tables table, .zest-tables thead, .zest-tables tbody, .zest-tables tr { border: 0 !important; }
.zest-tables table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.88rem; margin: 0;
  flex: 1 1 300px; }
.zest-tables table + table { flex: 1 1 200px; }
.zest-tables caption { text-align: left; font-weight: 600; padding: 0.2rem 0.45rem 0.4rem; }
.zest-tables th, .zest-tables td { padding: 0.28rem 0.45rem !important; text-align: right; border: 0 !important;
  border-bottom: 1px solid var(--border-color-primary) !important; }
.zest-tables th:first-child { text-align: left; font-weight: 500; }
.zest-tables thead th { color: var(--body-text-color-subdued); font-weight: 500; }
.zest-tables tfoot th { font-weight: 400; font-size: 0.82rem; color: var(--body-text-color-subdued); border: 0 !important; }
.zest-tables tr.total th, .zest-tables tr.total td { font-weight: 600 !important; }
/* On a phone, wide things scroll inside their card instead of widening the page. */
#zest-table { contain: inline-size; }
.zest-tables { overflow-x: auto; }
@media (max-width: 640px) {
  .gradio-container > .main { padding: 0.4rem 0.75rem 1rem !important; }
  .zest-tables th, .zest-tables td { padding: 0.25rem 0.25rem !important; }
}
"""


def css() -> str:
    """The styles of the page and of the Convert tab."""
    return CSS + files("workbench.tabs").joinpath("page/convert.css").read_text(encoding="utf-8")


def theme() -> gr.themes.Base:
    """Gradio's Soft theme in indigo on neutral grey, with the visitor's own fonts; small print and labels can be read (AA)."""
    return gr.themes.Soft(primary_hue="indigo", secondary_hue="amber", neutral_hue="slate", font=list(SANS),
                          font_mono=list(MONO), radius_size="md").set(
        body_text_color_subdued="*neutral_600", body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600", block_info_text_color_dark="*neutral_300",
        block_label_text_color="*neutral_800", block_label_text_color_dark="*neutral_100",
        block_label_background_fill="transparent", block_label_background_fill_dark="transparent",
        block_title_text_color="*neutral_800", block_title_text_color_dark="*neutral_100",
        block_title_background_fill="transparent", block_title_background_fill_dark="transparent",
        body_background_fill="*neutral_50", body_background_fill_dark="*neutral_950",
        block_border_width="1px", block_shadow="none", block_title_padding="0", block_padding="0.7rem 0.9rem",
        layout_gap="0.7rem", color_accent="*primary_600", checkbox_label_background_fill_selected="*primary_600",
        checkbox_label_background_fill_selected_dark="*primary_600", link_text_color="*primary_700",
        input_border_width="1px", input_border_color="*neutral_500", input_border_color_dark="*neutral_500",
        checkbox_border_color="*neutral_500", checkbox_border_color_dark="*neutral_400",
        checkbox_label_background_fill_hover_dark="*neutral_600",
        button_primary_background_fill="*primary_600", button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600", button_primary_background_fill_hover_dark="*primary_700",
        button_secondary_background_fill_hover_dark="*primary_600")
