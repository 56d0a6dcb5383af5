"""A report as HTML and as Markdown.

The HTML file is self-contained: styles, pictures, clips and one script are inside, nothing is fetched, and no other script may
run. The Markdown file has the same text
and tables; it names the pictures and leaves the players out.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from evaluation.report.blocks import Beside, Block, Cell, Column, Document, Figure, Fold, PairCard, Paragraph, Row, Table


def to_html(document: Document) -> str:
    """Render a report; everything but the figures' own SVG is escaped."""
    environment = Environment(loader=PackageLoader("evaluation.report"), undefined=StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True, autoescape=select_autoescape(default=True, default_for_string=True))
    environment.filters["by_section"] = lambda rows: [(section, list(own))
                                                      for section, own in groupby(rows, lambda row: row.section)]
    environment.tests["of"] = lambda block, name: type(block).__name__ == name
    script = players_script()
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html.jinja").render(document=document, script=script, allowed=allowed)


@cache
def players_script() -> str:
    """The script of all pages with recordings: one of them sounds at a time, and pages are as dark as the page around them."""
    return files("evaluation.report").joinpath("templates/players.js").read_text(encoding="utf-8")


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
