"""What listeners' answers say: intervals within the scale that hold the truth, screening by the stored rules, no vote deleted."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.listening_statistics import scenario
from benchmarks.simulated_listeners import CAREFUL, CLICKER, LAZY, Crowd, simulate, simulated_study
from evaluation.listening.analysis import results_of
from evaluation.listening.analysis.answers import alphas, answer_table
from evaluation.listening.analysis.choices import preferences
from evaluation.listening.analysis.intervals import Ratings, mean_difference, mean_opinion
from evaluation.listening.analysis.screening import screen
from evaluation.listening.design.questions import FLOOR, NATURAL
from evaluation.listening.design.rules import ScreeningRules
from evaluation.listening.design.trials import RATED, TRAP
from evaluation.listening.publish.export import answers_frame, listeners_frame
from evaluation.listening.publish.markdown import paper_paragraph, results_markdown
from evaluation.listening.store import Collected
from tests.support.listening import ALL_QUESTIONS

DRAWS = 200


@pytest.fixture(scope="module")
def study():
    study = simulated_study(ALL_QUESTIONS)
    return replace(study, info=study.info | {"loudness_lufs": -23.0})


@pytest.fixture(scope="module")
def crowd(study):
    """What was collected, and who is of which kind."""
    return simulate(study, Crowd(), seed=1)


@pytest.fixture(scope="module")
def results(study, crowd):
    return results_of(study, crowd[0], DRAWS)


def ratings(votes: np.ndarray) -> Ratings:
    """(listeners, items) votes, every listener rates every item."""
    listeners, items = np.indices(votes.shape)
    return Ratings(votes.ravel().astype(float), listeners.ravel(), items.ravel())


def votes_of(listeners: int, items: int, mean: float = 3.3, seed: int = 0) -> np.ndarray:
    dice = np.random.default_rng(seed)
    opinions = (mean + dice.normal(0, 0.5, (listeners, 1)) + dice.normal(0, 0.4, (1, items))
                + dice.normal(0, 0.7, (listeners, items)))
    return np.clip(np.rint(opinions), 1, 5)


def wrong_answer(study, trial) -> str:
    return next(option for option in study.answers_to(trial) if option not in trial.accepted)


def changed(collected: Collected, listener: str, **fields) -> Collected:
    """The same, with fields of one listener's answers or of the listener changed."""
    own = {name: value for name, value in fields.items() if name in ("completed", "withdrawn")}
    rest = {name: value for name, value in fields.items() if name not in own}
    return replace(collected,
                   listeners=tuple(replace(who, **own) if who.listener == listener else who for who in collected.listeners),
                   answers=tuple(replace(one, **rest) if one.listener == listener else one for one in collected.answers))


def test_an_interval_holds_its_mean_and_never_leaves_the_scale():
    for mean in (1.1, 3.0, 4.95):
        for shape in ((2, 2), (3, 10), (20, 8)):
            found = mean_opinion(ratings(votes_of(*shape, mean)), DRAWS)
            assert 1 <= found.low <= found.value <= found.high <= 5


def test_more_listeners_or_items_narrow_an_interval_and_equal_seeds_give_equal_ones():
    def width(listeners, items):
        found = mean_opinion(ratings(votes_of(listeners, items)), DRAWS)
        return found.high - found.low

    assert all(width(40, 40) < 0.7 * width(*fewer) for fewer in ((40, 6), (5, 40), (5, 6)))
    few = ratings(votes_of(6, 6))
    assert mean_opinion(few, DRAWS, 1) == mean_opinion(few, DRAWS, 1) != mean_opinion(few, DRAWS, 2)


def test_listeners_who_differ_widen_an_interval_that_resampling_ratings_would_not():
    votes = np.repeat([[1], [2], [4], [5]], 30, axis=1)  # every listener always gives the same vote
    found = mean_opinion(ratings(votes), DRAWS)
    assert found.value == 3 and found.high - found.low > 2.5


def test_unanimous_votes_still_have_an_interval_and_a_single_listener_or_item_has_none():
    fives = mean_opinion(ratings(np.full((10, 4), 5)), DRAWS)
    assert (fives.value, fives.high) == (5, 5) and 3.5 < fives.low < 4.9
    assert mean_opinion(ratings(np.full((40, 4), 5)), DRAWS).low > fives.low
    assert mean_opinion(ratings(votes_of(1, 9)), DRAWS).low is None
    assert mean_opinion(ratings(votes_of(9, 1)), DRAWS).low is None


