"""Conversions take turns at the models, in order; each knows its place, and a cancelled one ends at its next stage."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from pipelines.errors import ZestError
from pipelines.hooks import Event
from tests.support.waiting import wait_until
from workbench.sentences import BUG
from workbench.studio.jobs import CANCELLED, DONE, FAILED, MOST_OF_ONE, WAITING, JobBoard, Task
from workbench.studio.turns import Place, Turns, Work, waiting, with_place


class Gate:
    """Work that waits at each stage until it is let through."""

    def __init__(self):
        self.reached, self.open = [], threading.Semaphore(0)

    def task(self, label: str = "one", stages: tuple[str, ...] = ("read", "transfer")) -> Task[str]:
        def work(hook):
            for stage in stages:
                self.reached.append(f"{label} {stage}")
                assert self.open.acquire(timeout=60)
                hook(Event("start", stage))
            return label

        return Task(label, work)


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def board():
    return JobBoard(Turns())


def last(job):
    return [*job.follow()][-1]


def test_two_visitors_take_turns_in_order_and_the_second_is_told_its_place(board, gate):
    first = board.start("a", "page a", "first", [gate.task("first")])
    wait_until(lambda: gate.reached)
    second = board.start("b", "page b", "second", [gate.task("second")])
    wait_until(lambda: second.state.place == Place(1))
    assert second.state.state == WAITING and board.of("b") == [second] and board.of("") == []
    gate.open.release(4)
    assert last(first).state == last(second).state == DONE
    assert gate.reached == ["first read", "first transfer", "second read", "second transfer"]
    assert (first.results, second.results, board.of("b")) == (["first"], ["second"], [])


def test_the_forecast_follows_the_last_ones_less_what_the_one_at_work_has_had():
    now = iter((0.0, 4.0, 10.0, 13.0, 15.0)).__next__
    turns, told = Turns(now), []

    def look(place):
        told.append(place)
        raise KeyboardInterrupt

    with turns.turn():  # from 0 to 4
        pass
    with turns.turn(), pytest.raises(KeyboardInterrupt), turns.turn(look):  # from 10; somebody looks at 13
        pytest.fail("this is not its turn")
    assert told == [Place(1, 1.0)]


def test_the_forecast_goes_by_length_and_kind_and_says_nothing_rather_than_something_wrong():
    clock, told = SimpleNamespace(now=0.0), []
    turns = Turns(lambda: clock.now)

    def look(place):
        told.append(place)
        raise KeyboardInterrupt

    def ask():
        with pytest.raises(KeyboardInterrupt), turns.turn(look):
            pytest.fail("this is not its turn")

    with turns.turn(work=Work(size=2.0)):
        clock.now += 4.0
    with turns.turn(work=Work(size=10.0)):
        clock.now += 5.0
        ask()
        clock.now += 20.0  # longer than recordings of this length took
        ask()
    with turns.turn(work=Work("score")):  # none has ended yet
        ask()
    assert told == [Place(1, 15.0), Place(1, None), Place(1, None)]
    assert waiting(told[0]) == "Waiting: 1 job before yours, about 15 s as the last ones took."
    assert waiting(told[1]) == "Waiting: 1 job before yours." and waiting(Place(0)) == "Your turn is next."


def test_while_work_waits_its_share_stays_and_the_place_is_told():
    shown = []
    hook = with_place(lambda share, said: shown.append((share, said)), lambda show: lambda event: show(event.value, event.stage))
    for event in (Event("start", "read", value=0.4), Event("waiting", "turn", value=Place(2, 3.2)),
                  Event("waiting", "turn", value=Place(0)), Event("start", "transfer", value=0.5)):
        hook(event)
    assert shown == [(0.4, "read"), (0.4, "Waiting: 2 jobs before yours, about 3 s as the last ones took."), (0.5, "transfer")]


def test_a_cancelled_job_ends_at_its_next_stage_and_lets_the_next_one_in(board, gate):
    job = board.start("a", "page", "first", [gate.task("first"), gate.task("second")])
    waits = board.start("b", "other", "waits", [gate.task("waits")])
    gate.open.release(2)
    wait_until(lambda: "second read" in gate.reached or "waits read" in gate.reached)
    board.cancel("b", job.id)  # somebody else's
    board.cancel_page("other")
    board.cancel("a", job.id)
    gate.open.release(8)
    assert last(job).state == last(waits).state == CANCELLED
    assert job.results == ["first"] and "second transfer" not in gate.reached, "what was done before is kept"


def test_a_job_that_waits_is_cancelled_at_once(board, gate):
    board.start("a", "page", "first", [gate.task("first")])
    wait_until(lambda: gate.reached)
    waits = board.start("b", "other", "waits", [gate.task("waits")])
    board.cancel("b", waits.id)
    assert last(waits).state == CANCELLED and gate.reached == ["first read"]
    gate.open.release(2)


def test_cancel_may_be_pressed_before_the_job_is_there(board, gate):
    board.expect("page")
    board.cancel_page("page")
    job = board.start("a", "page", "first", [gate.task("first")])
    assert last(job).state == CANCELLED and gate.reached == []
    gate.open.release(4)
    assert last(board.start("a", "page", "next", [gate.task("next")])).state == DONE, "one press ends one job"


def test_a_press_after_the_job_has_ended_does_not_cancel_the_one_asked_for_later(board, gate):
    gate.open.release(4)
    assert last(board.start("a", "page", "first", [gate.task("first")])).state == DONE
    board.cancel_page("page")
    board.expect("page")
    assert last(board.start("a", "page", "next", [gate.task("next")])).state == DONE


@pytest.mark.parametrize(("error", "said"), [(ZestError("The recording is silent."), "The recording is silent."),
                                             (RuntimeError("/srv/secret"), BUG)])
def test_why_a_job_failed_is_one_sentence_and_the_next_one_works(board, gate, error, said):
    def work(hook):
        raise error

    state = last(board.start("a", "page", "breaks", [Task("breaks", work)]))
    assert (state.state, state.sentence) == (FAILED, said)
    gate.open.release(2)
    assert last(board.start("a", "page", "works", [gate.task()])).state == DONE


def test_one_visitor_cannot_fill_the_line(board, gate):
    jobs = [board.start("a", "page", str(number), [gate.task(str(number))]) for number in range(MOST_OF_ONE)]
    with pytest.raises(ZestError, match="wait for one of them"):
        board.start("a", "another page", "more", [gate.task()])
    board.start("b", "its page", "somebody else", [gate.task()])
    gate.open.release(99)
    assert {last(job).state for job in jobs} == {DONE}
