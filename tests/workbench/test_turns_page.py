"""The line in front of the models, as visitors see it: the test holds what comes first, and its clock tells the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import SimpleNamespace

import gradio as gr
import pytest

from pipelines.features.audio import load
from tests.support.browser import PHONE, assert_fits_the_screen
from tests.support.convert_page import Studio
from tests.support.waiting import wait_until
from workbench.demo import launch_options
from workbench.listening.admin import AdminAccess, administration
from workbench.studio.jobs import job_board
from workbench.studio.turns import Work, model_turns
from workbench.tabs.convert import convert_tab

PRESETS = ("neutral", "angry", "happy", "sad", "surprised")
EARLIER, AT_WORK = Work(size=2.0), Work(size=10.0)  # seconds of sound
PER_SECOND = 2.0  # seconds that a second of sound took earlier


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """A Convert tab in this process, without models."""
    with pytest.MonkeyPatch.context() as patch, gr.Blocks(analytics_enabled=False) as demo:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        patch.setattr("workbench.tabs.convert_doctor.doubts", lambda path: [])  # costs seconds, and is looked at elsewhere
        convert_tab(demo, PRESETS, ("residual_neural",), None, AdminAccess(administration()))
        try:
            _, url, _ = demo.launch(**launch_options(), prevent_thread_lock=True, quiet=True)
            yield url
        finally:
            demo.close()


@dataclass(frozen=True)
class Line:
    """The line at the models, where `AT_WORK` is at work from second 0 on, as long as the test lasts."""

    clock: SimpleNamespace

    def said(self, ahead: str, size: float) -> str:
        """What somebody is told who waits for so many jobs, which are `size` seconds of sound together."""
        return f"Waiting: {ahead} before yours, about {round(PER_SECOND * size - self.clock.now)} s as the last ones took."


@pytest.fixture
def line(monkeypatch) -> Iterator[Line]:
    turns, clock = model_turns(), SimpleNamespace(now=-PER_SECOND * EARLIER.size)
    monkeypatch.setattr(turns, "clock", lambda: clock.now)
    monkeypatch.setattr(turns, "_took", {})
    with turns.turn(work=EARLIER):
        clock.now = 0.0
    with ExitStack() as held:
        held.enter_context(turns.turn(work=AT_WORK))
        yield Line(clock)
        for job in job_board()._jobs.values():  # a test that fails leaves some, and other files of tests use the same line
            job.cancel()
        wait_until(lambda: len(turns._line) == 1)


class Visitor(Studio):
    """Somebody who waits."""

    def is_told(self, words: str) -> None:
        """Waits until the page says exactly this of the conversion that was asked for."""
        self.page.locator("#zest-progress [role=status]").get_by_text(words, exact=True).wait_for()

    def lists(self, words: str) -> None:
        """Waits until the list of takes says exactly this of the conversion that goes on."""
        self.page.locator("#zest-takes li.running small").get_by_text(words, exact=True).wait_for()


def test_two_visitors_are_told_their_place_and_how_long_by_length_and_nothing_where_it_is_not_known(
        chromium, address, line, source_path):
    seconds, first = load(source_path).seconds, Visitor(chromium, address)
    line.clock.now = 5.0
    first.page.get_by_role("button", name="Man, angry").click()
    first.is_told(line.said("1 job", AT_WORK.size))
    second = Visitor(chromium, f"{address}?__theme=dark", PHONE, 844)
    second.page.set_input_files("#zest-source input[type=file]", source_path)
    second.page.wait_for_selector("#zest-source input[type=file]", state="detached")
    second.page.click("#zest-everything")
    second.is_told(line.said("2 jobs", AT_WORK.size + seconds))
    assert second.page.locator("#zest-progress .headline").inner_text().endswith("to neutral (1 of 5)")
    wait_until(lambda: second.out_of_sight("#zest-progress") == [])  # the page may still scroll there
    assert_fits_the_screen(second.page)
    second.page.reload()
    second.lists(line.said("2 jobs", AT_WORK.size + seconds))
    line.clock.now = 11.0  # less is left of what is at work
    first.is_told(line.said("1 job", AT_WORK.size))
    first.page.keyboard.press("Escape")
    first.page.locator("#zest-failed").filter(has_text="Cancelled").wait_for()
    second.lists(line.said("1 job", AT_WORK.size))
    line.clock.now = 21.0  # longer than work of this length took
    second.lists("Waiting: 1 job before yours.")
    second.page.locator("#zest-takes li.running").get_by_role("button", name="Cancel").click()
    second.page.locator("#zest-takes li.running").wait_for(state="detached")
    assert first.titles() == second.titles() == []
