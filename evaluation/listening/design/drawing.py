"""Drawing a study: which clips each set of trials has. Nothing here touches audio.

Balance. Every question has conditions: the systems and hidden anchors (for a preference: couples of them). The drawn pairs
are dealt over the sets by a cyclic Latin square (Cochran & Cox 1957, chapter 4): set b has condition k with the pairs of
group (b + k) mod sets. So every set has every condition equally often, and every (condition, pair) is in exactly one set.
A set has its conditions with different pairs as long as there are enough.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from evaluation.listening.design.best_worst import balanced_tuples
from evaluation.listening.design.questions import (
    ABX,
    BEST_WORST,
    COMPARED,
    COMPARISON,
    COUPLES,
    DAMAGED,
    MOST_SIDE_BY_SIDE,
    SETS,
    SIDES,
    SLIDERS,
    STRANGER,
    SYSTEM,
    Question,
    anchors_of,
    answers_to,
    study_emotions,
)
from evaluation.listening.design.rules import ScreeningRules, checks_needed, trap_questions
from evaluation.listening.design.trials import KNOWN, RATED, TRAINING, TRAP, ClipContent, Design, Trial, opaque
from evaluation.listening.errors import StudyError
from evaluation.pair import Pair
from pipelines.counting import counted

RATERS = 2  # listeners per set: more pairs say more of a system than more listeners of the same few
PRACTICE = 5  # training trials


@dataclass(frozen=True)
class StudyPlan:
    """What a study shall be.

    Attributes:
        systems: names in the run. listeners: whole sets to be answered. cap: trials a listener answers at most, checks included,
            practice not. seed: of the drawing and of every listener's order. salt: what makes ids opaque; a secret.
    """

    systems: tuple[str, ...]
    questions: tuple[Question, ...]
    listeners: int
    cap: int
    seed: int
    salt: str
    rules: ScreeningRules = ScreeningRules()


def draw(plan: StudyPlan, pairs: Sequence[Pair]) -> Design:
    """Draw the clips and sets of a study.

    Args:
        pairs: every one with a conversion by every system.
    Raises:
        StudyError: the cap is below one trial of every condition, there are no pairs, or a count is out of range.
    """
    if plan.listeners < 1 or not plan.systems or not pairs:
        raise StudyError("A study needs at least one system, one listener and one pair that every system has converted.")
    dice = random.Random(f"{plan.seed}|design")
    pairs = _stratified(pairs, dice)
    conditions = {question.name: _conditions(plan, question, pairs) for question in plan.questions}
    repeats = min(_repeats(plan, conditions), len(pairs))
    sets = max(1, min(len(pairs) // repeats, plan.listeners // RATERS))
    builder = _TrialBuilder(plan, pairs, dice)
    cells = []
    for index in range(sets):
        rated = list(_rated(builder, conditions, index, sets, repeats))
        cells.append((*rated, *_checks(builder, index, len(rated))))
    training = tuple(_training(builder, sets * repeats))
    return Design(builder.clips, training, tuple(cells))


def ratings_per_system(design: Design, listeners: int, system: str, question: str) -> float:
    """How many ratings of a question a system gets when so many whole sets are answered."""
    times = sum(system in trial.conditions and trial.question == question and trial.kind == RATED
                for cell in design.cells for trial in cell)
    return times * listeners / len(design.cells)


def pairs_that_help(plan: StudyPlan, pairs: Sequence[Pair]) -> int:
    """How many pairs a study of this plan would use if there were enough; with fewer, more listeners get the same ones.

    Args:
        pairs: those there are: they decide which hidden anchors there can be.
    Raises:
        StudyError: the cap is below one trial of every condition.
    """
    conditions = {question.name: _conditions(plan, question, pairs) for question in plan.questions}
    return _repeats(plan, conditions) * max(1, plan.listeners // RATERS)


class _TrialBuilder:
    """Builds trials: gives ids, and remembers what each clip holds."""

    def __init__(self, plan: StudyPlan, pairs: Sequence[Pair], dice: random.Random):
        self.plan, self.pairs, self.dice = plan, pairs, dice
        self.emotions = study_emotions(pairs)
        self.clips: dict[str, ClipContent] = {}
        self._count = 0

    def trial(self, question: Question, kind: str, pair: Pair, judged: Sequence[tuple[str, ClipContent]],
              accepted: tuple[str, ...] = (), x: int = 0) -> Trial:
        """judged: (condition, what its clip holds), one, two for a couple, or several. Of ABX, `x` says which of the two is X."""
        given = [self._clip("given", ClipContent(question.given, pair.id))] if question.given else []
        rated = [self._clip("judged", content) for _, content in judged]
        if question.kind == ABX:
            rated.append(self._clip("x", judged[x][1]))
        self._count += 1
        return Trial(opaque(self.plan.salt, "trial", self._count), question.name, kind, pair.id,
                     tuple(zip(question.roles(len(rated)), given + rated, strict=True)),
                     tuple(condition for condition, _ in judged) if kind == RATED else (), accepted)

    def content(self, kind: str, pair: Pair) -> ClipContent:
        """A system's name, or what an anchor holds."""
        if kind in self.plan.systems:
            return ClipContent(SYSTEM, pair.id, kind)
        if kind == STRANGER:
            others = [other for other in self.pairs if other.source_speaker != pair.source_speaker]
            return ClipContent("source", self.dice.choice(others).id)
        return ClipContent(kind, pair.id)

    def _clip(self, side: str, content: ClipContent) -> str:
        """Given, judged and X clips of one recording have different ids, else an identical pair would show."""
        name = opaque(self.plan.salt, side, content.kind, content.pair, content.system)
        self.clips[name] = content
        return name


