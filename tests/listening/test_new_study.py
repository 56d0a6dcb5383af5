"""Studies made on the page, of a run or of gathered conversions; impossible requests are one sentence and leave nothing."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.listening.design.create import create_study, useful_pairs
from evaluation.listening.design.gathering import AlreadyGathered, GatheredConversions, forget, gather, gathered, gathered_run
from evaluation.listening.design.questions import NATURAL, QUESTIONS
from evaluation.listening.design.study import open_study
from evaluation.listening.errors import StudyError
from pipelines.errors import AudioError, OutputError, ZestError
from pipelines.features.audio import save
from pipelines.labels import LabelError
from tests.support.listening import finished_run
from tests.support.speech import MAN, WOMAN, speak
from workbench.listening import admin_text as text
from workbench.listening import study_builder as new_study
from workbench.listening.gather_tab import _of_new_conversion, _send
from workbench.listening.studies import VARIABLE, study_ids
from workbench.listening.study_builder import (
    StudyRequest,
    enough_sentence,
    make_study,
    offered,
    parse_request,
    study_sentence,
    ticked,
)
from workbench.scoring import ScoredConversion

SECONDS = 0.6


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    voices = {"man": MAN, "woman": WOMAN}
    return {f"{name}{number}": save(folder / f"{name}{number}.wav", speak(voice, SECONDS, seed=number) * 0.5)
            for name, voice in voices.items() for number in range(4)}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("listening"), sentences=1)


@pytest.fixture(autouse=True)
def studies(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "studies"))
    return tmp_path / "studies"


def test_conversions_that_were_gathered_make_a_study_like_any_run(clips, tmp_path):
    for number in range(2):
        for system in ("mine", "theirs"):
            found = gather(tmp_path / "set", clips[f"man{number}"], clips["woman3"], clips["man3"], "angry", system)
    assert found == GatheredConversions(2, {"mine": 2, "theirs": 2})
    run = gathered_run(tmp_path / "set")
    assert run.complete and offered(run) == (("mine", "theirs"), tuple(QUESTIONS))
    questions = ("naturalness", "emotion-similarity", "preference")
    study = create_study(run, ("mine", "theirs"), questions, tmp_path / "S", listeners=4)
    assert open_study(tmp_path / "S").systems == ("mine", "theirs") and not study.info["left_out"]
    assert {pair["emotion"] for pair in study.info["pairs"].values()} == {"angry"}


def test_gathered_recordings_stay_when_the_uploads_are_deleted(clips, tmp_path):
    uploads = {name: save(tmp_path / f"{name}.wav", speak(MAN, SECONDS, seed=9) * level)
               for name, level in (("source", 0.4), ("reference", 0.5), ("converted", 0.3))}
    gather(tmp_path / "set", uploads["source"], uploads["converted"], uploads["reference"])
    for path in uploads.values():
        path.unlink()
    create_study(gathered_run(tmp_path / "set"), ("converted",), ("emotion-similarity",), tmp_path / "S", listeners=2)


def test_the_same_conversion_again_replaces_the_older_and_other_emotions_are_other_pairs(clips, tmp_path):
    folder = tmp_path / "set"
    gather(folder, clips["man0"], clips["man1"], emotion="angry")
    again = gather(folder, clips["man0"], clips["man2"], emotion="angry")
    assert again == GatheredConversions(1, {"converted": 1})
    run = gathered_run(folder)
    assert run.wav("converted", run.pairs[0].id).read_bytes() == clips["man2"].read_bytes()
    assert gather(folder, clips["man0"], clips["man1"], emotion="sad").pairs == 2
    assert gather(folder, clips["man0"], clips["man1"], clips["woman0"]).pairs == 3


def test_a_mix_of_all_emotions_is_gathered_and_two_ways_to_write_a_mix_are_one_pair(clips, tmp_path):
    folder, five = tmp_path / "set", "neutral:0.2,angry:0.2,happy:0.2,sad:0.2,surprised:0.2"
    gather(folder, clips["man0"], clips["man1"], emotion=five)
    again = gather(folder, clips["man0"], clips["man1"], emotion="Sad:1, angry:1, happy:1, surprised:1, neutral:1")
    assert (again.pairs, again.outcome) == (1, "same")
    assert gather(folder, clips["man0"], clips["man1"], emotion="arousal:0.6,valence:-0.3").pairs == 2
    assert gather(folder, clips["man0"], clips["man1"], clips["woman0"], f"{five},friend.wav:0.2").pairs == 3
    created = create_study(gathered_run(folder), ("converted",), ("naturalness",), tmp_path / "S", listeners=2)
    assert created.systems == ("converted",)


def test_another_take_by_a_system_of_the_same_name_is_refused_and_the_same_take_changes_nothing(clips, tmp_path):
    folder = tmp_path / "set"
    assert gather(folder, clips["man0"], clips["man1"], emotion="angry", replacing=False).outcome == "added"
    assert gather(folder, clips["man0"], clips["man1"], emotion="angry", replacing=False).outcome == "same"
    with pytest.raises(AlreadyGathered, match="by converted is gathered already, and nothing was replaced"):
        gather(folder, clips["man0"], clips["man2"], emotion="angry", replacing=False)
    run = gathered_run(folder)
    assert run.wav("converted", run.pairs[0].id).read_bytes() == clips["man1"].read_bytes()
    assert gather(folder, clips["man0"], clips["man2"], emotion="angry").outcome == "replaced"


def test_the_page_sends_every_take_under_the_name_of_its_settings_and_says_what_became_of_it(clips, studies):
    take = ScoredConversion(str(clips["man0"]), None, str(clips["man1"]), "angry", "residual_neural@1")
    softer = replace(take, converted=str(clips["man2"]), system="residual_neural@0.3")
    assert [_of_new_conversion(one)[0] for one in (take, softer)] == ["residual_neural@1", "residual_neural@0.3"]
    said, taken = _send(take, take.system, "", False)
    assert "Sent as a conversion by residual_neural@1" in said and not taken
    assert "nothing changed" in _send(take, take.system, "", False)[0]
    assert "1 pair, converted by residual_neural@0.3 (1), residual_neural@1 (1)" in _send(softer, softer.system, "", False)[0]
    said, taken = _send(softer, take.system, "", False)
    assert taken and "nothing was replaced" in said and "Sent" not in said
    assert "replaces the older conversion" in _send(softer, take.system, "", True)[0]
    assert gathered(studies / "gathered") == GatheredConversions(1, {"residual_neural@0.3": 1, "residual_neural@1": 1})


def test_pairs_of_mixes_are_told_apart_and_need_no_emotion_s_name(clips, studies):
    take = ScoredConversion(str(clips["man0"]), None, str(clips["man1"]), "", "residual_neural@1",
                            mix=(("angry", 0.6), ("surprised", 0.1), ("happy", 0.1), ("neutral", 0.1), ("sad", 0.1)))
    assert "Sent as a conversion" in _send(take, take.system, "", False)[0]
    other = replace(take, converted=str(clips["man2"]), mix=(("angry", 0.5), ("friend.wav", 0.5)))
    assert "2 pairs" in _send(other, other.system, "", False)[0]
    assert "nothing changed" in _send(replace(other, mix=other.mix[::-1]), other.system, "", False)[0]
    assert gather(studies / "set", clips["man0"], clips["man1"], emotion="Angry:0.6,sad:0.4").pairs == 1


def test_an_emotion_named_once_is_not_forgotten(clips, tmp_path):
    gather(tmp_path, clips["man0"], clips["man1"], clips["woman0"], "happy", "a")
    gather(tmp_path, clips["man0"], clips["man1"], clips["woman0"], "", "b")
    assert [pair.emotion for pair in gathered_run(tmp_path).pairs] == ["happy"]


def test_with_a_stored_emotion_nothing_is_asked_or_hidden_that_needs_a_reference(clips, tmp_path):
    gather(tmp_path / "set", clips["man0"], clips["man1"], emotion="angry")
    gather(tmp_path / "set", clips["woman0"], clips["woman1"], clips["man3"], "sad")
    run = gathered_run(tmp_path / "set")
    assert "emotion-similarity" not in offered(run)[1] and "emotion-choice" in offered(run)[1]
    study = create_study(run, ("converted",), offered(run)[1], tmp_path / "S", listeners=2, cap=60)
    contents = study.design.clips.values()
    assert not {"reference", "copy-of-reference"} & {content.kind for content in contents}
    choices = [trial for cell in study.design.cells for trial in cell if trial.question == "emotion-choice"]
    assert choices and all(NATURAL not in trial.conditions for trial in choices)
    with pytest.raises(StudyError, match="have no reference.*leave that question out"):
        create_study(run, ("converted",), ("emotion-similarity",), tmp_path / "other", listeners=2)
    assert not (tmp_path / "other").exists()


def test_a_pair_that_one_system_lacks_is_left_out_of_its_study(clips, tmp_path):
    for number in range(2):
        gather(tmp_path / "set", clips[f"man{number}"], clips["man3"], emotion="sad", system="a")
    gather(tmp_path / "set", clips["man0"], clips["man3"], emotion="sad", system="b")
    study = create_study(gathered_run(tmp_path / "set"), ("a", "b"), ("naturalness",), tmp_path / "S", listeners=2)
    assert len(study.info["left_out"]) == 1 and len(study.info["pairs"]) == 1


BAD = {
    "no name": ({"system": ""}, StudyError, "cannot be the name of a system"),
    "a path as a name": ({"system": "../../etc"}, StudyError, "cannot be the name of a system"),
    "a bracket, as anchors have": ({"system": "(natural)"}, StudyError, "cannot be the name of a system"),
    "neither reference nor emotion": ({"emotion": ""}, StudyError, "Give the reference"),
    "an emotion that nobody knows": ({"emotion": "banana"}, LabelError, "no emotion 'banana'; use neutral"),
    "a slip of the pen": ({"emotion": "angr"}, LabelError, "did you mean 'angry'"),
    "an emotion of two lines": ({"emotion": "angry\nb"}, LabelError, "no emotion"),
    "a mix with an emotion that nobody knows": ({"emotion": "angry:0.6,banana:0.4"}, LabelError, "no emotion 'banana'"),
    "a mix of a recording that is not given": ({"emotion": "angry:0.6,friend.wav:0.4"}, LabelError, "no emotion 'friend.wav'"),
    "no emotion at all, and no reference": ({"emotion": "unlabelled"}, StudyError, "Give the reference"),
    "no recording": ({"converted": "text.txt"}, AudioError, "text.txt"),
    "a missing recording": ({"source": "nowhere.wav"}, AudioError, "nowhere.wav"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_gathered_is_one_sentence_and_leaves_nothing(name, clips, tmp_path):
    changed, error, words = BAD[name]
    (tmp_path / "text.txt").write_text("no recording")
    given = {"source": clips["man0"], "converted": clips["man1"], "emotion": "angry"} | {
        key: tmp_path / value if key in ("source", "converted") else value for key, value in changed.items()}
    with pytest.raises(error, match=words) as caught:
        gather(tmp_path / "set", **given)
    assert "\n" not in str(caught.value) and not (tmp_path / "set").exists()
    with pytest.raises(StudyError, match="gather some first"):
        gathered_run(tmp_path / "set")


def test_many_who_gather_at_once_lose_nothing(clips, tmp_path):
    def send(number: int) -> None:
        gather(tmp_path, clips[f"man{number % 4}"], clips["woman0"], emotion=f"sad:9,angry:{number + 1}", system=f"s{number % 2}")

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gathered(tmp_path) == GatheredConversions(8, {"s0": 4, "s1": 4}) and gathered_run(tmp_path).complete


def test_a_kill_between_two_files_does_no_harm(clips, tmp_path):
    gather(tmp_path, clips["man0"], clips["man1"], emotion="sad")
    (tmp_path / "scores.jsonl").unlink()
    (tmp_path / "run.json").write_text("{")
    assert gathered_run(tmp_path).complete


def test_what_was_gathered_can_be_forgotten_and_studies_keep_their_copies(clips, tmp_path):
    gather(tmp_path / "set", clips["man0"], clips["man1"], emotion="sad")
    create_study(gathered_run(tmp_path / "set"), ("converted",), ("naturalness",), tmp_path / "S", listeners=2)
    forget(tmp_path / "set")
    assert gathered(tmp_path / "set") == GatheredConversions(0, {}) and not list((tmp_path / "set").glob("**/*.wav"))
    open_study(tmp_path / "S")
    forget(tmp_path / "never there")


def test_a_folder_that_cannot_be_written_is_one_sentence(clips, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        gather(tmp_path / "file", clips["man0"], clips["man1"], emotion="sad")


def test_the_form_makes_a_study_in_the_folder_of_studies(run, studies):
    told = []
    requested = StudyRequest(("copy", "f0-swap"), ("naturalness",), listeners=4, cap=15, seed=3)
    study = make_study(run, requested, lambda *done: told.append(done))
    assert study.folder.parent == studies and study_ids() == [study.id] and study.info["seed"] == 3
    assert told[-1][0] == told[-1][1] == len(told)
    said = study_sentence(study)
    assert f"{len(study.design.cells)} sets of {len(study.design.cells[0])} trials" in said and "preliminary" in said
    assert not [name for name in os.listdir(studies) if name.startswith(".")]


@pytest.mark.parametrize("ticked_box", [False, True])
def test_the_form_can_ask_listeners_to_sign_in(run, studies, ticked_box):
    requested = parse_request(["copy"], ["naturalness"], 2, 12, 0, ticked_box)
    assert make_study(run, requested).sign_in is ticked_box


def test_gathered_conversions_are_in_no_list_of_studies(clips, studies):
    gather(new_study.gathered_folder(), clips["man0"], clips["man1"], emotion="sad")
    assert new_study.gathered_folder().parent == studies and study_ids() == []


def test_what_converts_is_ticked_first_and_only_questions_that_can_be_asked():
    assert ticked(("source", "copy", "transfer"), tuple(QUESTIONS)) == (["transfer"], ["naturalness", "emotion-similarity"])
    assert ticked(("source", "copy"), ("preference",)) == (["source", "copy"], ["preference"])


def test_the_form_says_how_many_pairs_there_are_and_would_help(run):
    requested = StudyRequest(("copy", "f0-swap"), ("naturalness",), listeners=20)
    usable, useful = useful_pairs(run, requested.systems, requested.questions, 20)
    assert usable == len(run.pairs) and useful > usable
    assert f"up to {useful} would help" in enough_sentence(run, requested)
    few = StudyRequest(("copy", "f0-swap"), ("naturalness",), listeners=2, cap=12)
    assert useful_pairs(run, few.systems, few.questions, 2, 12)[1] <= usable and "enough for 2" in enough_sentence(run, few)


def test_as_many_pairs_as_would_help_are_all_used(tmp_path, run):
    usable, useful = useful_pairs(run, ("copy",), ("naturalness",), listeners=4, cap=12)
    study = create_study(run, ("copy",), ("naturalness",), tmp_path / "S", listeners=4, cap=12)
    rated = {trial.pair for cell in study.design.cells for trial in cell if trial.conditions}
    assert useful <= usable and len(rated) == useful


@pytest.mark.parametrize(("given", "sentence"), [
    (([], ["naturalness"], 20, 40, 0), text.NO_SYSTEMS), ((None, ["naturalness"], 20, 40, 0), text.NO_SYSTEMS),
    ((["a"], [], 20, 40, 0), text.NO_QUESTIONS), ((["a"], ["naturalness"], None, 40, 0), text.NO_NUMBER),
    ((["a"], ["naturalness"], 0, 40, 0), text.NO_NUMBER), ((["a"], ["naturalness"], 20, 0.5, 0), text.NO_NUMBER),
    ((["a"], ["naturalness"], 20, 40, -1), text.NO_NUMBER), ((["a"], ["naturalness"], 10**9, 40, 0), text.NO_NUMBER),
    ((["a"], ["naturalness"], float("nan"), 40, 0), text.NO_NUMBER), ((["a"], ["naturalness"], "20", 40, 0), text.NO_NUMBER)])
def test_a_form_half_filled_is_one_sentence(given, sentence):
    with pytest.raises(StudyError) as caught:
        parse_request(*given)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(("requested", "words"), [
    (StudyRequest(("magic",), ("naturalness",)), "no system 'magic'"),
    (StudyRequest(("copy",), ("beauty",)), "no question 'beauty'"),
    (StudyRequest(("copy",), ("naturalness",), cap=2), "raise the cap")])
def test_a_study_request_that_cannot_be_is_one_sentence_and_leaves_no_study(run, studies, requested, words):
    for ask in (make_study, enough_sentence):
        with pytest.raises(ZestError, match=words) as caught:
            ask(run, requested)
        assert "\n" not in str(caught.value)
    assert not studies.exists() or not list(studies.iterdir())
