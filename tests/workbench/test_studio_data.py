"""What the player and the contours are given: loudness, the tempo map, sketches, energy and the table of contours."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from evaluation.instruments.word_times import TimedWord
from evaluation.listening.design.clips import TARGET, at_loudness, loudness
from pipelines.features.audio import SAMPLE_RATE, save
from pipelines.features.pitch import F0Contour
from tests.support.recordings import write_m4a
from tests.support.speech import MAN, speak
from tests.support.studio import SECONDS, SLOWER, a_conversion, a_described, slower_timing, some_series, some_tracks
from workbench.studio import words
from workbench.studio.comparison import MOST_TAKES, Comparison, compared, comparison, player_of, take_name
from workbench.studio.contours import COLUMNS, MOST_FRAMES, contour_series, contours_value, csv_text, energy
from workbench.studio.timing import TOLERANCE, breakpoints, source_time, straight
from workbench.studio.tracks import SKETCH, SOURCE, TAKE, Track, gains, player_value, recording_track, sketch, track


@pytest.fixture(scope="module")
def tracks(tmp_path_factory) -> list[Track]:
    return some_tracks(tmp_path_factory.mktemp("tracks"))


def test_gains_bring_all_tracks_to_one_loudness_without_clipping(tracks):
    moved = [at_loudness(soundfile.read(one.path)[0], 0.0, gain) for one, gain in zip(tracks, gains(tracks), strict=True)]
    levels = [loudness(samples) for samples in moved]
    assert max(levels) - min(levels) < 0.1 and max(np.abs(samples).max() for samples in moved) <= 1.0
    assert gains(tracks)[3] - gains(tracks)[0] > 10, "the soft one is raised"


def test_peaks_lower_the_common_loudness_and_silence_stays_as_it_is(tracks):
    sharp = replace(tracks[0], level=-30.0, peak=1.0)
    assert gains([sharp, tracks[1]])[0] == pytest.approx(-0.09, abs=0.01), "full scale stays full scale"
    assert gains([replace(tracks[0], level=TARGET + 5, peak=0.3)]) == [-5.0]
    silent = track("soft", "soft", TAKE, "soft.wav", np.zeros(SAMPLE_RATE, np.float32), 1.0)
    assert silent.level is None and gains([silent, tracks[0]])[0] == 0.0


def test_the_tempo_map_rises_from_end_to_end_and_few_points_hold_it():
    timing = slower_timing()
    own, source = points = breakpoints(timing, SLOWER, SECONDS)
    assert (own[0], source[0], own[-1], source[-1]) == (0.0, 0.0, SLOWER, SECONDS)
    assert (np.diff(own) > 0).all() and (np.diff(source) > 0).all() and len(own) <= 4
    frames = np.arange(len(timing)) * 0.02
    assert np.abs(source_time(points, frames) - timing).max() <= TOLERANCE + 1e-4


@pytest.mark.parametrize("timing", [np.array([0.0, 0.02, 0.02, 0.02, 0.05, 0.3]), np.zeros(40), np.linspace(0, 3, 200),
                                    np.cumsum(np.random.default_rng(0).uniform(0.005, 0.08, 500))])
def test_odd_timings_still_rise(timing):
    own, source = breakpoints(timing, len(timing) * 0.02, 1.0)
    assert (np.diff(own) > 0).all() and (np.diff(source) > 0).all()
    assert (own[-1], source[-1]) == (pytest.approx(len(timing) * 0.02), 1.0)


def test_a_kept_timing_is_one_line():
    assert breakpoints(None, 2.0, 2.0) == straight(2.0, 2.0) == ((0.0, 2.0), (0.0, 2.0))


def test_a_track_survives_as_json(tracks):
    assert Track.of(tracks[2].document()) == tracks[2]


def test_the_page_is_told_no_path_beyond_the_file_that_it_plays(tracks):
    value = player_value(tracks, chosen="slower")
    assert [one["name"] for one in value["tracks"]] == [one.name for one in tracks] and value["chosen"] == "slower"
    assert all("path" not in one and one["file"]["meta"] == {"_type": "gradio.FileData"} for one in value["tracks"])


def test_a_sketch_follows_the_waveform():
    loud = np.concatenate([np.zeros(8000), 0.5 * np.ones(8000)])
    drawn = sketch(loud)
    assert len(drawn) == SKETCH and set(drawn[:230]) == {0} and set(drawn[250:]) == {50}
    assert len(sketch(np.ones(3))) == SKETCH


def test_recordings_that_some_browsers_do_not_play_are_copied(tmp_path):
    samples = speak(MAN, 1.0)
    plain = save(tmp_path / "plain.wav", samples)
    assert recording_track("one", "one", SOURCE, plain, samples, tmp_path, 1.0).path == str(plain)
    stereo, codec, telephone = tmp_path / "stereo.wav", write_m4a(tmp_path / "talk.m4a", samples), tmp_path / "telephone.wav"
    soundfile.write(stereo, np.stack([samples, samples], axis=1), SAMPLE_RATE)
    soundfile.write(telephone, samples, SAMPLE_RATE, subtype="ULAW")
    for number, path in enumerate((stereo, codec, telephone)):
        found = recording_track(f"copy{number}", "copy", SOURCE, path, samples, tmp_path, 1.0)
        assert found.path == str(tmp_path / f"copy{number}.wav")
        assert soundfile.info(found.path).duration == pytest.approx(found.seconds, abs=1e-3)


def test_energy_is_decibels_of_full_scale():
    loud = np.concatenate([np.zeros(SAMPLE_RATE), 0.1 * np.ones(SAMPLE_RATE)]).astype(np.float32)
    found = energy(loud, F0Contour(np.zeros(101)))
    assert found[10] == -90.0 and found[90] == pytest.approx(-20.0, abs=0.01) and np.isfinite(found).all()


def test_the_table_has_a_row_for_each_frame_and_places_it_in_the_source():
    series = some_series()
    rows = list(csv.DictReader(io.StringIO(csv_text(series))))
    assert tuple(rows[0]) == COLUMNS and len(rows) == sum(len(one.contour.hz) for one in series)
    by_key = {key: [row for row in rows if row["contour"] == key] for key in ("source", "predicted", "converted")}
    assert by_key["source"][0]["f0_hz"] == by_key["source"][0]["semitones"] == ""  # unvoiced
    assert float(by_key["source"][30]["f0_hz"]) == 120.0
    octave = float(by_key["converted"][30]["semitones"]) - float(by_key["source"][30]["semitones"])
    assert octave == pytest.approx(12.0, abs=1e-3)
    late = by_key["converted"][225]  # 4.5 s of the take are 2 + 2.5 * 2 / 3 s of the source
    assert float(late["seconds"]) == 4.5 and float(late["source_seconds"]) == pytest.approx(2 + 2.5 / 1.5, abs=0.01)
    assert {row["energy_db"] for row in by_key["predicted"]} == {""} and float(by_key["source"][40]["energy_db"]) > -60


def test_contours_of_an_hour_do_not_fill_the_page():
    long = replace(a_conversion(), source=F0Contour(np.full(180_000, 120.0)), source_seconds=3600.0, timing=None)
    value = contours_value(contour_series(long, long.predicted)[:1], "", "hour")
    shown = value["series"][0]
    assert len(shown["hz"]) <= MOST_FRAMES and shown["step"] * len(shown["hz"]) == pytest.approx(3600, rel=0.01)


def test_a_comparison_survives_as_json_and_its_files_may_lie_elsewhere(tmp_path):
    source = save(tmp_path / "man.wav", speak(MAN, SECONDS))
    one = comparison(a_described(tmp_path), source, source, "What it says.")
    assert Comparison.of(json.loads(json.dumps(one.document()))) == one
    assert one.take.timing == breakpoints(slower_timing(), SLOWER, SECONDS) and one.contours["alt"] == "What it says."
    assert one.reference is not None and one.reference.key != one.source.key, "the same recording twice has two lanes"
    moved = one.moved("take.wav", "source.wav", "reference.wav")
    assert (moved.take.path, moved.source.path, moved.reference.path) == ("take.wav", "source.wav", "reference.wav")
    assert moved.take.key == one.take.key


@pytest.mark.parametrize(("settings", "name"), [({}, "Angry"), ({"strength": 0.5, "seed": 3}, "Angry, strength 0.5, seed 3"),
                                                ({"tempo": False, "f0": "source"}, "Angry, tempo kept, F0 source")])
def test_a_take_is_called_after_what_is_not_the_default(tmp_path, settings, name):
    document = a_described(tmp_path, **settings).document
    assert take_name(document) == name
    to_reference = document | {"target": "reference-lively.wav", "f0": {"reference": 210.0}}
    assert take_name(to_reference) == name.replace("Angry", "Like reference-lively"), "no name of the reference itself"
    assert take_name(document | {"variant": ["denoised"]}) == f"{name}, denoised", "a denoised take is no copy of the other"


def test_the_player_offers_takes_of_one_source_each_once_and_by_names_that_differ(tmp_path):
    source = save(tmp_path / "man.wav", speak(MAN, SECONDS))
    first = comparison(a_described(tmp_path), source, None, "")
    others = [replace(first, take=replace(first.take, key=f"take{number}")) for number in range(MOST_TAKES)]
    elsewhere = replace(first, source=replace(first.source, key="another"))
    assert compared([first, elsewhere], [others[0], first]) == [first, others[0]]
    assert len(compared([first], others)) == MOST_TAKES and compared([first], others)[-1] == others[-1]
    value = player_of([first, others[0], others[1]], others[0])
    assert [one["name"] for one in value["tracks"]] == ["man.wav", "Angry", "Angry (2)", "Angry (3)"]
    assert value["chosen"] == "take0"


def test_words_go_onto_the_axis_of_the_conversion_that_was_scored(tmp_path, monkeypatch):
    source = save(tmp_path / "man.wav", speak(MAN, SECONDS))
    one = comparison(a_described(tmp_path), source, None, "")
    monkeypatch.setattr(words, "word_times", lambda samples, text, language: (TimedWord(0.1, 0.5, text),))
    value = words.spoken([one], one.take.path, {"source": "kids", "converted": "kits"}, "en")
    assert {series["key"]: series["words"] for series in value["series"]} == {
        "source": [[0.1, 0.5, "kids"]], "predicted": [], "converted": [[0.1, 0.5, "kits"]]}
    assert words.spoken([one], "another.wav", {"source": "kids"}, "en") is None
    assert words.spoken([one], one.take.path, {}, "en") is None
