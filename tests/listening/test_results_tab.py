"""What the Results tab shows in every state of a study, and that nothing that listeners or studies say is taken for HTML."""

from __future__ import annotations

import json
import re
import zipfile
from types import SimpleNamespace

import gradio as gr
import pytest

from evaluation.listening.design.create import create_study
from evaluation.listening.design.gathering import gather, gathered, gathered_run
from evaluation.listening.design.study import open_study
from evaluation.listening.store import open_store
from pipelines.errors import OutputError, ZestError
from pipelines.features.audio import save
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import SETUP, Clock, answer_next, careful, listen, whole_set
from tests.support.raw_gradio import RawVisitor
from tests.support.speech import MAN, WOMAN, speak
from workbench import demo as page
from workbench.listening import admin_text as text
from workbench.listening import results_actions
from workbench.listening import studies as known
from workbench.listening.results_actions import ResultsActions, analysed, export_zip
from workbench.listening.results_view import results_html
from workbench.listening.study_builder import gathered_folder
from workbench.listening.study_form import StudyForm
from workbench.listening.study_list import study_choices
from workbench.tabs.problems import problem

PASSWORD = "open sesame please"
NOBODY = SimpleNamespace(client=SimpleNamespace(host="192.0.2.1"), headers={"host": "lab.example.org"}, cookies={})
EVIL = '<img src=x onerror="alert(1)">'
FRESH = {"systems": ("copy", "f0-swap"), "questions": ("naturalness", "emotion-choice")}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("run"), sentences=1)


@pytest.fixture(autouse=True)
def studies(tmp_path, monkeypatch):
    """A folder of studies of its own for every test, and uploads beside it."""
    folder = tmp_path / "studies"
    folder.mkdir()
    monkeypatch.setenv(known.VARIABLE, str(folder))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.delenv("WORKBENCH_DATABASE_URL", raising=False)
    return folder


