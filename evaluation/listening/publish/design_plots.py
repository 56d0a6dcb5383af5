"""Pictures of systems that were judged against each other, or graded side by side."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from evaluation.listening.analysis.couples import BOUNDS, CoupleScore
from evaluation.listening.analysis.levels import ENDS, LevelScore
from evaluation.listening.analysis.results import Analysis
from evaluation.listening.design.questions import ABX, BEST_WORST, COMPARISON, IMPAIRMENT, PREFERENCE, SLIDERS, shown_name
from evaluation.listening.publish.design_tables import couple_name
from evaluation.listening.publish.figure_rows import SMALL, Picture, draw_point, is_anchor, label_rows, name_rows, short_name
from evaluation.listening.publish.numbers import interval_text
from pipelines.counting import counted

AXES = {COMPARISON: "mean vote for the first against the second", PREFERENCE: "% that prefer the first", ABX: "% right",
        IMPAIRMENT: "mean difference grade"}


LEVEL_TITLES = {SLIDERS: "Grades, {question}", BEST_WORST: "Strength, {question}"}
LEVEL_AXES = {SLIDERS: "median, 95 % interval; quartiles as a bar", BEST_WORST: "strongest minus weakest, 95 % interval"}
QUARTILES = "#cfd8e6"


def design_pictures(side: Analysis) -> list[Picture]:
    """One picture a question."""
    found = []
    for question in dict.fromkeys(one.question for one in side.couples):
        couples = [one for one in side.couples if one.question == question]
        said = "; ".join(f"{couple_name(one)} {interval_text(one.score)}" for one in couples)
        found.append(Picture(f"couples-{question}", f"First against second, {question}", said, couple_figure(couples)))
    for question in dict.fromkeys(one.question for one in side.levels):
        levels = [one for one in side.levels if one.question == question]
        names = [one.condition for one in levels]
        said = "; ".join(f"{shown_name(one.condition, names)} {interval_text(one.median or one.mean)}" for one in levels)
        found.append(Picture(f"levels-{question}", LEVEL_TITLES[levels[0].kind].format(question=question), said,
                             level_figure(levels)))
    return found


def level_figure(levels: Sequence[LevelScore]) -> Figure:
    """Medians of grades over a bar from the lower to the upper quartile, or strengths; with intervals, anchors below."""
    figure, axis, places = name_rows([one.condition for one in levels])
    for one in levels:
        if one.median is not None:
            axis.barh([places[one.condition]], [one.quartiles[1] - one.quartiles[0]], left=one.quartiles[0], height=0.66,
                      color=QUARTILES, zorder=1)
        draw_point(axis, places[one.condition], one.median or one.mean, is_anchor(one.condition), one.preliminary)
    label_rows(axis, places, {one.condition: f"{(one.median or one.mean).value:.{0 if one.median else 2}f}\n"
                                             f"{counted(one.ratings, 'rating')}" for one in levels})
    lowest, highest = ENDS[levels[0].kind]
    axis.set_xlim(lowest - 0.02 * (highest - lowest), highest + 0.02 * (highest - lowest))
    axis.set_xlabel(LEVEL_AXES[levels[0].kind], fontsize=SMALL)
    return figure


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
