"""The Evaluate tab in a real browser: errors are sentences, a job survives a reload, report and downloads are there."""

from __future__ import annotations

import io
import os
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import unquote

from tests.support.browser import PHONE, alert, assert_fits_the_screen, open_page, problem, problems
from tests.support.scored_zips import good, pack, recordings
from tests.support.waiting import wait_until
from workbench.jobs.queue import KEPT_HOURS
from workbench.tabs import text

LIGHT = {"f0-mean-shift"}  # no model to load, and no librosa
JOB_MILLISECONDS = 400_000  # evaluations give way to everything else on a busy machine


class Page:
    """What a visitor does on the Evaluate tab and sees there."""

    def __init__(self, browser, url: str, width: int = 1280):
        self.page = open_page(browser, url, width)

    def press(self, words: str, role: str = "tab") -> None:
        """A tab, or with another role a button, with these words."""
        self.page.get_by_role(role, name=words).first.click()

    def open_sets(self) -> None:
        self.press("Evaluate")
        self.press("A whole set")
        self.page.wait_for_selector("#zest-files input[type=file]", state="attached")

    def upload(self, path) -> None:
        """The page may set white space between a file's stem and its suffix."""
        self.page.set_input_files("#zest-files input[type=file]", path)
        wait_until(lambda: path.name in "".join(self.page.locator("#zest-files").first.text_content().split()))

    def choose(self, names: set[str]) -> None:
        self.press("Metrics (", role="button")
        self.page.wait_for_selector("#zest-metrics input")
        for label in self.page.locator("#zest-metrics label").filter(has=self.page.locator("input")).all():
            label.locator("input").set_checked(label.inner_text().strip() in names)


def test_what_is_forgotten_or_wrong_is_told_beside_its_input_until_it_is_mended(chromium, workbench, source_path, tmp_path):
    address = f"{workbench}?job={'0' * 32}"  # of a deleted job
    page = Page(chromium, address)
    page.page.locator("#zest-score-status").filter(has_text="no such evaluation").wait_for()
    page.press(text.ONE_TAB)
    page.page.click("#zest-one-score")
    wait_until(lambda: len(problems(page.page)) == 2)
    assert "Add the source" in page.page.locator("#zest-one-source-problem").first.inner_text()
    assert "Add the converted" in page.page.locator("#zest-one-converted-problem").first.inner_text()
    page.page.set_input_files("#zest-one-source input[type=file]", source_path)
    problem(page.page, "Add the converted")
    page.press("Frontier")
    page.page.fill("#zest-frontier-strengths textarea, #zest-frontier-strengths input", "1:0:0.5")
    page.page.click("#zest-frontier-start")
    wait_until(lambda: len(problems(page.page)) == 2)
    assert "Add recordings first" in page.page.locator("#zest-frontier-files-problem").first.inner_text()
    assert "do not ascend" in page.page.locator("#zest-frontier-strengths-problem").first.inner_text()

    page.open_sets()
    page.upload(pack(tmp_path / "mine.zip", recordings(1) | {"list.csv": "source,target\na,b\n"}))
    said = problem(page.page, "list.csv has no column 'reference'")
    assert "/tmp" not in said
    button = page.page.locator("#zest-evaluate")
    for _ in range(2):
        with page.page.expect_response(lambda answer: "/queue/join" in answer.url):  # or the answer could come after the next act
            button.click()
        wait_until(lambda: button.inner_text() == "Evaluate" and button.is_enabled())
        assert problem(page.page, "list.csv") == said
    assert page.page.url == address, "no job was started"
    page.page.locator("#zest-files button[aria-label='Clear']").first.click()
    wait_until(lambda: not problems(page.page))

    page.page.locator("#zest-instruments button").first.click()
    for table, words in (("#zest-audit", "emotion@acoustic"), ("#zest-rivals", "seed-vc")):
        page.page.locator(f"{table} .zest-list").filter(has_text=words).wait_for()


def test_a_job_survives_a_reload_and_shows_report_and_downloads_on_a_phone(chromium, workbench, tmp_path):
    page = Page(chromium, workbench)
    page.open_sets()
    page.upload(good(tmp_path / "mine.zip"))
    page.choose(LIGHT)
    page.page.click("#zest-evaluate")
    wait_until(lambda: "job=" in page.page.url or problems(page.page))
    assert alert(page.page) == "" and problems(page.page) == []
    address = page.page.url
    page.page.context.close()
    shown = Page(chromium, address, width=PHONE).page  # another page, as if after a reload
    shown.wait_for_selector(".zest-job[data-state=waiting], .zest-job[data-state=running], .zest-job[data-state=done]")
    shown.wait_for_selector(".zest-job[data-state=done], .zest-job[data-state=failed], .zest-job[data-state=interrupted]",
                            timeout=JOB_MILLISECONDS)
    assert "Done" in shown.locator("#zest-score-status").first.inner_text()
    frame = shown.wait_for_selector("#zest-report iframe")
    assert frame.get_attribute("sandbox") == "allow-scripts", "no access to this page"
    links = shown.locator("#zest-downloads a[download]")
    links.first.wait_for()
    links = links.evaluate_all("links => links.map(link => link.href)")
    name = f"mine-converted-{address.partition('job=')[2][:6]}"  # upload, system, job
    assert [link.rsplit("/", 1)[1] for link in links] == [
        f"{name}-report.html", f"{name}-report.md", f"{name}-scores.csv", f"{name}.zip"]
    assert b"f0-mean-shift" in urllib.request.urlopen(links[2]).read()
    with zipfile.ZipFile(io.BytesIO(urllib.request.urlopen(links[3]).read())) as archive:
        assert f"{name}/report.html" in archive.namelist()
    assert_fits_the_screen(shown)
    assert "How the conversions scored" in frame.content_frame().locator("body").inner_text()
    result_expires(shown, Path(unquote(links[3].partition("file=")[2])).parents[1])


def result_expires(page, job: Path) -> None:
    """After the hours that the page names, whoever comes back by the address is told so."""
    assert f"kept here for {KEPT_HOURS:.0f} hours" in page.locator("#zest-score-status").first.inner_text()
    for file in (job / "status.json", job / "job.json"):
        old = file.stat().st_mtime - 3600 * KEPT_HOURS - 1
        os.utime(file, (old, old))
    page.reload()
    page.locator("#zest-score-status").filter(has_text=f"deleted {KEPT_HOURS:.0f} hours after their end").wait_for()
    assert not job.exists() and not page.locator("#zest-downloads").is_visible() and not page.locator("iframe").count()
