"""Files of calls: what names one, and that no other file of the server is read."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from workbench.api import files
from workbench.api.errors import CallError
from workbench.api.files import path_of, paths_of


@pytest.fixture
def uploaded(tmp_path, monkeypatch, source_path):
    """A recording among the uploads."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    monkeypatch.delenv("WORKBENCH_FILES", raising=False)
    path = tmp_path / "uploads" / "0a" / "my voice.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(source_path.read_bytes())
    return path


def refused(value) -> tuple[str, str]:
    with pytest.raises(CallError) as error:
        path_of("source", value)
    return error.value.code, str(error.value)


def test_an_upload_is_named_by_its_path_its_object_and_its_url_and_data_by_base64(uploaded, monkeypatch):
    monkeypatch.setattr(files, "ssrf_protected_download", lambda url, folder: f"{folder}/fetched.wav")
    own = {"path": str(uploaded), "meta": {"_type": "gradio.FileData"}}
    url = f"http://127.0.0.1:7860/gradio_api/file={str(uploaded).replace(' ', '%20')}"
    assert {path_of("source", one) for one in (str(uploaded), f" {uploaded} ", own, url)} == {str(uploaded)}
    assert path_of("source", "https://example.org/a.wav").endswith("/fetched.wav")
    data = f"data:audio/wav;base64,{base64.b64encode(uploaded.read_bytes()).decode()}"
    decoded = path_of("source", data)
    assert decoded.endswith(".wav") and Path(decoded).read_bytes() == uploaded.read_bytes()
    assert paths_of("references", None) == [] and paths_of("references", str(uploaded)) == [str(uploaded)]


@pytest.mark.parametrize(("value", "code", "words"), [
    (None, "bad_call", "Give source: the path"), (7, "bad_call", "not '7'"), ({"path": "a.wav"}, "bad_call", "not an object"),
    ("/etc/passwd", "not_found", "no file 'passwd' for source"), ("a\0b", "not_found", "upload it"),
    ("http://127.0.0.1:7860/gradio_api/file=/etc/passwd", "not_found", "cannot be fetched"),
    ("http://127.0.0.1/secret.wav", "not_found", "cannot be fetched"), ("data:audio/wav;base64,€", "bad_call", "not base64"),
    ("data:audio/wav;base64,@@@@", "bad_call", "not base64"), ("data:audio/wav;base64,UklG*A==", "bad_call", "not base64"),
    ("data:audio/wav;base64,UklGR", "bad_call", "not base64")])
def test_what_names_no_upload_is_refused_with_what_to_do(uploaded, value, code, words):
    found, sentence = refused(value)
    assert found == code and words in sentence


def test_paths_lead_out_of_the_uploads_neither_by_dots_nor_by_links(uploaded, tmp_path):
    (tmp_path / "secret.wav").write_bytes(b"")
    link = uploaded.with_name("link.wav")
    link.symlink_to(tmp_path / "secret.wav")
    for given in (link, uploaded.parent / ".." / ".." / "secret.wav", {"path": str(link), "meta": {"_type": "gradio.FileData"}}):
        assert refused(given if isinstance(given, dict) else str(given))[0] == "not_found"


def test_a_folder_that_the_owner_names_can_be_read_and_no_folder_beside_it(uploaded, tmp_path, monkeypatch):
    mine, other = tmp_path / "mine" / "a.wav", tmp_path / "mine2" / "a.wav"
    for path in (mine, other):
        path.parent.mkdir()
        path.write_bytes(b"")
    assert refused(str(mine))[0] == "not_found"
    monkeypatch.setenv("WORKBENCH_FILES", str(tmp_path / "mine"))
    assert path_of("source", str(mine)) == str(mine) and refused(str(other))[0] == "not_found"