def test_a_difference_over_the_same_listeners_is_surer_than_two_intervals_say():
    votes = votes_of(20, 10)
    better = np.clip(votes + 1, 1, 5)
    first, second = mean_opinion(ratings(votes), DRAWS), mean_opinion(ratings(better), DRAWS)
    gap = mean_difference(ratings(better), ratings(votes), DRAWS)
    assert 0 < gap.low <= gap.value <= gap.high
    assert gap.high - gap.low < (first.high - first.low + second.high - second.low) / 2


def test_intervals_hold_the_truth_and_screening_tells_clickers_from_careful_listeners():
    tally = scenario(("naturalness",), Crowd(), studies=16, draws=100)
    share = {name: tally.hits[name] / tally.tries[name] for name in tally.tries}
    assert share["in 1 to 5"] == 1
    assert np.mean([share[f"mos of {name}"] for name in ("best", "middle", "twin")]) >= 0.85, "see docs/lab-notes/listening.md"
    assert share[CLICKER] >= 0.9 and share[LAZY] == 1 and share[CAREFUL] <= 0.05
    assert share["found"] >= 0.5 and share["false alarm"] <= 0.2


def test_results_before_and_after_screening_count_who_they_say(study, crowd, results):
    collected, kinds = crowd
    excluded = {verdict.listener for verdict in results.verdicts if not verdict.counts}
    assert {name for name, kind in kinds.items() if kind != CAREFUL} <= excluded
    assert results.before.listeners == 20 and results.after.listeners == 20 - len(excluded)
    table = answer_table(study, collected)
    rated = table[table.kind == RATED]
    assert results.before.ratings == len(rated) and results.after.ratings == len(rated[~rated.listener.isin(excluded)])
    for one in results.before.opinions:
        rows = rated[(rated.question == one.question) & (rated.condition == one.condition)]
        assert one.mos.value == pytest.approx(rows.vote.mean()) and sum(one.votes.values()) == one.ratings == len(rows)
        assert one.listeners == rows.listener.nunique()


def test_scores_are_sorted_by_the_lower_bound_and_few_ratings_are_preliminary(results):
    for question in ALL_QUESTIONS[:3]:
        lows = [one.mos.low for one in results.after.opinions if one.question == question]
        assert lows == sorted(lows, reverse=True) and len(lows) >= 5
    assert all(one.preliminary == (one.ratings < 100) for one in results.after.opinions)
    assert {one.condition for one in results.after.opinions if one.question == "naturalness"} >= {"best", "middle", NATURAL}


def test_each_rule_excludes_who_breaks_it_and_only_by_the_studys_own_limits(study, crowd):
    collected, kinds = crowd
    careful = [name for name, kind in kinds.items() if kind == CAREFUL]
    clean = screen(study.rules, collected, answer_table(study, collected))
    name = next(verdict.listener for verdict in clean if verdict.counts and verdict.listener in careful)

    def broken(changes: Collected, rules: ScreeningRules = study.rules):
        return next(one for one in screen(rules, changes, answer_table(study, changes)) if one.listener == name)

    assert broken(changed(collected, name, completed=None)).broken == ("whole_set",)
    assert broken(changed(collected, name, plays={})).broken == ("all_played",)
    assert broken(changed(collected, name, completed=None), ScreeningRules(whole_set=False)).broken == ()
    withdrawn = broken(changed(collected, name, withdrawn=2.0))
    assert withdrawn.withdrawn and not withdrawn.counts and withdrawn.broken == ()
    trials = study.design.trials()
    traps = replace(collected, answers=tuple(
        replace(one, value=wrong_answer(study, trials[one.trial]))
        if one.listener == name and trials[one.trial].kind == TRAP else one for one in collected.answers))
    assert broken(traps).broken == ("trap_failures",) and broken(traps).traps[0] == broken(traps).traps[1]
    assert broken(collected, ScreeningRules(least_deviation=3.0)).broken == ("least_deviation",)
    assert broken(collected, ScreeningRules(outlier=0.0001)).broken == ("outlier",)


def test_an_outlier_among_twenty_is_found_by_its_z(study):
    collected, kinds = simulate(study, Crowd(20, 0, 0, bias=0.05, noise=0.3, trap_slip=0, known_slip=0), seed=2)
    odd = collected.listeners[3].listener
    trials = study.design.trials()
    answers = tuple(replace(one, value={"1": "1", "2": "1", "3": "1", "4": "2", "5": "3"}[one.value])
                    if one.listener == odd and trials[one.trial].kind == RATED and one.value.isdigit() else one
                    for one in collected.answers)
    verdicts = screen(study.rules, *(lambda found: (found, answer_table(study, found)))(replace(collected, answers=answers)))
    assert {verdict.listener for verdict in verdicts if "outlier" in verdict.broken} == {odd}
    assert next(verdict.z for verdict in verdicts if verdict.listener == odd) <= -3.29


