"""A listening test's link is a whole address that can be pasted, wherever the workbench runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from evaluation.listening.publish.links import (
    ROOT,
    configured_address,
    is_local,
    link_sentences,
    requested_address,
    study_link,
)
from tests.support.listening import finished_run, small_study
from workbench.listening.requests import address_for
from workbench.listening.study_form import study_html

NAME = "0123456789abcdef"
BROWSER = {"sec-fetch-site": "same-origin"}


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    for name in ("WORKBENCH_ADDRESS", "SPACE_HOST", "GRADIO_ROOT_PATH", "GRADIO_SERVER_PORT", "WORKBENCH_STUDIES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return small_study(finished_run(tmp_path_factory.mktemp("run"), sentences=1), tmp_path_factory.mktemp("studies") / "S",
                       systems=("copy", "f0-swap"))


@pytest.mark.parametrize(("headers", "url", "address"), [
    ({"host": "lab.example:7860"}, "http://lab.example:7860/gradio_api/queue/join", "http://lab.example:7860"),
    ({"host": "10.0.0.4:7860", "x-forwarded-host": "lab.example", "x-forwarded-proto": "https"}, "http://10.0.0.4:7860/x",
     "https://lab.example"),
    ({"host": "a:1", "x-forwarded-host": "lab.example, inner", "x-forwarded-proto": "https,http"}, "", "https://lab.example"),
    ({"host": "a:1", "x-forwarded-host": "lab.example", "x-forwarded-prefix": "/zest/"}, "", "http://lab.example/zest"),
    (BROWSER | {"host": "a:1", "referer": "https://lab.example/zest/?study=x&__theme=dark"}, "", "https://lab.example/zest"),
    ({"host": "a:1", "referer": "https://elsewhere.example/"}, "", "http://a:1"),
    ({"host": "[::1]:7860"}, "http://[::1]:7860/", "http://[::1]:7860"),
    ({"host": "\"><script>"}, "", ""), ({}, "", "")])
def test_the_address_is_the_one_that_the_visitor_sees(headers, url, address):
    assert requested_address(headers, url) == address


def test_a_root_path_belongs_to_the_address(monkeypatch):
    monkeypatch.setenv("GRADIO_ROOT_PATH", "/zest")
    assert requested_address({"host": "a:1"}) == "http://a:1/zest"
    monkeypatch.setenv("GRADIO_ROOT_PATH", "https://lab.example/zest/")
    assert requested_address({"host": "a:1"}) == "https://lab.example/zest"


@pytest.mark.parametrize(("name", "value", "address"), [
    ("WORKBENCH_ADDRESS", "https://lab.example/zest/", "https://lab.example/zest"),
    ("WORKBENCH_ADDRESS", "lab.example", "https://lab.example"),
    ("SPACE_HOST", "somebody-zest.hf.space", "https://somebody-zest.hf.space"),
    ("WORKBENCH_ADDRESS", "ftp://lab.example", ""), ("WORKBENCH_ADDRESS", "  ", "")])
def test_the_public_address_is_taken_from_the_environment(monkeypatch, name, value, address):
    monkeypatch.setenv(name, value)
    assert configured_address() == address
    seen = address_for(SimpleNamespace(headers={"Host": "127.0.0.1:7860"}, url="http://127.0.0.1:7860/"))
    assert seen == (address or "http://127.0.0.1:7860")


def test_a_link_has_scheme_host_and_path_and_the_page_says_where_it_works(study):
    assert study_link(NAME, "https://lab.example/zest/") == f"https://lab.example/zest/?study={NAME}"
    assert [is_local(one) for one in ("http://127.0.0.1:7860/", "http://localhost", "http://[::1]/", "https://lab.example")] == [
        True, True, True, False]
    page = study_html(study, study_link(study.id, "https://lab.example"))
    assert f'href="https://lab.example/?study={study.id}"' in page and f">https://lab.example/?study={study.id}<" in page
    assert "WORKBENCH_ADDRESS" not in page
    assert "WORKBENCH_ADDRESS" in study_html(study, study_link(study.id, "http://localhost:7860"))


def test_the_command_line_gives_id_and_link_and_what_is_missing_until_it_works(study, monkeypatch, tmp_path):
    first, *others = link_sentences(study)
    assert study.id in first and f"http://127.0.0.1:7860/?study={study.id}" in first
    assert [word for word in ("WORKBENCH_STUDIES=", "WORKBENCH_ADDRESS") if word not in " ".join(others)] == []
    monkeypatch.chdir(tmp_path)
    elsewhere, own = replace(study, folder=Path("studies/one")), replace(study, folder=ROOT / "studies" / "one")
    assert f"WORKBENCH_STUDIES={tmp_path / 'studies'}" in " ".join(link_sentences(elsewhere)), "make run starts in its own folder"
    assert "WORKBENCH_STUDIES=" not in " ".join(link_sentences(own))
    monkeypatch.setenv("WORKBENCH_ADDRESS", "https://lab.example")
    monkeypatch.setenv("WORKBENCH_STUDIES", str(study.folder.parent))
    assert link_sentences(study) == [
        f"Its id is {study.id}; the link for listeners is https://lab.example/?study={study.id}"]
