"""A report as HTML and as Markdown.

The HTML file is self-contained: styles, pictures, clips and scripts are inside, nothing is fetched, and no other script may run.
The Markdown file has the same text and tables; it names the pictures and leaves the players out.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from evaluation.report.blocks import Beside, Block, Cell, Chart, Column, Document, Figure, Fold, PairCard, Paragraph, Row, Table


def to_html(document: Document) -> str:
    """Render a report; everything but the figures' own SVG is escaped."""
    environment = Environment(loader=PackageLoader("evaluation.report"), undefined=StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True, autoescape=select_autoescape(default=True, default_for_string=True))
    environment.filters["by_section"] = lambda rows: [(section, list(own))
                                                      for section, own in groupby(rows, lambda row: row.section)]
    environment.tests["of"] = lambda block, name: type(block).__name__ == name
    environment.filters["as_json"] = _json_in_html
    charted = any(isinstance(block, Chart) for section in document.sections for block in section.blocks)
    charts = [plotly_script(), _script("chart.js")] if charted else []
    script = players_script()
    allowed = " ".join(f"'sha256-{_digest(one)}'" for one in (script, *charts))
    return environment.get_template("report.html.jinja").render(document=document, script=script, charts=charts, allowed=allowed)


@cache
def players_script() -> str:
    """The script of all pages with recordings: one of them sounds at a time, and pages are as dark as the page around them."""
    return _script("players.js")


@cache
def plotly_script() -> str:
    """Plotly's own script, 5 MB, for pages with charts."""
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()


def _script(name: str) -> str:
    return files("evaluation.report").joinpath(f"templates/{name}").read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _json_in_html(data: Mapping[str, Any]) -> Markup:
    """JSON that no name inside can end as an element."""
    return Markup(json.dumps(data, allow_nan=False).replace("<", "\\u003c"))


def to_markdown(document: Document) -> str:
    """The same sections and tables as the HTML file's."""
    texts = [f"# {_plain(document.title)}", _plain(document.subtitle)]
    for section in document.sections:
        texts += [f"## {_plain(section.title)}", *(text for block in section.blocks for text in _block(block))]
    return "\n\n".join(texts) + "\n"


def _block(block: Block) -> list[str]:
    match block:
        case Paragraph(text, kind="code"):
            return [f"```\n{text}\n```"]
        case Paragraph(text, kind="warning"):
            return [f"**Note:** {_plain(text)}"]
        case Paragraph(text):
            return [_plain(text)]
        case Table():
            return _table(block)
        case Figure():
            return [f"*{_plain(block.caption)} (picture: HTML file)*"]
        case Chart():
            return [f"![{_plain(block.alt)}]({block.picture})", f"*{_plain(block.caption)}*"]
        case Beside(blocks):
            return [text for inner in blocks for text in _block(inner)]
        case Fold(title, blocks):
            return [f"### {_plain(title)}", *(text for inner in blocks for text in _block(inner))]
        case PairCard():
            return [f"### {_plain(block.title)}", "\n".join(f"- {_plain(name)}: {_plain(value)}" for name, value in block.facts)]


def _table(table: Table) -> list[str]:
    heads = [_plain(table.corner), *(_heading(column) for column in table.columns)]
    lines = [_line(heads), _line(["---", *("---" if column.words else "---:" for column in table.columns)])]
    section = ""
    for row in table.rows:
        if row.section and row.section != section:
            lines.append(_line([f"**{_plain(row.section)}**", *("" for _ in table.columns)]))
        section = row.section
        lines.append(_line([_head(row), *(_cell(cell) for cell in row.cells)]))
    return [f"**{_plain(table.caption)}**", "\n".join(lines)]


def _heading(column: Column) -> str:
    return "<br>".join(_plain(part) for part in (column.group, column.text, column.detail) if part)


def _head(row: Row) -> str:
    return _plain(row.head) + (f" ({_plain(row.detail)})" if row.detail else "")


def _cell(cell: Cell) -> str:
    text = f"**{_plain(cell.text)}**" if "clear" in cell.mark.split() else _plain(cell.text)
    return " ".join(part for part in (text, _plain(cell.detail), f"({_plain(cell.note)})" if cell.note else "") if part)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _plain(text: str) -> str:
    """Signs that Markdown or HTML in it would take for their own."""
    for sign in "\\`*_|<>":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
