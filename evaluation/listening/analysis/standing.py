"""How a study stands while it runs: places, and each listener as counted, not yet counted or excluded, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from evaluation.listening.analysis.answers import answer_table
from evaluation.listening.analysis.screening import REASONS, WITHDRAWN, Verdict, screen
from evaluation.listening.store.collected import Collected, Listener, collect
from evaluation.listening.store.database import reading
from evaluation.listening.store.places import Room, room
from evaluation.listening.store.store import AnswerStore
from pipelines.counting import counted

CLOSED = "The study is closed; no more answers are taken."
COUNTED, NOT_YET, EXCLUDED = "counted", "not yet counted", "excluded"
LISTENING, LEFT, FAILED = "is listening", "lost the place after a long break", "failed the instruction checks"


@dataclass(frozen=True)
class ListenerStanding:
    """state: counted, not yet counted or excluded. why: '' for who is counted."""

    listener: str
    state: str
    why: str


@dataclass(frozen=True)
class StudyStanding:
    """A study at one moment.

    Attributes:
        planned, finished, held, reserved, free, over: listeners; see store.places.Room. held: with a place, finished ones too.
        most_over: listeners beyond the planned ones that there can be at most. groups: listeners with a place by
            'question: answer', and the most there may be, None without a limit.
        fewest, most: listeners done of the set that has fewest, and of the one with most.
        closed: whether no more answers are taken.
    """

    planned: int
    finished: int
    held: int
    reserved: int
    free: int
    over: int
    most_over: int
    groups: Mapping[str, tuple[int, int | None]]
    fewest: int
    most: int
    closed: bool
    listeners: tuple[ListenerStanding, ...]

    def counts(self) -> dict[str, int]:
        """Listeners by state, all three of them."""
        found = Counter(one.state for one in self.listeners)
        return {state: found[state] for state in (COUNTED, NOT_YET, EXCLUDED)}

    def reasons(self) -> dict[str, int]:
        """Of those who are not counted, how many for each reason."""
        return dict(Counter(f"{one.state}: {one.why}" for one in self.listeners if one.why))

    def document(self) -> dict[str, Any]:
        """JSON-able."""
        return {**asdict(self), "counts": self.counts(), "reasons": self.reasons()}


def standing(store: AnswerStore) -> StudyStanding:
    """Raises StoreError."""
    study, collected = store.study, collect(store)
    with reading(store.engine, study.wording) as connection:
        places = room(connection, study, store.clock(), store.up_since)
    rules, planned = study.recruitment, study.info["listeners"]
    limits = {(question, answer): most for question, answers in (rules.quotas if rules else {}).items()
              for answer, most in answers.items()}
    groups = {f"{question}: {answer}": (places.groups.get((question, answer), 0), most)
              for (question, answer), most in limits.items()}
    return StudyStanding(planned, sum(places.finished), sum(places.held), places.reserved, max(0, places.free), _over(places),
                         rules.most_over(planned) if rules else 0, groups, min(places.finished), max(places.finished),
                         collected.closed is not None, listener_standings(store, collected))


def standing_sentences(found: StudyStanding) -> list[str]:
    """For people: places, groups, and who is counted."""
    said = [f"Places: {found.planned} planned, {found.finished} finished, {found.held - found.finished} at work, "
            f"{found.reserved} reserved, {found.free} free; {found.over} over plan of at most {found.most_over}."]
    said += [f"Group {name}: {count} of {most}." if most is not None else f"Group {name}: {count}."
             for name, (count, most) in found.groups.items()]
    said.append("Listeners: " + ", ".join(f"{count} {state}" for state, count in found.counts().items()) + ".")
    said += [f"{reason[:1].upper()}{reason[1:]} ({count})." for reason, count in found.reasons().items()]
    fewest = "" if found.fewest == found.most else f"{found.fewest} to "
    said.append(f"Each set of trials has {fewest}{counted(found.most, 'finished listener')}.")
    said += [CLOSED] * found.closed
    return said


def listener_standings(store: AnswerStore, collected: Collected) -> tuple[ListenerStanding, ...]:
    """One a listener, in the order they came; by the study's screening rules, of which a rule on the whole set waits."""
    verdicts = screen(store.study.rules, collected, answer_table(store.study, collected))
    return tuple(_of(listener, verdict) for listener, verdict in zip(collected.listeners, verdicts, strict=True))


def _of(listener: Listener, verdict: Verdict) -> ListenerStanding:
    if listener.withdrawn is not None:
        return ListenerStanding(listener.listener, EXCLUDED, WITHDRAWN)
    if listener.completed is None:
        return ListenerStanding(listener.listener, NOT_YET, LISTENING if listener.lapsed is None else LEFT)
    if listener.failed is not None:
        return ListenerStanding(listener.listener, EXCLUDED, FAILED)
    if verdict.counts:
        return ListenerStanding(listener.listener, COUNTED, "")
    return ListenerStanding(listener.listener, EXCLUDED, ", ".join(REASONS[name] for name in verdict.broken))


def _over(places: Room) -> int:
    return max(0, sum(places.held) - sum(places.planned))
