"""The Evaluate tab in a real browser: errors are sentences, a job survives a reload, report and downloads are there."""

from __future__ import annotations

import io
import urllib.request
import zipfile

from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser import resize
from tests.scored_zips import good, pack, recordings

SECONDS = 100  # for one step on a slow, busy machine
LIGHT = {"f0-mean-shift", "duration-ratio"}  # no model to load


class Page:
    """What a visitor does on the Evaluate tab and sees there."""

    def __init__(self, browser, url: str, width: int = 1280):
        self.browser, self.wait = browser, WebDriverWait(browser, SECONDS)
        resize(browser, width, 900)
        browser.get(url)

    def all(self, selector: str) -> list:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def until(self, selector: str):
        return self.wait.until(lambda _: next(iter(self.all(selector)), None))

    def click(self, element) -> None:
        self.browser.execute_script("arguments[0].click()", element)

    def press(self, words: str, role: str = "[@role='tab']") -> None:
        """A tab, or with another role a button, with these words."""
        path = f"//button{role}[contains(normalize-space(.), '{words}')]"
        self.click(self.wait.until(lambda browser: next(iter(browser.find_elements(By.XPATH, path)), None)))

    def open_sets(self) -> None:
        self.press("Evaluate")
        self.press("A whole set")
        self.until("#zest-files input[type=file]")

    def upload(self, path) -> None:
        """The page may set white space between a file's stem and its suffix."""
        self.until("#zest-files input[type=file]").send_keys(str(path))
        self.wait.until(lambda _: path.name in "".join(self.until("#zest-files").get_attribute("textContent").split()))

    def choose(self, wanted: set[str]) -> None:
        self.press("Metrics (", role="")
        self.until("#zest-metrics input")
        for box in self.all("#zest-metrics input"):
            name = box.find_element(By.XPATH, "..").text.strip()
            if box.is_selected() != (name in wanted):
                self.click(box)

    def alert(self) -> str:
        return self.wait.until(lambda _: next((toast.text for toast in self.all(".toast-body")), ""))

    def wider_than_the_screen(self) -> int:
        return self.browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")


def test_forgotten_recordings_are_one_sentence(chromium, workbench):
    page = Page(chromium, workbench)
    page.press("Evaluate")
    page.click(page.until("#zest-one-score"))
    assert "Add the source" in page.alert()


def test_a_zip_with_the_wrong_column_is_one_sentence_and_the_button_works_again(chromium, workbench, tmp_path):
    page = Page(chromium, workbench)
    page.open_sets()
    page.upload(pack(tmp_path / "mine.zip", recordings(1) | {"list.csv": "source,target\na,b\n"}))
    page.click(page.until("#zest-evaluate"))
    said = page.alert()
    assert "list.csv has no column 'reference'" in said and "/tmp" not in said
    page.wait.until(lambda _: page.until("#zest-evaluate").text == "Evaluate" and page.until("#zest-evaluate").is_enabled())
    assert "job=" not in chromium.current_url


def test_an_address_of_a_deleted_job_is_told(chromium, workbench):
    page = Page(chromium, f"{workbench}?job={'0' * 32}")
    page.wait.until(lambda _: "no such evaluation" in page.until("#zest-score-status").text)


def test_a_job_survives_a_reload_and_shows_report_and_downloads_on_a_phone(chromium, workbench, tmp_path):
    page = Page(chromium, workbench)
    page.open_sets()
    page.upload(good(tmp_path / "mine.zip"))
    page.choose(LIGHT)
    page.click(page.until("#zest-evaluate"))
    page.wait.until(lambda _: "job=" in chromium.current_url or page.all(".toast-body"))
    assert not page.all(".toast-body"), page.alert()
    page = Page(chromium, chromium.current_url, width=390)  # another page, as if after a reload
    page.until(".zest-job[data-state=waiting], .zest-job[data-state=running], .zest-job[data-state=done]")
    page.until(".zest-job[data-state=done], .zest-job[data-state=failed], .zest-job[data-state=interrupted]")
    assert "Done" in page.until("#zest-score-status").text
    frame = page.until("#zest-report iframe")
    links = page.wait.until(lambda _: [link.get_attribute("href") for link in page.all("#zest-downloads a[download]")])
    assert [link.rsplit("/", 1)[1] for link in links] == ["report.html", "report.md", "scores.csv", "RUN.zip"]
    assert b"f0-mean-shift" in urllib.request.urlopen(links[2]).read()
    with zipfile.ZipFile(io.BytesIO(urllib.request.urlopen(links[3]).read())) as archive:
        assert "RUN/report.html" in archive.namelist()
    assert page.wider_than_the_screen() <= 0
    assert frame.get_attribute("sandbox") == ""
    chromium.switch_to.frame(frame)
    assert "How the conversions scored" in chromium.find_element(By.TAG_NAME, "body").text
    chromium.switch_to.default_content()
