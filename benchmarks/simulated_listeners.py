"""Simulated listeners, for checking the statistics against a known truth. Their votes are never shown as results.

A careful listener's opinion of condition c and item i is a sum of normal terms: opinion[c], own bias, item effect, own taste
for c, how well i suits c, and noise. The vote is the nearest of 1 to 5. Of two clips it is the nearest of -3 to 3 to the
difference of opinions, plus the effect of the order, plus noise; biases and item effects cancel. On sliders a point is 25 grades,
and the hidden reference gets nearly 100 where a reference is played. Of several clips the highest and the lowest opinion with its
noise are the strongest and the weakest. A lazy listener gives the same vote to everything, a
clicker a random one; neither reads the traps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from evaluation.listening.analysis.couples import right_share
from evaluation.listening.analysis.variances import POINT, POINTS, mean_vote
from evaluation.listening.design.create import CAP
from evaluation.listening.design.drawing import StudyPlan, draw
from evaluation.listening.design.questions import (
    ABX,
    BEST_WORST,
    CEILING,
    CHOICE,
    COMPARISON,
    COPY,
    COUPLES,
    FLOOR,
    HIGHEST_GRADE,
    LOW,
    MIDDLE,
    NATURAL,
    QUESTIONS,
    SETS,
    SIDES,
    VOTES,
    parse_questions,
)
from evaluation.listening.design.rules import usual_rules
from evaluation.listening.design.study import Study
from evaluation.listening.design.trials import KNOWN, TRAP, Trial
from evaluation.listening.design.values import judged_clips
from evaluation.listening.design.wording import ENGLISH
from evaluation.listening.store.collected import Collected, GivenAnswer, Listener
from evaluation.pair import Pair

CAREFUL, LAZY, CLICKER = "careful", "lazy", "clicker"
OPINIONS = {"best": 3.7, "middle": 3.2, "twin": 3.2, NATURAL: 4.5, COPY: 3.9, FLOOR: 1.8, CEILING: 4.8,
            LOW: 2.0, MIDDLE: 4.4}  # "twin" equals "middle"
SYSTEMS = ("best", "middle", "twin")
EMOTIONS = ("angry", "happy", "sad", "surprised")


@dataclass(frozen=True)
class Crowd:
    """How many of which kind, and how they judge.

    Attributes:
        bias, item, taste, suits, noise: standard deviations, in points. order: what the second of two clips gains.
        trap_slip, known_slip: how often a careful one gets a check wrong.
    """

    careful: int = 15
    lazy: int = 2
    clickers: int = 3
    bias: float = POINTS.listener
    item: float = POINTS.item
    taste: float = POINTS.listener_by_system
    suits: float = POINTS.item_by_system
    noise: float = POINTS.residual
    order: float = POINTS.order
    trap_slip: float = 0.02
    known_slip: float = 0.05

    @property
    def kinds(self) -> tuple[str, ...]:
        return (CAREFUL,) * self.careful + (LAZY,) * self.lazy + (CLICKER,) * self.clickers

    def truth(self, condition: str, opinions: Mapping[str, float] = OPINIONS) -> float:
        """The mean vote of all careful listeners there could be on all items there could be."""
        return mean_vote(opinions[condition], self.spread, 1, 5)

    def gap(self, first: str, second: str, opinions: Mapping[str, float] = OPINIONS) -> float:
        """The mean vote of -3 to 3 for the first against the second, over both orders."""
        opinion = opinions[first] - opinions[second]
        return sum(mean_vote(opinion + order, self.side_by_side, -3, 3) for order in (self.order, -self.order)) / 2

    def share(self, first: str, second: str, opinions: Mapping[str, float] = OPINIONS) -> float:
        """Percent that prefer the first to the second, over both orders."""
        opinion = opinions[first] - opinions[second]
        return 50 * float(sum(stats.norm.cdf(opinion + order, scale=self.side_by_side) for order in (self.order, -self.order)))

    def told_apart(self, first: str, second: str, opinions: Mapping[str, float] = OPINIONS) -> float:
        """Percent of right answers to ABX: those of the model of couples.py, whose d' is the gap over the noise."""
        gaps = stats.norm.ppf((np.arange(400) + 0.5) / 400, opinions[first] - opinions[second],
                              np.sqrt(2 * self.taste**2 + 2 * self.suits**2))
        return 100 * float(np.mean([right_share(gap / self.noise) for gap in gaps]))

    def grade(self, condition: str, opinions: Mapping[str, float] = OPINIONS) -> tuple[float, float]:
        """Median and mean grade of all careful listeners on all items."""
        centre = POINT * (opinions[condition] - 1)
        return float(np.clip(np.rint(centre), 0, HIGHEST_GRADE)), mean_vote(centre, POINT * self.spread, 0, HIGHEST_GRADE)

    def strength(self, pages: Sequence[Sequence[str]], opinions: Mapping[str, float] = OPINIONS) -> dict[str, float]:
        """By condition, the share of pages on which it is the strongest minus that on which it is the weakest; 100,000 draws."""
        dice, found = np.random.default_rng(0), {}
        for page in pages:
            felt = np.array([opinions[name] for name in page]) + dice.normal(
                0, np.sqrt(self.taste**2 + self.suits**2 + self.noise**2), (100_000, len(page)))
            votes = [np.mean(felt.argmax(axis=1) == place) - np.mean(felt.argmin(axis=1) == place) for place in range(len(page))]
            for name, vote in zip(page, votes, strict=True):
                found.setdefault(name, []).append(float(vote))
        return {name: float(np.mean(votes)) for name, votes in found.items()}

    @property
    def spread(self) -> float:
        """Standard deviation of an opinion of one listener on one item."""
        return float(np.sqrt(self.bias**2 + self.item**2 + self.taste**2 + self.suits**2 + self.noise**2))

    @property
    def side_by_side(self) -> float:
        """Standard deviation of a difference of two opinions of one item: biases and item effects cancel."""
        return float(np.sqrt(2 * self.taste**2 + 2 * self.suits**2 + self.noise**2))


