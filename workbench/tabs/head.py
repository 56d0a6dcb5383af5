"""Scripts of the workbench's page, which go into its head."""

from __future__ import annotations

from importlib.resources import files

from evaluation.report.rendering import players_script
from workbench.studio.takes_view import page_file


def head() -> str:
    """One recording sounds at a time, framed pages are as dark as this one, and the server judges files that are given."""
    own = files("workbench.tabs").joinpath("page/page.js").read_text(encoding="utf-8")
    first = page_file("visitor.js") + page_file("long_files.js")  # which look at files before the page's own script does
    return f"<script>{players_script()}{first}{own}{page_file('shortcuts.js')}</script>"
