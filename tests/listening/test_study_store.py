"""The store: nothing acknowledged is lost, nothing is stored twice, and what a listener may not do is refused and logged."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from evaluation.listening.analysis import results_of
from evaluation.listening.analysis.answers import answer_table
from evaluation.listening.design.questions import ABX, BEST_WORST, COMPARISON, PREFERENCE, SCALE, SLIDERS
from evaluation.listening.design.trials import KNOWN, TRAINING, TRAP
from evaluation.listening.errors import Refused, StoreError
from evaluation.listening.store import collect, open_store
from evaluation.listening.store.database import VARIABLE, writing
from evaluation.listening.store.listeners import next_cell
from evaluation.listening.store.schema import (
    ANSWERS,
    ARRIVALS,
    IDENTITIES,
    LISTENERS,
    MIGRATIONS,
    OPENINGS,
    PAYMENTS,
    PEOPLE,
    PLACES,
    PLAYS,
    SESSIONS,
    STUDIES,
    migrate,
)
from evaluation.run import open_run
from tests.support import postgres
from tests.support.listening import OTHER_DESIGNS, finished_run, small_study
from tests.support.listening_session import SETUP, Clock, answer_next, first_option, listen, whole_set

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("listening")
    return small_study(finished_run(folder, sentences=1), folder / "STUDY", systems=("copy", "f0-swap"))


@pytest.fixture(scope="module")
def designs(study, tmp_path_factory):
    """Of the same run, every design beside ACR."""
    run = open_run(study.folder.parent / "RUN")
    return small_study(run, tmp_path_factory.mktemp("designs") / "STUDY", systems=("copy", "f0-swap"), questions=OTHER_DESIGNS,
                       cap=60)


@pytest.fixture(scope="module")
def server():
    postgres.needed()
    with postgres.server() as url:
        yield url


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'answers.sqlite'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def either(request, url):
    """Both databases, each empty."""
    if request.param == "sqlite":
        return url
    address = request.getfixturevalue("server")
    postgres.empty(address)
    return address


@pytest.fixture
def store(study, url):
    return open_store(study, url, Clock())


def refusal(reason: str, caplog):
    """A refusal for this reason, told in one sentence and logged."""
    class Check:
        def __enter__(self):
            caplog.clear()
            caplog.set_level(logging.WARNING, logger="zest.listening")
            self.raises = pytest.raises(Refused)
            self.caught = self.raises.__enter__()

        def __exit__(self, *error):
            assert self.raises.__exit__(*error)
            assert self.caught.value.reason == reason
            assert "\n" not in str(self.caught.value) and f"refused ({reason})" in caplog.text
            return True
    return Check()


def test_every_design_is_answered_on_sqlite_and_on_postgresql_and_what_is_no_answer_is_refused(designs, either, caplog):
    store = open_store(designs, either, Clock())
    token = store.enter(True, SETUP).token
    kinds = set()
    while shown := store.next_trial(token):
        kinds.add(shown.kind)
        listen(store, token, shown)
        if shown.kind in (SLIDERS, BEST_WORST):
            for wrong in ("", "5", "{}", f"{shown.clips[-1][1]} nobody", '{"nobody": 5}'):
                with refusal("value", caplog):
                    store.answer(token, shown.trial, wrong)
        answer = first_option(shown)
        assert not store.answer(token, shown.trial, answer).again and store.answer(token, shown.trial, answer).again
    assert kinds == {SCALE, COMPARISON, PREFERENCE, ABX, SLIDERS, BEST_WORST}
    table = answer_table(designs, collect(store))
    assert table[table.question == "mushra"].groupby("trial").condition.count().eq(5).all()
    assert results_of(designs, collect(store), draws=20).before.listeners == 1
    store.engine.dispose()


def test_a_listener_answers_a_whole_set_on_sqlite_and_on_postgresql(study, either):
    store = open_store(study, either, Clock())
    token = whole_set(store)
    found = collect(store)
    expected = len(study.design.training) + len(study.design.cells[found.listeners[0].cell])
    assert len(found.answers) == expected and [answer.place for answer in found.answers] == list(range(1, expected + 1))
    answer = found.answers[-1]
    assert answer.study_hash == study.hash and answer.answered > answer.opened
    assert set(answer.plays) == {clip for _, clip in study.design.trials()[answer.trial].clips}
    assert found.listeners[0].setup == SETUP | {"language": "en"} and found.listeners[0].completed == answer.answered
    assert store.next_trial(token) is None
    store.withdraw(token)
    again = collect(store)
    assert again.listeners[0].withdrawn and again.answers == found.answers, "marked, not deleted"
    store.engine.dispose()


@pytest.mark.server
def test_a_database_that_was_made_without_an_encoding_keeps_every_letter(study, server):
    engine = sa.create_engine(server.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE plain ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"))
    engine.dispose()
    store = open_store(study, server.replace("/postgres?", "/plain?"), Clock())
    token = store.enter(True, SETUP).token
    shown = store.next_trial(token)
    listen(store, token, shown)
    store.answer(token, shown.trial, "4", "zażółć, مرحبا")
    assert collect(store).answers[0].remark == "zażółć, مرحبا"
    store.engine.dispose()


def test_replayed_answers_are_stored_once_and_another_answer_is_refused(study, either, caplog):
    store = open_store(study, either, Clock())
    token = store.enter(True, SETUP).token
    shown = store.next_trial(token)
    listen(store, token, shown)
    first = store.answer(token, shown.trial, "4")
    assert not first.again and store.answer(token, shown.trial, "4").again
    with refusal("answered", caplog):
        store.answer(token, shown.trial, "5")
    assert [answer.value for answer in collect(store).answers] == ["4"]
    store.engine.dispose()


def test_many_at_once_lose_nothing_and_store_nothing_twice(study, either):
    store = open_store(study, either, Clock())
    tokens = [store.enter(True, SETUP).token for _ in range(4)]
    failures = []

    def work(token: str) -> None:
        try:
            for _ in range(4):
                answer_next(store, token)
        except Exception as error:  # noqa: BLE001 - told by the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(token,)) for token in tokens for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    answers = collect(store).answers
    assert all(isinstance(error, Refused) for error in failures), failures
    assert len({(answer.listener, answer.trial) for answer in answers}) == len(answers) >= 16
    store.engine.dispose()


@pytest.mark.parametrize("change", [-3600, 3600])
def test_a_server_s_clock_that_is_changed_while_a_clip_plays_keeps_nobody_from_going_on(study, store, change):
    token = store.enter(True, SETUP).token
    shown = store.next_trial(token)
    store.clock.now += change
    for _, clip in shown.clips:
        store.played(token, shown.trial, clip)
    store.answer(token, shown.trial, shown.options[0][0])
    (stored,) = collect(store).answers
    assert stored.trial == shown.trial and store.next_trial(token).trial != shown.trial
    answer_next(store, token)
    assert len(collect(store).answers) == 2


def test_forged_and_foreign_requests_are_refused_and_logged(study, store, caplog):
    entry = store.enter(True, SETUP)
    other = store.enter(True, SETUP)
    shown = store.next_trial(entry.token)
    clip = shown.clips[0][1]
    store.clock.now += 60
    foreign = next(trial.id for cell in study.design.cells[1:] for trial in cell)
    own_later = next(trial.id for trial in study.design.cells[0])
    for trial in ("forged", "", "' OR 1=1 --", "../../etc", foreign, own_later, None, 7):
        with refusal("trial", caplog):
            store.answer(entry.token, trial, "3")
    for value in ("0", "6", "3.5", "", "angry", "1; DROP TABLE answers", None, 3, ["3"]):
        with refusal("value", caplog):
            store.answer(entry.token, shown.trial, value)
    with refusal("unplayed", caplog):
        store.answer(entry.token, shown.trial, "3")
    with refusal("clip", caplog):
        store.played(entry.token, shown.trial, next(name for name in study.design.clips if name != clip))
    for token in ("", "forged", entry.listener, other.listener, None, entry.token[:-1], entry.token + "x"):
        with refusal("session", caplog):
            store.next_trial(token)
    with refusal("trial", caplog):
        store.answer(other.token, shown.trial, "3")  # was not shown to this one
    assert collect(store).answers == ()


def test_rating_before_the_clips_could_have_been_heard_is_refused(study, store, caplog):
    token = store.enter(True, SETUP).token
    shown = store.next_trial(token)
    with refusal("unplayed", caplog):
        store.played(token, shown.trial, shown.clips[0][1])  # at once: claims to have played in no time
    listen(store, token, shown)
    assert store.next_trial(token).played == tuple(sorted(clip for _, clip in shown.clips)), "remembered over a reload"
    assert store.answer(token, shown.trial, "3").done == 1


def test_free_text_is_bounded_and_kept_as_it_was_written(study, store, caplog):
    token = store.enter(True, SETUP).token
    shown = store.next_trial(token)
    listen(store, token, shown)
    for remark in ("x" * 501, "a\0b", "\ud800", None, 3):
        with refusal("comment", caplog):
            store.answer(token, shown.trial, "3", remark)
    nasty = "'); DROP TABLE answers; -- <script>alert(1)</script> \N{SNOWMAN}\nzwei"
    store.answer(token, shown.trial, "3", nasty)
    assert collect(store).answers[0].remark == nasty


def test_nobody_enters_without_consent_or_with_made_up_answers(study, store, caplog):
    with refusal("consent", caplog):
        store.enter("yes", SETUP)
    for setup in ({}, SETUP | {"device": "horn"}, SETUP | {"name": "Ann"}, None, SETUP | {"place": ["quiet"]}):
        with refusal("setup", caplog):
            store.enter(True, setup)
    assert collect(store).listeners == ()


def test_a_closed_study_takes_no_answers_but_lets_listeners_withdraw(study, store, caplog):
    token = store.enter(True, SETUP).token
    shown = store.next_trial(token)
    assert store.close() and not store.close() and store.is_closed()
    for act in (lambda: store.next_trial(token), lambda: store.answer(token, shown.trial, "3"), lambda: store.enter(True, SETUP)):
        with refusal("closed", caplog):
            act()
    store.withdraw(token)
    store.withdraw(token)
    with refusal("withdrawn", caplog):
        store.next_trial(token)


def test_the_next_listener_gets_the_set_with_fewest_completed_answers(study, url, caplog):
    store = open_store(study, url, Clock())
    assert len(study.design.cells) == 2
    for _ in range(3):
        store.enter(True, SETUP)
    assert sorted(row.cell for row in collect(store).listeners) == [0, 0, 1], "of equals the one that fewest have begun"
    tokens = [whole_set(store) for _ in range(2)]
    done = sorted(row.cell for row in collect(store).listeners if row.completed)
    assert done == [0, 1], "three who left count for nothing"
    store.withdraw(tokens[0])
    lost = next(row.cell for row in collect(store).listeners if row.withdrawn)
    with writing(store.engine) as connection:
        assert next_cell(connection, study) == lost, "a set whose listener withdrew is missing again"
    for _ in range(3):
        whole_set(store)
    with refusal("enough", caplog):
        store.enter(True, SETUP)


def test_what_a_page_is_given_tells_nothing_of_systems_or_checks(study, store):
    token = store.enter(True, SETUP).token
    seen = []
    while (shown := store.next_trial(token)) is not None:
        seen.append(shown)
        listen(store, token, shown)
        store.answer(token, shown.trial, shown.options[0][0])
    words = repr(seen).lower()
    assert not any(name in words for name in ("copy", "f0-swap", "(natural)", "anna", "bert", KNOWN, "damaged", "wavs"))
    trials = study.design.trials()
    assert [bool(shown.check) for shown in seen] == [trials[shown.trial].kind == TRAP for shown in seen]
    assert [shown.training for shown in seen] == [trials[shown.trial].kind == TRAINING for shown in seen]
    assert all("a" not in dict(shown.options) or len(shown.clips) == 2 for shown in seen)


def test_tokens_are_unguessable_and_only_their_hashes_are_stored(study, store, tmp_path):
    tokens = {store.enter(True, SETUP).token for _ in range(3)}
    assert all(len(token) >= 43 for token in tokens) and len(tokens) == 3
    store.engine.dispose()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not any(token.encode() in content for token in tokens)


def test_sqlite_is_in_wal_mode_and_synced_at_every_commit(study, store):
    with writing(store.engine) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2, "FULL"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_full_disk_is_told_and_nothing_is_acknowledged(study, store):
    token = store.enter(True, SETUP).token
    shown = store.next_trial(token)
    listen(store, token, shown)
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    limit = pages
    sa.event.listen(store.engine, "begin", lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={limit}"))
    with pytest.raises(StoreError, match="was not stored, because the disk is full"):
        for _ in range(200):  # until the pages that are there already are full
            store.enter(True, SETUP)
    entered = len(collect(store).listeners)
    with pytest.raises(StoreError, match="disk is full"):
        for _ in range(200):
            store.enter(True, SETUP)
            entered += 1
    assert len(collect(store).listeners) == entered, "who was told of a full disk is not half there"
    limit = 10_000
    assert not store.answer(token, shown.trial, "3").again, "with space again, the answer can be sent again"


def test_a_locked_database_is_told_and_the_answer_can_be_sent_again(study, url, tmp_path, monkeypatch):
    monkeypatch.setattr("evaluation.listening.store.database.WAIT", 0.1)
    store = open_store(study, url, Clock())
    token = store.enter(True, SETUP).token
    shown = store.next_trial(token)
    listen(store, token, shown)
    other = sqlite3.connect(tmp_path / "answers.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="was not stored, because many are answering"):
        store.answer(token, shown.trial, "3")
    assert collect(store).answers == (), "reading goes on meanwhile"
    other.execute("ROLLBACK")
    assert not store.answer(token, shown.trial, "3").again


def test_a_lost_connection_is_told_and_the_answer_can_be_sent_again(study, server):
    postgres.empty(server)
    store = open_store(study, server, Clock())
    token = store.enter(True, SETUP).token
    shown = store.next_trial(token)
    listen(store, token, shown)
    pending = [True]

    def cut(*_):
        if pending:
            pending.clear()
            postgres.cut_off(server)

    sa.event.listen(store.engine, "before_cursor_execute", cut)
    with pytest.raises(StoreError, match="was not stored, because the connection to the database was lost"):
        store.answer(token, shown.trial, "3")
    assert not store.answer(token, shown.trial, "3").again
    store.engine.dispose()


def test_addresses_and_files_that_are_no_database_are_refused_in_a_sentence(study, tmp_path, monkeypatch):
    for address in ("nonsense", "mysql://host/db", "postgresql+nodriver://x/y", "sqlite+other:///x"):
        with pytest.raises(StoreError, match="is not understood"):
            open_store(study, address)
    (tmp_path / "text.sqlite").write_text("this is no database, but long enough to be taken for one" * 50)
    with pytest.raises(StoreError, match="damaged or is no file of answers"):
        open_store(study, f"sqlite:///{tmp_path / 'text.sqlite'}")
    with pytest.raises(StoreError, match="no such folder"):
        open_store(study, f"sqlite:///{tmp_path / 'missing' / 'a.sqlite'}")
    with pytest.raises(StoreError, match="connection to the database was lost"):
        open_store(study, f"postgresql://zest@/postgres?host={tmp_path}")
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path / 'named.sqlite'}")
    open_store(study)
    assert (tmp_path / "named.sqlite").is_file() and not study.database.exists()


def test_the_tables_that_are_queried_are_those_that_the_migrations_make(study, either):
    store = open_store(study, either)
    database = sa.inspect(store.engine)
    for table in (STUDIES, LISTENERS, SESSIONS, PEOPLE, ARRIVALS, IDENTITIES, PLACES, PAYMENTS, OPENINGS, PLAYS, ANSWERS):
        assert [column["name"] for column in database.get_columns(table.name)] == [column.name for column in table.columns]
    store.engine.dispose()


def test_an_old_file_is_migrated_with_its_answers_and_a_failed_migration_changes_nothing(study, store, url):
    whole_set(store)
    before = collect(store)
    newer = (*MIGRATIONS, ("ALTER TABLE listeners ADD COLUMN country TEXT NOT NULL DEFAULT ''",))
    broken = (*newer, ("CREATE TABLE extra (x TEXT)", "ALTER TABLE missing ADD COLUMN x TEXT"))
    with pytest.raises(StoreError), writing(store.engine) as connection:
        migrate(connection, broken)
    assert not sa.inspect(store.engine).has_table("extra")
    assert "country" not in [column["name"] for column in sa.inspect(store.engine).get_columns("listeners")]
    with writing(store.engine) as connection:
        assert migrate(connection, newer) == 1 and migrate(connection, newer) == 0
    assert collect(store) == before
    with pytest.raises(StoreError, match="by a newer version of zest"):
        open_store(study, url)


def test_answers_to_another_version_of_the_study_are_not_mixed_in(study, store, url):
    with writing(store.engine) as connection:
        connection.execute(STUDIES.update().values(hash="0" * 64))
    with pytest.raises(StoreError, match="another version of it"):
        open_store(study, url)


def test_every_acknowledged_answer_survives_a_kill(study, url):
    script = ("import sys\n"
              "from evaluation.listening.store import open_store\n"
              "from evaluation.listening.design.study import open_study\n"
              "from tests.support.listening_session import Clock, SETUP, listen\n"
              f"store = open_store(open_study({str(study.folder)!r}), {url!r}, Clock())\n"
              "while True:\n"
              "    entry = store.enter(True, SETUP)\n"
              "    while (shown := store.next_trial(entry.token)) is not None:\n"
              "        listen(store, entry.token, shown)\n"
              "        store.answer(entry.token, shown.trial, shown.options[0][0])\n"
              "        print(entry.listener, shown.trial, flush=True)\n")
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": str(ROOT)})
    acknowledged = [process.stdout.readline().split() for _ in range(25)]
    process.send_signal(signal.SIGKILL)
    acknowledged += [line.split() for line in process.stdout.read().splitlines() if len(line.split()) == 2]
    process.wait()
    stored = [[answer.listener, answer.trial] for answer in collect(open_store(study, url)).answers]
    assert all(pair in stored for pair in acknowledged)
    assert len(stored) == len({tuple(pair) for pair in stored})
