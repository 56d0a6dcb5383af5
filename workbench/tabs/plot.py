"""A plot as an image of the page: dark where the page is dark, and with its content in words."""

from __future__ import annotations

import base64
from html import escape

from matplotlib.figure import Figure

from evaluation.report.figures import to_svg

LIGHT = {"ink": "#1d2026", "soft": "#5b616c", "raised": "transparent", "grid": "#ececec", "line": "#c4c4c4", "over": "#111111",
         "one": "#004488", "two": "#bb5566", "three": "#ddaa33"}
DARK = {"ink": "#e9e7e2", "soft": "#a9aeb8", "raised": "transparent", "grid": "#343b49", "line": "#525c6e", "over": "#ffffff",
        "one": "#7fb0e8", "two": "#ee8f9e", "three": "#e6c35c"}


def plot_html(figure: Figure, words: str) -> str:
    """An <img> whose colours follow the `color-scheme` of the element (theme.py). words: what the plot says."""
    svg = to_svg(figure)
    head = svg.index(">") + 1
    style = (f"<style>:root{{{_variables(LIGHT)}}}@media (prefers-color-scheme: dark){{:root{{{_variables(DARK)}}}}}"
             "text{font-family:system-ui,sans-serif;fill:var(--ink)}</style>")
    address = base64.b64encode((svg[:head] + style + svg[head:]).encode()).decode()
    return f'<img alt="{escape(words)}" src="data:image/svg+xml;base64,{address}">'


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())