def simulated_study(questions: tuple[str, ...], listeners: int = 20, pairs: int = 40, cap: int = CAP, seed: int = 0) -> Study:
    """A study without audio: the design is the real one."""
    audio = Path("none.wav")
    drawn = [Pair(f"pair{index:03d}", audio, audio, EMOTIONS[index % 4], source_emotion="neutral",
                 source_speaker=f"speaker{index % 5}", parallel=audio) for index in range(pairs)]
    asked = parse_questions(questions)
    plan = StudyPlan(SYSTEMS, asked, listeners, cap, seed, "simulated", usual_rules(asked))
    info = {"id": "0" * 16, "hash": "0" * 64, "systems": list(SYSTEMS), "questions": list(questions), "seed": seed,
            "emotions": ["neutral", *EMOTIONS], "listeners": listeners, "cap": cap, "rules": asdict(plan.rules),
            "created": "", "versions": {"zest-workbench": "simulated"},
            "pairs": {pair.id: {"emotion": pair.emotion, "source_emotion": "neutral", "setting": ""} for pair in drawn}}
    return Study(Path("simulated"), info, draw(plan, drawn), ENGLISH)


def simulate(study: Study, crowd: Crowd, seed: int, opinions: Mapping[str, float] = OPINIONS) -> tuple[Collected, dict[str, str]]:
    """Everybody answers a whole set; returns what was collected, and who is of which kind."""
    dice = np.random.default_rng(seed)
    names = [*opinions, ""]  # "" for checks, whose answers do not depend on it
    effects = {pair: dict(zip(names, dice.normal(0, crowd.item) + dice.normal(0, crowd.suits, len(names))))
               for pair in study.info["pairs"]}
    kinds = {f"listener{index:03d}": kind for index, kind in enumerate(dice.permutation(crowd.kinds).tolist())}
    listeners, answers = [], []
    for index, (name, kind) in enumerate(kinds.items()):
        cell = index % len(study.design.cells)
        listeners.append(Listener(name, cell, {}, 0.0, 1.0))
        bias = dict(zip(names, dice.normal(0, crowd.bias) + dice.normal(0, crowd.taste, len(names))))
        for place, trial in enumerate(study.design.cells[cell]):
            felt = {name: opinions.get(name, 0) + bias[name] + effects[trial.pair][name] for name in trial.conditions}
            value = vote(kind, study, trial, crowd, felt, dice)
            answers.append(GivenAnswer(name, trial.id, place, value, "", {clip: 1 for _, clip in trial.clips}, 0.0, 9.0,
                                       study.hash))
    return Collected(tuple(listeners), tuple(answers)), kinds


