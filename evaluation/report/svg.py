"""Matplotlib's figures as SVG inside a page: colours become the page's own, so they follow light, dark and print."""

from __future__ import annotations

import io
import re

from matplotlib import rc_context
from matplotlib.figure import Figure

# A figure's colour and the page's variable for it (templates/style.css).
COLOURS = {
    "#000000": "var(--ink)", "#ffffff": "var(--raised)", "#555555": "var(--soft)", "#ececec": "var(--grid)",
    "#c4c4c4": "var(--line)", "#1a1a1a": "var(--over)", "#004488": "var(--one)", "#bb5566": "var(--two)",
    "#ddaa33": "var(--three)", "#117733": "var(--four)", "#6b4c9a": "var(--five)", "#4f5661": "var(--six)",
}
SERIES = ("#4f5661", "#ddaa33", "#bb5566", "#004488", "#117733", "#6b4c9a")  # one a system, told apart by lightness and hatch too
DATE = {"Date": None, "Creator": None, "Format": None, "Type": None}


def to_svg(figure: Figure) -> str:
    """An <svg> element without a background; text stays text."""
    content = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "zest", "path.simplify": False}):
        figure.savefig(content, format="svg", transparent=True, metadata=DATE)
    text = content.getvalue()
    text = text[text.index("<svg"):]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' id="[A-Za-z0-9.]*_\d+"', "", text)  # figure_1, axes_2...: the same in every figure
    text = re.sub(r"font-family: [^;\"]*;", "", text)  # the page's own
    text = re.sub(r"(\.\d\d)\d+", r"\1", text)  # a hundredth of a point is enough
    text = re.sub(r'\bfill="(#[0-9a-f]{6})"', r'style="fill: \1"', text)  # attributes know no variables, styles do
    text = re.sub(r"#[0-9a-f]{6}\b", lambda match: COLOURS.get(match[0], match[0]), text)
    return re.sub(r"\n\s*", "\n", text).strip()
