"""What a run writes is held against what it reads and against itself: one function, by whatever name a path goes."""

from __future__ import annotations

import os
import unicodedata

import pytest

from pipelines import outputs
from pipelines.errors import OutputError, OverwriteError
from pipelines.files import whole_file, write_whole
from pipelines.outputs import check_outputs, check_result_folder, same_output


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with clean.wav, a folder `takes`, and a link to that."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clean.wav").write_bytes(b"speech")
    (tmp_path / "takes").mkdir()
    (tmp_path / "linked").symlink_to("takes")
    return tmp_path


def test_an_input_is_known_by_every_name_of_its_file(here):
    (here / "link.wav").symlink_to("clean.wav")
    os.link("clean.wav", "hard.wav")
    for name in ("clean.wav", "./clean.wav", str(here / "clean.wav"), "takes/../clean.wav", "link.wav", "hard.wav"):
        with pytest.raises(OverwriteError, match="is an input of this run"):
            check_outputs(["clean.wav"], [name])
    check_outputs(["clean.wav", None], ["takes/clean.wav", None])


def test_an_input_that_another_row_writes_is_refused_before_it_is_there(here):
    with pytest.raises(OverwriteError, match="second.wav"):
        check_outputs(["clean.wav", "takes/second.wav"], ["linked/second.wav"])


def test_two_outputs_that_are_one_file_are_refused(here):
    with pytest.raises(OutputError, match="Two results"):
        check_outputs([], ["takes/a.wav", "linked/a.wav"])
    assert same_output([here / "takes/a.wav", here / "b.wav", here / "linked/a.wav"]) == {2: 0}
    check_outputs([], ["/dev/null", "/dev/null"])


@pytest.mark.parametrize(("inputs", "output", "descriptor", "mode"), [
    (["clean.wav"], "/dev/stdout", 1, os.O_WRONLY | os.O_APPEND), (["/dev/stdin"], "clean.wav", 0, os.O_RDONLY),
    (["/dev/stdin"], "takes/../link.wav", 0, os.O_RDONLY)])
def test_what_a_shell_sends_to_and_from_a_file_counts_as_that_file(here, inputs, output, descriptor, mode):
    (here / "link.wav").symlink_to("clean.wav")
    own, sent = os.dup(descriptor), os.open("clean.wav", mode)
    os.dup2(sent, descriptor)
    try:
        with pytest.raises(OverwriteError, match="is an input of this run"):
            check_outputs(inputs, [output])
        check_outputs(inputs, ["takes/new.wav", "/dev/null"])
    finally:
        os.dup2(own, descriptor)
        os.close(own)
        os.close(sent)


def test_letter_case_and_composed_letters_count_where_the_file_system_counts_them(here, monkeypatch):
    composed, decomposed = (unicodedata.normalize(form, "Jürgen.wav") for form in ("NFC", "NFD"))
    check_outputs([], ["A.wav", "a.wav", composed, decomposed])  # this file system takes them for different files
    monkeypatch.setattr(outputs, "name_folding", lambda folder: lambda name: unicodedata.normalize("NFC", name).casefold())
    for one, other in (("A.wav", "a.wav"), (composed, decomposed), ("new/A.wav", "new/a.wav")):
        with pytest.raises(OutputError, match="Two results"):
            check_outputs([], [one, other], new_folders=True)


def test_the_probe_of_a_file_system_leaves_nothing_behind(here):
    before = sorted(path.name for path in here.iterdir())
    assert outputs.name_folding(here)("Ä.wav") == "Ä.wav"
    assert sorted(path.name for path in here.iterdir()) == before


def test_an_input_inside_a_folder_that_the_run_writes_is_refused(here):
    (here / "takes" / "mine.wav").write_bytes(b"speech")
    with pytest.raises(OverwriteError, match="which this run writes"):
        check_outputs(["linked/mine.wav"], [], trees=["takes"])
    check_outputs(["clean.wav"], [], trees=["takes"])


@pytest.mark.parametrize(("output", "words"), [
    ("takes", "it is a folder"), ("nowhere/a.wav", "there is no folder"), ("clean.wav/a.wav", "it is a file"),
    ("x" * 300 + ".wav", "too long"), ("a\0.wav", "null")])
def test_a_place_that_cannot_be_written_is_refused_with_a_sentence(here, output, words):
    with pytest.raises(OutputError, match=words):
        check_outputs([], [output])


def test_folders_of_outputs_may_be_new_but_not_below_a_file(here):
    check_outputs([], ["new/folder/a.wav"], new_folders=True)
    with pytest.raises(OutputError, match="is a file"):
        check_outputs([], ["clean.wav/new/a.wav"], new_folders=True)


def test_a_folder_with_other_files_of_the_results_names_is_not_taken(here):
    with pytest.raises(OutputError, match=r"holds clean.wav already"):
        check_result_folder(here, ("run.json", "clean.wav"), "an evaluation")
    check_result_folder(here / "new", ("run.json",), "an evaluation")


def test_a_link_is_replaced_and_what_it_leads_to_stays(here):
    (here / "link.wav").symlink_to("clean.wav")
    write_whole("link.wav", b"converted")
    assert (here / "clean.wav").read_bytes() == b"speech" and (here / "link.wav").read_bytes() == b"converted"


def test_a_large_file_appears_whole_or_not_at_all(here):
    with pytest.raises(KeyboardInterrupt), whole_file(here / "clean.wav") as partial:
        partial.write_bytes(b"half")
        raise KeyboardInterrupt
    assert (here / "clean.wav").read_bytes() == b"speech"
    with whole_file(here / "clean.wav") as partial:
        partial.write_bytes(b"all of it")
    assert (here / "clean.wav").read_bytes() == b"all of it"
    assert sorted(path.name for path in here.iterdir()) == ["clean.wav", "linked", "takes"]
