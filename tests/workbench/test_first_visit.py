"""The first start and the first visit: nothing outside is asked, and consent is asked for once, before a conversion."""

from __future__ import annotations

import socket
import time
import urllib.request

from benchmarks.listening_server import free_port
from tests.support.browser import PHONE, assert_fits_the_screen, open_page, problem, problems
from tests.support.waiting import wait_until
from workbench.demo import build_demo, launch_options

LOCAL = ("127.0.0.1", "localhost", "0.0.0.0", "::1", b"127.0.0.1", None, "")


def test_a_workbench_that_starts_and_is_opened_asks_nothing_outside(monkeypatch, tmp_path):
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
        assert b"gradio" in urllib.request.urlopen(url, timeout=30).read()
        begun = len(looks)
        wait_until(lambda: len(looks) > begun + 20)
        assert looks[begun + 20] - looks[begun] > 0.2, "while nobody is there, it looks for calls some dozens of times a second"
    finally:
        demo.close()
    assert asked == []


def test_consent_is_asked_for_once_and_the_page_fetches_nothing_from_elsewhere(chromium, workbench):
    page = open_page(chromium, width=PHONE, agreed=False)
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
    assert [url for url in fetched if not url.startswith((workbench, "data:", "blob:"))] == []
