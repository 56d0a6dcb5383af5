"""Pictures of a study: one for everything that was answered, anchors apart from systems, readable without colour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from benchmarks.simulated_listeners import Crowd, simulate, simulated_study
from evaluation.listening.analysis import results_of
from evaluation.listening.design.questions import ANCHORS, shown_name
from evaluation.listening.publish.export import export_study
from evaluation.listening.publish.figure_rows import ANCHOR_COLOUR, SYSTEM_COLOUR
from evaluation.listening.publish.plots import (
    VOTE_COLOURS,
    confusion_figure,
    opinion_figure,
    pictures,
    preference_figure,
    votes_figure,
    write_pictures,
)
from evaluation.listening.store import Collected
from pipelines.errors import OutputError
from tests.support.listening import ALL_QUESTIONS

SHOWN = [shown_name(name) for name in ANCHORS]

DRAWS = 100


@pytest.fixture(scope="module")
def study():
    study = simulated_study(ALL_QUESTIONS)
    return replace(study, info=study.info | {"loudness_lufs": -23.0})


@pytest.fixture(scope="module")
def collected(study):
    return simulate(study, Crowd(), seed=1)[0]


@pytest.fixture(scope="module")
def results(study, collected):
    return results_of(study, collected, DRAWS)


@pytest.fixture(scope="module")
def natural(results):
    return [one for one in results.after.opinions if one.question == "naturalness"]


def points(axis) -> dict[float, object]:
    """The drawn points by their row."""
    return {float(line.get_ydata()[0]): line for line in axis.lines if len(line.get_xdata()) == 1}


def luminance(colour: str) -> float:
    """Relative, WCAG 2."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_there_is_a_picture_of_everything_that_was_answered_and_it_says_the_same_in_words(results):
    found = {picture.name: picture for picture in pictures(results)}
    scales = [name for name in ALL_QUESTIONS if name not in ("emotion-choice", "preference")]
    expected = {f"{kind}-{name}" for name in scales for kind in ("mos", "votes")} | {"preference", "couples-preference"}
    assert expected <= set(found) and {name for name in found if name.startswith("emotions-")} == {
        f"emotions-{name.strip('()')}" for name in results.after.confusion}
    for one in results.after.opinions:
        assert f"{shown_name(one.condition)} {one.mos.value:.2f}" in found[f"mos-{one.question}"].said


def test_points_and_intervals_stand_where_the_numbers_say(natural):
    axis = opinion_figure(natural).axes[0]
    labels = dict(zip(axis.get_yticks(), [label.get_text() for label in axis.get_yticklabels()], strict=True))
    drawn = {labels[place]: float(line.get_xdata()[0]) for place, line in points(axis).items()}
    assert drawn == {shown_name(one.condition): pytest.approx(one.mos.value) for one in natural}
    spans = {labels[path.vertices[0, 1]]: tuple(path.vertices[:, 0]) for lines in axis.collections
             for path in lines.get_paths() if path.vertices[0, 1] == path.vertices[1, 1]}
    assert spans == {shown_name(one.condition): pytest.approx((one.mos.low, one.mos.high)) for one in natural}


def test_anchors_stand_below_the_systems_hollow_and_in_another_shape(natural):
    axis = opinion_figure(natural).axes[0]
    labels = dict(zip(axis.get_yticks(), [label.get_text() for label in axis.get_yticklabels()], strict=True))
    rows = {labels[place]: (place, line) for place, line in points(axis).items()}
    systems, anchors = ({name: row for name, row in rows.items() if (name in SHOWN) is anchor} for anchor in (False, True))
    assert systems and anchors
    assert max(place for place, _ in systems.values()) + 1 < min(place for place, _ in anchors.values())
    assert {(line.get_marker(), line.get_color(), line.get_markerfacecolor()) for _, line in systems.values()} == {
        ("o", SYSTEM_COLOUR, SYSTEM_COLOUR)}
    assert {(line.get_marker(), line.get_color(), line.get_markerfacecolor()) for _, line in anchors.values()} == {
        ("D", ANCHOR_COLOUR, "#ffffff")}


def test_a_preliminary_interval_is_broken_and_a_firm_one_is_not(natural):
    def broken(opinion) -> bool:
        lines = opinion_figure([opinion]).axes[0].collections[0]
        return lines.get_linestyle()[0][1] is not None

    assert broken(replace(natural[0], preliminary=True)) and not broken(replace(natural[0], preliminary=False))


