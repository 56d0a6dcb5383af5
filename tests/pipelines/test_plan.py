"""Plans: what is wrong with one is told in one sentence, and spreadsheets may write them; phrases are cut at pauses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import ZestError
from pipelines.plan import phrases as cutting
from pipelines.plan.phrases import LONG, Stretch, phrases, pieces, plan_of, to_convert
from pipelines.plan.segments import PlanError, Segment, check_segments, faults
from pipelines.plan.speech import STEP, Speech, find_speech
from pipelines.plan.table import read_plan, row_names, write_plan
from pipelines.tables import TableError
from tests.support.speech import RATE
from tests.support.talks import talk, write_talk


def only_sad(emotion: str) -> None:
    if emotion != "sad":
        raise ZestError(f"There is no emotion preset '{emotion}'.")


ONE = Segment(1.0, 2.0, "sad")
FAULTS = {  # name: (segments, words of the only sentence)
    "none": ([], "The plan has no segments"),
    "overlap": ([ONE, Segment(1.9, 3.0)], "Segment 2: it begins at 1.9 s, where the segment above it ends at 2 s"),
    "unsorted": ([Segment(5.0, 6.0), ONE], "Segment 2: it begins at 1 s, before the segment above it; sort"),
    "past the end": ([Segment(8.0, 11.0)], "it ends at 11 s, but talk.wav ends at 10.00 s"),
    "nothing": ([Segment(2.0, 2.0)], "must lie behind the start"),
    "backwards": ([Segment(3.0, 2.0)], "must lie behind the start"),
    "negative": ([Segment(-1.0, 2.0)], "must be seconds from 0 on"),
    "not a number": ([Segment(float("nan"), 2.0)], "must be seconds from 0 on"),
    "short": ([Segment(1.0, 1.05)], "too short"),
    "unknown emotion": ([Segment(1.0, 2.0, "bored")], "Segment 1: there is no emotion preset 'bored'"),
    "two targets": ([Segment(1.0, 2.0, "sad", Path("me.wav"))], "not both"),
    "strength": ([Segment(1.0, 2.0, "sad", strength=1.6)], "strength must lie between 0 and 1.5, not 1.6"),
    "no strength": ([Segment(1.0, 2.0, "sad", strength=float("nan"))], "strength must lie between"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_of_a_plan_is_one_plain_sentence(kind):
    segments, words = FAULTS[kind]
    found = faults(segments, 10.0, "talk.wav", only_sad)
    assert len(found) == 1 and words in found[0] and found[0].endswith(".") and "\n" not in found[0]
    with pytest.raises(PlanError) as caught:
        check_segments(segments, 10.0, "talk.wav", only_sad)
    assert str(caught.value) == found[0]


def test_a_plan_without_a_fault_passes():
    kept = [Segment(0.0, 1.0, "keep"), Segment(2.0, 3.0), Segment(3.0, 4.0, "bored", strength=0.0)]
    assert [segment.is_kept for segment in kept] == [True] * 3
    assert faults([ONE, Segment(2.0, 10.04, "", Path("me.wav"))], 10.0, "talk.wav", only_sad) == []


def test_a_plan_comes_back_as_it_was_written(tmp_path):
    segments = (Segment(0.0, 1.234, "sad", None, 0.8, False, "Well, then."), Segment(1.234, 5.0, "", tmp_path / "friend.wav"),
                Segment(60.5, 70.0, "angry:0.6,sad:0.4"),
                Segment(71.0, 72.0, "sad:0.4", mixed=((tmp_path / "friend.wav", 0.4), (tmp_path / "other.wav", 0.2))))
    (tmp_path / "friend.wav").touch()
    write_plan(tmp_path / "plan.csv", segments)
    assert read_plan(tmp_path / "plan.csv") == segments
    assert (tmp_path / "plan.csv").read_text().splitlines()[1] == '0.000,1.234,sad,,0.8,no,"Well, then."'


@pytest.mark.parametrize("content", [
    "start,end,emotion\n1,2,sad\n,,\n62.5,70,angry\n,,\n",
    "\ufeffStart;End;Emotion;Strength\r\n1,0;2,0;sad;\r\n;;;\r\n1:02,5;1:10;angry;1,0\r\n",
    "end\tstart\temotion\ttempo\n2\t1\tsad\tYES\n0:01:10\t01:02.50\tangry\ton\n"])
def test_a_spreadsheet_may_write_a_plan(content, tmp_path):
    (tmp_path / "plan.csv").write_text(content, encoding="utf-8")
    assert read_plan(tmp_path / "plan.csv") == (Segment(1.0, 2.0, "sad"), Segment(62.5, 70.0, "angry"))


@pytest.mark.parametrize(("content", "words"), [
    ("start,end,emotion\n1,2,sad\n\n1.5,3,sad\n", "plan.csv, line 4: it begins at 1.5 s, where"),
    ("start,end\n1,two\n", "plan.csv, line 2: the end must be seconds"),
    ("start,end\n-1,2\n", "the start must be seconds"),
    ("start,end,strength\n1,2,much\n", "the strength must be a number"),
    ("start,end,tempo\n1,2,fast\n", "tempo must be yes or no"),
    ("start,end,mood\n1,2,sad\n", "has a column 'mood'"),
    ("start,emotion\n1,sad\n", "has no column 'end'"),
    ("start,end\n,,\n", "has no segments under its header"), ("", "it is empty"),
    ("start,end,emotion\n1,2,angry:0.6,sad:0.4\n", "quote cells")])
def test_what_is_no_plan_is_refused_with_its_line(content, words, tmp_path):
    (tmp_path / "plan.csv").write_text(content)
    with pytest.raises((PlanError, TableError)) as caught:
        read_plan(tmp_path / "plan.csv")
    assert words in str(caught.value) and str(caught.value).endswith(".")


def test_rows_are_named_by_their_lines(tmp_path):
    (tmp_path / "plan.csv").write_text("start,end\n1,2\n\n3,4\n")
    assert row_names(tmp_path / "plan.csv") == ["plan.csv, line 2", "plan.csv, line 4"]


def test_speech_is_cut_at_every_forced_pause_and_nowhere_else(tmp_path):
    samples, places = talk([0.5, 0.9, 2.0, 0.6])
    found = plan_of(write_talk(tmp_path / "talk.wav", samples))
    pauses = [(one.end, other.start) for one, other in zip(found, found[1:])]
    forced = [(end, start) for (_, end), (start, _) in zip(places, places[1:])]
    own = sum(any(start - 0.3 < one.start < end + 0.3 for start, end in places) for one in found)
    assert own == len(found) and found[0].start < places[0][0] + 0.2 and found[-1].end > places[-1][1] - 0.2
    assert all(any(min(stop, start) > max(begin, end) for begin, stop in pauses) for end, start in forced)


def test_blocks_of_any_length_give_the_same_speech():
    samples, _ = talk([0.5, 0.7])
    whole = find_speech([samples])
    parts = find_speech(samples[start:start + 7_001] for start in range(0, len(samples), 7_001))
    assert abs(np.flatnonzero(np.diff(whole.there.astype(int))) - np.flatnonzero(np.diff(parts.there.astype(int)))).max() <= 3
    np.testing.assert_allclose(parts.level, whole.level, atol=1e-3)
    assert whole.seconds == parts.seconds == len(samples) / RATE


def steady(seconds: float, dips: list[float]) -> Speech:
    level = np.full(round(seconds / STEP), -20.0)
    for dip in dips:
        level[round(dip / STEP) - 3:round(dip / STEP) + 3] = -40.0
    return Speech(np.ones(len(level), dtype=bool), level, seconds)


def test_a_long_phrase_without_a_pause_is_cut_where_it_is_quietest():
    dips = [7.0, 16.0, 22.6]
    found = phrases(steady(30.0, dips))
    assert all(one.seconds <= LONG for one in found) and found[0].start == 0 and found[-1].end == 30.0
    assert [one.end for one in found[:-1]] == [other.start for other in found[1:]], "nothing is left out"
    assert [one.end for one in found[:-1]] == pytest.approx(dips, abs=0.05)


def test_short_phrases_join_a_near_neighbour():
    there = np.zeros(1000, dtype=bool)
    for start, end in ((100, 300), (340, 380), (600, 640), (900, 1000)):
        there[start:end] = True
    found = phrases(Speech(there, np.where(there, -20.0, -70.0), 10.0))
    assert [(one.start, one.end) for one in found] == [
        (pytest.approx(start, abs=cutting.ROOM), pytest.approx(end, abs=cutting.ROOM)) for start, end in
        ((1.0, 3.8), (6.0, 6.4), (9.0, 10.0))]


def test_a_segment_is_converted_by_the_phrases_inside_it():
    speech, cut = steady(60.0, []), [Stretch(1.0, 4.0), Stretch(5.0, 9.0), Stretch(9.0, 15.0)]
    assert to_convert(Segment(0.0, 12.0), cut, speech) == [Stretch(1.0, 4.0), Stretch(5.0, 9.0), Stretch(9.0, 12.0)]
    assert to_convert(Segment(5.0, 9.1), cut, speech) == [Stretch(5.0, 9.1)], "no piece of a tenth of a second"
    assert to_convert(Segment(20.0, 50.0), cut, speech) == pieces(Stretch(20.0, 50.0), speech), "no phrase was found there"
