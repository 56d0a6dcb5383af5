"""Scripts of the workbench's page, which go into its head."""

from __future__ import annotations

from importlib.resources import files

from evaluation.report.rendering import players_script
from workbench.studio.takes_view import page_file

OWN = ("page.js", "stops.js", "consent.js")


def head() -> str:
    """One recording sounds at a time, framed pages are as dark as this one, files are judged by the server, tab stops are few."""
    first = page_file("visitor.js") + page_file("long_files.js")  # which look at files before the page's own scripts do
    own = "".join(files("workbench.tabs").joinpath(f"page/{name}").read_text(encoding="utf-8") for name in OWN)
    return f"<script>{players_script()}{first}{own}{page_file('shortcuts.js')}</script>"
