"""Pictures of systems that were judged against each other."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from evaluation.listening.analysis.couples import BOUNDS, CoupleScore
from evaluation.listening.analysis.results import Analysis
from evaluation.listening.design.questions import ABX, COMPARISON, PREFERENCE, shown_name
from evaluation.listening.publish.design_tables import couple_name
from evaluation.listening.publish.figure_rows import SMALL, Picture, draw_point, label_rows, name_rows, short_name
from evaluation.listening.publish.numbers import interval_text
from pipelines.counting import counted

AXES = {COMPARISON: "mean vote for the first against the second", PREFERENCE: "% that prefer the first", ABX: "% right"}


def design_pictures(side: Analysis) -> list[Picture]:
    """One picture a question with couples."""
    found = []
    for question in dict.fromkeys(one.question for one in side.couples):
        couples = [one for one in side.couples if one.question == question]
        said = "; ".join(f"{couple_name(one)} {interval_text(one.score)}" for one in couples)
        found.append(Picture(f"couples-{question}", f"First against second, {question}", said, couple_figure(couples)))
    return found


def couple_figure(couples: Sequence[CoupleScore]) -> Figure:
    """Scores of couples of one question with their intervals; the vertical line is no difference."""
    lowest, none, highest = BOUNDS[couples[0].kind]
    names = [couple_name(one) for one in couples]
    figure, axis, places = name_rows(names)
    for one, name in zip(couples, names, strict=True):
        draw_point(axis, places[name], one.score, False, one.preliminary)
    label_rows(axis, places, {name: f"{one.score.value:.2f}\n{counted(one.ratings, 'rating')}"
                              for one, name in zip(couples, names, strict=True)})
    axis.set_yticks(list(places.values()), [f"{short_name(shown_name(one.first))}\nagainst {short_name(shown_name(one.second))}"
                                            for one in couples], fontsize=SMALL)
    axis.set_xlim(lowest, highest)
    axis.axvline(none, color="#8a8a8a", linewidth=1.2, zorder=0)
    axis.set_xlabel(AXES[couples[0].kind], fontsize=SMALL)
    return figure
