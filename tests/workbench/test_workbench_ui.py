"""The workbench in a real browser: upload, convert, see plot and audio, read an error; on a desktop and on a phone."""

from __future__ import annotations

import io
import re
import urllib.request
import wave
from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.browser import PHONE, alert, assert_fits_the_screen, boxes_of, open_page, problem, problems
from tests.support.recordings import speech, write_m4a, write_webm
from tests.support.waiting import wait_until
from workbench.uploads import upload_problem

PLAYS = "() => document.querySelector('#zest-player [data-studio]').zestStudio.sound.playing"


def sounding(page) -> list[bool]:
    """Of every audio element that was ever started, whether it sounds."""
    return page.evaluate("players.map((one) => !one.paused)")


def brightness(shown) -> float:
    """Median grey value on the screen, 0 to 255."""
    with Image.open(io.BytesIO(shown.screenshot())) as picture:
        return float(np.median(np.asarray(picture.convert("L"))))


class Page:
    """What a visitor does on the Convert tab and sees there."""

    def __init__(self, browser, url: str, width: int = 1280):
        self.page = open_page(browser, url, width, endless=True)
        self.page.wait_for_selector("#zest-convert")
        self.page.wait_for_selector("#zest-source input[type=file]", state="attached")

    def text(self, selector: str) -> str:
        return self.page.locator(selector).first.inner_text()

    def folded(self, selector: str) -> str:
        """What a place says, folded or not."""
        return self.page.locator(selector).first.text_content() or ""

    def open_advanced(self) -> None:
        self.page.locator("#zest-advanced > button").click()

    def upload(self, path: Path) -> None:
        self.page.set_input_files("#zest-source input[type=file]", path)
        self.page.wait_for_selector("#zest-source input[type=file]", state="detached")

    def click(self, words: str) -> None:
        """Click the button or choice with these words."""
        named = self.page.locator("button, label").filter(has_text=re.compile(rf"^\s*{re.escape(words)}\s*$"))
        named.filter(visible=True).first.click()

    def clear(self) -> None:
        """Take the source out again."""
        self.page.locator("#zest-source button[aria-label='Clear']").click()
        self.page.wait_for_selector("#zest-source input[type=file]", state="attached")

    def convert(self) -> None:
        self.page.click("#zest-convert")

    def wait_for_result(self) -> dict:
        """The document of all numbers, once plot and audio are there."""
        self.page.locator("#zest-contours svg").first.wait_for()
        assert alert(self.page) == "" and problems(self.page) == []
        wait_until(lambda: "Real-time factor" in self.folded("#zest-table") and self.audio_url())
        wait_until(lambda: self.text("#zest-convert") == "Convert")
        self.page.locator("#zest-table details").evaluate("fold => fold.open = true")
        return {"table": self.text("#zest-table"), "status": self.text("#zest-status")}

    def audio_url(self) -> str | None:
        found = self.page.locator("#zest-player a.save").evaluate_all("links => links.map(link => link.href)")
        return next(iter(found), None)

    def wait_for_rest(self) -> None:
        """The button works again."""
        wait_until(lambda: self.text("#zest-convert") == "Convert" and self.page.is_enabled("#zest-convert"))


def test_page_fetches_nothing_from_elsewhere_states_its_limits_tells_what_cannot_be_until_it_is_mended_and_then_converts(
        chromium, workbench, source_path, tmp_path):
    page = Page(chromium, workbench)
    page.open_advanced()
    page.page.wait_for_selector("#zest-f0 input")
    body = page.text("body")
    for words in ("0.5 to 60 seconds", "WAV, FLAC, MP3, OGG, M4A, AIFF, WebM, MP4", "8 to 96 kHz", "Neutral", "Angry", "Happy",
                  "Sad", "Surprised", "From a recording", "Strength", "tempo", "Melody (F0)", "Seed",
                  "The same voice, another emotion"):
        assert words in body
    names = page.page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert len(names) > 5
    assert [name for name in names if not name.startswith((workbench, "data:", "blob:"))] == []
    assert_fits_the_screen(page.page)
    page.page.click("#zest-f0 input")
    page.page.get_by_role("option", name="The reference's").click()
    problem(page.page, "F0 of the reference needs a reference recording; a preset has none.")
    page.page.click("#zest-f0 input")
    page.page.get_by_role("option", name="Predicted").click()
    wait_until(lambda: not problems(page.page))
    page.page.fill("#zest-seed input", "2.5")
    problem(page.page, "The seed must be 0 or a positive whole number, not 2.5.")
    page.page.fill("#zest-seed input", "0")
    wait_until(lambda: not problems(page.page))
    a_strength_that_may_not_be_stays_and_is_not_converted(page)
    forgotten_or_no_recording(page, source_path, tmp_path)
    upload_convert_see_plot_and_hear_audio(page, source_path)