def _stratified(pairs: Sequence[Pair], dice: random.Random) -> list[Pair]:
    """Shuffled, and emotions and settings in turn, so that any beginning of the list is balanced."""
    groups: dict[tuple[str, str], list[Pair]] = {}
    for pair in dice.sample(list(pairs), len(pairs)):
        groups.setdefault((pair.emotion, pair.setting), []).append(pair)
    ranked = [(rank, name, pair) for name, group in sorted(groups.items()) for rank, pair in enumerate(group)]
    return [pair for _, _, pair in sorted(ranked, key=lambda entry: entry[:2])]


def _conditions(plan: StudyPlan, question: Question, pairs: Sequence[Pair]) -> list[tuple[tuple[str, str], ...]]:
    """What is judged in each trial: ((condition, content kind),), couples of those, or several."""
    single = [(system, system) for system in plan.systems] + list(anchors_of(question, pairs))
    if question.kind == SLIDERS:
        return [_side_by_side(question, single)]
    if question.kind == BEST_WORST:
        return balanced_tuples(single)
    return list(combinations(single, 2)) if question.kind in COUPLES else [(one,) for one in single]


def _side_by_side(question: Question, single: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Raises StudyError: more than a listener can grade together."""
    if len(single) > MOST_SIDE_BY_SIDE:
        systems = MOST_SIDE_BY_SIDE - len(question.hidden)
        raise StudyError(f"The question {question.name} plays all systems side by side; choose at most "
                         f"{counted(systems, 'system')}.")
    return tuple(single)


def _load(question: Question, judged: Sequence[object]) -> int:
    """How many trials one counts for: a page of sliders takes as long as grading each of its clips alone."""
    return {SLIDERS: len(judged), BEST_WORST: 2}.get(question.kind, 1)


def _repeats(plan: StudyPlan, conditions: Mapping[str, list]) -> int:
    """How often a listener gets every condition."""
    once = sum(len(own) for own in conditions.values())
    load = sum(_load(question, judged) for question in plan.questions for judged in conditions[question.name])
    repeats = 0
    while (repeats + 1) * load + sum(checks_needed(plan.questions, plan.rules, (repeats + 1) * once)) <= plan.cap:
        repeats += 1
    if repeats == 0:
        needed = load + sum(checks_needed(plan.questions, plan.rules, once))
        raise StudyError(f"With these systems and questions a listener needs {counted(needed, 'trial')}, and the cap is "
                         f"{plan.cap}; raise the cap, or ask fewer questions or systems.")
    return repeats


def _rated(builder: _TrialBuilder, conditions: dict[str, list], index: int, sets: int, repeats: int) -> Iterator[Trial]:
    place = 0
    for question in builder.plan.questions:
        for judged in conditions[question.name]:
            for repeat in range(repeats):
                pair = builder.pairs[(index + place) % sets * repeats + repeat]
                sides = judged if (index + place + repeat) % 2 == 0 else judged[::-1]  # who is A changes from set to set
                x = (index // 2 + place + repeat) % 2
                yield builder.trial(question, RATED, pair, [(name, builder.content(kind, pair)) for name, kind in sides],
                                    (SIDES[x],) if question.kind == ABX else (), x)
            place += 1


def _checks(builder: _TrialBuilder, index: int, rated: int) -> Iterator[Trial]:
    """Traps and known-answer items of one set, over the questions in turn."""
    traps, known = checks_needed(builder.plan.questions, builder.plan.rules, rated)
    for number, question in enumerate(_in_turn(trap_questions(builder.plan.questions), traps, index)):
        pair = builder.pairs[(index + number) % len(builder.pairs)]
        if question.kind == BEST_WORST:
            yield _best_worst_trap(builder, question, pair)
            continue
        systems = builder.dice.sample(builder.plan.systems * 2, 2 if question.kind in COUPLES else 1)
        accepted = (builder.dice.choice(answers_to(question, builder.emotions)),)
        yield builder.trial(question, TRAP, pair, [(name, builder.content(name, pair)) for name in systems], accepted)
    for number, question in enumerate(_in_turn([one for one in builder.plan.questions if one.sure], known, index)):
        yield _known(builder, question, builder.pairs[(index + traps + number) % len(builder.pairs)], KNOWN)


def _best_worst_trap(builder: _TrialBuilder, question: Question, pair: Pair) -> Trial:
    """A page as all others, on which two of the clips are asked for."""
    judged = builder.dice.choice(_conditions(builder.plan, question, builder.pairs))
    trial = builder.trial(question, TRAP, pair, [(name, builder.content(kind, pair)) for name, kind in judged])
    clips = builder.dice.sample([clip for _, clip in trial.clips], 2)
    return replace(trial, accepted=(" ".join(clips),))


def _known(builder: _TrialBuilder, question: Question, pair: Pair, kind: str) -> Trial:
    sure = ("", builder.content(question.sure, pair))
    if question.kind not in COUPLES:
        return builder.trial(question, kind, pair, [sure], question.accepted if kind == KNOWN else ())
    sides = [("best", builder.content(question.best, pair)), sure]
    builder.dice.shuffle(sides)
    better = [name for name, _ in sides].index("best")  # of ABX it is X, too
    return builder.trial(question, kind, pair, sides, _right_answers(question, better) if kind == KNOWN else (), better)


def _right_answers(question: Question, better: int) -> tuple[str, ...]:
    """To a couple of which the clip at this place is surely the better one."""
    if question.kind == COMPARISON:
        return tuple(value for value in COMPARED if (int(value) > 0 if better == 1 else int(value) < 0))
    return (SIDES[better],)


def _in_turn(questions: Sequence[Question], count: int, start: int) -> list[Question]:
    return [questions[(start + number) % len(questions)] for number in range(count)] if questions else []


def _training(builder: _TrialBuilder, used: int) -> Iterator[Trial]:
    """Practice that spans the range, from the best to the worst, with pairs that are not rated where some are left."""
    spare = list(builder.pairs[used:]) or list(builder.pairs)
    questions = builder.plan.questions
    for number in range(max(PRACTICE, len(questions))):
        question, pair = questions[number % len(questions)], spare[number % len(spare)]
        if question.kind in SETS:
            if number < len(questions):  # one page spans the range
                judged = _conditions(builder.plan, question, builder.pairs)[0]
                yield builder.trial(question, TRAINING, pair, [("", builder.content(kind, pair)) for _, kind in judged])
            continue
        span = _span(builder, question)
        chosen = span[number // len(questions) % len(span)]
        if chosen == question.sure:
            yield _known(builder, question, pair, TRAINING)
        else:
            kinds = [chosen, question.best] if question.kind in COUPLES else [chosen]
            yield builder.trial(question, TRAINING, pair, [("", builder.content(kind, pair)) for kind in kinds])


def _span(builder: _TrialBuilder, question: Question) -> list[str]:
    """What is played in practice: the whole range of quality, before rating begins."""
    best = "" if question.kind in COUPLES else "reference" if question.name.startswith("emotion") else "source"
    if best == "reference" and not all(pair.has_reference for pair in builder.pairs):
        best = ""
    return [kind for kind in dict.fromkeys((best, question.sure or DAMAGED, *builder.plan.systems)) if kind]
