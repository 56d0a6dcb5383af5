"""Results of webMUSHRA and the P.808 toolkit: the numbers of an own study, no identities, one sentence for bad files."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from benchmarks.simulated_listeners import Crowd, simulate, simulated_study
from evaluation.listening.analysis import results_of
from evaluation.listening.analysis.answers import answer_table
from evaluation.listening.analysis.intervals import Interval
from evaluation.listening.analysis.results import StudyResults
from evaluation.listening.design.questions import LOW, MIDDLE, NATURAL
from evaluation.listening.errors import StudyError
from evaluation.listening.importing import (
    ImportOptions,
    import_answers,
    imported_results,
    list_studies,
    open_import,
    write_import,
)
from evaluation.listening.importing.imported import QUESTIONS_IMPORTED, renames
from evaluation.listening.publish.markdown import paper_paragraph, results_markdown
from pipelines.errors import OutputError, ZestError
from tests.support.foreign_results import (
    IMPAIRMENTS,
    LIKERT,
    MUSHRA,
    PAIRED,
    VOTES,
    as_csv,
    impairments_csv,
    mushra_csv,
    p835_csv,
    votes_csv,
)
from workbench.cli import app as command_line
from workbench.listening.admin_text import QUESTION_NAMES
from workbench.listening.results_view import results_html
from workbench.listening.study_list import study_choices

DRAWS = 100
STIMULI = {NATURAL: "reference", LOW: "anchor35", MIDDLE: "anchor70"}


def written(folder, text: str | bytes, name: str = "file.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def analysed(folder, text: str, name: str = "file.csv", **options) -> StudyResults:
    return imported_results(import_answers(written(folder, text, name), ImportOptions(**options)), DRAWS)


def own(question: str):
    """A study of this project with answers, and its rows: those of one listener together, in the order of their names."""
    study = simulated_study((question,), listeners=10)
    collected, _ = simulate(study, Crowd(10, 0, 0, trap_slip=0, known_slip=0), seed=0)
    table = answer_table(study, collected)
    return results_of(study, collected, DRAWS), table[table.kind == "rated"].sort_values("listener", kind="stable")


def test_grades_from_webmushra_give_the_numbers_of_an_own_study(tmp_path):
    native, table = own("mushra")
    rows = [("t", "a@b.example", 33, "x", f"uuid-{row['listener']}", row["pair"], STIMULI.get(row["condition"], row["condition"]),
             int(row["vote"]), 5000, "") for row in table.to_dict("records")]
    found = analysed(tmp_path, as_csv(MUSHRA, rows), anchor="3.5")
    assert len(native.after.levels) == 6 and native.after.level_differences
    assert [one.broken for one in found.verdicts] == [one.broken for one in sorted(native.verdicts, key=lambda one: one.listener)]
    assert found.after.levels == native.after.levels and found.after.level_differences == native.after.level_differences


def test_votes_from_the_p808_toolkit_give_the_numbers_of_an_own_study(tmp_path):
    native, table = own("naturalness")
    rows = [("3H", row["listener"], "3A", "Approved", f"https://h.example/c/{row['pair']}--{row['condition']}.wav?sig=x", "",
             int(row["vote"]), "MOS", "") for row in table.to_dict("records") if not row["condition"].startswith("(")]
    found = analysed(tmp_path, as_csv(VOTES, rows), question="naturalness", pattern="(?P<item>.*)--(?P<system>.*)[.]wav")
    mine = [one for one in native.after.opinions if not one.condition.startswith("(")]
    assert [replace(one, listeners=0) for one in found.after.opinions] == [replace(one, listeners=0) for one in mine]
    assert found.after.compared == native.after.compared and len(found.after.compared) == 3


def test_the_hidden_reference_screens_and_renaming_and_leaving_out_work(tmp_path):
    text = mushra_csv()
    found = analysed(tmp_path, text)
    assert [one.broken for one in found.verdicts] == [()] * 5 + [("hidden_reference",)]
    assert found.study.rules.mushra_anchor == MIDDLE and found.study.systems == ("C1", "C2")
    fewer = analysed(tmp_path, text.replace(",reference,", ",hidden,"), renamed={"hidden": "reference", "C1": "ours"},
                     left_out=("trial0",), anchor="3.5")
    assert fewer.study.systems == ("C2", "ours") and {one.ratings for one in fewer.after.levels} == {5 * 3}
    assert fewer.study.rules.mushra_anchor == LOW
    bare = analysed(tmp_path, "".join(line for line in text.splitlines(keepends=True) if "anchor" not in line))
    assert "has no anchor to screen by" in results_markdown(bare)


@pytest.mark.parametrize(("kind", "question"), [("MOS", "quality"), ("DMOS", "degradation"), ("CMOS", "comparison")])
def test_the_toolkit_s_scale_and_conditions_are_known_and_items_are_shared(tmp_path, kind, question):
    found = analysed(tmp_path, votes_csv(kind))
    assert found.study.info["questions"] == [question] and found.study.systems == ("01", "02", "03")
    imported = import_answers(written(tmp_path, votes_csv(kind)))
    assert imported.table.pair.nunique() == 5 and imported.notes == ()
    scores = found.after.couples if kind == "CMOS" else found.after.opinions
    assert len(scores) == 3 and {one.ratings for one in scores} == {40}
    if kind == "CMOS":
        assert [one.second for one in found.after.couples] == [NATURAL] * 3 and not found.after.order_effects
        assert "Which clip came first is not known." in results_markdown(found)
        assert "weighted alike" not in paper_paragraph(found)
        assert found.after.couples[0].score.value > found.after.couples[2].score.value


def test_a_paired_comparison_is_an_abx_and_undecided_answers_are_told(tmp_path):
    rows = [("t", f"p{who}@b.example", 30, "x", f"trial{trial}", "ref", "C1", "undecided" if (who, trial) == (0, 0) else
             "incorrect" if trial == 1 else "correct", 4000, "") for who in range(5) for trial in range(4)]
    imported = import_answers(written(tmp_path, as_csv(PAIRED, rows)))
    found = imported_results(imported, DRAWS)
    couple, = found.after.couples
    assert (couple.kind, couple.votes, couple.ratings) == ("abx", {"right": 14, "wrong": 5}, 19)
    assert "1 answer without a choice (undecided) is left out." in [note.replace("One", "1") for note in imported.notes]
    assert any("told apart by email, age, gender" in note for note in imported.notes)
    assert all(note.replace("'", "&#x27;") in results_html(found) for note in imported.notes)


def test_difference_grades_of_bs1116_and_who_cannot_tell_the_reference(tmp_path):
    found = analysed(tmp_path, impairments_csv())
    assert [one.broken for one in found.verdicts] == [()] * 5 + [("reference_unfound",)]
    grades = {one.first: one for one in found.after.couples}
    expected = {"C1": -0.5, "C2": -1.5}
    for system, grade in expected.items():
        one = grades[system]
        mean = sum(-abs(grade) * (2 + (listener + trial) % 3) / 3 for listener in range(5) for trial in range(4)) / 20
        assert (one.kind, one.second, one.ratings) == ("impairment", NATURAL, 20)
        assert one.score.value == pytest.approx(mean, abs=0.01) and within(one.score, mean)
        assert one.votes == {"found": 20, "tied": 0, "missed": 0} and one.p is not None and one.p < 0.2
    between, = found.after.level_differences
    assert (between.first, between.second) == ("C1", "C2") and not within(between.difference, 0)
    text, page = results_markdown(found), results_html(found)
    assert "Difference grades, impairment" in text and "one-sided t-test, p from 0.05 on" in text
    assert "Impairment, against the hidden reference" in page and "did not tell the hidden reference" in page
    assert "impairment, C1 against (natural): -0.49 (" in paper_paragraph(found)


def test_bs1116_tells_grades_without_a_five_and_ties(tmp_path):
    rows = [("t", f"p{who}@b.example", 30, "x", f"trial{trial}", "ref", "C1", 4.5 if (who, trial) == (0, 0) else 5,
             5 if trial == 1 else 4, 4000, "") for who in range(4) for trial in range(5)]
    imported = import_answers(written(tmp_path, as_csv(IMPAIRMENTS, rows)))
    couple, = imported_results(imported, DRAWS).before.couples
    assert couple.votes == {"found": 16, "tied": 4, "missed": 0}
    assert any("gives neither clip the grade 5" in note for note in imported.notes)


def test_the_three_scales_of_p835_are_questions_of_one_study(tmp_path):
    text, one_scale = p835_csv(4, 3), votes_csv(listeners=4, sentences=3)
    found = analysed(tmp_path, text)
    assert found.study.info["questions"] == ["signal", "background", "overall"]
    plain = {one.condition: one for one in analysed(tmp_path, one_scale).after.opinions}
    assert {one.question for one in found.after.opinions} == {"signal", "background", "overall"}
    for one in found.after.opinions:
        assert replace(one, question="quality") == plain[one.condition], "every scale as one that is imported by itself"
    assert set(QUESTIONS_IMPORTED) <= set(QUESTION_NAMES), "or the page could not name it"
    alone = import_answers(written(tmp_path, text), ImportOptions(question="background"))
    assert alone.study.info["questions"] == ["background"] and len(alone.table) == 4 * 3 * 3
    single = import_answers(written(tmp_path, one_scale.replace(",MOS,", ",MOS_SIG,")))
    assert single.study.info["questions"] == ["signal"]


def test_likert_scales_of_webmushra_are_opinions(tmp_path):
    rows = [("t", f"p{who}@b.example", f"trial{trial}", 4 if stimulus == "C1" else 2 + who % 2, stimulus, 900)
            for who in range(4) for trial in range(3) for stimulus in ("C1", "C2")]
    found = analysed(tmp_path, as_csv(LIKERT, rows))
    scores = [(one.question, one.condition, one.mos.value) for one in found.after.opinions]
    assert scores == [("quality", "C1", 4), ("quality", "C2", 2.5)]


def test_nothing_that_names_a_listener_and_no_remark_is_written(tmp_path):
    for text, name in ((mushra_csv(), "M"), (votes_csv(), "V"), (impairments_csv(), "I")):
        imported = import_answers(written(tmp_path, text))
        files = write_import(imported, imported_results(imported, DRAWS), tmp_path / name)
        told = b"".join(file.read_bytes() for file in files if file.suffix != ".png")
        assert not any(secret in told for secret in (b"@", b"WORKER", b"uuid-", b"Jane", b"SECRET", b"example.net", b"3A0"))
        assert any(file.suffix == ".png" for file in files) and b"listener-1" in told


def test_an_import_is_listed_and_opened_again_with_the_same_results(tmp_path, monkeypatch):
    studies = tmp_path / "studies"
    text = impairments_csv().replace(",C1,", ",-C1,")  # a name that is guarded against spreadsheets
    imported = import_answers(written(tmp_path, text))
    results = imported_results(imported, DRAWS)
    folder = studies / imported.study.id
    write_import(imported, results, folder)
    again = imported_results(open_import(folder), DRAWS)
    assert json.dumps(again.document()) == json.dumps(results.document())
    assert results_markdown(again) == results_markdown(results)
    one, = list_studies(studies, lambda name: pytest.fail("no study of this project"))
    assert (one.id, one.state, one.tool) == (imported.study.id, "imported", "webMUSHRA")
    assert (one.systems, one.finished) == (("-C1", "C2"), 6)
    monkeypatch.setenv("WORKBENCH_STUDIES", str(studies))
    listed = CliRunner().invoke(command_line.app, ["study", "list"]).stdout
    assert f"{folder}: imported, 6 listeners from webMUSHRA; -C1, C2; impairment" in listed
    opened = CliRunner().invoke(command_line.app, ["study", "results", str(folder), "--draws", "100", "--json"]).stdout
    assert json.loads(opened)["imported"]["tool"] == "webMUSHRA"
    assert [name for _, name in study_choices()] == [imported.study.id] and study_choices(imports=False) == []
    assert "Imported from webMUSHRA: 6 listeners. Impairment" in study_choices()[0][0]
    for name, content, said in (("answers.csv", "a,b\n1,2\n", "is damaged"), ("import.json", "{}", "is damaged"),
                                ("import.json", "no JSON", "holds no import")):
        (folder / name).write_text(content)
        with pytest.raises(StudyError, match=said) as refused:
            open_import(folder)
        assert "\n" not in str(refused.value)


def test_imported_answers_stay_apart_from_a_study_and_from_other_files(tmp_path):
    imported = import_answers(written(tmp_path, mushra_csv()))
    results = imported_results(imported, DRAWS)
    assert imported.study.id.startswith("import-") and not imported.study.design.cells
    write_import(imported, results, tmp_path / "OUT")
    write_import(imported, results, tmp_path / "OUT")  # the same import again
    (tmp_path / "STUDY").mkdir()
    (tmp_path / "STUDY" / "study.json").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "results.json").touch()
    for name, said in (("STUDY", "stay apart"), ("other", "holds results.json already")):
        with pytest.raises(OutputError, match=said):
            write_import(imported, results, tmp_path / name)


def within(interval: Interval, value: float) -> bool:
    assert interval.low is not None and interval.high is not None
    return interval.low < value < interval.high


def changed(text: str, line: int, old: str, new: str) -> str:
    """With one of its lines changed."""
    lines = text.splitlines(keepends=True)
    assert old in lines[line - 1]
    return "".join(one.replace(old, new) if number == line - 1 else one for number, one in enumerate(lines))


M, V = mushra_csv(2, 2), votes_csv(listeners=2, sentences=2)
IMPAIRED = impairments_csv(2, 2)
IMPAIRED_GRADES = f",{','.join(IMPAIRED.splitlines()[1].split(',')[7:9])},"
GRADE, VOTE = M.splitlines()[2].split(",")[7], f",{V.splitlines()[1].split(',')[6]},MOS"
BAD = {
    "columns": ("a,b\n1,2\n", {}, "has the columns a, b, which are of no file that can be imported"),
    "empty": ("", {}, "it is empty"),
    "header": (M.splitlines()[0] + "\n", {}, "has no ratings under its header"),
    "binary": (b"\x00\x01\x02,\xff\xfe\x00", {}, "cannot be read as a CSV file"),
    "other bytes": (M.replace("Jane", "J\u00e4ne").encode() + b"\xe9\xff\xfe" * 2000, {}, "cannot be read as a CSV file"),
    "spreadsheet": (b"PK\x03\x04rest", {}, "export the sheet as CSV"),
    "range": (changed(M, 3, GRADE, "101"), {}, "rating_score that is not a number from 0 to 100 \\(line 3\\)"),
    "no number": (changed(M, 3, GRADE, "nan"), {}, "rating_score that is not a number"),
    "twice": (M + M.splitlines()[1] + "\n", {}, "two ratings of one clip by one listener \\(lines 2, 22\\)"),
    "no stimulus": (changed(M, 2, ",reference,", ",,"), {}, "empty rating_stimulus \\(line 2\\)"),
    "no session": (changed(M, 4, "uuid-0", ""), {}, "empty session_uuid \\(line 4\\)"),
    "two tests": (changed(M, 4, "test,", "other,"), {}, "holds 2 tests \\(other, test\\)"),
    "nothing left": (M, {"left_out": ("trial0", "trial1")}, "no rating that counts"),
    "no system": ("".join(line for line in M.splitlines(keepends=True) if ",C" not in line), {}, "no system to analyse"),
    "question": (M, {"question": "quality"}, "which are not answers to 'quality'"),
    "unknown question": (M, {"question": "loudness"}, "'loudness' cannot be imported"),
    "anchor": (M, {"anchor": "9"}, "no anchor of '9' kHz"),
    "nobody": (as_csv(("trial_id", "stimuli", "stimuli_rating"), [("t", "C1", 3)]), {}, "nothing tells listeners apart"),
    "answer": (as_csv(PAIRED, [("t", "a", 1, "x", "t1", "r", "C1", "yes", 1, "")]), {}, "none of correct, incorrect"),
    "votes": (changed(V, 2, VOTE, ",6,MOS"), {}, "vote that is not a whole number from 1 to 5"),
    "half vote": (changed(V, 2, VOTE, ",3.5,MOS"), {}, "vote that is not a whole number"),
    "scales": (V.replace("MOS", "MOS_COL"), {}, "holds votes on MOS_COL"),
    "scale of p835": (V.replace("MOS", "MOS_SIG"), {"question": "overall"}, "which are not answers to 'overall'.* name signal"),
    "grade": (IMPAIRED.replace(IMPAIRED_GRADES, ",5,0.5,"), {},
              "rating_non_reference_score that is not a number from 1 to 5 \\(line 2\\)"),
    "grade twice": (IMPAIRED + IMPAIRED.splitlines()[1] + "\n", {}, "two ratings of one clip by one listener \\(lines 2, 10\\)"),
    "question of bs1116": (IMPAIRED, {"question": "quality"}, "which are not answers to 'quality'"),
    "no scale": (V.replace("question_type", "unknown"), {}, "does not say which scale"),
    "no condition": (V.replace("condition_num", "unknown"), {}, "does not say which system a clip is of"),
    "two conditions": (changed(V, 2, ",01", ",02"), {}, "names two systems for the clip"),
    "condition empty": (changed(V, 2, "MOS,01", "MOS,"), {}, "has no condition_num for some clips"),
    "pattern": (V, {"pattern": "("}, "is no regular expression"),
    "pattern without system": (V, {"pattern": "x"}, "needs a group"),
    "pattern that finds nothing": (V, {"pattern": "(?P<system>zzz)"}, "finds no system in"),
    "per clip": (as_csv(("file_url", "n", "MOS", "vote_1"), [("a", 1, 3, 3)]), {}, "votes_per_worker_.csv"),
    "batch": (as_csv(("HITId", "WorkerId", "Answer.Q1"), [("a", "b", 3)]), {}, "batch file of Mechanical Turk"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path, case):
    text, options, said = BAD[case]
    with pytest.raises(ZestError, match=said) as refused:
        import_answers(written(tmp_path, text), ImportOptions(**options))
    assert str(refused.value).endswith(".") and "\n" not in str(refused.value)


def test_a_pattern_that_would_never_end_is_one_sentence_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr("evaluation.listening.importing.bounded_search.SECONDS", 0.3)
    clip = V.splitlines()[1].split(",")[4]
    text = V.replace(clip, clip.replace(".wav", "a" * 60 + "!.wav"))
    with pytest.raises(StudyError, match="takes too long on these names") as refused:
        import_answers(written(tmp_path, text), ImportOptions(pattern="(?P<system>(a+)+)b"))
    assert "\n" not in str(refused.value)


def test_what_spreadsheets_make_of_a_file_is_read(tmp_path):
    text = mushra_csv(3, 2)
    plain = import_answers(written(tmp_path, text)).table
    for other in (text.replace(",", ";").encode("utf-16"), text.encode("utf-8-sig"), text.replace(",", "\t").encode("cp1252")):
        assert import_answers(written(tmp_path, other)).table.vote.tolist() == plain.vote.tolist()


def test_the_command_prints_writes_and_refuses(tmp_path):
    path = written(tmp_path, mushra_csv(), "mushra.csv")
    words = ["study", "import", str(path), "--draws", "100", "--rename", "C1=ours,C2=theirs"]
    result = CliRunner().invoke(command_line.app, [*words, "-o", str(tmp_path / "OUT"), "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["systems"] == ["ours", "theirs"] and document["imported"]["tool"] == "webMUSHRA"
    assert json.loads((tmp_path / "OUT" / "results.json").read_text()) == document
    printed = CliRunner().invoke(command_line.app, words).stdout
    assert "Imported from webMUSHRA" in printed and "| ours | " in printed
    with pytest.raises(StudyError, match="renames nothing"):
        renames(["C1"])
