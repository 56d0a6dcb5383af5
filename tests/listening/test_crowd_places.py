"""Places: never more than planned, none lost when listeners leave, groups bounded, time-outs fair. SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from evaluation.listening.design.recruitment import recruitment_from
from evaluation.listening.errors import Refused, StoreError
from evaluation.listening.store import collect, open_store
from evaluation.listening.store.arrivals import Identity
from evaluation.listening.store.places import planned_cells
from evaluation.listening.store.reception import Reception
from tests.support import postgres
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import SETUP, Clock, answer_next, careful

CODES = {"done": "OK1", "failed": "BAD1", "screened": "NO1", "full": "FULL1", "withdrawn": "OUT1"}
HOUR = 3600.0


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("listening"), sentences=1)


@pytest.fixture(scope="module")
def made(run, tmp_path_factory):
    """A study of the run by its recruitment, made once for each."""
    folder, known = tmp_path_factory.mktemp("studies"), {}

    def make(listeners: int = 5, **document):
        key = repr((listeners, document))
        if key not in known:
            known[key] = small_study(run, folder / f"{len(known)}", systems=("copy", "f0-swap"), listeners=listeners,
                                     salt=f"pepper {len(known)}", recruitment=recruitment_from(document))
        return known[key]

    return make


@pytest.fixture(scope="module")
def server():
    postgres.needed()
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def either(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'answers.sqlite'}"
    address = request.getfixturevalue("server")
    postgres.empty(address)
    return address


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'answers.sqlite'}"


def finish(store, token: str, choose=None) -> None:
    choose = choose or careful(store.study)
    while answer_next(store, token, choose):
        pass


def reason(call, *given, **named) -> str:
    """Why the call is refused, '' where it is not."""
    try:
        call(*given, **named)
    except Refused as refused:
        return refused.reason
    return ""


def test_two_hundred_listeners_in_one_second_never_exceed_the_quota(made, either):
    """Each clicks twice, in two tabs; half of them reserve first, all come from a platform."""
    study = made(listeners=7, platform="prolific", codes=CODES)
    store = open_store(study, either, Clock())
    door, entered, refused = Reception(store), [], []

    def come(number: int) -> None:
        try:
            token = door.arrive(Identity(f"worker-{number // 2}", f"visit-{number // 2}", "task"))
            if number % 4 < 2:
                door.reserve(True, token)
            entered.append(door.enter(True, SETUP, token).listener)
        except Refused as error:
            refused.append(error.reason)
        except StoreError as error:  # a slow machine: whoever is told so tries again
            assert "try again" in str(error)
            come(number)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(200)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(entered) + len(refused) == 200 and set(refused) == {"taken"}
    listeners = collect(store).listeners
    assert len(listeners) == len(set(entered)) == 7, "one listener for each worker, and no more than the quota"
    cells = Counter(listener.cell for listener in listeners)
    assert [cells[cell] for cell in range(len(study.design.cells))] == list(planned_cells(study))
    store.engine.dispose()


def test_listeners_who_leave_are_replaced_in_their_own_sets(made, either):
    """Whoever finishes, in whatever order: each pair of clips has its planned ratings, and the total is bounded."""
    study = made(listeners=5, over=1)
    store = open_store(study, either, Clock())
    left = [store.enter(True, SETUP).token for _ in range(4)]
    finish(store, store.enter(True, SETUP).token)
    answer_next(store, left[0])
    assert reason(store.enter, True, SETUP) == "taken" and store.refusal() == "taken"
    store.clock.now += 2 * HOUR
    late = [store.enter(True, SETUP).token for _ in range(4)]
    assert reason(store.enter, True, SETUP) == "taken", "four places became free, not five"
    finish(store, left[0])
    assert reason(store.next_trial, left[1]) == "place", "one more than planned may come back, not two"
    [finish(store, token) for token in late]
    done = Counter(listener.cell for listener in collect(store).listeners if listener.completed)
    assert all(done[cell] >= planned for cell, planned in enumerate(planned_cells(study)))
    assert sum(done.values()) == 6 and reason(store.enter, True, SETUP) == "enough"
    store.engine.dispose()


def test_a_place_is_kept_from_consent_to_the_first_trial_and_freed_after_a_time(made, url):
    store = open_store(made(listeners=1), url, Clock())
    door = Reception(store)
    place = door.reserve(True)
    assert door.reserve(True, place=place) == place, "a second click keeps one place"
    assert reason(door.reserve, True) == "taken" and reason(store.enter, True, SETUP) == "taken"
    assert reason(door.reserve, False) == "consent"
    store.clock.now += HOUR
    other = door.reserve(True)
    assert other and reason(store.enter, True, SETUP, place=place) == "taken", "the first one waited too long"
    store.enter(True, SETUP, place=other)
    assert len(collect(store).listeners) == 1


def test_a_withdrawal_frees_its_place_at_once(made, url):
    store = open_store(made(listeners=1), url, Clock())
    store.withdraw(store.enter(True, SETUP).token)
    finish(store, store.enter(True, SETUP).token)
    assert reason(store.enter, True, SETUP) == "enough"


def test_who_is_screened_out_gives_back_the_place_kept_since_consent(made, url):
    loud = SETUP | {"device": "loudspeakers"}
    rules = {"quotas": {"device": {"loudspeakers": 0}}}
    store = open_store(made(listeners=1, **rules), url, Clock())
    assert reason(store.enter, True, loud, place=Reception(store).reserve(True)) == "screened"
    assert store.enter(True, SETUP).listener
    study = made(listeners=1, platform="prolific", codes=CODES, **rules)
    door = Reception(open_store(study, url, Clock()))
    first, second = (door.arrive(Identity(worker, "visit", "task")) for worker in ("w1", "w2"))
    door.reserve(True, first)
    assert reason(door.enter, True, loud, first) == "screened"
    assert door.enter(True, SETUP, second).listener
    store.engine.dispose()
    door.store.engine.dispose()


def test_groups_have_quotas_of_their_own(made, url):
    study = made(listeners=5, quotas={"native": {"native": 2, "other": 1}, "device": {"loudspeakers": 0}})
    store = open_store(study, url, Clock())
    assert reason(store.enter, True, SETUP) == "setup", "the native language has to be told"
    native, other = SETUP | {"native": "native"}, SETUP | {"native": "other"}
    assert reason(store.enter, True, native | {"device": "loudspeakers"}) == "screened"
    [store.enter(True, native) for _ in range(2)]
    assert reason(store.enter, True, native) == "group" and reason(store.enter, True, other) == ""
    assert reason(store.enter, True, other) == "group"
    store.clock.now += 2 * HOUR
    assert reason(store.enter, True, native) == "", "who went away counts for no group"


def test_an_outage_takes_nobody_s_place(made, url, monkeypatch):
    study, clock = made(listeners=1), Clock()
    store = open_store(study, url, clock)
    token = store.enter(True, SETUP).token
    clock.now += 2 * HOUR
    store = open_store(study, url, clock)  # the server comes back
    assert reason(store.enter, True, SETUP) == "taken"
    clock.now += 2 * HOUR
    with monkeypatch.context() as patch:
        patch.setattr("evaluation.listening.store.listeners.lock_study", broken)
        with pytest.raises(StoreError):
            store.enter(True, SETUP)
    assert reason(store.enter, True, SETUP) == "taken", "answers could not be stored until now"
    finish(store, token)
    assert collect(store).listeners[0].completed


def broken(*_given) -> None:
    raise OSError(28, "No space left on device")


def test_who_fails_the_instruction_checks_makes_place_for_another(made, url):
    study = made(listeners=1)
    store = open_store(study, url, Clock())
    assert study.minutes < 5 and study.recruitment.failures(study.minutes) == 1 and study.recruitment.failures(12) == 2
    traps = {trial.id: trial.accepted for trial in study.design.trials().values() if trial.kind == "trap"}
    right = careful(study)

    def careless(shown):
        return next(value for value, _ in shown.options if value not in traps[shown.trial]) if shown.check else right(shown)

    finish(store, store.enter(True, SETUP).token, careless)
    finish(store, store.enter(True, SETUP).token)
    assert [listener.failed is not None for listener in collect(store).listeners] == [True, False]
    assert reason(store.enter, True, SETUP) == "enough"
