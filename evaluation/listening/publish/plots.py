"""Pictures of a study's results, after screening: scores with intervals, votes, preference, chosen emotions.

Narrow figures with large letters: two stand side by side on a page, one fills a phone. Nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from evaluation.listening.analysis.choices import PreferenceScore
from evaluation.listening.analysis.intervals import HIGHEST, LOWEST, Interval
from evaluation.listening.analysis.results import OpinionScore, StudyResults
from evaluation.listening.design.questions import VOTES, shown_name
from evaluation.listening.publish.design_plots import design_pictures
from evaluation.listening.publish.figure_rows import (
    LETTERS,
    SMALL,
    WIDTH,
    Picture,
    draw_point,
    is_anchor,
    label_rows,
    name_rows,
    short_name,
)
from evaluation.listening.publish.numbers import interval_text
from evaluation.plots import save_figure
from pipelines.counting import counted
from pipelines.files import make_folder

VOTE_COLOURS = ("#e66101", "#fdb863", "#e8e8e8", "#b2abd2", "#5e3c99")  # ColorBrewer's PuOr: told apart with any colour vision
DARK, LIGHT = "#111111", "#fefefe"  # on a filled area, whatever the page's own colours are
LEAST_SHARE = 0.07  # of a bar that has room for its number


def pictures(results: StudyResults) -> list[Picture]:
    """Every picture that the answers allow; none where nobody counts."""
    side = results.after
    questions = dict.fromkeys(one.question for one in side.opinions)
    found = [picture for question in questions
             for picture in _opinion_pictures(question, [one for one in side.opinions if one.question == question])]
    for question in dict.fromkeys(one.question for one in side.preferred):
        preferred = [one for one in side.preferred if one.question == question]
        names = [one.condition for one in preferred]
        said = "; ".join(f"{shown_name(one.condition, names)} {interval_text(Interval(one.score, one.low, one.high))}"
                         for one in preferred)
        found.append(Picture(question, f"Bradley-Terry scores, {question}", said, preference_figure(preferred)))
    found += design_pictures(side)
    found += [Picture(f"emotions-{_file_part(name, side.confusion)}", f"Emotions chosen, {shown_name(name, side.confusion)}",
                      _confusion_words(chosen), confusion_figure(chosen)) for name, chosen in side.confusion.items()]
    return found


def write_pictures(results: StudyResults, folder: Path | str) -> list[Path]:
    """One PNG a picture. Raises OutputError."""
    folder = make_folder(folder)
    return [save_figure(picture.figure, folder / f"{picture.name}.png") for picture in pictures(results)]


def opinion_figure(opinions: Sequence[OpinionScore]) -> Figure:
    """Mean opinion scores of one question with their intervals; hidden anchors below, grey and hollow.

    A broken line is a preliminary result, a point without a line has no interval.
    """
    figure, axis, places = name_rows([one.condition for one in opinions])
    for one in opinions:
        draw_point(axis, places[one.condition], one.mos, is_anchor(one.condition), one.preliminary)
    label_rows(axis, places, {one.condition: f"{one.mos.value:.2f}\n{counted(one.ratings, 'rating')}" for one in opinions})
    axis.set_xlim(LOWEST - 0.1, HIGHEST + 0.1)
    axis.set_xticks(range(1, 6))
    axis.set_xlabel("mean opinion score, 95 % interval", fontsize=SMALL)
    return figure


def votes_figure(opinions: Sequence[OpinionScore]) -> Figure:
    """How the votes of one question are distributed: a bar from 1 (left) to 5 (right), percent in it."""
    figure, axis, places = name_rows([one.condition for one in opinions])
    for one in opinions:
        _stack(axis, places[one.condition], [one.votes[vote] / one.ratings for vote in VOTES])
    label_rows(axis, places, {one.condition: counted(one.ratings, "rating").replace(" ", "\n") for one in opinions})
    axis.set_xlim(0, 1)
    axis.set_xticks([0, 0.5, 1], ["0", "50", "100 %"])
    for vote, colour in zip(VOTES, VOTE_COLOURS, strict=True):
        axis.barh([0], [0], color=colour, label=vote)
    figure.legend(loc="outside upper center", ncols=5, frameon=False, fontsize=SMALL, handlelength=1.1, columnspacing=1.2)
    return figure


def preference_figure(preferred: Sequence[PreferenceScore]) -> Figure:
    """Bradley-Terry scores in log odds with their intervals; 0 is the mean of all that were compared."""
    figure, axis, places = name_rows([one.condition for one in preferred])
    for one in preferred:
        draw_point(axis, places[one.condition], Interval(one.score, one.low, one.high), is_anchor(one.condition), False)
    label_rows(axis, places, {one.condition: f"{one.score:.2f}\n{one.wins} of {one.of}" for one in preferred})
    axis.axvline(0, color="#c4c4c4", linewidth=1.2, zorder=0)
    axis.set_xlabel("preferred more \u2192", fontsize=SMALL)
    return figure


def confusion_figure(table: Mapping[str, Mapping[str, int]]) -> Figure:
    """Target emotions (rows) against chosen ones, percent of the row; the target is framed."""
    targets, chosen = list(table), list(next(iter(table.values())))
    counts = np.array([[table[row][column] for column in chosen] for row in targets], dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(WIDTH, 0.5 * len(targets) + 1.5), layout="constrained", dpi=150)
    axis = figure.subplots()
    axis.imshow(shares, cmap="Purples", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(*shares.shape):
        axis.text(column, row, f"{100 * shares[row, column]:.0f}", ha="center", va="center", fontsize=LETTERS,
                  color=LIGHT if shares[row, column] > 0.55 else DARK)
    for row, name in enumerate(targets):
        if name in chosen:
            axis.add_patch(Rectangle((chosen.index(name) - 0.47, row - 0.46), 0.94, 0.92, fill=False, edgecolor="#ddaa33",
                                     linewidth=2.2))
    axis.set_xticks(range(len(chosen)), [short_name(name, 11) for name in chosen], fontsize=SMALL, rotation=30, ha="right",
                    rotation_mode="anchor")
    names = [f"{short_name(name)} ({total:.0f})" for name, total in zip(targets, counts.sum(axis=1), strict=True)]
    axis.set_yticks(range(len(targets)), names, fontsize=SMALL)
    axis.set_xlabel("chosen, % of the answers", fontsize=SMALL)
    axis.set_ylabel("target (answers)", fontsize=SMALL)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    return figure


def _opinion_pictures(question: str, opinions: Sequence[OpinionScore]) -> Iterator[Picture]:
    names = [one.condition for one in opinions]
    scores = "; ".join(f"{shown_name(one.condition, names)} {interval_text(one.mos)}" for one in opinions)
    votes = "; ".join(f"{shown_name(one.condition, names)}: "
                      + ", ".join(f"{counted(count, 'time')} {vote}" for vote, count in one.votes.items()) for one in opinions)
    yield Picture(f"mos-{question}", f"Mean opinion scores, {question}", scores, opinion_figure(opinions))
    yield Picture(f"votes-{question}", f"Votes, {question}", votes, votes_figure(opinions))


def _stack(axis: Axes, place: float, shares: Sequence[float]) -> None:
    left = 0.0
    for share, colour in zip(shares, VOTE_COLOURS, strict=True):
        axis.barh([place], [share], left=left, height=0.72, color=colour)
        if share >= LEAST_SHARE:
            axis.text(left + share / 2, place, f"{100 * share:.0f}", ha="center", va="center", fontsize=8.5,
                      color=LIGHT if colour == VOTE_COLOURS[-1] else DARK)
        left += share


def _confusion_words(table: Mapping[str, Mapping[str, int]]) -> str:
    return "; ".join(f"target {target}: " + ", ".join(f"{count} {name}" for name, count in chosen.items() if count)
                     for target, chosen in table.items())


def _file_part(name: str, names: Iterable[str]) -> str:
    """A name without brackets; an anchor whose name is also a system's keeps apart from it."""
    bare = name.strip("()")
    return f"{bare}-anchor" if bare != name and bare in names else bare
