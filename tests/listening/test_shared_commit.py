"""Writers of one SQLite file share a commit: none goes on before it, one's failure is its own, and a failed commit is all's."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from evaluation.listening.errors import StoreError
from evaluation.listening.store.database import READING, SHARED, connect, reading, writing


class Mishap(Exception):
    """What goes wrong in a writer's own code."""


@pytest.fixture
def engine(tmp_path):
    engine = connect(tmp_path / "a.sqlite", f"sqlite:///{tmp_path / 'a.sqlite'}")
    with writing(engine) as connection:
        connection.execute(sa.text("CREATE TABLE notes (name TEXT PRIMARY KEY)"))
    yield engine
    engine.dispose()


@pytest.fixture
def commits(engine):
    """Grows by one at every commit."""
    found = []
    at_commits(engine, lambda: found.append(True))
    return found


def at_commits(engine: sa.Engine, act) -> None:
    """Before a writer's commit; readers end theirs as well."""
    sa.event.listen(engine, "commit", lambda connection: connection.get_execution_options().get(READING) or act())


def write(engine: sa.Engine, name: str, also=lambda: None) -> str:
    """Store a name; `also` happens after that and before the end of the block."""
    with writing(engine) as connection:
        connection.execute(sa.text("INSERT INTO notes VALUES (:name)"), {"name": name})
        also()
    return name


def stored(engine: sa.Engine) -> set[str]:
    with reading(engine) as connection:
        return set(connection.execute(sa.text("SELECT name FROM notes")).scalars())


def in_line(engine: sa.Engine, works) -> list[Future]:
    """The first one is inside its block until all others stand in line behind it; returned when all have ended."""
    shared = engine.get_execution_options()[SHARED]
    inside, others_wait = threading.Event(), threading.Event()

    def first():
        def hold():
            inside.set()
            assert others_wait.wait(10)
        return works[0](hold)

    with ThreadPoolExecutor(len(works)) as pool:
        futures = [pool.submit(first)]
        assert inside.wait(10)
        futures += [pool.submit(work, lambda: None) for work in works[1:]]
        while shared._waiting < len(works) - 1:
            threading.Event().wait(0.005)
        assert not any(future.done() for future in futures)
        others_wait.set()
    return futures


def test_those_who_wait_share_one_commit_and_are_all_stored(engine, commits):
    names = [f"n{number}" for number in range(8)]
    done = in_line(engine, [lambda also, name=name: write(engine, name, also) for name in names])
    assert [future.result() for future in done] == names and stored(engine) == set(names)
    assert len(commits) == 1


def test_nobody_goes_on_before_the_commit(engine):
    seen = []
    at_commits(engine, lambda: seen.append(set(returned)))
    returned: list[str] = []

    def work(also, name):
        returned.append(write(engine, name, also))

    in_line(engine, [lambda also, name=name: work(also, name) for name in ("a", "b", "c")])
    assert seen == [set()] and set(returned) == {"a", "b", "c"}


def test_one_that_fails_is_undone_alone(engine):
    def fail():
        raise Mishap

    works = [lambda also: write(engine, "a", also), lambda _: write(engine, "broken", fail), lambda _: write(engine, "a"),
             lambda _: write(engine, "b")]
    kept, broken, twice, last = in_line(engine, works)
    assert kept.result() == "a" and last.result() == "b"
    assert isinstance(broken.exception(), Mishap) and isinstance(twice.exception(), StoreError)
    assert stored(engine) == {"a", "b"}


def test_when_the_last_in_line_fails_the_others_are_committed(engine):
    def fail():
        raise Mishap

    kept, broken = in_line(engine, [lambda also: write(engine, "a", also), lambda _: write(engine, "broken", fail)])
    assert kept.result() == "a" and isinstance(broken.exception(), Mishap) and stored(engine) == {"a"}


def test_a_failed_commit_is_told_to_all_and_stores_nothing_and_the_next_one_works(engine):
    failing = [True]

    def refuse():
        if failing:
            raise OSError(5, "disk I/O error")

    at_commits(engine, refuse)
    told = in_line(engine, [lambda also, name=name: write(engine, name, also) for name in ("a", "b", "c")])
    assert all(isinstance(future.exception(), StoreError) for future in told) and stored(engine) == set()
    failing.clear()
    assert write(engine, "a") == "a" and stored(engine) == {"a"}


def test_with_a_full_disk_in_the_middle_what_is_stored_is_what_was_acknowledged(engine):
    def fill():
        connection = engine.get_execution_options()[SHARED]._connection
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        connection.exec_driver_sql("INSERT INTO notes SELECT hex(randomblob(4000)) FROM (SELECT 1 UNION SELECT 2 UNION SELECT 3)")

    told = in_line(engine, [lambda also: write(engine, "a", also), lambda _: write(engine, "b", fill)])
    assert isinstance(told[1].exception(), StoreError) and "disk is full" in str(told[1].exception())
    assert stored(engine) == ({"a"} if told[0].exception() is None else set())
    assert write(engine, "after") == "after"


def test_where_the_database_itself_undoes_everything_all_are_told(engine):
    def undo():
        engine.get_execution_options()[SHARED]._connection.exec_driver_sql("ROLLBACK")
        raise Mishap

    told = in_line(engine, [lambda also: write(engine, "a", also), lambda _: write(engine, "b", undo)])
    assert all(future.exception() is not None for future in told) and stored(engine) == set()
    assert write(engine, "after") == "after"


def test_whoever_waits_too_long_is_told_and_those_before_are_stored(engine, monkeypatch):
    shared = engine.get_execution_options()[SHARED]
    monkeypatch.setattr(shared, "_wait", 0.05)
    inside, late = threading.Event(), threading.Event()

    def hold():
        inside.set()
        late.wait(10)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(write, engine, "a", hold)
        assert inside.wait(10)
        with pytest.raises(StoreError, match="many are answering"):
            write(engine, "b")
        late.set()
    assert first.result() == "a" and stored(engine) == {"a"}
