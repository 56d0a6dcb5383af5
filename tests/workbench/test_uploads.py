"""Recordings that visitors give are read once, however often they are looked at, and again when they have changed."""

from __future__ import annotations

import pytest

from pipelines.features.audio import load
from workbench import uploads
from workbench.conversion_request import ConversionRequest
from workbench.studio.jobs import job_board
from workbench.tabs.convert import convert, look
from workbench.tabs.convert_run import every_preset
from workbench.tabs.text import CANCELLED
from workbench.uploads import CLEARED, upload_problem

PRESETS = ("neutral", "angry", "happy", "sad", "surprised")


@pytest.fixture
def given(tmp_path, source_path, monkeypatch):
    """A copy of a recording, and the paths that were read since."""
    path, read = tmp_path / "given.wav", []
    path.write_bytes(source_path.read_bytes())
    monkeypatch.setattr(uploads, "load", lambda path: read.append(path) or load(path))
    return path, read


def test_all_emotions_read_their_source_once_and_say_at_once_that_they_begin(given):
    path, read = given
    asked = every_preset(ConversionRequest(str(path), "sad"), PRESETS)
    *_, convert, _, _, progress = look(lambda: asked, "page")
    assert convert["interactive"] is False
    assert "given.wav to neutral (1 of 5)" in progress["value"] and "Beginning" in progress["value"]
    assert asked[0].turn().size == load(path).seconds and read == [str(path)]


def test_cancel_counts_from_the_look_at_the_inputs_on_and_before_the_job_is_there(given):
    asked = [ConversionRequest(str(given[0]), "sad")]
    look(lambda: asked, "page")
    job_board().cancel_page("page")
    *_, ended = convert(lambda: asked, "page", "", [])
    assert CANCELLED in str(ended)


def test_a_file_that_has_changed_is_read_again_and_what_cannot_be_used_is_not_remembered(given, reference_path):
    path, read = given
    source, before = str(path), path.read_bytes()
    first = ConversionRequest(source).turn().size
    path.write_bytes(reference_path.read_bytes())
    assert ConversionRequest(source).turn().size == load(reference_path).seconds != first
    path.write_bytes(b"none")
    assert "given.wav" in upload_problem(source)
    path.write_bytes(before)
    assert upload_problem(source) == "" and ConversionRequest(source).turn().size == first and len(read) == 4
    path.unlink()
    assert upload_problem(source) == CLEARED
    *_, progress = look(lambda: [ConversionRequest(source, "sad")], "page")
    assert progress == {"__type__": "update"}, "no progress of what is refused"
