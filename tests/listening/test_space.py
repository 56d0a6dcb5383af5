"""The workbench as a Space with a sign-in runs it: who sees results, and listeners who sign in."""

from __future__ import annotations

import gradio as gr
import httpx
import pytest
from gradio import oauth

from evaluation.listening.design.study import open_study
from tests.support.browser import PHONE, agree_and_tell, assert_fits_the_screen, open_page, running_workbench
from tests.support.listening import finished_run, small_study
from tests.support.raw_gradio import RawVisitor
from tests.support.signing_in import ANN, BOB, OWN, SPACE, about, cookie, enter
from workbench.demo import build_demo
from workbench.listening import admin_text as text
from workbench.listening.listen_tab import listen_tab

ASKS = "asks"  # folder of the study that asks listeners for a sign-in


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a study that everybody may enter, and one that asks for a sign-in."""
    folder, run = tmp_path_factory.mktemp("studies"), finished_run(tmp_path_factory.mktemp("run"), sentences=1)
    small_study(run, folder / "STUDY", systems=("copy", "f0-swap"))
    small_study(run, folder / ASKS, systems=("copy", "f0-swap"), sign_in=True, salt="salt")
    return folder


@pytest.fixture(scope="module")
def space(folder, tmp_path_factory):
    """Its address. One for all tests here."""
    place = tmp_path_factory.mktemp("space")
    with running_workbench(place, WORKBENCH_STUDIES=str(folder), WORKBENCH_ADMINS="alice", **SPACE) as address:
        yield address


@pytest.fixture
def study(folder):
    return open_study(folder / ASKS)


@pytest.mark.server
def test_on_a_space_the_signed_in_administrator_sees_results_and_no_other_visitor_does(space, folder):
    study = open_study(folder / "STUDY")
    config = RawVisitor(space).config()
    number = next(one["id"] for one in config["dependencies"] if one["api_name"] == "page")
    seen = {name: study.id in RawVisitor(space, cookies).call(number, []) for name, cookies in {
        "alice": session("alice"), "mallory": session("mallory"), "forged": session("alice", "guessed"), "nobody": {}}.items()}
    assert seen == {"alice": True, "mallory": False, "forged": False, "nobody": False}


def session(name: str, secret: str = "secret") -> dict[str, str]:
    """The cookie by its name."""
    return {"session": cookie(None, secret, preferred_username=name)["Cookie"].partition("=")[2]}


@pytest.mark.server
def test_only_where_there_is_a_sign_in_can_a_study_ask_for_it(space, monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_ADMIN_PASSWORD", "open sesame please")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    boxes = [[one["props"]["visible"] for one in config["components"] if one["props"].get("label") == text.SIGN_IN_LABEL]
             for config in (RawVisitor(space).config(), build_demo().get_config_file())]
    assert boxes[0] and all(boxes[0]) and len(boxes[0]) == len(boxes[1]) and not any(boxes[1])


@pytest.mark.parametrize(("variables", "served"), [(SPACE, True), ({}, False)])
def test_the_listen_tab_has_gradio_serve_the_sign_in_though_nobody_administers(monkeypatch, variables, served):
    for name in SPACE:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setattr(oauth, name, value, raising=False)  # read when Gradio was imported
    with gr.Blocks() as demo:
        with gr.Tabs() as tabs, gr.Tab("Listen"):
            listen_tab(demo, tabs)
    assert demo.expects_oauth is served


@pytest.mark.server
def test_on_a_space_gradio_s_own_session_opens_a_study_that_asks_for_it(space, study):
    client = httpx.Client(base_url=space, headers=OWN)
    assert about(client, study, cookie(ANN))["signed_in"] and not about(client, study, cookie(ANN, "guessed"))["signed_in"]
    assert enter(client, study, {}).json()["reason"] == "sign_in"
    first, again = enter(client, study, cookie(ANN)), enter(client, study, cookie(ANN), setup={})
    assert first.json()["listener"] == again.json()["listener"]


@pytest.mark.server
def test_the_page_leads_to_the_sign_in_and_back_and_out_of_the_frame_into_a_new_window(space, study, chromium):
    page = open_page(chromium, f"{space}listen/{study.id}", width=PHONE)
    page.get_by_role("heading", name="Sign in first").wait_for()
    link = page.get_by_role("link", name="Sign in with Hugging Face")
    assert link.get_attribute("href") == f"{space}login/huggingface?_target_url=%2Flisten%2F{study.id}"
    assert link.get_attribute("target") == "_top"
    assert_fits_the_screen(page)
    around = open_page(chromium, f"{space}config")  # a page without a policy; a Space is framed, too
    around.evaluate("(address) => document.body.append(Object.assign(document.createElement('iframe'), { src: address }))",
                    f"{space}listen/{study.id}")
    tab = around.frame_locator("iframe")
    assert tab.get_by_role("link", name="Sign in with Hugging Face").get_attribute("target") == "_blank"
    assert tab.get_by_text("opens in a new window").count() == 1


@pytest.mark.server
def test_whoever_is_signed_in_begins_and_on_another_device_goes_on_without_being_asked_again(space, study, chromium):
    first = open_page(chromium, width=PHONE, extra_http_headers=cookie(BOB))
    first.goto(f"{space}listen/{study.id}")
    agree_and_tell(first)
    second = open_page(chromium, extra_http_headers=cookie(BOB))
    second.goto(f"{space}listen/{study.id}")
    second.get_by_role("heading", name="Practice first").wait_for()
