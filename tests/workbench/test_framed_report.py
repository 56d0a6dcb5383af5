"""A report in the page's frame: dark where the page is dark, and one recording sounds at a time in both of them."""

from __future__ import annotations

import base64

from evaluation.report.blocks import Document, PairCard, Player, Section
from evaluation.report.rendering import to_html
from tests.support.browser import open_page
from tests.support.waiting import wait_until
from workbench.jobs.view import report_html
from workbench.tabs.head import head

SOUNDING = "[...document.querySelectorAll('audio')].map((one) => !one.paused)"


def start(place, number: int) -> None:
    place.evaluate("(number) => { const one = document.querySelectorAll('audio')[number]; one.loop = true; one.play(); }", number)


def test_a_framed_report_is_as_dark_as_the_page_and_no_two_recordings_sound_together(chromium, tmp_path, source_path):
    clip = f"data:audio/wav;base64,{base64.b64encode(source_path.read_bytes()).decode()}"
    card = PairCard("pair", (), (Player("source", clip), Player("converted", clip)), None)
    report = tmp_path / "report.html"
    report.write_text(to_html(Document("title", "", (Section("s", "S", (card,)),))), encoding="utf-8")
    around = tmp_path / "page.html"
    around.write_text(f'<head>{head()}</head><body class="dark">{report_html(report)}<audio src="{clip}"></audio></body>')
    page = open_page(chromium, around.as_uri())
    frame = page.wait_for_selector("iframe").content_frame()
    wait_until(lambda: frame.evaluate("document.documentElement.dataset.theme") == "dark")
    left_over = "window.innerHeight - document.documentElement.offsetHeight"
    wait_until(lambda: 0 <= frame.evaluate(left_over) <= 4)  # one thing scrolls
    assert frame.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 26)"
    for place, number, expected in ((frame, 0, ([True, False], [False])), (frame, 1, ([False, True], [False])),
                                    (page, 0, ([False, False], [True])), (frame, 0, ([True, False], [False]))):
        start(place, number)
        wait_until(lambda expected=expected: (frame.evaluate(SOUNDING), page.evaluate(SOUNDING)) == expected)
