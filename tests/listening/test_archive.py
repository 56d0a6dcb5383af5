"""The archive of a study: complete, checked by sha256sum, without identities, and a checklist that says what is left to say."""

from __future__ import annotations

import subprocess
import zipfile

import pytest
from typer.testing import CliRunner

from evaluation.listening.design.recruitment import read_recruitment
from evaluation.listening.store import open_store
from evaluation.listening.store.arrivals import Identity
from evaluation.listening.store.reception import Reception
from pipelines.errors import OutputError
from tests.support.listening import finished_run, small_study
from tests.support.listening_session import SETUP, Clock, answer_next, careful
from workbench.cli import app as command_line

PROLIFIC = 'platform = "prolific"\n[codes]\ndone = "C1"\nfailed = "C2"\nscreened = "C3"\nfull = "C4"\nwithdrawn = "C5"\n'
WORKER, SESSION = "5f2a9d6b1c3e4a0012345678", "6f2a9d6b1c3e4a0012345678"


def archive(folder, path):
    result = CliRunner().invoke(command_line.app, ["study", "archive", str(folder), "-o", str(path), "--draws", "100"])
    if result.exception:
        raise result.exception
    return result


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Three listeners: a worker of a platform who finished, two who did not."""
    place = tmp_path_factory.mktemp("listening")
    study = small_study(finished_run(place, sentences=1), place / "S", systems=("copy", "f0-swap"),
                        recruitment=read_recruitment(PROLIFIC))
    store = open_store(study, clock=Clock())
    reception = Reception(store)
    for number in range(3):
        token = reception.arrive(Identity(f"{WORKER}{number}", SESSION, "x"))
        entered = reception.enter(True, SETUP, token)
        if number == 0:
            choose = careful(study)
            while answer_next(store, entered.token, choose):
                pass
    return study


def test_it_holds_the_study_its_clips_answers_and_hashes_and_no_identity(study, tmp_path):
    said = archive(study.folder, tmp_path / "A.zip").stderr
    assert "A.zip" in said and "checklist.md" in said
    with zipfile.ZipFile(tmp_path / "A.zip") as found:
        found.extractall(tmp_path)
        contents = b"".join(found.read(name) for name in found.namelist())
    root = tmp_path / f"study-{study.id}"
    checked = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=root, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    listed = {line.split("  ")[1] for line in (root / "SHA256SUMS").read_text().splitlines()}
    assert listed | {"SHA256SUMS"} == {file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()}
    assert {name.stem for name in (root / "clips").iterdir()} == set(study.info["clips"])
    assert (root / "export" / "study.json").read_bytes() == (study.folder / "study.json").read_bytes()
    assert len((root / "export" / "listeners.csv").read_text().splitlines()) == 1 + 3
    assert WORKER.encode() not in contents and SESSION.encode() not in contents


def test_the_checklist_is_ticked_where_the_study_answers_and_open_where_only_the_author_can(study, tmp_path):
    archive(study.folder, tmp_path / "A.zip")
    with zipfile.ZipFile(tmp_path / "A.zip") as found:
        page = found.read(f"study-{study.id}/checklist.md").decode()
    for said in ("[x] **Where listeners came from.** Prolific.", f"and clips: {study.hash}", "[ ] **Payment and ethics.**",
                 "3 listeners took part, 1 listener with", "[ ] **Who they are.**", "English, Deutsch", "-23 LUFS",
                 study.wording["questions"]["naturalness"]["prompt"]):
        assert said in page, said


def test_an_archive_replaces_nothing_and_is_no_part_of_the_study(study, tmp_path):
    (tmp_path / "A.zip").write_bytes(b"mine")
    for path, said in ((tmp_path / "A.zip", "exists already"), (tmp_path / "A.tar", "does not end in .zip"),
                       (study.folder / "A.zip", "lies in the folder of the study")):
        with pytest.raises(OutputError, match=said):
            archive(study.folder, path)
    assert (tmp_path / "A.zip").read_bytes() == b"mine" and not (study.folder / "A.zip").exists()