def a_strength_that_may_not_be_stays_and_is_not_converted(page: Page) -> None:
    """Gradio would put it to the nearest end of the slider, and an empty one to 0, when the input is left."""
    typed = page.page.locator("#zest-strength input[type=number]")
    for value, words in (("9", "Strength must lie between 0 and 1.5, not 9."), ("", "Give a strength between 0 and 1.5.")):
        typed.fill(value)
        problem(page.page, words)
        typed.press("Tab")
        page.page.locator("#zest-header").click()
        assert typed.input_value() == value and problems(page.page) == [words]
    typed.fill("1")
    wait_until(lambda: not problems(page.page))


def forgotten_or_no_recording(page: Page, source_path: Path, folder: Path) -> None:
    """Each is told beside its input, on a page with nothing in it yet."""
    page.convert()
    problem(page.page, "Add a source first")
    source, said = boxes_of(*(page.page.locator(name).first for name in ("#zest-source", "#zest-source-problem")))
    assert 0 < said["y"] - source["y"] < source["height"] + 40, "right under the source"
    page.wait_for_rest()
    page.upload(source_path)
    wait_until(lambda: not problems(page.page))

    page.click("From a recording")
    page.page.wait_for_selector("#zest-reference")
    page.convert()
    problem(page.page, "Add a reference recording")
    page.click("Sad")  # a preset needs none
    wait_until(lambda: not problems(page.page))

    page.clear()
    (folder / "letter.txt").write_text("Dear recording, " * 500)
    page.upload(folder / "letter.txt")
    said = problem(page.page, "letter.txt is not a recording")
    assert "audio/" not in said and "Traceback" not in said
    page.convert()
    page.wait_for_rest()
    assert problems(page.page) == [said]
    page.clear()
    wait_until(lambda: not problems(page.page))

    for path in (write_m4a(folder / "speech.mp4", speech()), write_webm(folder / "speech.webm", speech())):
        assert upload_problem(str(path)) == ""
        with page.page.expect_response(lambda response: "/upload?" in response.url) as uploaded:
            page.upload(path)
        assert path.name in uploaded.value.text() and problems(page.page) == [] and alert(page.page) == ""
        page.clear()


def upload_convert_see_plot_and_hear_audio(page: Page, source_path: Path) -> None:
    """On the page that has told all of that, as on a new one."""
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
    plot = page.page.locator("#zest-contours svg")
    assert f"Source: mean {numbers[0]} Hz" in plot.get_attribute("aria-label") and brightness(plot) > 200
    assert plot.locator("path[data-key]").count() == 3, "source, predicted and converted"
    assert page.page.locator("#zest-player .name b").all_inner_texts() == ["Source", "Sad"], "both can be compared"
    assert page.audio_url().endswith("/source-man-sad-residual_neural.wav"), "a take's name says how it was converted"
    assert "source-man.wav to sad." in seen["status"]
    assert_fits_the_screen(page.page)
    changed = page.page.locator("#zest-changed p")
    assert changed.count() == 0
    page.click("Happy")  # what is shown is still the sad one
    changed.filter(has_text="The inputs have changed since").first.wait_for()
    page.click("Sad")
    wait_until(lambda: changed.count() == 0)


def test_example_with_a_reference_on_a_phone_in_the_dark_where_one_player_sounds_at_a_time(chromium, workbench):
    page = Page(chromium, f"{workbench}?__theme=dark", width=PHONE)
    assert_fits_the_screen(page.page)
    page.click("Man, emotion of a recording")
    seen = page.wait_for_result()
    assert "Reference" in seen["table"]
    assert page.page.locator("#zest-reference").count(), "the reference is shown"
    assert_fits_the_screen(page.page)  # wide things scroll inside their card
    assert brightness(page.page.locator("#zest-contours")) < 100
    assert page.page.evaluate("getComputedStyle(document.body).colorScheme") == "dark", "the browser's own players are dark, too"
    assert page.page.locator("#zest-player .name b").all_inner_texts() == ["Source", "Reference", "Like reference-lively"]
    wait_until(lambda: page.page.evaluate(PLAYS))  # the result plays as soon as it is ready
    for number, name in enumerate(("source", "reference"), start=1):
        page.page.locator(f"#zest-{name} button[aria-label='Play']").click()
        wait_until(lambda number=number: len(sounding(page.page)) == number and sounding(page.page)[-1])
        wait_until(lambda: sum(sounding(page.page)) == 1 and not page.page.evaluate(PLAYS))
