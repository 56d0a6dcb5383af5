"""Before a study is launched: what it will cost, and which differences it will find. Page, command and Python use this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evaluation.listening.analysis.earlier import EarlierStudy
from evaluation.listening.analysis.power import MOST_LISTENERS, PROBABILITY, SIMULATIONS, Power, question_power
from evaluation.listening.analysis.variances import ESTIMATED, USUAL, USUAL_LEVEL, QuestionVariances, VarianceComponents
from evaluation.listening.design.budget import Budget, Pay, budget_of, budget_sentences
from evaluation.listening.design.questions import ABX, COMPARISON, COUPLES, PREFERENCE, QUESTIONS, SCALE, SLIDERS
from evaluation.listening.design.study import Study
from evaluation.listening.errors import StudyError
from pipelines.counting import counted, sentence_start

DECIMALS = {SCALE: 2, SLIDERS: 1, COMPARISON: 2, PREFERENCE: 0, ABX: 0}
DIFFERENCE = {  # of a kind: what is found
    SCALE: "a difference of {} points (on 1 to 5)", SLIDERS: "a difference of {} grades (on 0 to 100)",
    COMPARISON: "a mean comparison of {} points (on -3 to 3)", PREFERENCE: "a preference of {} % for one system",
    ABX: "{} % right answers"}


@dataclass(frozen=True)
class QuestionEstimate:
    """What the study will find on one question.

    Attributes:
        power: None where it cannot be said, for the reason `why`. components, level: what was assumed.
        earlier: the question of the earlier study that they come from, '' for the usual ones.
    """

    question: str
    power: Power | None
    why: str
    components: VarianceComponents | None = None
    level: float = 0.0
    earlier: str = ""


@dataclass(frozen=True)
class StudyEstimate:
    """Budget and power of a study. earlier: None where the usual variances were taken."""

    budget: Budget
    questions: tuple[QuestionEstimate, ...]
    earlier: EarlierStudy | None
    seed: int

    def document(self) -> dict[str, Any]:
        """JSON-able."""
        source = None if self.earlier is None else {"name": self.earlier.name, "finished": self.earlier.finished,
                                                    "excluded": self.earlier.excluded}
        return {"budget": self.budget.document(), "earlier": source, "seed": self.seed, "probability": PROBABILITY,
                "questions": [asdict(one) for one in self.questions]}


def estimate(study: Study, pay: Pay, earlier: EarlierStudy | None = None, differences: Mapping[str, float] | None = None,
             simulations: int = SIMULATIONS, seed: int = 0) -> StudyEstimate:
    """Budget and power; the same seed gives the same numbers.

    Args:
        study: one that was created, or of `plan_study`. earlier: whose variances to take; the usual ones if None, and for
            questions that it does not ask. differences: by question, one to give the probability of.
    Raises:
        StudyError: a difference that a question cannot have.
    """
    named = differences or {}
    found = tuple(_question(study, question.name, earlier, named.get(question.name), simulations, seed)
                  for question in study.questions)
    return StudyEstimate(budget_of(study.info["listeners"], study.minutes, pay), found, earlier, seed)


def parse_differences(given: Sequence[str], study: Study) -> dict[str, float]:
    """By question, from '0.3' for every question or 'naturalness=0.3' for one. Raises StudyError."""
    asked = [question.name for question in study.questions if question.kind in ESTIMATED]
    found: dict[str, float] = {}
    for text in filter(None, (one.strip() for one in given)):
        name, _, value = text.rpartition("=")
        if name.strip() and name.strip() not in asked:
            raise StudyError(f"The difference {text!r} is of no question of this study that has an estimate; it has "
                             f"{', '.join(asked) or 'none'}.")
        try:
            number = float(value)
        except ValueError as error:
            raise StudyError(f"The difference {text!r} is not understood; write 0.3, or naturalness=0.3.") from error
        found |= dict.fromkeys([name.strip()] if name.strip() else asked, number)
    return found


def estimate_sentences(found: StudyEstimate) -> list[str]:
    """For people: money, what is found, and what was assumed."""
    said = budget_sentences(found.budget)
    said += [sentence for one in found.questions for sentence in _sentences(one)]
    if found.earlier is not None and found.earlier.finished:
        said.append(f"In {found.earlier.name}, {found.earlier.excluded} of {counted(found.earlier.finished, 'listener')} who "
                    "finished did not count.")
    return [*said, *_assumptions(found)]


def _question(study: Study, name: str, earlier: EarlierStudy | None, named: float | None, simulations: int,
              seed: int) -> QuestionEstimate:
    kind = QUESTIONS[name].kind
    if kind not in ESTIMATED:
        return QuestionEstimate(name, None, "the model of votes does not have this kind of question")
    if len(study.systems) < 2:
        return QuestionEstimate(name, None, "the study has one system")
    if study.info["listeners"] > MOST_LISTENERS:
        return QuestionEstimate(name, None, f"the study has more than {MOST_LISTENERS:,} listeners")
    source = _source(name, earlier)
    components = source.components if source else USUAL[kind]
    level = source.level if source and kind not in COUPLES else USUAL_LEVEL.get(kind, 0.0)
    power = question_power(study, name, components, level, named, simulations, seed)
    return QuestionEstimate(name, power, "" if power else "intervals need two listeners and two pairs", components, level,
                            source.question if source else "")


def _source(name: str, earlier: EarlierStudy | None) -> QuestionVariances | None:
    """The same question of the earlier study, else one with the same kind of votes."""
    known = earlier.questions if earlier else {}
    alike = [one for other, one in known.items() if QUESTIONS[other].kind == QUESTIONS[name].kind]
    return known.get(name) or (alike[0] if alike else None)


def _sentences(one: QuestionEstimate) -> list[str]:
    power, kind, name = one.power, QUESTIONS[one.question].kind, sentence_start(one.question)
    if power is None:
        return [f"{name}: no estimate, because {one.why}."]
    each = f"{counted(power.ratings, 'rating')} a {'couple' if kind in COUPLES else 'system'}"
    if power.smallest is None or power.error is None:
        said = [f"{name}: nothing that the scale allows is found with {_percent(PROBABILITY)} probability, with {each}."]
    else:
        said = [f"{name}: {_size(kind, power.smallest, power.error)} is found with {_percent(PROBABILITY)} probability, "
                f"with {each}."]
    if power.named is not None and power.probability is not None and power.probability_error is not None:
        said.append(f"{name}: {_size(kind, power.named)} is found with {_percent(power.probability)} probability "
                    f"(± {_percent(power.probability_error)}).")
    return said


def _size(kind: str, value: float, error: float | None = None) -> str:
    """What is found, with its error; shares as such, not as what they are above a half."""
    digits, whole = DECIMALS[kind], value + 50 if kind in (PREFERENCE, ABX) else value
    return DIFFERENCE[kind].format(f"{whole:g}" if error is None else f"{whole:.{digits}f} (± {error:.{digits}f})")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _assumptions(found: StudyEstimate) -> list[str]:
    made = [one for one in found.questions if one.power is not None and one.components is not None]
    if not made:
        return []
    usual, said = [one for one in made if not one.earlier], []
    for one in made:
        spread = one.components
        origin = f"of the votes on {one.earlier} in {found.earlier.name}" if one.earlier and found.earlier else "assumed"
        if spread is None:
            continue
        single = f"listener {spread.listener:.2g}, item {spread.item:.2g}, " if spread.listener or spread.item else ""
        said.append(f"Standard deviations for {one.question}, {origin}: {single}listener by system "
                    f"{spread.listener_by_system:.2g}, item by system {spread.item_by_system:.2g}, rest {spread.residual:.2g}"
                    + (f"; votes around {one.level:.3g}." if one.level else "."))
    if usual:
        said.append("Assumed values are those of the project's simulated listeners, not of real ones; an earlier study gives "
                    "better ones.")
    power = made[0].power
    counts = counted(power.simulations, "simulated study") if power else ""
    return [*said, "Found means: the 95 % interval leaves out no difference, in one comparison. After ± stands the error of "
                   f"{counts} (95 %), seed {found.seed}; it does not tell how well the assumptions hold."]
