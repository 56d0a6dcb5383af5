"""A study is blind, balanced, equally loud and frozen; a broken or altered one is refused with a sentence that says why."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from evaluation.listening.design.clips import common_target, loudness
from evaluation.listening.design.create import create_study, expected_ratings
from evaluation.listening.design.drawing import StudyPlan, draw
from evaluation.listening.design.questions import (
    ANCHORS,
    CEILING,
    CHECK_QUESTIONS,
    COPY,
    FLOOR,
    NATURAL,
    QUESTIONS,
    parse_questions,
)
from evaluation.listening.design.rules import CHANCE, ScreeningRules, chance_of_passing, checks_needed
from evaluation.listening.design.study import find_study, open_study
from evaluation.listening.design.trials import KNOWN, RATED, TRAINING, TRAP, order_for
from evaluation.listening.design.wording import ENGLISH, missing_texts
from evaluation.listening.errors import StudyError
from evaluation.pair import Pair
from pipelines.errors import OutputError
from tests.support.listening import ALL_QUESTIONS, FAILED, SYSTEMS, finished_run, small_study
from tests.support.speech import MAN, speak


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("listening"))


@pytest.fixture(scope="module")
def full(run, tmp_path_factory):
    """All systems, all questions."""
    return create_study(run, SYSTEMS, ALL_QUESTIONS, tmp_path_factory.mktemp("full") / "STUDY", 6, seed=3, salt="pepper")


@pytest.fixture(scope="module")
def small(run, tmp_path_factory):
    return small_study(run, tmp_path_factory.mktemp("study") / "STUDY")


@pytest.fixture
def study(small, tmp_path):
    """A copy that may be broken."""
    return open_study(shutil.copytree(small.folder, tmp_path / "STUDY"))


def many_pairs(count: int = 40) -> list[Pair]:
    return [Pair(f"p{index}", Path(f"s{index}.wav"), Path(f"r{index}.wav"), ("angry", "happy", "sad", "surprised")[index % 4],
                 source_speaker=f"speaker{index % 5}", parallel=Path(f"q{index}.wav")) for index in range(count)]


def plan(questions=ALL_QUESTIONS, systems=SYSTEMS, listeners=20, cap=40, seed=1) -> StudyPlan:
    return StudyPlan(systems, parse_questions(questions), listeners, cap, seed, "pepper")


def rated(trials):
    return [trial for trial in trials if trial.kind == RATED]


def test_every_clip_is_16_khz_16_bit_mono_without_metadata_and_equally_loud(full):
    assert len(full.design.clips) == len(list((full.folder / "clips").iterdir()))
    for name in full.design.clips:
        samples, rate = soundfile.read(full.clip(name))
        info = soundfile.info(full.clip(name))
        assert (rate, info.channels, info.subtype, info.format) == (16_000, 1, "PCM_16", "WAV")
        assert full.clip(name).stat().st_size == 44 + 2 * len(samples), "a plain header and samples, nothing else"
        assert loudness(samples) == pytest.approx(full.info["loudness_lufs"], abs=0.1)
        assert np.abs(samples).max() < 1


def test_clips_shorter_than_a_gating_block_are_measured_and_sharp_peaks_lower_all():
    short = speak(MAN, 0.3)
    assert loudness(short) == pytest.approx(loudness(np.tile(short, 4)), abs=2.5)
    assert common_target([(-20.0, 0.5), (-30.0, 0.3)]) == -23.0
    assert common_target([(-20.0, 0.5), (-30.0, 0.7)]) == -27.0, "the softest that does not clip is every clip's loudness"
    with pytest.raises(StudyError, match="sharp peaks"):
        common_target([(-50.0, 1.0)])
    with pytest.raises(StudyError, match="too soft"):
        loudness(np.zeros(16_000))


def test_ids_and_the_order_shown_tell_nothing_of_systems(full):
    ids = [*full.design.clips, *full.design.trials()]
    assert all(len(name) == 16 and set(name) <= set("0123456789abcdef") for name in ids)
    assert len(set(ids)) == len(ids)
    for trial in full.design.trials().values():
        if trial.question != "preference":
            assert len({clip for _, clip in trial.clips}) == len(trial.clips), "an identical pair does not show by its ids"
    first = [rated(order_for(full.design, 0, 3, f"listener{index}"))[0].conditions for index in range(60)]
    assert len(set(first)) > 8, "anyone may come first"


def test_same_seed_gives_the_same_study_and_another_seed_another(run, small, tmp_path):
    assert draw(plan(seed=1), many_pairs()) == draw(plan(seed=1), many_pairs()) != draw(plan(seed=2), many_pairs())
    again = small_study(run, tmp_path / "again")
    assert (again.design, again.info["clips"]) == (small.design, small.info["clips"]) and again.id == small.id
    assert not set(small_study(run, tmp_path / "other", salt=None).design.clips) & set(small.design.clips), "salts are secrets"


def test_every_set_hears_every_condition_equally_often_and_no_rated_item_is_in_two_sets():
    design = draw(plan(), many_pairs())
    assert len(design.cells) == 10, "two listeners a set"
    for cell in design.cells:
        for question in ALL_QUESTIONS:
            counts = Counter(trial.conditions if question != "preference" else tuple(sorted(trial.conditions))
                             for trial in rated(cell) if trial.question == question)
            assert len(set(counts.values())) == 1
    items = [(trial.question, tuple(sorted(trial.conditions)), trial.pair) for cell in design.cells for trial in rated(cell)]
    assert len(items) == len(set(items))
    sides = Counter(trial.conditions[0] for cell in design.cells for trial in rated(cell) if trial.question == "preference")
    assert max(sides.values()) - min(sides.values()) <= 0.5 * max(sides.values()), "nobody is always A"


def test_natural_copy_floor_and_ceiling_are_hidden_among_the_systems(full):
    conditions = {question: {name for trial in rated(full.design.trials().values()) if trial.question == question
                                for name in trial.conditions} for question in ALL_QUESTIONS}
    assert conditions["naturalness"] == {*SYSTEMS, NATURAL, COPY}
    assert conditions["emotion-similarity"] == conditions["speaker-similarity"] == {*SYSTEMS, NATURAL, COPY, FLOOR, CEILING}
    assert conditions["emotion-choice"] == {*SYSTEMS, NATURAL, FLOOR} and conditions["preference"] == {*SYSTEMS, NATURAL}
    for trial in rated(full.design.trials().values()):
        if trial.question == "speaker-similarity" and trial.conditions == (FLOOR,):
            given, judged = (full.design.clips[clip].pair.split("-")[0] for _, clip in trial.clips)
            assert given != judged, "the floor is another speaker"


def test_about_one_trap_and_one_known_answer_in_ten_and_practice_before(full):
    for cell in full.design.cells:
        kinds = Counter(trial.kind for trial in cell)
        assert kinds[RATED] / 12 <= kinds[KNOWN] <= kinds[TRAP] <= kinds[RATED] / 6
        assert all(trial.accepted for trial in cell if trial.kind in (TRAP, KNOWN))
        assert all(full.seconds(clip) >= 0.5 for trial in cell if trial.kind == TRAP for _, clip in trial.clips)
        assert len(cell) <= full.info["cap"]
    order = order_for(full.design, 0, 3, "somebody")
    assert [trial.kind for trial in order[:5]] == [TRAINING] * 5
    assert {trial.question for trial in order[:5]} == set(ALL_QUESTIONS)
    assert set(order[5:]) == set(full.design.cells[0])
    runs = [trial.question for trial, before in zip(order[5:], (None, *order[5:])) if before is None
            or before.question != trial.question]
    assert sorted(runs) == sorted(ALL_QUESTIONS), "one question at a time"
    assert order_for(full.design, 0, 3, "somebody") == order != order_for(full.design, 0, 3, "somebody else")


def test_random_clicking_passes_the_checks_of_a_set_in_at_most_one_case_in_twenty():
    for names in (("naturalness",), ("emotion-choice",), ("preference",), ALL_QUESTIONS):
        questions, rules = parse_questions(names), ScreeningRules()
        for rated_trials in (5, 24, 60):
            assert chance_of_passing(questions, rules, *checks_needed(questions, rules, rated_trials)) <= CHANCE


def test_a_listener_never_gets_more_than_the_cap_and_a_cap_that_is_too_small_is_refused():
    for cap in (12, 25, 40):
        design = draw(plan(("naturalness",), cap=cap), many_pairs())
        assert max(map(len, design.cells)) <= cap
    with pytest.raises(StudyError, match="needs 3[0-9] trials, and the cap is 20"):
        draw(plan(cap=20), many_pairs())


def test_a_pair_that_a_system_failed_is_left_out_and_named(full):
    assert full.info["left_out"] == {FAILED[1]: "no conversion by transfer"}
    assert all(content.pair != FAILED[1] for content in full.design.clips.values())


def test_ratings_that_a_system_will_get_are_known_beforehand(full):
    times = sum(trial.question == "naturalness" and trial.conditions == ("copy",) for cell in full.design.cells for trial in cell)
    assert expected_ratings(full)["naturalness"] == times * 6 / len(full.design.cells)


def test_anchors_that_not_every_pair_can_supply_are_not_asked_for():
    bare = [Pair(f"p{index}", Path("s.wav"), Path("r.wav"), "sad") for index in range(8)]
    design = draw(plan(("speaker-similarity",)), bare)
    assert {name for cell in design.cells for trial in rated(cell) for name in trial.conditions} == {*SYSTEMS, COPY, CEILING}


def test_no_system_can_be_mistaken_for_an_anchor():
    from evaluation.run.systems import SAFE_NAME

    assert not any(SAFE_NAME.fullmatch(name) for name in ANCHORS)


def test_every_text_is_in_one_file_and_a_translation_with_gaps_is_noticed():
    assert missing_texts(ENGLISH) == []
    assert set(ENGLISH["questions"]) == {*QUESTIONS, *CHECK_QUESTIONS}
    partial = json.loads(json.dumps(ENGLISH))
    del partial["questions"]["naturalness"]["options"]["3"], partial["thanks"]
    assert set(missing_texts(partial)) == {"questions/naturalness/options/3", "thanks"}


def test_a_study_is_opened_as_it_was_made_and_found_by_its_id(study):
    assert open_study(study.folder) == study == find_study(study.folder.parent, study.id)
    for name in ("../STUDY", "", "STUDY", "0" * 16, f"{study.id}/..", "%2e%2e"):
        with pytest.raises(StudyError, match="no such listening test"):
            find_study(study.folder.parent, name)


def edit(path: Path, change) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


BREAKAGES = {
    "a rule changed after the data": (lambda folder: edit(folder / "study.json", lambda info: info["rules"].update(outlier=9.0)),
                                      "changed after it was created"),
    "a label in the key": (lambda folder: edit(folder / "design.json", lambda design: design["cells"][0][0].update(
        conditions=["f0-swap"])), "changed after it was created"),
    "the wording": (lambda folder: edit(folder / "wording.json", lambda text: text.update(thanks="Bye {code}")),
                    "changed after it was created"),
    "a clip's samples": (lambda folder: next((folder / "clips").iterdir()).write_bytes(b"RIFF"), "was changed after the study"),
    "a clip gone": (lambda folder: next((folder / "clips").iterdir()).unlink(), "is missing"),
    "a stray file": (lambda folder: (folder / "clips" / "transfer.wav").write_bytes(b""), "holds transfer.wav"),
    "half a file": (lambda folder: (folder / "design.json").write_text('{"clips":'), "cannot be read"),
    "a list": (lambda folder: (folder / "wording.json").write_text("[]"), "is damaged"),
    "no design": (lambda folder: (folder / "design.json").unlink(), "has no design.json"),
    "no hash": (lambda folder: edit(folder / "study.json", lambda info: info.pop("hash")), "has no hash"),
    "another format": (lambda folder: edit(folder / "study.json", lambda info: info.update(format=99)), "another version"),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_an_altered_study_is_refused_with_the_reason(study, name):
    change, reason = BREAKAGES[name]
    change(study.folder)
    with pytest.raises(StudyError, match=reason) as caught:
        open_study(study.folder)
    assert "\n" not in str(caught.value)


def test_what_cannot_become_a_study_leaves_nothing_behind(run, tmp_path):
    with pytest.raises(StudyError, match="no system 'magic'"):
        small_study(run, tmp_path / "S", systems=("magic",))
    with pytest.raises(StudyError, match="no question 'beauty'"):
        small_study(run, tmp_path / "S", questions=("beauty",))
    with pytest.raises(StudyError, match="each once"):
        small_study(run, tmp_path / "S", questions=("naturalness", "naturalness"))
    with pytest.raises(StudyError, match="at least one system, one listener"):
        small_study(run, tmp_path / "S", listeners=0)
    with pytest.raises(StudyError, match="shares from 0 to 1"):
        ScreeningRules(trap_failures=2)
    (tmp_path / "S").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        small_study(run, tmp_path / "S")
    assert [path.name for path in tmp_path.rglob("*")] == ["S"]


def test_an_unfinished_run_or_an_unreadable_conversion_is_refused(run, tmp_path):
    shutil.copytree(run.folder, tmp_path / "RUN")
    from evaluation.run.folder import open_run

    for wav in (tmp_path / "RUN" / "wavs" / "copy").iterdir():
        wav.write_bytes(b"nothing")
    with pytest.raises(StudyError, match="cannot be used in a listening test"):
        small_study(open_run(tmp_path / "RUN"), tmp_path / "S")
    (tmp_path / "RUN" / "scores.jsonl").write_text("")
    with pytest.raises(StudyError, match="is not finished"):
        small_study(open_run(tmp_path / "RUN"), tmp_path / "S")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["RUN"]
