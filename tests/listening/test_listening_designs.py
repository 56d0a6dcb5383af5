"""Designs beside ACR: what is drawn, what may be answered, and what the analysis says of listeners whose opinions are known."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from benchmarks.listening_designs import scenario
from benchmarks.simulated_listeners import SYSTEMS, Crowd, simulate, simulated_study
from evaluation.listening.analysis import results_of
from evaluation.listening.analysis.answers import answer_table
from evaluation.listening.analysis.couples import couple_scores, order_effects, right_share, sensitivity
from evaluation.listening.analysis.levels import level_comparisons, level_scores
from evaluation.listening.analysis.rank_tests import holm
from evaluation.listening.analysis.screening import screen
from evaluation.listening.design.best_worst import balanced_tuples
from evaluation.listening.design.clips import low_pass
from evaluation.listening.design.drawing import StudyPlan, draw
from evaluation.listening.design.questions import COMPARED, FLOOR, LOW, MIDDLE, NATURAL, parse_questions
from evaluation.listening.design.rules import (
    CHANCE,
    YOUNGER,
    ScreeningRules,
    chance_of_passing,
    checks_needed,
    rules_from,
    usual_rules,
)
from evaluation.listening.design.trials import KNOWN, RATED, order_for
from evaluation.listening.design.values import is_answer
from evaluation.listening.errors import StudyError
from evaluation.listening.publish.markdown import paper_paragraph, results_markdown
from evaluation.listening.publish.plots import pictures
from evaluation.pair import Pair
from workbench.listening.results_view import results_html

PAIRS = [Pair(f"p{index}", Path("s.wav"), Path("r.wav"), "sad", source_speaker="a", parallel=Path("q.wav")) for index in range(8)]
DRAWS = 100


def study_of(question: str):
    study = simulated_study((question,))
    return replace(study, info=study.info | {"loudness_lufs": -23.0})


def rated(study):
    return [trial for cell in study.design.cells for trial in cell if trial.kind == RATED]


def one_sided(study, votes: dict[str, str]):
    """Everybody answers every rated trial with what stands for its order, 'first|second'; checks are answered right."""
    collected, _ = simulate(study, Crowd(20, 0, 0, trap_slip=0, known_slip=0), seed=0)
    trials = study.design.trials()
    answers = tuple(replace(one, value=votes.get("|".join(trials[one.trial].conditions), one.value)) for one in collected.answers)
    return replace(collected, answers=answers)


@pytest.mark.parametrize("question", ["comparison", "emotion-comparison"])
def test_a_comparison_has_every_couple_in_both_orders_and_known_answers_follow_from_the_order(question):
    study = study_of(question)
    orders = Counter(trial.conditions for trial in rated(study))
    couples = {frozenset(order) for order in orders}
    assert couples == {frozenset(couple) for couple in combinations([*SYSTEMS, NATURAL], 2)}
    for one, other in map(tuple, couples):
        assert abs(orders[one, other] - orders[other, one]) <= 0.25 * orders[one, other], "nobody is always first"
    known = [trial for cell in study.design.cells for trial in cell if trial.kind == KNOWN]
    for trial in known:
        worse = [study.design.clips[clip].kind for _, clip in trial.clips[-2:]].index(
            "damaged" if question == "comparison" else "source")
        assert trial.accepted == (COMPARED[4:] if worse == 0 else COMPARED[:3])
    assert [role for role, _ in known[0].clips] == ([] if question == "comparison" else ["reference"]) + ["a", "b"]


@pytest.mark.parametrize(("question", "most"), [("comparison", 3), ("abx", 7), ("emotion-preference", 7),
                                                ("emotion-strength", 4)])
def test_random_answers_fail_the_checks_and_these_are_few(question, most):
    questions = parse_questions((question,))
    rules = usual_rules(questions)
    for count in (6, 24):
        traps, known = checks_needed(questions, rules, count)
        assert traps <= most and chance_of_passing(questions, rules, traps, known) <= CHANCE
        assert rules.allowed(rules.trap_failures, traps) >= (most == 7), "one slip is forgiven"


def test_a_vote_is_counted_for_the_first_of_a_couple_whatever_came_first_and_the_order_is_stored():
    study = study_of("comparison")
    collected = one_sided(study, {"best|middle": "-2", "middle|best": "1"})
    table = answer_table(study, collected)
    found = next(one for one in couple_scores(study, table, DRAWS, 0) if (one.first, one.second) == ("best", "middle"))
    assert found.score.value == pytest.approx(1.5), "both orders with the same weight: 2 and 1"
    assert found.votes["2"] + found.votes["1"] == found.ratings and found.p < 0.001
    rows = table[(table.condition == "best") & (table.against == "middle")]
    assert set(rows.order) == {"middle|best"} and set(rows.vote) == {1.0}


def test_an_effect_of_the_order_alone_is_found_and_moves_no_system():
    study = study_of("comparison")
    everything = {f"{one}|{other}": "1" for one in (*SYSTEMS, NATURAL) for other in (*SYSTEMS, NATURAL) if one != other}
    table = answer_table(study, one_sided(study, everything))
    assert order_effects(table, DRAWS, 0)["comparison"].value == 1
    for one in couple_scores(study, table, DRAWS, 0):
        assert one.score.value == pytest.approx(0) and one.score.low < 0 < one.score.high


def test_holms_correction_is_that_of_the_paper():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, None, 0.9]) == [1.0, None, 1.0] and holm([]) == []


def test_abx_has_x_as_either_of_the_two_under_a_name_of_its_own_and_knows_the_right_answer():
    study = study_of("abx")
    found = Counter()
    for trial in rated(study):
        clips = dict(trial.clips)
        assert [role for role, _ in trial.clips] == ["a", "b", "x"] and len(set(clips.values())) == 3
        assert study.design.clips[clips[trial.accepted[0]]] == study.design.clips[clips["x"]]
        found[trial.accepted] += 1
    assert min(found.values()) >= 0.4 * sum(found.values())


def test_the_sensitivity_of_abx_is_that_of_the_differencing_model():
    assert [sensitivity(percent) for percent in (40, 50, 100)] == [0.0, 0.0, None]
    for d in (0.5, 1.5, 4.0):
        assert sensitivity(100 * right_share(d)) == pytest.approx(d)
    assert right_share(2.0) == pytest.approx(0.9214 * 0.7929 + 0.0786 * 0.2071, abs=1e-3)


def test_mushra_has_all_side_by_side_with_the_hidden_reference_and_both_anchors_in_an_order_of_each_listener():
    study = study_of("mushra")
    for trial in rated(study):
        assert set(trial.conditions) == {*SYSTEMS, NATURAL, LOW, MIDDLE}
        held = {name: study.design.clips[clip] for name, (_, clip) in zip(trial.conditions, trial.clips[1:], strict=True)}
        given = study.design.clips[trial.clips[0][1]]
        assert held[NATURAL] == given and trial.clips[0][1] not in [clip for _, clip in trial.clips[1:]]
        assert (held[LOW].kind, held[MIDDLE].kind) == ("low-pass-3500", "low-pass-7000")
    cell = study.design.cells[0]
    assert {trial.kind for trial in cell} == {RATED} and sum(len(trial.clips) - 1 for trial in cell) <= 40
    shown = {order_for(study.design, 0, 0, f"listener{number}")[1].clips for number in range(8)}
    assert len(shown) > 4 and {tuple(role for role, _ in clips) for clips in shown} == {("source", *"123456")}
    assert order_for(study.design, 0, 0, "x") == order_for(study.design, 0, 0, "x")
    with pytest.raises(StudyError, match="choose at most 9 systems"):
        draw(StudyPlan(tuple(f"s{number}" for number in range(10)), parse_questions(["mushra"]), 4, 60, 0, "salt"), PAIRS)


def test_the_anchors_pass_and_stop_what_the_standard_says():
    clicks = np.zeros(16_000)
    clicks[8000] = 1
    for passes in (3500.0, 7000.0):
        response = 20 * np.log10(np.abs(np.fft.rfft(low_pass(clicks, passes))) + 1e-12)
        hertz = np.fft.rfftfreq(16_000, 1 / 16_000)
        assert np.abs(response[hertz <= passes]).max() <= 0.1
        assert response[hertz >= passes + 500].max() <= -25 and response[hertz >= passes + 1000].max(initial=-99) <= -50
        assert np.abs(low_pass(clicks, passes)).argmax() == 8000, "no delay"


def test_best_worst_pages_have_every_condition_equally_often_and_couples_about_so():
    for count in (3, 4, 5, 7, 9):
        pages = balanced_tuples(range(count))
        times = Counter(name for page in pages for name in page)
        assert len(set(times.values())) == 1 and set(map(len, pages)) == {min(count, 4)}
        couples = Counter(frozenset(couple) for page in pages for couple in combinations(page, 2))
        assert len(couples) == count * (count - 1) / 2 and max(couples.values()) - min(couples.values()) <= 1, count
    with pytest.raises(StudyError, match="needs three recordings"):
        balanced_tuples(range(2))


@pytest.mark.parametrize("value", ["", "50", "[]", "{", "{}", pytest.param("[" * 9000, id="deep"), None, '{"x": 50}', "ALL 101",
                                   "ALL -1", "ALL true", "ALL 5.5", "ALL null", 'ALL "5"', "ALL NaN"])
def test_grades_that_are_none_are_no_answer(value):
    trial = rated(study_of("mushra"))[0]
    clips = [clip for _, clip in trial.clips[1:]]
    if isinstance(value, str) and value.startswith("ALL"):
        value = json.dumps(dict.fromkeys(clips[1:], 5) | {clips[0]: json.loads(value.removeprefix("ALL "))})
    assert not is_answer(trial, value, ())
    assert all(is_answer(trial, json.dumps(dict.fromkeys(clips, grade)), ()) for grade in (0, 100))


def test_one_recording_is_not_the_strongest_and_the_weakest():
    trial = rated(study_of("emotion-strength"))[0]
    first, second = (clip for _, clip in trial.clips[:2])
    assert is_answer(trial, f"{first} {second}", ())
    for value in (f"{first} {first}", first, f"{first}  {second}", f"{first} {second} {first}", f"{first} nobody", ""):
        assert not is_answer(trial, value, ())


def test_grades_reach_the_table_by_what_was_graded_and_medians_come_out():
    study = study_of("mushra")
    known_grades = {"best": 80, "middle": 60, "twin": 40, NATURAL: 100, LOW: 20, MIDDLE: 90}
    table = answer_table(study, graded(study, lambda name, listener: known_grades[name]))
    assert {name: set(rows.vote) for name, rows in table.groupby("condition")} == {
        name: {grade} for name, grade in known_grades.items()}
    for one in level_scores(study, table, DRAWS, 0):
        assert one.median.value == one.mean.value == known_grades[one.condition] == one.quartiles[0]
        assert one.median.low <= one.median.value <= one.median.high, "unanimous grades have an interval, too"
    gaps = {(one.first, one.second): one for one in level_comparisons(study, table, DRAWS, 0)}
    assert gaps["best", "twin"].difference.value == 40 and gaps["best", NATURAL].p < 0.05


@pytest.mark.parametrize(("question", "grades", "broken"), [
    ("mushra", {NATURAL: 89}, "hidden_reference"), ("mushra", {NATURAL: 90}, ""), ("mushra", {LOW: 91}, "anchor"),
    ("mushra", {LOW: 90}, ""), ("mushra-no-reference", {NATURAL: 89}, ""),
    ("mushra-no-reference", {NATURAL: 50, LOW: 60}, "anchor_order")])
def test_post_screening_is_that_of_the_standard(question, grades, broken):
    study = study_of(question)
    usual = {"best": 80, "middle": 60, "twin": 40, NATURAL: 100, LOW: 20, MIDDLE: 90}
    collected = graded(study, lambda name, listener: (usual | grades)[name] if listener == "listener003" else usual[name])
    verdicts = {one.listener: one.broken for one in screen(ScreeningRules(outlier=99), collected, answer_table(study, collected))}
    assert verdicts.pop("listener003") == ((broken,) if broken else ()) and set(verdicts.values()) == {()}


def test_strengths_count_how_often_a_system_was_chosen():
    study = study_of("emotion-strength")
    ranks = [NATURAL, "best", "middle", "twin", FLOOR]
    collected, _ = simulate(study, Crowd(20, 0, 0), seed=0)
    trials = study.design.trials()

    def answer(trial):
        clips = sorted(zip(trial.conditions, trial.clips, strict=True), key=lambda one: ranks.index(one[0]))
        return f"{clips[0][1][1]} {clips[-1][1][1]}"

    answers = tuple(replace(one, value=answer(trials[one.trial])) if trials[one.trial].kind == RATED else one
                    for one in collected.answers)
    table = answer_table(study, replace(collected, answers=answers))
    found = {one.condition: one for one in level_scores(study, table, DRAWS, 0)}
    assert found[NATURAL].mean.value == 1 and found[FLOOR].mean.value == -1 and found["middle"].mean.value == 0
    assert found["best"].strongest == found["best"].ratings / 4, "on the page without the natural reference"


def test_older_rules_without_those_of_mushra_are_still_read():
    older = {name: value for name, value in asdict(ScreeningRules()).items() if name not in YOUNGER}
    assert rules_from(older) == ScreeningRules()
    with pytest.raises(StudyError, match="must be exactly"):
        rules_from(older | {"another": 1})


@pytest.mark.parametrize("question", ["comparison", "mushra", "emotion-strength", "impairment"])
def test_intervals_hold_the_truth_in_simulated_studies(question):
    tally = scenario(question, Crowd(), studies=2, draws=40)
    share = {name: tally.hits[name] / tally.tries[name] for name in tally.tries}
    assert share["score"] >= 0.6, "see docs/lab-notes/listening.md"
    assert share["careful"] <= 0.1 and share["clicker"] >= 0.8


@pytest.mark.parametrize(("question", "title", "said"), [
    ("comparison", "## CMOS, comparison", "best against middle"), ("abx", "## ABX, abx", "best against middle"),
    ("mushra", "## MUSHRA, mushra", "the anchor of 3.5 kHz graded above 90"),
    ("emotion-strength", "## Best-worst scaling", "(the target emotion)")])
def test_results_are_one_document_a_table_a_picture_and_sentences_for_a_paper(question, title, said):
    study = study_of(question)
    results = results_of(study, simulate(study, Crowd(), seed=1)[0], DRAWS)
    side = json.loads(json.dumps(results.document(), allow_nan=False))["after"]
    assert side["couples"] or side["levels"]
    page, prose, html = results_markdown(results), paper_paragraph(results), results_html(results)
    assert title in page and "adjusted p" in page and said in prose and "Holm's correction" in prose
    assert html.count("<figure") == 1 and "Holm" in html and "<table" in html
    assert [one.name.split("-")[0] for one in pictures(results)] == ["levels" if side["levels"] else "couples"]


def graded(study, grade):
    """Everybody grades what stands for a condition and the listener."""
    collected, _ = simulate(study, Crowd(20, 0, 0), seed=0)
    trials = study.design.trials()

    def value(one):
        trial = trials[one.trial]
        clips = trial.clips[-len(trial.conditions):]
        return json.dumps({clip: grade(name, one.listener) for name, (_, clip) in zip(trial.conditions, clips, strict=True)})

    return replace(collected, answers=tuple(replace(one, value=value(one)) for one in collected.answers))
