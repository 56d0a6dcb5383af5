"""Tables of the designs that are not mean opinion scores, as text: the page and the Markdown print the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evaluation.listening.analysis.couples import CoupleScore
from evaluation.listening.analysis.results import Analysis
from evaluation.listening.design.questions import ABX, COMPARED, COMPARISON, PREFERENCE, shown_name
from evaluation.listening.publish.numbers import interval_text, number

TEST_NOTE = "p by Wilcoxon's signed-rank test, the larger of that over listeners and that over items, adjusted after Holm."
ALIKE = "Both orders have the same weight."
LOOKS = {  # title, what the score is, what the votes are, note
    COMPARISON: ("CMOS", "CMOS", "votes " + " ".join(COMPARED),
                 f"Mean vote for the first against the second, -3 to 3. {ALIKE} {TEST_NOTE}"),
    PREFERENCE: ("Preference of couples", "% for the first", "votes first, second", f"{ALIKE} {TEST_NOTE}"),
    ABX: ("ABX", "% right", "right, wrong", f"50 % is guessing, d' 0: no difference is heard. {TEST_NOTE}"),
}
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
    kind = couples[0].kind
    title, score, votes, note = LOOKS[kind]
    rows = tuple((couple_name(one), interval_text(one.score), *([_sensitivity(one)] if kind == ABX else []), number(one.p, 3),
                  str(one.listeners), str(one.ratings), " ".join(map(str, one.votes.values())),
                  "preliminary" if one.preliminary else "") for one in couples)
    if question in side.order_effects:
        note += " " + ORDER_NOTE.format(effect=interval_text(side.order_effects[question]))
    head = ("", f"{score} (95 % interval)", *(["d'"] if kind == ABX else []), "adjusted p", "listeners", "ratings", votes, "")
    return DesignTable(question, title, head, rows, note, f"couples-{question}")


def _sensitivity(one: CoupleScore) -> str:
    return "-" if one.sensitivity is None else interval_text(one.sensitivity)