@pytest.fixture(scope="module")
def blocks():
    """The whole page as it stands, without a server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_ADMIN_PASSWORD", PASSWORD)
        return page.build_demo()


@pytest.fixture
def counter(blocks) -> ResultsActions:
    return next(one.fn.__self__ for one in blocks.fns.values() if isinstance(getattr(one.fn, "__self__", None), ResultsActions))


@pytest.fixture
def admin(counter) -> SimpleNamespace:
    """A request of an administrator."""
    administration = counter.access.administration
    key = administration.unlock(PASSWORD, "192.0.2.1")
    return SimpleNamespace(**{**vars(NOBODY), "cookies": {administration.cookie: key}})


def html(study) -> str:
    return results_html(analysed(study.id)[0])


def test_a_study_without_answers_says_what_to_do_and_draws_nothing(run, studies):
    study = small_study(run, studies / "S", **FRESH)
    said = html(study)
    assert text.NO_ANSWERS in said and "<svg" not in said and "<table" not in said and "Screening" not in said
    assert f"hash {study.hash[:12]}" in said and '<em class="open">open</em>' in said


def test_where_nobody_counts_yet_votes_are_shown_as_before_screening_only(run, studies):
    study = small_study(run, studies / "S", **FRESH)
    store = open_store(study, clock=Clock())
    token = store.enter(True, SETUP).token
    for _ in range(len(study.design.cells[0]) - 1):
        answer_next(store, token)
    results = analysed(study.id)[0]
    said = results_html(results)
    assert results.before.ratings and not results.after.listeners
    assert text.NOBODY_COUNTS in said and "did not finish the set" in said
    assert all(cells == ["-", "0", "0"] for cells in _numbers_after(said))


def _numbers_after(said: str) -> list[list[str]]:
    """Score, listeners and ratings after screening of every row of the first table."""
    rows = said.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")[:-1]
    return [[cell.split("</td>")[0] for cell in row.split("<td>")[1:4]] for row in rows]


def test_a_closed_study_says_so_and_cannot_be_closed_again(run, studies, counter, admin):
    study = small_study(run, studies / "S", **FRESH)
    whole_set(open_store(study, clock=Clock()), careful(study))
    shown = counter.close(study.id, None, admin)
    assert '<em class="closed">closed</em>' in shown[0] and shown[3]["interactive"] is False
    assert study_choices()[0][0].splitlines()[1].startswith("Closed: ")
    counter.close(study.id, None, admin)  # from a page that was open before
    assert known.store_of(study.id).is_closed()


def test_a_broken_study_is_one_sentence_without_a_folder_of_the_server_and_the_others_stay(run, studies, counter, admin):
    whole, broken = (small_study(run, studies / name, **FRESH, salt=name) for name in ("whole", "hurt"))
    (studies / "hurt" / "wording.json").write_text("{}")
    lines = {name: line for line, name in study_choices()}
    assert lines[whole.id].splitlines()[1].startswith("Open: 0 of 4")
    title, sentence = lines[broken.id].splitlines()
    assert title == broken.id and sentence.startswith("Broken: hurt")
    for shown in (counter.show(broken.id, None, admin), counter.close(broken.id, None, admin)):
        assert "Broken" not in shown[0] and shown[2]["visible"] is False, "no numbers, no buttons"
        assert "hurt was changed" in shown[-2]["value"]
    said_of_export = counter.export(broken.id, None, admin)
    assert said_of_export[0]["visible"] is False and "hurt was changed" in said_of_export[1]["value"]
    for said in (sentence, _words(shown[-2]["value"]), _words(said_of_export[1]["value"])):
        assert str(studies.parent) not in said and "/" not in said.replace("hurt/", "") and "Traceback" not in said


def _words(html: str) -> str:
    """What an alert says."""
    return re.sub("<[^>]+>", "", html)


def test_what_became_of_closing_and_exporting_stands_under_the_buttons(run, studies, counter, admin, monkeypatch):
    study = small_study(run, studies / "S", **FRESH)
    assert text.CLOSED_NOW in counter.close(study.id, None, admin)[-1]["value"]
    assert text.CLOSED_ALREADY in counter.close(study.id, None, admin)[-1]["value"]
    assert counter.show(study.id, None, admin)[-1] == counter.show(study.id, None, admin)[-2] == problem("")

    def full(*_):
        raise OutputError("Cannot write study.zip: no space left on device; free some space or choose another place.")

    monkeypatch.setattr(results_actions, "archive_study", full)
    file, said = counter.export(study.id, None, admin)
    assert "no space left" in said["value"] and 'role="alert"' in said["value"] and file["visible"] is False
    monkeypatch.undo()


def test_a_form_half_filled_says_so_under_each_input_until_it_is_mended(run, studies, blocks, admin):
    form = next(one.fn.__self__ for one in blocks.fns.values() if isinstance(getattr(one.fn, "__self__", None), StudyForm))
    outcome, made, *slots = form.make("", [], [], 0, 40, 0, False, None, admin)
    assert outcome == "" and made == gr.skip()
    assert [slot["value"] and _words(slot["value"]) for slot in slots] == [text.NO_SYSTEMS, text.NO_QUESTIONS, text.NO_NUMBER]
    assert [slot["visible"] for slot in form.check(["a"], [], 20, 40, 0)] == [False, True, False]
    assert all(not slot["visible"] for slot in form.check(["a"], ["naturalness"], 20, 40, 0))
    outcome, made, *slots = form.make("0" * 32, ["a"], ["naturalness"], 20, 40, 0, False, None, admin)
    assert 'role="alert"' in outcome and not any(slot["visible"] for slot in slots) and not list(studies.iterdir())


@pytest.mark.parametrize("study", ["0" * 16, "../S", "", None, 7, ["a"], EVIL])
def test_what_is_no_study_is_one_sentence(studies, study):
    with pytest.raises(ZestError, match="not in the folder of studies any more"):
        analysed(study)


def test_names_of_emotions_and_remarks_are_text_and_never_html(run, studies, tmp_path):
    clips = [save(tmp_path / f"{seed}.wav", speak(voice, 0.6, seed=seed) * 0.4) for seed, voice in enumerate((MAN, WOMAN, MAN))]
    folder = gathered_folder()
    gather(folder, *clips, "sad", "mine")
    pairs = folder / "pairs.csv"
    pairs.write_text(pairs.read_text().replace(",sad,", ",<b>sad</b>,"))  # as somebody might, with an editor
    study = create_study(gathered_run(folder), ("mine",), ("naturalness", "emotion-choice"), studies / "S", listeners=2)
    store, choose = open_store(study, clock=Clock()), careful(study)
    token = store.enter(True, SETUP).token
    while shown := store.next_trial(token):
        listen(store, token, shown)
        store.answer(token, shown.trial, choose(shown), EVIL)
    said = html(study)
    assert "<svg" in said and "&lt;b&gt;sad&lt;/b&gt;" in said
    assert "<b>sad" not in said and "<img" not in said and "onerror" not in said
    assert "<img" not in "".join(line for line, _ in study_choices())


def test_an_export_holds_every_file_once_in_a_folder_of_the_study_and_no_path_of_the_server(run, studies, tmp_path):
    study = small_study(run, studies / "S", **FRESH)
    whole_set(open_store(study, clock=Clock()), careful(study))
    path = export_zip(study.id)
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        contents = b"".join(archive.read(name) for name in names if not name.endswith(".png"))
        rows = archive.read(f"study-{study.id}/export/answers.csv").decode().splitlines()
    assert set(names) >= {f"study-{study.id}/{name}" for name in ("checklist.md", "SHA256SUMS", *(f"export/{name}" for name in (
        "answers.csv", "answers.json", "listeners.csv", "results.json", "results.md", "paragraph.md", "study.json", "design.json",
        "wording.json", "mos-naturalness.png")))}
    assert len(set(names)) == len(names) and len(rows) == 1 + len(analysed(study.id)[1].answers) > 12
    assert str(tmp_path).encode() not in contents
    again = export_zip(study.id)
    assert again.parent != path.parent, "an address of an export cannot be guessed from another one"


def test_emptying_the_gathered_set_deletes_it_and_leaves_its_studies(run, studies, counter, admin, tmp_path):
    clips = [save(tmp_path / f"{seed}.wav", speak(MAN, 0.6, seed=seed) * 0.4) for seed in range(3)]
    gather(gathered_folder(), *clips, "sad", "mine")
    small_study(run, studies / "S", **FRESH)
    kept, sure, *rest = counter.gathered.forget(None, NOBODY)
    assert text.LOCKED in kept["value"] and sure["visible"] is False and set(map(str, rest)) == {str(gr.skip())}
    assert gathered(gathered_folder()).pairs == 1
    kept, sure, said, box, *_ = counter.gathered.forget(None, admin)
    assert kept == problem("")
    assert gathered(gathered_folder()).pairs == 0 and not list(gathered_folder().glob("**/*.wav"))
    assert text.NOTHING_GATHERED in said and sure["visible"] is False and box["visible"] is False
    open_study(studies / "S")


def test_who_is_locked_out_sees_nothing_and_keeps_what_was_typed(studies, run, counter, admin):
    small_study(run, studies / "S", **FRESH)
    locked, opened, typed, cards, *_ = counter.page(None, NOBODY)
    assert locked["visible"] and not opened["visible"] and cards["choices"] == []
    assert typed == gr.skip(), "the page may come while somebody is typing"
    locked, opened, typed, cards, *_ = counter.page(None, admin)
    assert not locked["visible"] and opened["visible"] and len(cards["choices"]) == 1 and typed == ""


def test_every_button_says_the_same_each_time_it_is_pressed(blocks):
    """Gradio takes the words out of the dictionary of an update, so one that is kept says nothing the second time."""
    turned = {number: one for number, one in blocks.fns.items()
              if one.fn and not one.inputs and one.outputs and all(isinstance(part, gr.Button) for part in one.outputs)}
    _, address, _ = blocks.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **page.launch_options())
    try:
        visitor = RawVisitor(address)
        said = {number: [visitor.run(number, []) for _ in range(3)] for number in turned}
    finally:
        blocks.close()
    assert len(said) >= 9, "the test looks in the wrong place"
    for number, (first, *others) in said.items():
        assert '"value"' in first and [_data(one) for one in others] == [_data(first)] * 2, (turned[number].name, others)


def _data(said: str) -> list:
    return json.loads(said)["data"]
