"""Tables of the designs that are not mean opinion scores, as text: the page and the Markdown print the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evaluation.listening.analysis.couples import CoupleScore
from evaluation.listening.analysis.levels import LevelScore
from evaluation.listening.analysis.rank_tests import SystemComparison
from evaluation.listening.analysis.results import Analysis
from evaluation.listening.design.questions import ABX, COMPARED, COMPARISON, IMPAIRMENT, PREFERENCE, SLIDERS, shown_name
from evaluation.listening.publish.numbers import interval_text, number

TEST_NOTE = "p by Wilcoxon's signed-rank test, the larger of that over listeners and that over items, adjusted after Holm."
ALIKE, UNKNOWN_ORDER = "Both orders have the same weight.", "Which clip came first is not known."
LOOKS = {  # title, what the score is, what the votes are, note
    COMPARISON: ("CMOS", "CMOS", "votes " + " ".join(COMPARED),
                 f"Mean vote for the first against the second, -3 to 3. {ALIKE} {TEST_NOTE}"),
    PREFERENCE: ("Preference of couples", "% for the first", "votes first, second", f"{ALIKE} {TEST_NOTE}"),
    ABX: ("ABX", "% right", "right, wrong", f"50 % is guessing, d' 0: no difference is heard. {TEST_NOTE}"),
    IMPAIRMENT: ("Difference grades", "mean difference grade", "reference found, tied, missed",
                 "Grade of the system minus that of the hidden reference, -4 to 0; above 0 where it was taken for the reference "
                 f"(ITU-R BS.1116). {TEST_NOTE}"),
}
GRADES_NOTE = "Grades from 0 to 100. Names in brackets are the hidden reference and the low-pass anchors of ITU-R BS.1534."
STRENGTH_NOTE = "Times chosen as the strongest minus times chosen as the weakest, per page; from -1 to 1."
ORDER_NOTE = "Effect of the order, for whatever came second: {effect}."


@dataclass(frozen=True)
class DesignTable:
    """Attributes:
        question, title: the name of the question, and what the scores are. head, rows: cells as text, the first names its row.
        note: a sentence or two. picture: name of the one that shows the same, '' for none.
    """

    question: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str
    picture: str


def design_tables(side: Analysis) -> Iterator[DesignTable]:
    """The tables of every question: scores, and of grades the differences."""
    couples, levels = side.couples, side.levels
    for question in dict.fromkeys(one.question for one in (*couples, *levels)):
        if any(one.question == question for one in couples):
            yield _couple_table(side, question, [one for one in couples if one.question == question])
        else:
            yield _level_table(question, [one for one in levels if one.question == question])
        differences = [one for one in side.level_differences if one.question == question]
        if differences:
            yield _difference_table(question, differences)


def couple_name(one: CoupleScore) -> str:
    return f"{shown_name(one.first)} against {shown_name(one.second)}"


def _couple_table(side: Analysis, question: str, couples: list[CoupleScore]) -> DesignTable:
    kind = couples[0].kind
    title, score, votes, note = LOOKS[kind]
    rows = tuple((couple_name(one), interval_text(one.score), *([_sensitivity(one)] if kind == ABX else []), number(one.p, 3),
                  str(one.listeners), str(one.ratings), " ".join(map(str, one.votes.values())),
                  "preliminary" if one.preliminary else "") for one in couples)
    if not couples[0].ordered:
        note = note.replace(ALIKE, UNKNOWN_ORDER)
    if question in side.order_effects:
        note += " " + ORDER_NOTE.format(effect=interval_text(side.order_effects[question]))
    head = ("", f"{score} (95 % interval)", *(["d'"] if kind == ABX else []), "adjusted p", "listeners", "ratings", votes, "")
    return DesignTable(question, title, head, rows, note, f"couples-{question}")


def _sensitivity(one: CoupleScore) -> str:
    return "-" if one.sensitivity is None else interval_text(one.sensitivity)


def _level_table(question: str, levels: list[LevelScore]) -> DesignTable:
    names = [one.condition for one in levels]
    common = [(str(one.listeners), str(one.ratings), "preliminary" if one.preliminary else "") for one in levels]
    if levels[0].kind == SLIDERS:
        rows = tuple((shown_name(one.condition, names), interval_text(one.median or one.mean),
                      f"{one.quartiles[0]:.0f} to {one.quartiles[1]:.0f}", interval_text(one.mean), *rest)
                     for one, rest in zip(levels, common, strict=True))
        head = ("", "median (95 % interval)", "quartiles", "mean (95 % interval)", "listeners", "ratings", "")
        return DesignTable(question, "MUSHRA", head, rows, GRADES_NOTE, f"levels-{question}")
    rows = tuple((shown_name(one.condition, names), interval_text(one.mean), str(one.strongest), str(one.weakest), *rest)
                 for one, rest in zip(levels, common, strict=True))
    head = ("", "strength (95 % interval)", "strongest", "weakest", "listeners", "pages", "")
    return DesignTable(question, "Best-worst scaling", head, rows, STRENGTH_NOTE, f"levels-{question}")


def _difference_table(question: str, differences: list[SystemComparison]) -> DesignTable:
    rows = tuple((f"{shown_name(one.first)} \u2212 {shown_name(one.second)}", interval_text(one.difference), number(one.p, 3))
                 for one in differences)
    return DesignTable(question, "Differences", ("", "difference of means (95 % interval)", "adjusted p"), rows, TEST_NOTE, "")
