"""`zest study` around a crowd: a recruitment file at the start, the live view, forgetting identities at the end."""

from __future__ import annotations

import json

import pytest

from evaluation.listening.analysis.standing import standing
from evaluation.listening.design.study import open_study
from evaluation.listening.store import open_store
from evaluation.listening.store.arrivals import Identity
from evaluation.listening.store.reception import Reception
from tests.listening.test_study_command import call
from tests.support.listening import finished_run
from tests.support.listening_session import SETUP, Clock, answer_next, careful
from workbench.cli import exit_codes

FILE = """platform = "custom"
over = 1
[quotas.device]
headphones = 3
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("listening"), sentences=1).folder


def create(run, folder, text: str):
    (folder / "recruit.toml").write_text(text)
    return call("create", "--run", run, "--systems", "copy,f0-swap", "--questions", "naturalness", "--listeners", 4,
                "--cap", 24, "--recruit", folder / "recruit.toml", "-o", folder / "S")


def test_a_wrong_recruitment_file_makes_no_study(run, tmp_path):
    code, _, said = create(run, tmp_path, "platform = 'prolific'")
    assert code == exit_codes.BAD_INPUT and "lacks Prolific's completion code" in said and not (tmp_path / "S").exists()
    code, _, said = create(run, tmp_path, "fail_after = 0")
    assert code == exit_codes.BAD_INPUT and "from 1 to" in said and not (tmp_path / "S").exists()
    assert call("create", "--run", run, "--systems", "copy", "--recruit", tmp_path / "none.toml", "-o", tmp_path / "S")[0] == 3


def test_status_says_who_is_counted_and_why_not_and_identities_are_forgotten(run, tmp_path):
    code, _, said = create(run, tmp_path, FILE)
    assert code == 0, said
    study = open_study(tmp_path / "S")
    store = open_store(study, clock=Clock())
    door = Reception(store)
    tokens = [door.enter(True, SETUP, door.arrive(Identity(f"w{number}"))).token for number in range(3)]
    choose = careful(study)
    while answer_next(store, tokens[0], choose):
        pass
    store.withdraw(tokens[1])
    assert standing(store).counts() == {"counted": 1, "not yet counted": 1, "excluded": 1}
    store.engine.dispose()
    code, out, _ = call("status", tmp_path / "S")
    assert code == 0 and "4 planned, 1 finished, 1 at work, 0 reserved, 2 free; 0 over plan of at most 1." in out
    assert "Excluded: withdrew (1)." in out and "Not yet counted: is listening (1)." in out
    assert "Group device: headphones: 2 of 3." in out
    document = json.loads(call("status", tmp_path / "S", "--json")[1])
    assert document["counts"]["counted"] == 1 and len(document["listeners"]) == 3 and "w0" not in json.dumps(document)
    assert "Forgot 3 workers" in call("forget-identities", tmp_path / "S", "--keep-pseudonyms")[2]
    assert "Forgot no workers" in call("forget-identities", tmp_path / "S")[2]
    assert json.loads(call("status", tmp_path / "S", "--json")[1]) == document
