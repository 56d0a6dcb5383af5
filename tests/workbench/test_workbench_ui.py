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

from tests.support.browser import PHONE, alert, assert_fits_the_screen, open_page, running_workbench
from tests.support.waiting import wait_until


class Page:
    """What a visitor does on the Convert tab and sees there."""

    def __init__(self, browser, url: str, width: int = 1280):
        self.page = open_page(browser, url, width)
        self.page.wait_for_selector("#zest-convert")
        self.page.wait_for_selector("#zest-source input[type=file]", state="attached")

    def text(self, selector: str) -> str:
        return self.page.locator(selector).first.inner_text()

    def upload(self, path: Path) -> None:
        self.page.set_input_files("#zest-source input[type=file]", path)
        self.page.wait_for_selector("#zest-source input[type=file]", state="detached")

    def click(self, words: str) -> None:
        """Click the button or choice with these words."""
        self.page.locator("button, label").filter(has_text=words).first.click()

    def convert(self) -> None:
        self.page.click("#zest-convert")

    def wait_for_result(self) -> dict:
        """The document of all numbers, once plot and audio are there."""
        self.page.locator("#zest-plot img, .toast-body").first.wait_for()
        assert alert(self.page) == ""
        wait_until(lambda: "Real-time factor" in self.text("#zest-table") and self.audio_url())
        wait_until(lambda: self.text("#zest-convert") == "Convert")
        return {"table": self.text("#zest-table"), "status": self.text("#zest-status")}

    def audio_url(self) -> str | None:
        found = self.page.locator("#zest-converted a").evaluate_all("links => links.map(link => link.href)")
        return next(iter(found), None)

    def wait_for_alert(self) -> str:
        return wait_until(lambda: alert(self.page))

    def wait_for_rest(self) -> None:
        """The button works again."""
        wait_until(lambda: self.text("#zest-convert") == "Convert" and self.page.is_enabled("#zest-convert"))


def test_page_fetches_nothing_from_elsewhere_and_states_its_limits(chromium, workbench):
    page = Page(chromium, workbench)
    body = page.text("body")
    for words in ("0.5 to 60 seconds", "WAV, FLAC, MP3, OGG or M4A", "8 to 96 kHz", "Neutral", "Angry", "Happy", "Sad",
                  "Surprised", "From a recording", "Strength", "tempo", "Melody (F0)", "Seed", "will appear here"):
        assert words in body
    names = page.page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert len(names) > 5
    assert [name for name in names if not name.startswith((workbench, "data:", "blob:"))] == []
    assert_fits_the_screen(page.page)


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
    numbers = [int(hz) for hz in re.findall(r"(?:Source|Predicted|measured)\s+(\d+)\s", seen["table"])]
    assert len(numbers) == 3 and all(55 <= hz <= 800 for hz in numbers)
    plot = page.page.locator("#zest-plot img")
    wait_until(lambda: plot.evaluate("image => image.complete"))
    size = plot.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert size[0] > 2 * size[1] > 400, "two panels side by side"
    assert_fits_the_screen(page.page)


def test_example_with_a_reference_on_a_phone(chromium, workbench):
    page = Page(chromium, workbench, width=PHONE)
    assert_fits_the_screen(page.page)
    page.click("Man, emotion of a recording")
    seen = page.wait_for_result()
    assert "Reference" in seen["table"]
    assert page.page.locator("#zest-reference").count(), "the reference is shown"
    assert_fits_the_screen(page.page)  # wide things scroll inside their card


def test_forgotten_source_is_one_sentence_and_the_button_works_again(chromium, workbench):
    page = Page(chromium, workbench)
    page.convert()
    assert "Add a source first" in page.wait_for_alert()
    page.wait_for_rest()


def test_forgotten_reference_is_one_sentence(chromium, workbench, source_path):
    page = Page(chromium, workbench)
    page.upload(source_path)
    page.click("From a recording")
    page.page.wait_for_selector("#zest-reference")
    page.convert()
    assert "Add a reference recording" in page.wait_for_alert()


def test_melody_of_a_preset_s_reference_is_one_sentence(chromium, workbench, source_path):
    page = Page(chromium, workbench)
    page.upload(source_path)
    page.page.click("#zest-f0 input")
    page.page.get_by_role("option", name="The reference's").click()
    page.convert()
    assert "F0 of the reference needs a reference recording; a preset has none." in page.wait_for_alert()


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
    assert {"source", "emotion", "reference", "strength", "tempo", "decoder", "seed", "f0"} <= set(parameters)
    arguments = {"source": handle_file(source_path), "reference": None, "strength": 0.5, "tempo": False, "decoder": "transfer",
                 "seed": 0, "f0": "source", "api_name": "/convert"}
    path, _, _, _, document = client.predict(emotion="happy", **arguments)
    document = document if isinstance(document, dict) else json.loads(Path(document).read_text())
    assert document["settings"]["strength"] == 0.5 and document["target"] == "happy"
    assert document["f0"]["predicted"]["mean_hz"] == pytest.approx(document["f0"]["source"]["mean_hz"], rel=0.03)
    with wave.open(path) as audio:
        assert audio.getnframes() / 16_000 == pytest.approx(document["converted_seconds"], abs=0.001)


@pytest.mark.server
def test_missing_checkpoint_is_told_on_the_page(chromium, tmp_path):
    with running_workbench(tmp_path, ZEST_CHECKPOINT=str(tmp_path / "nowhere")) as url:
        page = Page(chromium, url)
        wait_until(lambda: "There is no checkpoint folder" in page.text("#zest-status"))
        page.click("Man, emotion of a recording")
        assert "There is no checkpoint folder" in page.wait_for_alert()
    log = (tmp_path / "workbench.log").read_text()
    assert "Traceback" not in log, log
