"""Tables of the designs that are not mean opinion scores, as text: the page and the Markdown print the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evaluation.listening.analysis.couples import CoupleScore
from evaluation.listening.analysis.results import Analysis
from evaluation.listening.design.questions import COMPARISON, shown_name
from evaluation.listening.publish.numbers import interval_text, number

TEST_NOTE = "p by Wilcoxon's signed-rank test, the larger of that over listeners and that over items, adjusted after Holm."
COMPARISON_NOTE = ("CMOS: mean vote for the first against the second, -3 to 3, both orders with the same weight. " + TEST_NOTE)
SHARE_NOTE = "Both orders have the same weight. " + TEST_NOTE
ORDER_NOTE = "Effect of the order, for whatever came second: {effect}."


@dataclass(frozen=True)
class DesignTable:
    """Attributes:
        question, title: the name of the question, and what the scores are. head, rows: cells as text, the first names its row.
        note: a sentence or two. picture: name of the one that shows the same.
    """

    question: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str
    picture: str


def design_tables(side: Analysis) -> Iterator[DesignTable]:
    """One table a question."""
    for question in dict.fromkeys(one.question for one in side.couples):
        yield _couple_table(side, question, [one for one in side.couples if one.question == question])


def couple_name(one: CoupleScore) -> str:
    return f"{shown_name(one.first)} against {shown_name(one.second)}"


def _couple_table(side: Analysis, question: str, couples: list[CoupleScore]) -> DesignTable:
    is_comparison = couples[0].kind == COMPARISON
    votes = " ".join(couples[0].votes) if is_comparison else "first, second"
    rows = tuple((couple_name(one), interval_text(one.score), number(one.p, 3), str(one.listeners), str(one.ratings),
                  " ".join(map(str, one.votes.values())), "preliminary" if one.preliminary else "") for one in couples)
    note = COMPARISON_NOTE if is_comparison else SHARE_NOTE
    if question in side.order_effects:
        note += " " + ORDER_NOTE.format(effect=interval_text(side.order_effects[question]))
    title = "CMOS" if is_comparison else "Preference of couples"
    score = "CMOS (95 % interval)" if is_comparison else "% for the first (95 % interval)"
    return DesignTable(question, title, ("", score, "adjusted p", "listeners", "ratings", f"votes {votes}", ""), rows, note,
                       f"couples-{question}")
