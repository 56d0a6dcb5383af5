"""Checks of room, device and hearing: computed sound, frozen in the study, told to the listener, and a rule of the screening."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
from scipy import stats
from typer.testing import CliRunner

from evaluation.listening.analysis import results_of
from evaluation.listening.design.listening_checks import CHECKS, TASKS, TONE_DB, draw_checks, parse_checks, render_check
from evaluation.listening.design.questions import CHECK_QUESTIONS, answers_to
from evaluation.listening.design.rules import ScreeningRules, rules_from
from evaluation.listening.design.study import open_study
from evaluation.listening.design.trials import CHECK, TRAINING, ClipContent, order_for
from evaluation.listening.design.wording import LANGUAGES, wording_in
from evaluation.listening.errors import StudyError
from evaluation.listening.publish.export import listeners_frame
from evaluation.listening.publish.markdown import paper_paragraph, results_markdown
from evaluation.listening.store import collect, open_store
from evaluation.listening.store.replies import checked
from pipelines.features.audio import SAMPLE_RATE
from pipelines.features.loudness import integrated_loudness
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import SETUP, Clock, answer_next, careful
from workbench.cli import app as command_line
from workbench.listening.results_view import results_html

ALL = tuple(CHECKS)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("listening"), sentences=1)


@pytest.fixture(scope="module")
def study(run, tmp_path_factory):
    return small_study(run, tmp_path_factory.mktemp("studies") / "S", systems=("copy", "f0-swap"), checks=ALL, languages=("en",))


def rendered(kind: str) -> np.ndarray:
    return render_check(ClipContent(f"check {kind}", ""))


def level(samples: np.ndarray, low: float, high: float) -> float:
    """dB of what lies between two frequencies."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    return float(10 * np.log10(power[(frequencies >= low) & (frequencies < high)].sum()))


def test_noise_differs_by_ten_decibels_and_bands_end_where_they_should():
    edge = slice(0, int(0.3 * SAMPLE_RATE))
    loud, soft = rendered("noise 40 3"), rendered("noise 50 3")
    assert 20 * np.log10(loud[edge].std() / soft[edge].std()) == pytest.approx(10, abs=0.01)
    assert 20 * np.log10(loud.std() / loud[edge].std()) == pytest.approx(39, abs=2), "the voice is 40 dB above the noise"
    full, narrow, wide = (rendered(f"band {band} 3") for band in (8000, 3500, 5000))
    assert level(full, 4000, 8000) - level(narrow, 4000, 8000) > 40 and level(full, 5500, 8000) - level(wide, 5500, 8000) > 40
    assert level(full, 100, 3400) == pytest.approx(level(narrow, 100, 3400), abs=0.2)
    assert level(full, 4000, 8000) > level(full, 100, 4000) - 20, "there is something to miss"


@pytest.mark.parametrize(("count", "frequency"), [(2, 500), (5, 4000)])
def test_so_many_tones_stand_above_the_noise_and_the_length_does_not_tell_how_many(count, frequency):
    found = rendered(f"tones {count} {frequency} 7")
    assert len(found) == len(rendered("tones 1 1000 7"))
    starts = (np.arange(5) * 0.5 + 0.3) * SAMPLE_RATE
    width = frequency * 0.1
    inside = [level(found[int(start):int(start + 0.2 * SAMPLE_RATE)], frequency - width, frequency + width) for start in starts]
    gaps = level(found[int(0.51 * SAMPLE_RATE):int(0.71 * SAMPLE_RATE)], frequency - width, frequency + width)
    assert all(one - gaps > 6 for one in inside[:count]) and all(abs(one - gaps) < 5 for one in inside[count:])
    assert TONE_DB < 0


@pytest.mark.parametrize("seed", range(5))
def test_tasks_are_drawn_so_that_one_answer_to_everything_fails(seed):
    drawn = draw_checks(ALL, "pepper", seed)
    assert len(drawn.trials) == TASKS * len(ALL) and len(set(drawn.clips)) == 2 * TASKS + 2 * TASKS + TASKS
    for name in ALL:
        right = [trial.accepted[0] for trial in drawn.trials if trial.question == CHECKS[name]]
        assert max(right.count(one) for one in right) <= TASKS // 2
        assert set(right) <= set(answers_to(CHECK_QUESTIONS[CHECKS[name]], ()))
    noises = [drawn.clips[trial.clips[0][1]].kind for trial in drawn.trials if trial.accepted == ("a",) and len(trial.clips) == 2]
    assert all(kind.startswith("check noise 50") for kind in noises)


def test_random_answers_hardly_pass_all_three():
    allowed = ScreeningRules().allowed(ScreeningRules().check_failures, TASKS)
    guesses = [1 / len(answers_to(CHECK_QUESTIONS[name], ())) for name in CHECKS.values()]
    passed = [float(stats.binom.cdf(allowed, TASKS, 1 - guess)) for guess in guesses]
    assert float(np.prod(passed)) < 0.001


