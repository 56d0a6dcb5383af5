"""The first start and the first visit: nothing outside is asked, and consent is asked for once, before a conversion."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path

import gradio as gr
import httpx
import yaml
from click.testing import CliRunner
from mkdocs.__main__ import cli as mkdocs

from benchmarks.listening_server import free_port
from tests.support.browser import PHONE, assert_fits_the_screen, open_page, problem, problems
from tests.support.waiting import wait_until
from workbench.demo import build_demo, launch_options
from workbench.tabs.problems import tell_progress_to

ROOT = Path(__file__).resolve().parents[2]
FRAMES = """{ const request = window.requestAnimationFrame; window.asked = 0;
    window.requestAnimationFrame = (callback) => { window.asked += 1; return request(callback); }; }"""
FRAMES_ASKED_FOR = """() => { const before = window.asked;
    return new Promise((done) => setTimeout(() => done(window.asked - before), 500)); }"""
LOCAL = ("127.0.0.1", "localhost", "0.0.0.0", "::1", b"127.0.0.1", None, "")


def test_a_workbench_that_starts_and_is_opened_asks_nothing_outside_and_sends_its_page_compressed(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    asked = []

    def watched(name):
        real = getattr(socket.socket, name)

        def call(self, *given):
            if self.family in (socket.AF_INET, socket.AF_INET6) and given[-1][0] not in LOCAL:
                asked.append((name, given[-1]))
                raise OSError("no network")
            return real(self, *given)

        return call

    def resolved(host, *given, **named):
        if host not in LOCAL:
            asked.append(("getaddrinfo", host))
            raise socket.gaierror("no network")
        return real(host, *given, **named)

    real = socket.getaddrinfo
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, watched(name))
    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    demo = build_demo()
    looks = []
    monkeypatch.setattr(type(demo._queue), "__len__", lambda queue: looks.append(time.monotonic()) or 0)
    try:
        _, url, _ = demo.launch(**launch_options(), server_port=free_port(), quiet=True, prevent_thread_lock=True)
        plain, small = (httpx.get(url, headers={"Accept-Encoding": accepted}, timeout=30) for accepted in ("identity", "gzip"))
        assert "gradio" in plain.text and small.text == plain.text
        assert small.num_bytes_downloaded < plain.num_bytes_downloaded / 4
        begun = len(looks)
        wait_until(lambda: len(looks) > begun + 20)
        assert looks[begun + 20] - looks[begun] > 0.2, "while nobody is there, it looks for calls some dozens of times a second"
    finally:
        demo.close()
    assert asked == []


def test_what_shows_no_progress_tells_it_to_one_small_component_instead_of_all_that_it_fills():
    with gr.Blocks(analytics_enabled=False) as demo:
        unseen, filled = gr.Timer(active=False), gr.HTML()
        demo.load(str, None, filled, show_progress="hidden")
        demo.load(str, None, filled)
        tell_progress_to(demo, unseen)
    assert [one["show_progress_on"] for one in demo.get_config_file()["dependencies"]] == [[unseen._id], None]


def test_consent_is_asked_for_once_and_the_page_fetches_nothing_from_elsewhere_and_rests_while_nobody_touches_it(
        chromium, workbench):
    page = open_page(chromium, width=PHONE, agreed=False)
    page.add_init_script(FRAMES)
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(workbench)
    dialog = page.get_by_role("dialog", name="Whose voice is it?")
    for close in (lambda: page.get_by_role("button", name="Cancel").click(), lambda: page.keyboard.press("Escape")):
        page.click("#zest-convert")
        dialog.wait_for()
        assert_fits_the_screen(page)
        close()
        dialog.wait_for(state="detached")
        assert problems(page) == [], "nothing was begun"
    page.keyboard.press("Control+Enter")
    dialog.get_by_role("button", name="I agree").click()
    assert "source" in problem(page, "Add a source"), "it was begun"
    page.reload()
    page.click("#zest-convert")
    problem(page, "Add a source")
    assert dialog.count() == 0
    wait_until(lambda: page.evaluate(FRAMES_ASKED_FOR) == 0)  # Gradio's page alone asks for sixty a second
    assert [url for url in fetched if not url.startswith((workbench, "data:", "blob:"))] == []


def test_the_documentation_opened_as_a_file_asks_nobody_and_can_be_searched(chromium, tmp_path, monkeypatch):
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    small = {name: settings[name] for name in ("site_name", "use_directory_urls", "theme", "extra", "extra_css")}
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    (tmp_path / "docs" / "media").mkdir()
    for name in ("site.css", "iframe-worker.js"):
        shutil.copy(ROOT / "docs" / "media" / name, tmp_path / "docs" / "media")
    (tmp_path / "docs" / "index.md").write_text("# Home\n\nNothing.\n")
    (tmp_path / "docs" / "deep" / "page.md").write_text("# Deep\n\nHere stands aardvark.\n")
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(small | {"plugins": ["search", "offline"]}))
    monkeypatch.chdir(tmp_path)
    built = CliRunner().invoke(mkdocs, ["build", "--quiet"])
    assert built.exit_code == 0, built.output
    page = open_page(chromium, width=1280)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "site" / "deep" / "page.html").as_uri())
    page.get_by_role("textbox", name="Search").press_sequentially("aardvark")
    page.locator(".md-search-result__item").filter(has_text="aardvark").wait_for()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []
