"""A report as one self-contained HTML file: styles, pictures and clips are inside, nothing is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from evaluation.report.blocks import Document, Row


def to_html(document: Document) -> str:
    """Render a report; everything but the figures' own SVG is escaped."""
    environment = Environment(loader=PackageLoader("evaluation.report"), undefined=StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True, autoescape=select_autoescape(default=True, default_for_string=True))
    environment.filters["parts"] = _parts
    environment.tests["of"] = lambda block, name: type(block).__name__ == name
    return environment.get_template("report.html.jinja").render(document=document)


def _parts(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Neighbouring rows of one section, in order."""
    return [(section, list(part)) for section, part in groupby(rows, lambda row: row.section)]
