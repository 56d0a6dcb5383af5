"""Studies older than a text of the page still open, with today's English for it; questions are never filled in."""

from __future__ import annotations

import copy
import json
import shutil

import pytest
from typer.testing import CliRunner

from evaluation.listening.design.study import open_study, study_hash
from evaluation.listening.design.wording import ENGLISH
from evaluation.listening.errors import Refused, StudyError
from evaluation.listening.store import open_store
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import SETUP, Clock
from workbench.cli import app as command_line
from workbench.listening.replies import study_document


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("listening"), sentences=1)


@pytest.fixture(scope="module")
def small(run, tmp_path_factory):
    return small_study(run, tmp_path_factory.mktemp("study") / "STUDY", systems=("copy", "f0-swap"))


@pytest.fixture
def frozen(small, tmp_path):
    """Makes the study as it would have been frozen with other texts or settings."""
    def freeze(change):
        folder = shutil.copytree(small.folder, tmp_path / "OLD")
        info, design, wording = (json.loads((folder / f"{name}.json").read_text()) for name in ("study", "design", "wording"))
        change(info, wording)
        info["hash"] = study_hash(info, design, wording)
        (folder / "wording.json").write_text(json.dumps(wording))
        (folder / "study.json").write_text(json.dumps(info))
        return folder

    return freeze


def before_there_was_a_page(info, wording) -> None:
    del wording["page"], wording["refusals"]["sign_in"], info["sign_in"]
    wording["refusals"]["closed"] = "Geschlossen."


def test_a_study_from_before_the_page_had_its_texts_is_whole_and_speaks_today_s_english(frozen, tmp_path):
    folder = frozen(before_there_was_a_page)
    study = open_study(folder)
    assert study.wording["page"] == ENGLISH["page"] and study.wording["refusals"]["sign_in"] == ENGLISH["refusals"]["sign_in"]
    assert study.wording["refusals"]["closed"] == "Geschlossen.", "its own texts stay"
    assert not study.sign_in and "page" not in json.loads((folder / "wording.json").read_text())
    result = CliRunner().invoke(command_line.app, ["study", "check", str(folder)])
    assert result.exit_code == 0 and "complete and unchanged" in result.stderr
    store = open_store(study, f"sqlite:///{tmp_path / 'answers.sqlite'}", Clock())
    assert study_document(store)["texts"]["page"] == ENGLISH["page"] and store.enter(True, SETUP).token
    store.close()
    with pytest.raises(Refused, match="Geschlossen."):
        store.enter(True, SETUP)


@pytest.mark.parametrize("place", ["questions/naturalness/prompt", "questions/naturalness/options/3", "setup/device/label",
                                   "consent/text", "thanks", "roles/a"])
def test_a_text_that_is_part_of_what_was_asked_is_not_filled_in(frozen, place):
    def without(_info, wording):
        *path, last = place.split("/")
        for name in path:
            wording = wording[name]
        del wording[last]

    with pytest.raises(StudyError, match=f"has no text for {place}"):
        open_study(frozen(without))


@pytest.mark.parametrize("page", ["", [], {"begin": ""}, {"begin": {}}])
def test_a_page_whose_texts_are_none_is_refused(frozen, page):
    with pytest.raises(StudyError, match="has no text for page"):
        open_study(frozen(lambda _info, wording: wording.update(page=page)))


@pytest.mark.parametrize("value", ["true", 1, None, []])
def test_a_study_that_says_neither_true_nor_false_to_sign_in_is_refused(frozen, value):
    with pytest.raises(StudyError, match="neither true nor false"):
        open_study(frozen(lambda info, _wording: info.update(sign_in=value)))


def test_a_new_study_is_made_with_every_text_or_not_at_all(run, tmp_path):
    french = copy.deepcopy(ENGLISH) | {"language": "fr"}
    del french["page"]["begin"]
    with pytest.raises(StudyError, match="have none for page/begin; translate every text"):
        small_study(run, tmp_path / "S", systems=("copy", "f0-swap"), languages=(), texts=[french])
    assert list(tmp_path.iterdir()) == []


def test_sign_in_is_asked_for_on_the_command_line(run, tmp_path):
    arguments = ["study", "create", "--run", str(run.folder), "--systems", "copy,f0-swap", "--questions", "naturalness"]
    for more, sign_in in (([], False), (["--sign-in"], True)):
        folder = tmp_path / f"S{sign_in}"
        result = CliRunner().invoke(command_line.app, [*arguments, *more, "-o", str(folder)])
        assert result.exit_code == 0, result.stderr
        assert json.loads((folder / "study.json").read_text())["sign_in"] is sign_in is open_study(folder).sign_in