def test_a_score_without_an_interval_is_a_point_alone(natural):
    alone = replace(natural[0], mos=replace(natural[0].mos, low=None, high=None))
    axis = opinion_figure([alone]).axes[0]
    assert len(points(axis)) == 1 and not axis.collections


def test_votes_fill_the_whole_bar_and_stand_in_it_as_percent(natural):
    figure = votes_figure(natural)
    axis = figure.axes[0]
    widths: dict[float, float] = {}
    for bar in axis.patches:
        if bar.get_width():
            place = round(bar.get_y() + bar.get_height() / 2, 3)
            widths[place] = widths.get(place, 0) + bar.get_width()
    assert len(widths) == len(natural) and all(width == pytest.approx(1) for width in widths.values())
    written = sorted(text.get_text() for text in axis.texts)
    shares = [count / one.ratings for one in natural for count in one.votes.values()]
    expected = sorted(f"{100 * share:.0f}" for share in shares if share >= 0.07)
    assert written == expected
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["1", "2", "3", "4", "5"]


def test_neighbouring_votes_and_letters_on_them_can_be_told_apart_in_grey():
    lightness = [luminance(colour) for colour in VOTE_COLOURS]
    assert lightness[0] < lightness[1] < lightness[2] > lightness[3] > lightness[4]
    assert all(contrast(one, other) > 1.25 for one, other in zip(VOTE_COLOURS, VOTE_COLOURS[1:], strict=False))
    assert all(contrast(colour, "#111111") >= 4.5 for colour in VOTE_COLOURS[:-1])
    assert contrast(VOTE_COLOURS[-1], "#fefefe") >= 4.5


def test_preference_has_the_scores_of_the_analysis(results):
    axis = preference_figure(results.after.preferred).axes[0]
    drawn = sorted(float(line.get_xdata()[0]) for line in points(axis).values())
    assert drawn == pytest.approx(sorted(one.score for one in results.after.preferred))


def test_a_confusion_shows_percent_of_each_row_with_the_target_emotion_framed():
    axis = confusion_figure({"angry": {"angry": 3, "sad": 1}, "sad": {"angry": 0, "sad": 0}}).axes[0]
    assert [text.get_text() for text in axis.texts] == ["75", "25", "0", "0"]
    assert [(frame.get_x() + 0.47, round(frame.get_y() + 0.46, 3)) for frame in axis.patches] == [(0, 0), (1, 1)]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["angry (4)", "sad (0)"]


@pytest.mark.parametrize("name", ["$\\frac{1$", "$x$", "x" * 300, "<script>", "\u00e4rgerlich"])
def test_an_emotion_may_be_called_anything(name, tmp_path):
    figure = confusion_figure({name: {name: 2, "other": 1}})
    figure.savefig(tmp_path / "x.png")
    label = figure.axes[0].get_xticklabels()[0].get_text()
    assert len(label.replace("\\$", "$")) <= 11


def test_a_study_without_counted_answers_has_no_pictures(study, collected, tmp_path):
    for some in (Collected((), ()), replace(collected, answers=())):
        assert write_pictures(results_of(study, some, DRAWS), tmp_path / "out") == []
    assert list((tmp_path / "out").iterdir()) == []


def test_the_export_has_every_picture_narrow_enough_for_a_phone(study, collected, results, tmp_path):
    folder = simulated_folder(study, tmp_path / "study")
    files = export_study(folder, collected, tmp_path / "out", results)
    drawn = [file for file in files if file.suffix == ".png"]
    assert {file.stem for file in drawn} == {picture.name for picture in pictures(results)}
    for file in drawn:
        with Image.open(file) as image:
            assert 600 <= image.width <= 800 and image.height < 1.6 * image.width


def test_a_folder_that_cannot_be_written_is_one_sentence(results, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as caught:
        write_pictures(results, tmp_path / "file")
    assert "\n" not in str(caught.value)


def simulated_folder(study, folder):
    """The simulated study with the three files that an export copies."""
    folder.mkdir()
    for name in ("study.json", "design.json", "wording.json"):
        (folder / name).write_text("{}")
    return replace(study, folder=folder)
