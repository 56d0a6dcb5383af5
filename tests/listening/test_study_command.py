"""`zest study` as an experimenter uses it: create, check, close, results, export; a plain sentence and a code when it cannot."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from evaluation.listening.design.study import open_study
from evaluation.listening.store import open_store
from pipelines.errors import ZestError
from pipelines.features import audio
from tests.support.listening import ALL_QUESTIONS, finished_run
from tests.support.listening_session import Clock, answer_next, careful, listen, whole_set
from tests.support.speech import MAN, WOMAN, speak
from workbench.cli import app as command_line
from workbench.cli import exit_codes

FILES = ["answers.csv", "answers.json", "design.json", "listeners.csv", "paragraph.md", "results.json", "results.md",
         "study.json", "wording.json"]
FORMULA = "=HYPERLINK(\"http://example.org\")"


def call(*arguments: object):
    """The command in this process: (exit code, stdout, stderr)."""
    result = CliRunner().invoke(command_line.app, ["study", *map(str, arguments)])
    if isinstance(result.exception, ZestError):  # what main() does with it
        return exit_codes.of(result.exception), result.stdout, str(result.exception)
    assert result.exception is None or isinstance(result.exception, (SystemExit, typer.Exit)), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    return finished_run(tmp_path_factory.mktemp("listening"), sentences=1).folder


@pytest.fixture(scope="module")
def frozen(run, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "STUDY"
    code, _, said = call("create", "--run", run, "--systems", "copy, f0-swap", "--questions", "naturalness,preference",
                         "--listeners", 4, "--cap", 24, "--seed", 7, "-o", folder)
    assert code == 0, said
    return folder


@pytest.fixture
def answered(frozen, tmp_path) -> Path:
    """A copy with two whole sets, a listener who stopped and left a remark, and one who withdrew."""
    folder = shutil.copytree(frozen, tmp_path / "STUDY")
    store = open_store(open_study(folder), clock=Clock())
    for _ in range(2):
        whole_set(store, lambda shown: shown.options[-2][0])
    token = store.enter(True, {"device": "headphones", "place": "quiet", "hearing": "none"}).token
    shown = store.next_trial(token)
    listen(store, token, shown)
    store.answer(token, shown.trial, shown.options[0][0], FORMULA)
    leaver = store.enter(True, {"device": "earphones", "place": "noisy", "hearing": "none"}).token
    answer_next(store, leaver)
    store.withdraw(leaver)
    store.engine.dispose()
    return folder


def test_the_other_designs_are_created_analysed_and_exported_and_what_cannot_be_asked_is_one_sentence(run, tmp_path):
    folder = tmp_path / "DESIGNS"
    code, _, said = call("create", "--run", run, "--systems", "copy, f0-swap", "--listeners", 2, "--cap", 40, "-o", folder,
                         "--questions", "comparison,mushra,emotion-strength")
    assert code == 0, said
    store = open_store(open_study(folder), clock=Clock())
    for _ in range(2):
        whole_set(store, careful(store.study))
    store.engine.dispose()
    code, printed, said = call("results", folder, "--draws", 100)
    assert code == 0 and all(title in printed for title in ("CMOS, comparison", "MUSHRA, mushra", "Best-worst scaling")), said
    code, _, said = call("export", folder, "-o", tmp_path / "EXPORT", "--draws", 100)
    rows = list(csv.DictReader((tmp_path / "EXPORT" / "answers.csv").open()))
    assert code == 0 and {row["vote"] for row in rows if row["question"] == "mushra"} >= {"20.0", "60.0", "100.0"}
    assert {row["order"] for row in rows if row["question"] == "comparison" and row["kind"] == "rated"} >= {"copy|f0-swap"}
    for systems, questions, words in (("copy", "cmos", "There is no question 'cmos'; choose from"),
                                      ("copy,f0-swap", "mushra,comparison --cap 3", "raise the cap")):
        code, _, said = call("create", "--run", run, "--systems", systems, "-o", tmp_path / "no", "--questions",
                             *questions.split(" "))
        assert code == 3 and words in said and said.count("\n") <= 1 and not (tmp_path / "no").exists()


def test_create_makes_a_study_of_every_question_and_says_what_it_will_give(run, tmp_path):
    code, out, said = call("create", "--run", run, "--systems", "copy,f0-swap", "--questions", ",".join(ALL_QUESTIONS),
                           "--listeners", 20, "--seed", 1, "-o", tmp_path / "S", "--json")
    document = json.loads(out)
    assert code == 0 and document["questions"] == list(ALL_QUESTIONS) and document["trials_per_set"] <= 40
    created = open_study(tmp_path / "S")
    assert document["hash"] == created.hash and document["id"] == created.id
    assert document["link"].startswith("http") and document["link"].endswith(f"/?study={created.id}")
    assert created.id in said and document["link"] in said, "listeners can be sent what it prints"
    assert "ratings a question" in said and "preliminary" in said
    assert sorted(path.name for path in (tmp_path / "S").iterdir()) == ["clips", "design.json", "study.json", "wording.json"]


def test_check_says_that_a_study_is_whole_or_what_is_wrong_with_it(frozen, tmp_path):
    code, out, said = call("check", frozen, "--json")
    document = json.loads(out)
    assert code == 0 and "complete and unchanged" in said and document["clips"] > 10 and document["closed"] is False
    assert not open_study(frozen).database.exists(), "checking begins no answers"
    broken = shutil.copytree(frozen, tmp_path / "broken")
    (broken / "wording.json").write_text((broken / "wording.json").read_text().replace("natural", "lovely"))
    code, _, said = call("check", broken)
    assert code == exit_codes.BAD_INPUT and "changed after it was created" in said and "\n" not in said
    assert call("check", tmp_path / "nothing")[0] == exit_codes.BAD_INPUT


def test_results_are_printed_as_tables_or_one_json_document(answered):
    code, page, _ = call("results", answered, "--draws", 100)
    assert code == 0 and "4 listeners came, 3 did not withdraw" in page and "## naturalness" in page and "still open" in page
    code, out, _ = call("results", answered, "--json", "--draws", 100)
    document = json.loads(out)
    assert len(document["listeners"]) == 4 and document["before"]["listeners"] == 3
    assert {one["condition"] for one in document["before"]["opinions"]} == {"copy", "f0-swap", "(natural)", "(copy)"}


def test_close_ends_a_study_once(answered):
    assert "is closed now" in call("close", answered)[2]
    assert "was closed already" in call("close", answered)[2]
    code, out, said = call("check", answered, "--json")
    assert code == 0 and "The study is closed; no more answers are taken." in said and json.loads(out)["closed"] is True
    assert "/?study=" not in said, "nobody is sent a link that takes no listeners"
    assert "is closed." in call("results", answered, "--draws", 100)[1]


def test_export_writes_every_answer_marked_and_harmless_in_a_spreadsheet(answered, tmp_path):
    code, _, said = call("export", answered, "-o", tmp_path / "out", "--draws", 100)
    assert code == 0 and sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES, said
    rows = list(csv.DictReader((tmp_path / "out" / "answers.csv").open(newline="")))
    study = open_study(answered)
    whole = len(study.design.training) + len(study.design.cells[0])
    assert len(rows) == 2 * whole + 2
    assert [row["remark"] for row in rows if row["remark"]] == ["'" + FORMULA]
    raw = json.loads((tmp_path / "out" / "answers.json").read_text())
    assert [row["remark"] for row in raw if row["remark"]] == [FORMULA]
    assert sum(row["withdrawn"] == "True" for row in rows) == 1 and {row["study_hash"] for row in rows} == {study.hash}
    listeners = list(csv.DictReader((tmp_path / "out" / "listeners.csv").open(newline="")))
    assert len(listeners) == 4 and {listener["device"] for listener in listeners} == {"headphones", "earphones"}
    assert "earphones" not in (tmp_path / "out" / "paragraph.md").read_text(), "who withdrew is not described"
    assert study.hash in (tmp_path / "out" / "paragraph.md").read_text()
    assert call("export", answered, "-o", tmp_path / "out", "--draws", 100)[0] == 0, "its own export is renewed"
    info = answered / "study.json"
    (tmp_path / "out" / "study.json").write_text(f"{info.read_text()} ")
    code, _, said = call("export", answered, "-o", tmp_path / "out", "--draws", 100)
    assert code == exit_codes.OUTPUT and "holds the export of another study, and nothing was replaced" in said
    assert (tmp_path / "out" / "study.json").read_text().endswith(" ")


def test_what_cannot_be_done_is_said_in_one_sentence_with_the_right_code(run, frozen, tmp_path):
    out = tmp_path / "S"
    wrong = {
        ("create", "--systems", "copy", "-o", out): (exit_codes.USAGE, "--run"),
        ("create", "--run", run, "-o", out): (exit_codes.USAGE, "--systems"),
        ("create", "--run", tmp_path, "--systems", "copy", "-o", out): (exit_codes.USAGE, "run.json"),
        ("create", "--run", run, "--systems", "magic", "-o", out): (exit_codes.BAD_INPUT, "no system 'magic'"),
        ("create", "--run", run, "--systems", "copy", "--questions", "beauty", "-o", out): (exit_codes.BAD_INPUT, "no question"),
        ("create", "--run", run, "--systems", "copy", "--cap", 5, "-o", out): (exit_codes.BAD_INPUT, "the cap is 5"),
        ("create", "--run", run, "--systems", "copy", "-o", frozen): (exit_codes.OUTPUT, "exists already"),
        ("results", frozen, "--database", "nonsense"): (exit_codes.OUTPUT, "is not understood"),
        ("export", frozen): (exit_codes.USAGE, "-o"),
        ("close", tmp_path): (exit_codes.BAD_INPUT, "no study.json"),
    }
    for arguments, (code, words) in wrong.items():
        found = call(*arguments)
        assert (found[0], words in found[2], "\n" in found[2]) == (code, True, False), (arguments, found)
    assert not out.exists()


def test_the_command_line_starts_the_study_commands_and_shows_their_help(zest_here, frozen):
    result = zest_here("study", "check", frozen)
    assert result.returncode == 0 and "complete and unchanged" in result.stderr, result.stderr
    assert {"create", "check", "close", "results", "export"} <= set(zest_here("study", "--help").stdout.split())
    broken = zest_here("study", "check", frozen.parent)
    assert broken.returncode == exit_codes.BAD_INPUT and "Traceback" not in broken.stderr


def test_conversions_gathered_by_command_make_a_study(tmp_path):
    clips = {name: audio.save(tmp_path / f"{name}.wav", speak(voice, 0.6, seed=seed) * 0.4)
             for seed, (name, voice) in enumerate({"man": MAN, "woman": WOMAN, "converted": MAN}.items())}
    where = ("-o", tmp_path / "SET")
    assert call("gather", clips["man"], clips["converted"], "--emotion", "sad")[0] == exit_codes.USAGE
    code, _, said = call("gather", clips["man"], clips["converted"], "--emotion", "sad", "--system", "mine", *where)
    assert code == 0 and "holds 1 pair, converted by mine (1)" in said
    code, _, said = call("gather", clips["woman"], clips["converted"], "--reference", clips["man"], "--system", "mine", *where)
    assert code == 0 and "holds 2 pairs, converted by mine (2)" in said
    code, _, said = call("gather", clips["woman"], clips["converted"], *where)
    assert code == exit_codes.BAD_INPUT and "Give the reference" in said
    code, _, said = call("create", "--run", tmp_path / "SET", "--systems", "mine", "--questions", "emotion-choice", "-o",
                         tmp_path / "S")
    assert code == 0, said


def test_results_write_pictures_where_they_are_asked_for(answered, tmp_path):
    assert call("results", answered, "--draws", 100, "--plots", tmp_path / "plots")[2].startswith("Wrote no pictures")
    store = open_store(open_study(answered), clock=Clock())
    right = {trial.id: trial.accepted for trial in store.study.design.trials().values()}
    turn = iter(range(10**6))
    for _ in range(2):
        whole_set(store, lambda shown: (right[shown.trial] or [value for value, _ in shown.options[next(turn) % 2:]])[0])
    store.engine.dispose()
    code, page, said = call("results", answered, "--draws", 100, "--plots", tmp_path / "plots")
    names = {file.name for file in (tmp_path / "plots").iterdir()}
    drawn = {"mos-naturalness.png", "votes-naturalness.png", "preference.png", "couples-preference.png"}
    assert code == 0 and names == drawn, page
    assert "Wrote 4 pictures" in said