def vote(kind: str, study: Study, trial: Trial, crowd: Crowd, felt: Mapping[str, float], dice: np.random.Generator) -> str:
    """What a listener answers to a trial. kind: of listener. felt: the listener's opinion of each of the trial's conditions."""
    options, asked = study.answers_to(trial), QUESTIONS[trial.question]
    if kind == CAREFUL:
        return _careful(study, trial, crowd, felt, dice)
    if asked.kind in SETS:
        return _thoughtless(kind, judged_clips(asked, trial), asked.kind, dice)
    return options[len(options) // 2] if kind == LAZY else str(dice.choice(options))


def _thoughtless(kind: str, clips: Sequence[str], asked: str, dice) -> str:
    """The middle of every slider, or the first two recordings; at random of a clicker."""
    if asked == BEST_WORST:
        return " ".join(clips[:2] if kind == LAZY else dice.permutation(clips)[:2])
    return json.dumps({clip: HIGHEST_GRADE // 2 if kind == LAZY else int(dice.integers(0, HIGHEST_GRADE + 1)) for clip in clips})


def _side_by_side(trial: Trial, crowd: Crowd, felt: Mapping[str, float], dice) -> str:
    asked = QUESTIONS[trial.question]
    opinions = [felt[name] + dice.normal(0, crowd.noise) for name in trial.conditions]
    clips = judged_clips(asked, trial)
    if asked.kind == BEST_WORST:
        return f"{clips[int(np.argmax(opinions))]} {clips[int(np.argmin(opinions))]}"
    grades = {clip: int(np.clip(np.rint(POINT * (opinion - 1)), 0, HIGHEST_GRADE))
              for clip, opinion in zip(clips, opinions, strict=True)}
    if asked.given:
        grades[clips[trial.conditions.index(NATURAL)]] = HIGHEST_GRADE - int(abs(dice.normal(0, 3)))
    return json.dumps(grades)


def _careful(study: Study, trial: Trial, crowd: Crowd, felt: Mapping[str, float], dice) -> str:
    options = study.answers_to(trial)
    if trial.kind in (TRAP, KNOWN):
        slips = dice.random() < (crowd.trap_slip if trial.kind == TRAP else crowd.known_slip)
        wrong = [option for option in options if option not in trial.accepted]
        if QUESTIONS[trial.question].kind == BEST_WORST:
            wrong = [" ".join(reversed(trial.accepted[0].split(" ")))]
        return str(dice.choice(wrong if slips else trial.accepted))
    if QUESTIONS[trial.question].kind in SETS:
        return _side_by_side(trial, crowd, felt, dice)
    opinion, kind = felt[trial.conditions[0]], QUESTIONS[trial.question].kind
    if kind == ABX:
        right = dice.random() < right_share((felt[trial.conditions[1]] - opinion) / crowd.noise)
        return trial.accepted[0] if right else next(side for side in SIDES if side not in trial.accepted)
    if kind in COUPLES:
        gap = felt[trial.conditions[1]] - opinion + crowd.order + dice.normal(0, crowd.noise)
        return str(int(np.clip(np.rint(gap), -3, 3))) if kind == COMPARISON else "ab"[int(gap > 0)]
    if kind == CHOICE:
        answer = study.info["pairs"][trial.pair]["source_emotion" if trial.conditions[0] == FLOOR else "emotion"]
        return answer if dice.random() < opinion / 6 else str(dice.choice(options))
    return VOTES[int(np.clip(np.rint(opinion + dice.normal(0, crowd.noise)), 1, 5)) - 1]
