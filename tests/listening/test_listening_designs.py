"""Designs beside ACR: what is drawn, what may be answered, and what the analysis says of listeners whose opinions are known."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.listening_designs import scenario
from benchmarks.simulated_listeners import SYSTEMS, Crowd, simulate, simulated_study
from evaluation.listening.analysis import results_of
from evaluation.listening.analysis.answers import answer_table
from evaluation.listening.analysis.couples import couple_scores, order_effects
from evaluation.listening.analysis.rank_tests import holm
from evaluation.listening.design.questions import COMPARED, NATURAL, parse_questions
from evaluation.listening.design.rules import CHANCE, ScreeningRules, chance_of_passing, checks_needed
from evaluation.listening.design.trials import KNOWN, RATED
from evaluation.listening.publish.markdown import paper_paragraph, results_markdown
from evaluation.listening.publish.plots import pictures

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
    assert couples == {frozenset(couple) for couple in pd.Series([*SYSTEMS, NATURAL]).pipe(
        lambda names: [(one, other) for one in names for other in names if one < other])}
    for one, other in map(tuple, couples):
        assert abs(orders[one, other] - orders[other, one]) <= 0.25 * orders[one, other], "nobody is always first"
    known = [trial for cell in study.design.cells for trial in cell if trial.kind == KNOWN]
    for trial in known:
        worse = [study.design.clips[clip].kind for _, clip in trial.clips[-2:]].index(
            "damaged" if question == "comparison" else "source")
        assert trial.accepted == (COMPARED[4:] if worse == 0 else COMPARED[:3])
    assert known and [role for role, _ in known[0].clips] == ["a", "b"] if question == "comparison" else ["reference", "a", "b"]


def test_random_answers_to_a_comparison_fail_its_checks():
    questions, rules = parse_questions(("comparison",)), ScreeningRules()
    for count in (6, 24):
        assert chance_of_passing(questions, rules, *checks_needed(questions, rules, count)) <= CHANCE


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


@pytest.mark.parametrize(("question", "least"), [("comparison", 0.85), ("degradation", 0.8)])
def test_intervals_hold_the_truth_in_simulated_studies(question, least):
    tally = scenario(question, Crowd(), studies=8, draws=100)
    share = {name: tally.hits[name] / tally.tries[name] for name in tally.tries}
    assert share["score"] >= least, "see docs/lab-notes/listening.md"
    assert share["careful"] <= 0.05 and share["clicker"] >= 0.9 and share["found"] >= 0.5


def test_results_are_one_document_a_table_a_picture_and_a_sentence_for_a_paper():
    study = study_of("comparison")
    results = results_of(study, simulate(study, Crowd(), seed=1)[0], DRAWS)
    assert len(json.loads(json.dumps(results.document(), allow_nan=False))["after"]["couples"]) == 6
    page, prose = results_markdown(results), paper_paragraph(results)
    assert "## CMOS, comparison" in page and page.count("| best against ") == 3 and "Effect of the order" in page
    for said in ("best against middle", "Holm's correction", "-3 Much worse", "How natural does B sound"):
        assert said in prose, said
    assert [one.name for one in pictures(results)] == ["couples-comparison"]
    assert np.isfinite([one.score.value for one in results.after.couples]).all()
