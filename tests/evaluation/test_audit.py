"""The audit of judges and distances: numbers that are known beforehand, verdicts, warnings beside tables, and bad input."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation.audit import AuditRequest, Draw, audit_judges, audit_warnings, read_clips, stored
from evaluation.audit.clips import check_clips, some_of_each_speaker
from evaluation.audit.conditions import CONDITIONS, changed, find_conditions
from evaluation.audit.distances import find_distance
from evaluation.audit.found import Verdict
from evaluation.audit.measures import Sample, calibration, kappa
from evaluation.audit.stored import StoredAudit
from evaluation.audit.thresholds import accuracy_needed
from evaluation.audit.triplets import BOTH, EMOTION, NONE, SPEAKER, VOICE, WORDS, draw_triplets
from evaluation.audit.writing import BEGIN, END, without_card, write_cards
from evaluation.judges import registry
from evaluation.judges.card import calibration_error
from pipelines.errors import OutputError, RecipeError, ZestError
from pipelines.features.audio import SAMPLE_RATE, save
from pipelines.labels import EMOTIONS
from pipelines.training.data.corpus import Clip
from tests.support.run_folder import LEVELS, VOICES, LevelJudge, Spectrum
from tests.support.speech import speak
from workbench.cli import exit_codes

SPEAKERS = ("anna", "bert", "cora")
DRAW = Draw(200)
REQUEST = AuditRequest(("acoustic",), ("emotion-nearer@acoustic", "voice-to-source"), ("softer", "mp3"), changed=1)


@dataclass(frozen=True)
class Counted(LevelJudge):
    """Writes one line for each clip that it observes."""

    log: Path = Path()

    def observe(self, clips, language):
        with self.log.open("a") as file:
            file.writelines("clip\n" for _ in clips)
        return super().observe(clips, language)


def level_judge() -> dict[str, Any]:
    return {"emotion@acoustic": LevelJudge()}


def clip(path: str | Path, speaker: str, emotion: str, words: str, corpus: str = "one") -> Clip:
    return Clip(Path(path), corpus, speaker, emotion, "en", words, "", 1.0, "dev")


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> list[Clip]:
    """Three speakers say two sentences in three emotions, which are levels; the judge takes levels for emotions."""
    folder, found = tmp_path_factory.mktemp("speech"), []
    for speaker in SPEAKERS:
        for words in range(2):
            samples = speak(VOICES[speaker], 0.6, seed=words)
            for emotion, level in LEVELS.items():
                save(folder / f"{speaker}-{words}-{emotion}.wav", samples / np.abs(samples).max() * level)
                found.append(clip(folder / f"{speaker}-{words}-{emotion}.wav", speaker, emotion, str(words)))
    return found


@pytest.fixture(scope="module")
def report(clips, tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    observers = {"emotion@acoustic": Counted(log=folder / "log"), "voice@resemblyzer": Spectrum()}
    return audit_judges(clips, folder / "AUDIT", REQUEST, DRAW, observers=observers, command="zest judge audit")


def test_accuracy_and_what_a_change_costs_are_those_known_beforehand(report):
    judge, = report.audit.judges
    assert judge.accuracy.value == pytest.approx(100) and judge.accuracy.low < 100 and judge.accuracy.measured == 18
    assert {name: round(one.value) for name, one in judge.speakers.items()} == dict.fromkeys(SPEAKERS, 100)
    assert set(judge.each) == set(LEVELS) and judge.confusion["sad"] == {"sad": 6}
    assert judge.conditions["softer"].value == pytest.approx(100 / 3), "20 dB softer everything is sad"
    assert judge.changes["softer"].value == pytest.approx(-200 / 3) and abs(judge.changes["mp3"].value) < 1e-9


def test_triplets_and_verdicts_follow(report):
    nearer, voice = report.audit.distances
    assert {name: one.value for name, one in nearer.triplets.items()} == dict.fromkeys((NONE, WORDS, SPEAKER, BOTH), 100)
    assert voice.about == VOICE and set(voice.corpora) == {"one"} and set(voice.speakers) == set(SPEAKERS)
    verdicts = {one.name: one for one in report.audit.verdicts}
    assert not verdicts["emotion@acoustic"].passed and "67 points lost by softer" in verdicts["emotion@acoustic"].reasons[0]
    assert verdicts["emotion@acoustic"].key == "level-judge-v1"


def test_page_markdown_and_json_lie_in_the_folder_and_nothing_is_observed_twice(report, clips):
    document = json.loads(report.files.json.read_text())
    assert document["judges"][0]["accuracy"]["value"] > 99 and document["verdicts"][0]["passed"] is False
    page, markdown = report.files.html.read_text(), report.files.markdown.read_text()
    assert "67 points lost by softer" in page and "expected calibration error" in markdown and "3 speakers" in markdown
    folder = report.files.json.parent
    before = (folder.parent / "log").read_text()
    observers = {"emotion@acoustic": Counted(log=folder.parent / "log"), "voice@resemblyzer": Spectrum()}
    again = audit_judges(clips, folder, REQUEST, DRAW, observers=observers, command="zest judge audit")
    assert (folder.parent / "log").read_text() == before and again.audit.document() == report.audit.document()


def test_a_judge_that_cannot_be_had_is_one_sentence_and_the_rest_goes_on(clips, tmp_path):
    request = replace(REQUEST, judges=("acoustic", "superb"), metrics=(), conditions=())
    found = audit_judges(clips[:12], tmp_path / "AUDIT", request, DRAW, observers=level_judge())
    assert [one.name for one in found.audit.judges] == ["acoustic"] and "emotion@superb" in found.audit.not_measured
    with pytest.raises(ZestError, match="Nothing could be audited"):
        audit_judges(clips, tmp_path / "OTHER", replace(request, judges=("superb",)), DRAW, observers={})


def test_the_audit_becomes_part_of_the_card_and_a_judge_without_one_is_told(report, tmp_path, monkeypatch):
    judge, card = registry.judge("acoustic"), tmp_path / "JUDGE_CARD.md"
    card.write_text("# Judges\n\nWhat they learnt.\n")
    monkeypatch.setattr(type(judge), "card", card)
    for _ in range(2):
        assert write_cards(report.audit, [judge]) == ([card], [])
        text = card.read_text()
        assert text.startswith("# Judges\n\nWhat they learnt.\n") and text.count(BEGIN) == text.count(END) == 1
        assert "Judges on natural speech" in text
    monkeypatch.setattr(type(judge), "card", None)
    written, said = write_cards(report.audit, [judge])
    assert written == [] and "has no card to write into" in said[0] and registry.judge("superb").card is None
    assert "It learnt from training speakers of RAVDESS" in said[0]
    nameless = replace(judge, training=None)
    assert "that nobody named" in without_card(report.audit, [nameless])[0]


def test_a_judge_without_a_card_is_told_whether_or_not_the_audit_is_kept(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(type(registry.judge("acoustic")), "card", None)
    found = audit_judges(clips, tmp_path / "AUDIT", replace(REQUEST, metrics=(), conditions=()), DRAW, observers=level_judge())
    assert len(found.said) == 1 and "has no card" in found.said[0] and found.audit.judges


# parts


def test_triplets_share_what_their_kind_says():
    clips = [clip(f"{speaker}{emotion}{words}", speaker, emotion, words) for speaker in "abc" for emotion in ("angry", "sad")
             for words in ("x", "y", "z")]
    triplets = draw_triplets(clips, range(len(clips)))
    assert len(triplets) == 8 * len(clips) and len({one.anchor for one in triplets}) == len(clips)
    wrong_shares = {(EMOTION, NONE): (0, 0, 0), (EMOTION, WORDS): (0, 1, 1), (EMOTION, SPEAKER): (0, 1, 0),
                    (EMOTION, BOTH): (0, 1, 1), (VOICE, NONE): (1, 0, 0), (VOICE, WORDS): (1, 0, 1), (VOICE, EMOTION): (1, 0, 0),
                    (VOICE, BOTH): (1, 0, 1)}
    for one in triplets:
        anchor, right, wrong = clips[one.anchor], clips[one.right], clips[one.wrong]
        assert one.anchor not in (one.right, one.wrong)
        assert (anchor.emotion == wrong.emotion, anchor.speaker == wrong.speaker, anchor.text_id == wrong.text_id) \
            == wrong_shares[one.about, one.distractor]
        assert right.text_id != anchor.text_id and (right.emotion == anchor.emotion or one.about == VOICE)
        assert (right.speaker == anchor.speaker) == (one.about == VOICE or one.distractor == WORDS)


def test_kappa_and_calibration_error_agree_with_other_code():
    from sklearn.metrics import cohen_kappa_score

    random = np.random.default_rng(0)
    one, other = random.choice(["angry", "sad", "happy"], (2, 60))
    other = np.where(random.random(60) < 0.5, one, other)
    sample = Sample.of(random.choice(list("abcd"), 60), 200, 0)
    found = kappa(list(one), list(other), sample)
    assert found is not None and found.low is not None and found.high is not None
    assert found.value == pytest.approx(cohen_kappa_score(one, other)) and found.low < found.value < found.high
    posteriors, labels = random.dirichlet(np.ones(5), 60), random.choice(EMOTIONS, 60)
    right = np.array(EMOTIONS)[posteriors.argmax(1)] == labels
    error = calibration(posteriors.max(1), right, sample)
    assert error is not None and error.error.value == pytest.approx(calibration_error(posteriors, labels))
    assert sum(one.clips for one in error.bins) == 60


def test_the_thresholds_leave_half_of_a_difference():
    assert accuracy_needed(5) == pytest.approx(60)
    for emotions in (2, 4, 7):
        share = accuracy_needed(emotions) / 100
        assert share - (1 - share) / (emotions - 1) == pytest.approx(0.5)


@pytest.mark.parametrize("name", [name for name in CONDITIONS if name != "copy-neural"])
def test_changes_keep_length_and_do_what_they_say(name):
    samples = speak(VOICES["bert"], 0.6, seed=1)
    moved = changed(CONDITIONS[name], samples, "bert", "")
    assert abs(len(moved) - len(samples)) < 0.1 * SAMPLE_RATE and np.abs(moved).max() <= 1 and np.isfinite(moved).all()
    if name == "softer":
        np.testing.assert_allclose(moved, samples / 10, atol=1e-6)
    if name == "telephone":
        power = np.abs(np.fft.rfft(moved)) ** 2
        assert power[int(4500 * len(moved) / SAMPLE_RATE):].sum() < 1e-3 * power.sum()


def test_clips_of_every_speaker_and_emotion_are_drawn_alike(clips):
    chosen = some_of_each_speaker(clips, 1)
    assert {(clips[index].speaker, clips[index].emotion) for index in chosen} == {(s, e) for s in SPEAKERS for e in LEVELS}
    assert len(chosen) == 9 and chosen == some_of_each_speaker(clips, 1)


# warnings


def test_a_table_with_failed_metrics_has_one_line_and_another_version_has_none():
    audit = StoredAudit({"emotion@acoustic": Verdict("emotion@acoustic", "judge-1", ("right on 39 % of happy speech",)),
                         "voice-to-source": Verdict("voice-to-source", "voice-1", ("right in 60 %",)),
                         "cer": Verdict("cer", "words-1")})
    keys = {"emotion@acoustic": "judge-1", "cer": "words-1", "voice-accepted": "voice-1"}
    line, = audit_warnings(["emotion@acoustic", "cer", "voice-accepted", "dnsmos"], keys, audit)
    assert line.startswith("Failed their audit: emotion@acoustic (right on 39 % of happy speech); voice-accepted (right in 60")
    assert audit_warnings(["cer"], keys, audit) == []
    assert audit_warnings(["emotion@acoustic"], {"emotion@acoustic": "judge-2"}, audit) == []


def test_the_shipped_audit_is_of_the_shipped_judges_and_score_cards_say_so(monkeypatch):
    from evaluation.score_card import EmotionScores, ScoreCard
    from workbench.score_card.card import card_html
    from workbench.score_card.text import card_text

    shipped = stored.stored_audit()
    for name in ("acoustic", "whisper", "egemaps"):
        verdict = shipped.verdicts[f"emotion@{name}"]
        assert verdict.key == f"judge-{name}-{registry.judge(name).digest()}"
    card = ScoreCard(emotions=(EmotionScores("egemaps", "sad", {"sad": 0.1}, {"sad": 0.9}, None, None, None, 0),))
    line, = card.warnings
    assert "emotion@egemaps" in line and line in card_text(card) and "zest-card-audit" in card_html(card)
    assert card.document()["warnings"] == [line]


# bad input


@pytest.mark.parametrize(("change", "words"), [
    ({"emotion": "unlabelled"}, "needs clips of at least two emotions, and this manifest has none"),
    ({"speaker": "anna"}, "labelled clips of at least two speakers, and this manifest has 1 speaker"),
    ({"emotion": "sad"}, "this manifest has sad")])
def test_speech_that_cannot_be_audited_is_one_sentence(clips, change, words):
    with pytest.raises(RecipeError, match=words):
        check_clips([replace(one, **change) for one in clips])


def test_unknown_names_and_lone_options_are_one_sentence(clips, tmp_path):
    with pytest.raises(RecipeError, match="no clip with split test"):
        check_clips([], {"test"})
    with pytest.raises(ZestError, match="no condition 'rain'"):
        find_conditions(["rain"])
    with pytest.raises(ZestError, match="The metric cer uses no distance"):
        find_distance("cer")
    with pytest.raises(ZestError, match="no judge called 'ears'"):
        audit_judges(clips, tmp_path, replace(REQUEST, judges=("ears",)))
    with pytest.raises(ZestError, match="needs both"):
        audit_judges(clips, tmp_path, replace(REQUEST, export=tmp_path))
    (tmp_path / "audit.json").write_text("mine")
    with pytest.raises(OutputError, match="not of an audit"):
        audit_judges(clips, tmp_path, REQUEST)
    assert (tmp_path / "audit.json").read_text() == "mine"


def test_zest_judge_audit_refuses_in_one_sentence(zest_here, tmp_path):
    (tmp_path / "manifest.csv").write_text("path,corpus,speaker,emotion,language,text_id,text,seconds,split\n")
    for words, code in ((("--manifest", "nowhere.csv"), exit_codes.BAD_INPUT), (("--manifest", "manifest.csv"),
                                                                               exit_codes.BAD_INPUT)):
        result = zest_here("judge", "audit", *words, "-o", "AUDIT")
        assert result.returncode == code and len(result.stderr.splitlines()) == 1 and not (tmp_path / "AUDIT").exists()
    with pytest.raises(RecipeError):
        read_clips([tmp_path / "nowhere.csv"])


def test_listeners_majorities_are_held_against_judges(tmp_path, clips):
    from evaluation.audit.listeners import majorities
    from tests.support.small_evaluation import make_pairs, run

    evaluated = run(make_pairs(tmp_path / "clips", 2), tmp_path / "RUN")
    head = "listener,question,kind,pair,condition,value,counted\n"
    rows = [f"l{k},emotion-choice,rated,p0,halved,{value},True\n" for k, value in enumerate(("angry", "angry", "sad"))]
    rows += ["l0,emotion-choice,rated,p1,(floor),sad,True\n", "l0,emotion-choice,rated,p1,(natural),sad,False\n",
             "l0,emotion-choice,rated,p1,halved,sad,True\n", "l1,emotion-choice,rated,p1,halved,angry,True\n"]
    (tmp_path / "answers.csv").write_text(head + "".join(rows))
    found = majorities(tmp_path, evaluated)
    assert [(one.emotion, one.votes, one.path.parent.name) for one in found] == [("angry", 3, "halved"), ("sad", 1, "clips")]
    (tmp_path / "answers.csv").write_text(head)
    for folder, words in ((tmp_path, "has no answers"), (tmp_path / "RUN", "no export of a listening test")):
        with pytest.raises(ZestError, match=words):
            majorities(folder, evaluated)


CHOSEN = {"copy": "sad", "transfer": "angry", "(floor)": "neutral"}  # by listeners; the natural reference as it is labelled


def test_judges_are_held_against_the_export_of_a_real_study(clips, tmp_path):
    """A study of a run, three listeners who answer its whole sets through the store, the export, and an audit with it."""
    from sklearn.metrics import cohen_kappa_score

    from evaluation.audit.listeners import majorities
    from evaluation.listening.publish.export import export_study
    from evaluation.listening.store import collect, open_store
    from evaluation.run.folder import open_run
    from pipelines.features.audio import load
    from tests.support.listening import finished_run, small_study
    from tests.support.listening_session import Clock, whole_set

    run = finished_run(tmp_path / "run")
    study = small_study(run, tmp_path / "STUDY", questions=("emotion-choice",), listeners=3)
    trials, pairs = study.design.trials(), {pair.id: pair for pair in run.pairs}

    def choose(shown) -> str:
        trial = trials[shown.trial]
        condition = trial.conditions[0] if trial.conditions else ""
        return (trial.accepted or (CHOSEN.get(condition, pairs[trial.pair].emotion),))[0]

    store = open_store(study, f"sqlite:///{tmp_path / 'answers.sqlite'}", Clock())
    for _ in range(3):
        whole_set(store, choose)
    export_study(study, collect(store), tmp_path / "EXPORT")
    request = replace(REQUEST, metrics=(), conditions=(), export=tmp_path / "EXPORT", run=run.folder)
    found = audit_judges(clips, tmp_path / "AUDIT", request, DRAW, observers=level_judge())
    chosen = majorities(tmp_path / "EXPORT", open_run(run.folder))
    assert {one.path.parent.name for one in chosen} >= {"copy", "transfer", "corpus"} and min(one.votes for one in chosen) >= 1
    decided = [max(one, key=one.get) for one in LevelJudge().observe([load(one.path).samples for one in chosen], "en")]
    kappa_of = found.audit.listeners["acoustic"]
    assert kappa_of is not None and kappa_of.measured == len(chosen)
    assert kappa_of.value == pytest.approx(cohen_kappa_score(decided, [one.emotion for one in chosen])) and kappa_of.value < 1
    assert f"Listeners: {len(chosen)} recordings with a majority" in " ".join(found.audit.notes)
    assert "acoustic and the listeners' majority" in found.files.markdown.read_text()