def test_withdrawn_answers_count_nowhere_but_stay_in_the_export(study, crowd):
    collected, _ = crowd
    name = collected.listeners[0].listener
    found = changed(collected, name, withdrawn=5.0)
    results = results_of(study, found, 100)
    assert results.before.listeners == 19
    exported = answers_frame(study, found, results)
    assert len(exported) == len(collected.answers), "excluded and withdrawn ones are marked, never deleted"
    own = exported[exported.listener == name]
    assert own.withdrawn.all() and not own.counted.any()
    frame = listeners_frame(found, results).set_index("listener")
    assert frame.loc[name, "withdrawn"].startswith("1970-01-01T00:00:05") and not frame.loc[name, "counted"]
    assert (frame.counted == [verdict.counts for verdict in results.verdicts]).all()


def test_agreement_is_one_for_equal_votes_and_about_zero_for_random_ones():
    def table(votes):
        rows = [("naturalness", f"l{listener}", f"t{trial}", RATED, float(vote), str(vote))
                for listener, row in enumerate(votes) for trial, vote in enumerate(row)]
        return pd.DataFrame(rows, columns=["question", "listener", "trial", "kind", "vote", "value"])

    dice = np.random.default_rng(0)
    same = np.tile(dice.integers(1, 6, 30), (5, 1))
    assert alphas(table(same))["naturalness"] == pytest.approx(1)
    assert alphas(table(dice.integers(1, 6, (5, 60))))["naturalness"] == pytest.approx(0, abs=0.1)
    assert alphas(table(np.full((5, 6), 3)))["naturalness"] is None
    assert alphas(table(same[:1]))["naturalness"] is None


def test_a_careful_listener_correlates_with_the_rest_and_a_clicker_does_not(crowd, results):
    kinds = crowd[1]
    found = results.before.correlations
    careful = [found[name] for name, kind in kinds.items() if kind == CAREFUL]
    assert np.mean(careful) > 0.5 > np.mean([found[name] for name, kind in kinds.items() if kind == CLICKER])
    assert all(found[name] is None for name, kind in kinds.items() if kind == LAZY), "one vote throughout correlates with nothing"


def test_bradley_terry_scores_order_systems_as_they_were_preferred(results):
    found = {one.condition: one for one in results.after.preferred}
    assert max(found, key=lambda name: found[name].score) == NATURAL
    assert sum(one.score for one in found.values()) == pytest.approx(0, abs=1e-6)
    assert all(one.low <= one.score <= one.high for one in found.values())
    assert sum(one.wins for one in found.values()) * 2 == sum(one.of for one in found.values())
    one_sided = pd.DataFrame([("l", "preference", RATED, "x", "y", "p")] * 5,
                             columns=["listener", "question", "kind", "condition", "against", "pair"])
    assert [(one.condition, one.low) for one in preferences(one_sided)] == [("x", None), ("y", None)]
    assert np.isfinite([one.score for one in preferences(one_sided)]).all()


def test_confusion_counts_every_choice_and_the_floors_own_emotion(study, results):
    chosen = results.after.confusion
    assert sum(sum(row.values()) for row in chosen["best"].values()) == results.after.recognised["best"][3]
    assert set(chosen[FLOOR]) == {"neutral"}, "an unconverted source has its own emotion"
    value, low, high, _ = results.after.recognised[NATURAL]
    assert 0 <= low <= value <= high <= 100


def test_a_study_without_answers_or_with_nobody_left_has_results_that_say_so(study, crowd):
    empty = results_of(study, Collected((), ()), DRAWS)
    assert empty.before.listeners == empty.after.ratings == 0 and empty.after.opinions == ()
    assert "Nobody has come yet" in results_markdown(empty) and "Nobody has taken part" in paper_paragraph(empty)
    name = next(name for name, kind in crowd[1].items() if kind == CLICKER)
    alone = Collected(tuple(who for who in crowd[0].listeners if who.listener == name),
                      tuple(one for one in crowd[0].answers if one.listener == name))
    assert "nobody counts after screening" in results_markdown(results_of(study, alone, DRAWS))


def test_results_become_one_json_document_tables_and_a_paragraph_a_reviewer_can_check(study, results):
    assert json.loads(json.dumps(results.document(), allow_nan=False))["hash"] == study.hash
    page, prose = results_markdown(results), paper_paragraph(results)
    assert page.count("| best |") >= 3 and "Krippendorff" in page and "Bradley-Terry" in page
    excluded = results.before.listeners - results.after.listeners
    for said in ("20 listeners took part", f"{excluded} listeners", study.hash, "How natural does this voice sound?",
                 "5 Excellent", "zest-workbench", "preliminary", f"{results.after.ratings} ratings", "seed 0",
                 "within this study only"):
        assert said in prose, said
    assert prose.count("\n") == 1
