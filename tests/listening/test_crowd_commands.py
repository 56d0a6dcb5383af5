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

MTURK = "platform = 'mturk'"
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


def test_payments_are_written_once_with_a_reason_and_never_for_another_study(run, tmp_path):
    (tmp_path / "other").mkdir()
    assert create(run, tmp_path, MTURK)[0] == create(run, tmp_path / "other", MTURK)[0] == 0
    study = open_study(tmp_path / "S")
    store = open_store(study, clock=Clock())
    door = Reception(store)
    traps = {trial.id: trial.accepted for trial in study.design.trials().values() if trial.kind == "trap"}

    def work(worker: str, right: bool) -> None:
        by_design = careful(study)

        def choose(shown):
            return by_design(shown) if right or not shown.check else next(
                value for value, _ in shown.options if value not in traps[shown.trial])

        token = door.enter(True, SETUP, door.arrive(Identity(worker, f"A-{worker}", "H"))).token
        while answer_next(store, token, choose):
            pass

    work("w1", True)
    work("w2", False)
    pay = ("payments", tmp_path / "S", "-o", tmp_path / "pay")
    assert call(*pay)[0] == exit_codes.BAD_INPUT
    assert "not understood" in call(*pay, "--bonus", "lots")[2] and not (tmp_path / "pay").exists()
    code, _, said = call(*pay, "--approve", "--reject", "--bonus", "0.5 if finished")
    assert code == 0, said
    files = {name: (tmp_path / "pay" / f"{name}-1.csv").read_text().splitlines() for name in ("approve", "reject", "bonus")}
    assert files["approve"][1:] == ["A-w1,w1,H,x,"] and files["bonus"][1].startswith("w1,A-w1,0.50,") and len(files["bonus"]) == 2
    assert files["reject"][1].startswith("A-w2,w2,H,,") and "choose: Poor" in files["reject"][1] and len(files["reject"]) == 2
    again = call(*pay, "--approve", "--reject", "--bonus", "0.5 if finished")[2]
    assert all(f"{kind}: nothing new" in again for kind in files) and "Note" not in again
    assert "1 worker had a bonus of 0.50 in an earlier file" in call(*pay, "--bonus", "1 if finished")[2]
    assert not (tmp_path / "pay" / "bonus-2.csv").exists()
    work("w3", True)
    assert call(*pay, "--approve")[0] == 0
    assert (tmp_path / "pay" / "approve-2.csv").read_text().splitlines()[1:] == ["A-w3,w3,H,x,"]
    work("w4", True)
    assert "Forgot 4 workers" in call("forget-identities", tmp_path / "S")[2]
    assert "were forgotten or lost" in call(*pay, "--approve")[2] and not (tmp_path / "pay" / "approve-3.csv").exists()
    code, _, said = call("payments", tmp_path / "other" / "S", "-o", tmp_path / "pay", "--approve")
    assert code != 0 and "payments of another study" in said and "\n" not in said
    store.engine.dispose()


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
    store.close()
    store.engine.dispose()
    code, out, _ = call("status", tmp_path / "S")
    assert "Each set of trials has 1 finished listener." in out
    assert out.endswith("The study is closed; no more answers are taken.\n")
    assert code == 0 and "4 planned, 1 finished, 1 at work, 0 reserved, 2 free; 0 over plan of at most 1." in out
    assert "Excluded: withdrew (1)." in out and "Not yet counted: is listening (1)." in out
    assert "Group device: headphones: 2 of 3." in out
    document = json.loads(call("status", tmp_path / "S", "--json")[1])
    assert document["counts"]["counted"] == 1 and len(document["listeners"]) == 3 and "w0" not in json.dumps(document)
    assert "Forgot 3 workers" in call("forget-identities", tmp_path / "S", "--keep-pseudonyms")[2]
    assert "Forgot no workers" in call("forget-identities", tmp_path / "S")[2]
    assert json.loads(call("status", tmp_path / "S", "--json")[1]) == document
