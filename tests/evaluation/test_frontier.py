"""The frontier: strengths ascend, areas and dominated points are those computed by hand, and nothing is done twice."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from evaluation.frontier import frontier_systems, measure_frontier, plot, read_strengths, write_frontier
from evaluation.frontier.area import area, dominated
from evaluation.frontier.strengths import check_strengths
from evaluation.run import evaluate, open_run, parse_systems
from evaluation.run.systems import PresetSystem
from pipelines.errors import ZestError
from tests.support.small_frontier import ENTRIES, METRICS, Louder, at_strengths, level_pairs, observers

SYSTEMS = (*at_strengths(0, 0.5, 1), Louder("still"))


def measured(folder, systems=SYSTEMS, pairs=None, log=None, **options):
    pairs = level_pairs(folder / "clips") if pairs is None else pairs
    return measure_frontier(pairs, systems, folder / "RUN", METRICS, observers(log), ENTRIES, draws=200, **options)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return measured(tmp_path_factory.mktemp("frontier"))


@pytest.fixture
def plain(monkeypatch):
    """Pictures without panels, which take most of the time."""
    for name in ("trade_off_figure", "strength_figure"):
        monkeypatch.setattr(plot, name, lambda frontier: Figure())


# strengths


@pytest.mark.parametrize(("text", "strengths"), [
    ("0:1.5:0.25", (0, 0.25, 0.5, 0.75, 1, 1.25, 1.5)), ("0:1.5:0.5", (0, 0.5, 1, 1.5)), ("0:1:0.4", (0, 0.4, 0.8)),
    ("0.1:0.7:0.1", (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)), ("1:1:1", (1,)), (" 0, 0.5,1 ", (0, 0.5, 1)), ("0.5", (0.5,))])
def test_strengths_are_a_range_with_both_ends_or_a_list(text, strengths):
    assert read_strengths(text) == strengths


@pytest.mark.parametrize(("text", "words"), [
    ("", "empty"), (" , ", "empty"), ("1,0.5", "must ascend"), ("0,0.5,0.5", "must ascend"), ("0,2", "between 0 and 1.5, not 2"),
    ("-0.5:1:0.5", "not -0.5"), ("0:1.75:0.25", "not 1.75"), ("0,half,1", "'half' in the strengths"), ("0:1:x", "'x' in"),
    ("0,,1", "is not a number"), ("nan", "not nan"), ("0,inf", "not inf"), ("0:1:0", "step"), ("0:1:-0.5", "step"),
    ("0:1:nan", "step"), ("0:1:inf", "step"), ("1:0:0.5", "do not ascend"), ("0:1", "no list of strengths"),
    ("0:1:0.5:2", "no list of strengths"), ("0:1.5:0.001", "1,?501 strengths are too many")])
def test_a_list_of_strengths_that_is_no_curve_is_refused_in_one_sentence(text, words):
    with pytest.raises(ZestError, match=words) as caught:
        read_strengths(text)
    assert_plain(str(caught.value))


def test_strengths_given_as_numbers_are_looked_at_too():
    assert check_strengths([0, 1]) == (0, 1)
    for wrong in ([], [1, 0], [0, 9], [float("nan")], list(np.linspace(0, 1.5, 99))):
        with pytest.raises(ZestError):
            check_strengths(wrong)


# areas and dominance


def test_the_area_is_that_below_the_staircase_over_the_points():
    kept, moved = np.array([1.0, 0.75, 0.5]), np.array([0.0, 0.5, 1.0])
    assert area(kept, moved) == pytest.approx(0.75 * 0.5 + 0.5 * 0.5)
    assert area(kept[::-1], moved[::-1]) == area(kept, moved), "the order of points does not matter"
    assert area(np.array([0.6, 0.5]), np.array([0.9, 0.4])) == pytest.approx(0.54), "a dominated point adds nothing"
    assert area(np.array([1.0]), np.array([1.0])) == 1 and area(np.array([0.0, 1.0]), np.array([1.0, 0.0])) == 0


def test_a_point_that_was_not_measured_adds_nothing_to_an_area():
    kept, moved = np.array([[0.5, np.nan], [np.nan, 1.0]]), np.array([[1.0, 0.5], [1.0, np.nan]])
    np.testing.assert_array_equal(area(kept, moved), [0.5, np.nan])


def test_points_are_dominated_by_what_is_nowhere_worse_and_somewhere_better():
    kept, moved = np.array([1.0, 0.9, 0.8, 0.8, 1.0, np.nan]), np.array([0.0, 0.0, 1.0, 0.5, 0.0, 2.0])
    assert dominated(kept, moved).tolist() == [False, True, False, True, False, False]


# a frontier


def test_values_areas_and_dominated_points_are_those_computed_by_hand(found):
    frontier = found.frontier
    assert [(one.name, one.strengths) for one in frontier.curves] == [("louder", (0, 0.5, 1)), ("still", (None,))]
    assert frontier.emotions == (None, "angry", "sad")
    values = {emotion: [tuple(round(frontier.estimate(emotion, name, metric).value, 3) for metric in ("emotion@level",
                        "voice-to-source")) for name in frontier.curves[0].systems] for emotion in frontier.emotions}
    assert values == {None: [(0, 1), (50, 0.825), (100, 0.65)], "angry": [(0, 1), (100, 0.75), (100, 0.5)],
                      "sad": [(0, 1), (0, 0.9), (100, 0.8)]}
    areas = {emotion: frontier.areas[emotion, "louder", "emotion@level", "voice kept"].value for emotion in frontier.emotions}
    assert areas == pytest.approx({None: 0.65 + 0.5 * (0.825 - 0.65), "angry": 0.75, "sad": 0.8}, abs=1e-3)
    beaten = {emotion: set(frontier.dominated[emotion, "emotion@level", "voice kept"]) for emotion in frontier.emotions}
    assert beaten == {None: set(), "angry": {"louder"}, "sad": {"louder@0.5"}}
    assert frontier.areas[None, "still", "emotion@level", "voice kept"].value == 0
    assert frontier.differences["louder", "still", "emotion@level", "voice kept"].value == pytest.approx(0.7375, abs=1e-3)


def test_fewer_errors_are_more_words_kept(found):
    """CER is 100 times the change of the peak, so that words and voice have one area."""
    areas = found.frontier.areas
    for emotion in found.frontier.emotions:
        words, voice = (areas[emotion, "louder", "emotion@level", axis].value for axis in ("words kept", "voice kept"))
        assert words == pytest.approx(voice, abs=1e-6)


def test_intervals_are_those_of_the_report_and_areas_have_them_too(found):
    from evaluation.report.results import matrix_of
    from evaluation.report.statistics import estimates, resample

    matrix, rows = matrix_of(found.run), np.arange(4)
    expected, = estimates([matrix.scores("louder@0.5", "voice-to-source", rows)], resample(matrix.speakers, 200, 0), 4)
    assert found.frontier.estimate(None, "louder@0.5", "voice-to-source") == expected
    one = found.frontier.areas[None, "louder", "emotion@level", "voice kept"]
    assert one.low < one.value < one.high and (one.measured, one.expected) == (4, 4)
    still = found.frontier.areas[None, "still", "emotion@level", "voice kept"]
    assert (still.value, still.low, still.high) == (0, None, None), "resamples that all agree make no interval"


def test_tables_pictures_and_page_lie_in_the_folder(found):
    files = found.files
    assert all(path.stat().st_size > 100 for path in files.every)
    points = pd.read_csv(files.points)
    beaten = points[(points.emotion == "angry") & (points.metric == "emotion@level")].set_index("system")["dominated_voice"]
    assert {name for name, is_beaten in beaten.items() if is_beaten in (True, "True")} == {"louder"}
    assert pd.read_csv(files.areas).set_index(["emotion", "curve", "axis"]).value["all", "louder", "voice kept"] \
        == pytest.approx(0.7375, abs=1e-3)
    page, markdown = files.html.read_text(), files.markdown.read_text()
    assert "![Target emotion recognised (emotion@level) against " in markdown
    assert "(frontier.png)" in markdown and "strength 0.5" in markdown and "no strength" in markdown
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', page, re.S)[1])
    point = data["curves"][0]["emotions"][1][2]
    assert point["values"]["emotion@level"][0] == 100 and point["dominated"]["emotion@level"] == ["voice-to-source", "cer"]
    assert "http-equiv=\"Content-Security-Policy\"" in page and page.count("sha256-") == 3


def test_the_same_call_again_does_nothing_and_more_strengths_are_added(tmp_path, plain):
    log, conversions = tmp_path / "observed", tmp_path / "converted"
    pairs = level_pairs(tmp_path / "clips")
    evaluate(pairs, at_strengths(0.5, log=conversions), tmp_path / "RUN", METRICS, observers(log))
    before = len(log.read_text().split())
    first = measured(tmp_path, at_strengths(0, 0.5, log=conversions), pairs, log)
    assert conversions.read_text().split().count("louder@0.5") == 4, "what an evaluation converted is not converted again"
    assert len(log.read_text().split()) == before + 2, "only one new clip a speaker, at strength 0"
    told = []
    again = measured(tmp_path, at_strengths(0, 0.5, log=conversions), pairs, log, hook=told.append)
    assert [event.value for event in told if event.kind == "end"] == [0] and again.frontier.areas == first.frontier.areas
    longer = measured(tmp_path, at_strengths(0, 0.5, 1, log=conversions), pairs, log)
    assert len(conversions.read_text().split()) == 3 * 4 and longer.frontier.curves[0].strengths == (0, 0.5, 1)
    assert write_frontier(tmp_path / "RUN", ["louder@0.5"], 100, entries=ENTRIES)[0].curves[0].strengths == (0.5,)


def test_another_run_is_refused_and_stays(tmp_path, found):
    from shutil import copytree

    copytree(found.run.folder, tmp_path / "RUN")
    before = {path: path.read_bytes() for path in (tmp_path / "RUN").rglob("*") if path.is_file()}
    with pytest.raises(ZestError, match="holds a run of other pairs") as caught:
        measured(tmp_path, pairs=level_pairs(tmp_path / "clips")[:2])
    assert_plain(str(caught.value))
    assert {path: path.read_bytes() for path in (tmp_path / "RUN").rglob("*") if path.is_file()} == before


def test_a_failed_conversion_counts_as_a_miss_and_is_told(tmp_path, plain):
    failing = measured(tmp_path, at_strengths(0, 1, fails="anna-sad"))
    one = failing.frontier.estimate("sad", "louder", "emotion@level")
    assert (one.value, one.measured) == (50, 2) and "2 conversions failed" in failing.files.markdown.read_text()


def test_a_run_without_a_judge_or_without_scores_is_one_sentence(tmp_path):
    pairs = level_pairs(tmp_path / "clips")
    evaluate(pairs, at_strengths(1), tmp_path / "RUN", METRICS[1:], observers())
    with pytest.raises(ZestError, match="needs a judge of emotion"):
        write_frontier(tmp_path / "RUN", entries=ENTRIES)
    with pytest.raises(ZestError, match="no system 'magic'"):
        write_frontier(tmp_path / "RUN", ["magic"], entries=ENTRIES)
    for metrics, words in ((["voice-to-source"], "judge of emotion"), (["emotion@egemaps"], "something that is to be kept")):
        with pytest.raises(ZestError, match=words):
            measure_frontier(pairs, at_strengths(1), tmp_path / "NEW", metrics)
    assert not (tmp_path / "NEW").exists()


# systems


def test_presets_stand_beside_references_and_points_stay_points():
    systems = frontier_systems(["residual_world", "f0-swap", "generate@0.5"], "0:1:0.5", presets=True)
    assert [one.name for one in systems] == [
        "residual_world@0", "residual_world@0.5", "residual_world", "f0-swap", "generate@0.5", "residual_world@0-preset",
        "residual_world@0.5-preset", "residual_world-preset", "generate@0.5-preset"]
    assert all(isinstance(one, PresetSystem) and one.spec["emotion"] == "preset" for one in systems[5:])
    alone = parse_systems(["residual_world-preset"], [0.5])
    assert [one.name for one in alone] == ["residual_world@0.5-preset"] and isinstance(alone[0], PresetSystem)
    assert alone[0].spec == next(one.spec for one in systems if one.name == "residual_world@0.5-preset")


@pytest.mark.parametrize(("texts", "options", "words"), [
    ([], {}, "Which systems"), (["magic"], {}, "no system 'magic'"), (["source", "source"], {}, "Two systems"),
    (["source"], {"presets": True}, "presets"), (["residual_world-f0reference-preset"], {}, "which a preset has not"),
    (["residual_world"], {"strengths": "1,0"}, "must ascend"), (["residual_world"], {"strengths": []}, "empty")])
def test_systems_that_make_no_frontier_are_refused_in_one_sentence(texts, options, words):
    with pytest.raises(ZestError, match=words) as caught:
        frontier_systems(texts, **options)
    assert_plain(str(caught.value))


def test_presets_are_the_emotion_of_the_pair(source_path, reference_path):
    """What `zest convert --emotion` converts."""
    from evaluation.pair import Pair
    from pipelines.conversion import Converter
    from tests.support.tiny import trained_tiny

    checkpoint = str(trained_tiny().checkpoint)
    system, = parse_systems(["residual_world-preset"], checkpoint=checkpoint)
    rendered = system.render(Pair("a", source_path, reference_path, "sad"))
    expected = Converter.from_pretrained(checkpoint).convert(source_path, emotion="sad", decoder="residual_world")
    np.testing.assert_array_equal(rendered.samples, expected.samples)


# command line


def test_the_command_draws_pairs_measures_and_writes_and_shares_the_folder_of_an_evaluation(zest_here, tmp_path, plain):
    from tests.support.tiny import trained_tiny

    tiny = trained_tiny()
    call = ["frontier", "--manifest", tiny.manifest, "--split", "all", "--settings", "ssdt,dsdt", "--count", "2", "--system",
            "residual_world", "--system", "f0-swap", "--strengths", "0:1:1", "--presets", "--metric",
            "emotion@egemaps,duration-ratio,f0-mean-shift,voice-to-source", "--checkpoint", tiny.checkpoint, "--draws", "100",
            "-o", "RUN", "--json"]
    first = zest_here(*call)
    assert first.returncode == 0, first.stderr
    document = json.loads(first.stdout)
    assert list(document["areas"]) == ["residual_world", "f0-swap", "residual_world-preset"]
    assert (tmp_path / "RUN" / "frontier.html").is_file() and document["pairs"] == 2
    assert "Everything was measured already" in zest_here(*call).stderr
    run = open_run(tmp_path / "RUN")
    again = zest_here("evaluate", tmp_path / "RUN" / "pairs.csv", "--system", "residual_world-preset", "--metric",
                      "emotion@egemaps", "--checkpoint", tiny.checkpoint, "-o", "RUN")
    assert "nothing was done" in again.stderr and len(run.systems) == 5


@pytest.mark.parametrize(("words", "sentence"), [
    (["--system", "source"], "--manifest to draw pairs from"), (["nowhere.csv", "--system", "magic"], "no system 'magic'"),
    (["nowhere.csv", "--system", "residual_world", "--strengths", ""], "list of strengths is empty"),
    (["nowhere.csv", "--system", "residual_world", "--strength", "0.5", "--strength", "0.25"], "must ascend"),
    (["nowhere.csv", "--system", "f0-swap", "--strengths", "0:1:0.5"], "--strengths would have no effect"),
    (["nowhere.csv", "--system", "residual_world", "--count", "9"], "--count would have no effect"),
    (["nowhere.csv", "--system", "residual_world"], "nowhere.csv"),
    (["nowhere.csv"], "Which systems")])
def test_a_wrong_call_is_one_sentence_and_leaves_nothing(zest_here, tmp_path, words, sentence):
    result = zest_here("frontier", *words, "-o", "RUN")
    assert result.returncode not in (0, 1) and sentence in result.stderr and "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1 and list(tmp_path.iterdir()) == []


def assert_plain(sentence: str) -> None:
    assert re.match(r"[A-Z0-9'/]", sentence) and sentence.endswith((".", ")")) and "\n" not in sentence
