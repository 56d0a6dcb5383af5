"""The content of a report before it is HTML or Markdown: sections of paragraphs, tables, figures and players."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cell:
    """text: the number. detail: its interval. note: pairs measured of expected.

    mark: '', 'clear' (bold), 'faint', 'words' (a sentence).
    shade: 0..1, how strongly the cell is coloured (confusion matrices); None leaves it alone.
    """

    text: str
    detail: str = ""
    note: str = ""
    mark: str = ""
    shade: float | None = None


@dataclass(frozen=True)
class Column:
    """text: heading. detail: unit and direction. group: a heading over neighbouring columns of the same group.

    words: its cells are sentences, not numbers.
    """

    text: str
    detail: str = ""
    group: str = ""
    words: bool = False


@dataclass(frozen=True)
class Row:
    """head: name of the row. detail: smaller text below it. section: heading over rows of the same section."""

    head: str
    cells: tuple[Cell, ...]
    detail: str = ""
    section: str = ""
    kind: str = ""  # 'mark' for rows of natural speech


@dataclass(frozen=True)
class Table:
    """caption: stands above the table. corner: heading of the rows' heads. dense: small square cells."""

    caption: str
    corner: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    dense: bool = False

    @property
    def groups(self) -> tuple[tuple[str, int], ...]:
        """Neighbouring columns of one group and how many; empty where no column has a group."""
        runs: list[tuple[str, int]] = []
        for column in self.columns:
            if runs and runs[-1][0] == column.group:
                runs[-1] = (column.group, runs[-1][1] + 1)
            else:
                runs.append((column.group, 1))
        return tuple(runs) if any(name for name, _ in runs) else ()


@dataclass(frozen=True)
class Paragraph:
    """One plain paragraph. kind: '', 'warning' or 'code'."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Figure:
    """svg: inline picture whose colours are the page's. alt: its content in words. wide: as wide as the page."""

    svg: str
    caption: str
    alt: str
    wide: bool = False


@dataclass(frozen=True)
class Chart:
    """data: plain values that templates/chart.js draws. alt: its content in words. picture: a file beside that shows the same."""

    data: Mapping[str, Any]
    caption: str
    alt: str
    picture: str


@dataclass(frozen=True)
class Beside:
    """Blocks side by side where there is room."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Fold:
    """Blocks behind a title, opened on demand (and always in print)."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Player:
    """uri: data: URI of the clip, '' where `missing` says why there is none."""

    label: str
    uri: str
    missing: str = ""


@dataclass(frozen=True)
class PairCard:
    """One pair to listen to. facts: (name, value)."""

    title: str
    facts: tuple[tuple[str, str], ...]
    players: tuple[Player, ...]
    figure: Figure | None


Block = Paragraph | Table | Figure | Chart | Beside | Fold | PairCard


@dataclass(frozen=True)
class Section:
    """anchor: for links to it."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A report. subtitle: pairs, systems, date in one line."""

    title: str
    subtitle: str
    sections: tuple[Section, ...] = field(default=())