def test_a_study_freezes_checks_clips_texts_and_rule_and_one_without_is_as_before(run, study, tmp_path):
    assert open_study(study.folder).checks == ALL and study.info["rules"]["check_failures"] == 0.25
    assert {trial.kind for trial in study.design.checks} == {CHECK} and not {*study.questions} & {*CHECK_QUESTIONS.values()}
    levels = []
    for trial in study.design.checks:
        for _, clip in trial.clips:
            samples, rate = soundfile.read(study.clip(clip))
            levels.append(integrated_loudness(samples))
            assert rate == SAMPLE_RATE
    assert max(levels) - min(levels) < 0.2, "all are equally loud"
    plain = small_study(run, tmp_path / "plain", systems=("copy", "f0-swap"))
    assert "checks" not in plain.info and "checks" not in json.loads((plain.folder / "design.json").read_text())
    assert study.minutes > plain.minutes
    older = {name: value for name, value in plain.info["rules"].items() if name != "check_failures"}
    assert rules_from(older) == plain.rules


def test_every_listener_gets_the_checks_first_one_after_the_other_in_an_order_of_their_own(study):
    orders = [order_for(study.design, 0, 5, name) for name in ("x", "y")]
    for order in orders:
        assert [trial.question for trial in order[:12]] == [CHECKS[name] for name in ALL for _ in range(TASKS)]
        assert order[12].kind == TRAINING
    assert {one.id for one in orders[0][:12]} == {one.id for one in orders[1][:12]}
    assert [one.id for one in orders[0][:12]] != [one.id for one in orders[1][:12]]


def test_results_are_told_after_the_checks_and_who_fails_one_is_screened_out(study):
    store, right = open_store(study, clock=Clock()), careful(study)
    trials = study.design.trials()

    def deaf(shown):
        return next(one for one, _ in shown.options if one not in trials[shown.trial].accepted) if (
            shown.listening == "hearing-check") else right(shown)

    for choose in (right, deaf):
        token = store.enter(True, SETUP).token
        for _ in range(12):
            shown = store.next_trial(token)
            assert shown.listening and not shown.checked
            answer_next(store, token, choose)
        told = store.next_trial(token).checked
        assert told[:2] == (("environment-check", 4, 4, True), ("bandwidth-check", 4, 4, True))
        assert told[2] == ("hearing-check", *((4, 4, True) if choose is right else (0, 4, False)))
        while answer_next(store, token, choose):
            pass
    collected = collect(store)
    found = results_of(study, collected, draws=100)
    assert [one.broken for one in found.verdicts] == [(), ("hearing_check",)]
    assert found.verdicts[1].checks == {"environment-check": (0, 4), "bandwidth-check": (0, 4), "hearing-check": (4, 4)}
    said = results_markdown(found)
    assert "failed the check of hearing: 1" in said and "passed: environment 2 of 2, bandwidth 2 of 2, hearing 1 of 2." in said
    assert "more than 25 % of the tasks of a listening check wrong" in said
    assert "listening checks environment and bandwidth and hearing" in paper_paragraph(found)
    assert "hearing 1 of 2" in results_html(found) and "failed the check of hearing" in results_html(found)
    assert listeners_frame(collected, found)["hearing_check_failed"].tolist() == [0, 4]


def test_one_wrong_answer_of_four_is_forgiven(study):
    tasks = [trial for trial in study.design.checks if trial.question == "hearing-check"]
    answers = {trial.id: trial.accepted[0] for trial in study.design.checks} | {tasks[0].id: "1"}
    assert checked(study, answers)[2] == ("hearing-check", 3, 4, True)
    assert checked(study, answers | {tasks[1].id: "1"})[2] == ("hearing-check", 2, 4, False)


def test_checks_are_named_by_command_and_an_unknown_one_is_one_sentence(run, tmp_path):
    words = ["study", "create", "--run", str(run.folder), "--systems", "copy", "--questions", "quality", "--languages", "en"]
    result = CliRunner().invoke(command_line.app, [*words, "-o", str(tmp_path / "S"),
                                                   "--listening-checks", "hearing,environment"])
    assert result.exit_code == 0, result.output
    assert open_study(tmp_path / "S").checks == ("environment", "hearing")
    with pytest.raises(StudyError, match="no listening check 'smell'; choose from environment, bandwidth, hearing"):
        parse_checks(["smell"])
    refused = CliRunner().invoke(command_line.app, [*words, "-o", str(tmp_path / "T"), "--listening-checks", "smell"])
    assert isinstance(refused.exception, StudyError) and not (tmp_path / "T").exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_checks_and_results(language):
    texts = wording_in(language)
    for name in CHECKS.values():
        assert set(texts["questions"][name]["options"]) == set(answers_to(CHECK_QUESTIONS[name], ()))
        assert texts["page"][name]
