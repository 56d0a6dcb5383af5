"""The workbench in a real browser: upload, convert, see plot and audio, read an error; on a desktop and on a phone."""

from __future__ import annotations

import io
import json
import re
import urllib.request
import wave
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser import resize, running_workbench

SECONDS = 120  # for one step on a slow, busy machine


class Page:
    """What a visitor does on the Convert tab and sees there."""

    def __init__(self, browser, url: str, width: int = 1280):
        self.browser, self.wait = browser, WebDriverWait(browser, SECONDS)
        resize(browser, width, 900)
        browser.get(url)
        self.wait.until(lambda _: self.find("#zest-convert"))
        self.wait.until(lambda _: self.all("#zest-source input[type=file]"))

    def all(self, selector: str) -> list:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def find(self, selector: str):
        return next(iter(self.all(selector)), None)

    def text(self, selector: str) -> str:
        return self.find(selector).text

    def upload(self, path: Path) -> None:
        self.find("#zest-source input[type=file]").send_keys(str(path))
        self.wait.until(lambda _: not self.all("#zest-source input[type=file]"))

    def click(self, words: str) -> None:
        """Click the button or choice with these words."""
        inside = f"//*[self::button or self::label][contains(normalize-space(.), '{words}')]"
        element = self.wait.until(lambda browser: next(iter(browser.find_elements(By.XPATH, inside)), None))
        self.browser.execute_script("arguments[0].click()", element)

    def convert(self) -> None:
        self.browser.execute_script("arguments[0].click()", self.find("#zest-convert"))

    def wait_for_result(self) -> dict:
        """The document of all numbers, once plot and audio are there."""
        self.wait.until(lambda _: self.all("#zest-plot img") or self.alert())
        assert self.alert() == "", self.alert()
        self.wait.until(lambda _: "Real-time factor" in self.text("#zest-table") and self.audio_url())
        self.wait.until(lambda _: self.text("#zest-convert") == "Convert")
        return {"table": self.text("#zest-table"), "status": self.text("#zest-status")}

    def audio_url(self) -> str | None:
        link = self.find("#zest-converted a[download]") or self.find("#zest-converted a")
        return link and link.get_attribute("href")

    def alert(self) -> str:
        toast = self.find(".toast-body")
        return toast.text if toast else ""

    def wait_for_alert(self) -> str:
        return self.wait.until(lambda _: self.alert())

    def wider_than_the_screen(self) -> int:
        return self.browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")


def test_page_fetches_nothing_from_elsewhere_and_states_its_limits(chromium, workbench):
    page = Page(chromium, workbench)
    body = page.text("body")
    for words in ("0.5 to 60 seconds", "WAV, FLAC, MP3, OGG or M4A", "8 to 96 kHz", "Neutral", "Angry", "Happy", "Sad",
                  "Surprised", "From a recording", "Strength", "tempo", "Seed", "will appear here"):
        assert words in body
    names = chromium.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert len(names) > 5
    assert [name for name in names if not name.startswith((workbench, "data:", "blob:"))] == []
    assert page.wider_than_the_screen() <= 0


def test_upload_convert_see_plot_and_hear_audio(chromium, workbench, source_path):
    page = Page(chromium, workbench)
    page.upload(source_path)
    page.click("Sad")
    page.convert()
    seen = page.wait_for_result()
    with wave.open(io.BytesIO(urllib.request.urlopen(page.audio_url()).read())) as audio:
        assert (audio.getsampwidth(), audio.getframerate(), audio.getnchannels()) == (2, 16_000, 1)
        seconds = audio.getnframes() / audio.getframerate()
    assert f"{seconds:.1f} s of sad speech" in seen["status"]
    for row in ("Source", "Predicted", "Converted, measured", "Synthesising", "Real-time factor"):
        assert row in seen["table"]
    assert "Reference" not in seen["table"], "a preset has no contour of its own"
    numbers = [int(hz) for hz in re.findall(r"(?:Source|Predicted|measured) (\d+) ", seen["table"])]
    assert len(numbers) == 3 and all(55 <= hz <= 800 for hz in numbers)
    size = chromium.execute_script("let i = document.querySelector('#zest-plot img'); return [i.naturalWidth, i.naturalHeight]")
    assert size[0] > 2 * size[1] > 400, "two panels side by side"
    assert page.wider_than_the_screen() <= 0


def test_example_with_a_reference_on_a_phone(chromium, workbench):
    page = Page(chromium, workbench, width=390)
    assert page.wider_than_the_screen() <= 0
    page.click("Man, emotion of a recording")
    seen = page.wait_for_result()
    assert "Reference" in seen["table"]
    assert page.all("#zest-reference"), "the reference is shown"
    assert page.wider_than_the_screen() <= 0, "wide things scroll inside their card"


def test_forgotten_source_is_one_sentence_and_the_button_works_again(chromium, workbench):
    page = Page(chromium, workbench)
    page.convert()
    assert "Add a source first" in page.wait_for_alert()
    page.wait.until(lambda _: page.text("#zest-convert") == "Convert" and page.find("#zest-convert").is_enabled())


def test_forgotten_reference_is_one_sentence(chromium, workbench, source_path):
    page = Page(chromium, workbench)
    page.upload(source_path)
    page.click("From a recording")
    page.wait.until(lambda _: page.all("#zest-reference"))
    page.convert()
    assert "Add a reference recording" in page.wait_for_alert()


def test_upload_that_is_no_recording_is_one_sentence(chromium, workbench, tmp_path):
    page = Page(chromium, workbench)
    (tmp_path / "letter.wav").write_text("Dear recording, " * 500)
    page.upload(tmp_path / "letter.wav")
    page.convert()
    alert = page.wait_for_alert()
    assert "letter.wav is not a recording" in alert and "Traceback" not in alert


def test_named_endpoint_converts_for_programs(workbench, source_path):
    client = Client(workbench, verbose=False)
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert list(endpoints) == ["/convert", "/score"]
    parameters = {parameter["parameter_name"]: parameter for parameter in endpoints["/convert"]["parameters"]}
    assert {"source", "emotion", "reference", "strength", "tempo", "decoder", "seed"} <= set(parameters)
    arguments = {"source": handle_file(source_path), "reference": None, "strength": 0.5, "tempo": False, "decoder": "transfer",
                 "seed": 0, "api_name": "/convert"}
    path, _, _, _, document = client.predict(emotion="happy", **arguments)
    document = document if isinstance(document, dict) else json.loads(Path(document).read_text())
    assert document["settings"]["strength"] == 0.5 and document["target"] == "happy"
    with wave.open(path) as audio:
        assert audio.getnframes() / 16_000 == pytest.approx(document["converted_seconds"], abs=0.001)


def test_missing_checkpoint_is_told_on_the_page(chromium, tmp_path):
    with running_workbench(tmp_path, ZEST_CHECKPOINT=str(tmp_path / "nowhere")) as url:
        page = Page(chromium, url)
        page.wait.until(lambda _: "There is no checkpoint folder" in page.text("#zest-status"))
        page.click("Man, emotion of a recording")
        assert "There is no checkpoint folder" in page.wait_for_alert()
    log = (tmp_path / "workbench.log").read_text()
    assert "Traceback" not in log, log
