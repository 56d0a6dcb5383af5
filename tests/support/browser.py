"""A real headless Chromium for the tests of the workbench, and the workbench itself as a process of its own."""

from __future__ import annotations

import os
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, FloatRect, Locator, Page, sync_playwright

from benchmarks.listening_server import free_port
from tests.support.processes import app, start
from tests.support.waiting import SECONDS, wait_until

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 300
REST_SECONDS = 60  # for a page to come to rest
PHONE = 390  # pixels wide
PROGRAMS = ("chromium", "google-chrome", "chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required")
ENDLESS = """window.players = []; { const play = HTMLMediaElement.prototype.play, start = AudioBufferSourceNode.prototype.start;
    HTMLMediaElement.prototype.play = function () { if (!players.includes(this)) players.push(this); this.loop = true;
        return play.call(this); };
    AudioBufferSourceNode.prototype.start = function (...when) { this.loop = true; return start.apply(this, when); }; }"""


@contextmanager
def a_browser() -> Iterator[Browser]:
    """The system's Chromium; Playwright downloads none. Without it: skip here, fail in CI, where it has to be there."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    with sync_playwright() as playwright:
        try:
            if program is None:
                raise Error("there is no chromium")
            browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        except Error as error:
            reason = f"no headless Chromium ({error.message.splitlines()[0]}); on Debian: apt install chromium"
            pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
        yield browser
        browser.close()


class SharedBrowser:
    """A browser that is started when a test first needs it. While it is there, no other event loop can run in this process."""

    def __init__(self):
        self._open = ExitStack()
        self._browser: Browser | None = None

    def get(self) -> Browser:
        self._browser = self._browser or self._open.enter_context(a_browser())
        return self._browser

    def close(self) -> None:
        self._browser = None
        self._open.close()


def open_page(browser: Browser, url: str = "", width: int = 1280, height: int = 900, agreed: bool = True, endless: bool = False,
              **options) -> Page:
    """A page of its own; a narrow one is a phone.

    Args:
        agreed: nothing is remembered but that the visitor converts only voices of people who agreed to it; else nothing.
        endless: no sound ends by itself, however slow the machine is; `players` are the audio elements that ever sounded.
        options: of Browser.new_context.
    """
    phone = width < 600
    context = browser.new_context(viewport={"width": width, "height": height}, is_mobile=phone, has_touch=phone, **options)
    context.set_default_timeout(1000 * SECONDS)
    if agreed:
        context.add_init_script("try { localStorage.setItem('zest-consent', 'true'); } catch {}")
    if endless:
        context.add_init_script(ENDLESS)
    page = context.new_page()
    if url:
        page.goto(url)
    return page


def assert_fits_the_screen(page: Page) -> None:
    """Nothing has to be scrolled sideways, once the page has come to rest."""
    wait_until(lambda: page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), REST_SECONDS)


def boxes_of(*locators: Locator) -> list[FloatRect]:
    """Where parts of a page are, in pixels of the screen, once all of them have come to rest: measured alike four times."""
    seen: list[list] = []

    def rests() -> bool:
        seen.append([one.bounding_box() for one in locators])
        return len(seen) >= 4 and None not in seen[-1] and all(boxes == seen[-1] for boxes in seen[-4:])

    wait_until(rests, REST_SECONDS)
    return seen[-1]


def alert(page: Page) -> str:
    """What the newest message that pops up says; "" where there is none."""
    return next(iter(page.locator(".toast-body").all_inner_texts()), "")


def problems(page: Page) -> list[str]:
    """The sentences that stand beside inputs."""
    return page.locator(".zest-problem [role=alert]:visible").all_inner_texts()


def problem(page: Page, words: str) -> str:
    """The one sentence beside an input, once it holds these words; nothing has popped up."""
    wait_until(lambda: [words in said for said in problems(page)] == [True])
    assert alert(page) == ""
    return problems(page)[0]


@contextmanager
def running_workbench(folder: Path, **environment: str) -> Iterator[str]:
    """`app.py` on a free port, in a process that has imported everything; yields its address and ends it afterwards.

    Args:
        folder: where uploads, results and the log go.
        environment: further variables, e.g. ZEST_CHECKPOINT.
    """
    port, log = free_port(), folder / "workbench.log"
    variables = {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(folder / "gradio"), "PYTHONUNBUFFERED": "1"}
    process = start(app, os.environ | variables | environment, folder=ROOT, output=log)
    try:
        _wait(f"http://127.0.0.1:{port}/", process.is_alive, log)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        try:
            wait_until(lambda: not process.is_alive(), 20)
        except AssertionError:
            process.kill()


def _wait(url: str, alive: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and alive():
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The workbench did not start:\n{log.read_text()[-2000:]}")


def agree_and_tell(page: Page, then: str = "Practice first") -> None:
    """On the listeners' page from the consent to the practice: agrees, says how they listen, plays the volume check.

    Args:
        then: the heading that follows.
    """
    page.check("#agree")
    page.get_by_role("button", name="Start").click()
    for name in ("Headphones", "Quiet", "No"):
        page.get_by_role("radio", name=name, exact=True).check()
    page.locator(".play").click()
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("heading", name=then).wait_for()
